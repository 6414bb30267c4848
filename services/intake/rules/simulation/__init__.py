"""The pure part of simulation: lives as recorded, lived again under other promises."""
