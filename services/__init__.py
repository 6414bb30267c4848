"""Balie: five services and the files they share. No service imports another."""
