"""The schema that intake's tables are in, and the columns they share."""

from sqlalchemy import Column, DateTime, MetaData

metadata = MetaData(schema="intake")
SOURCE = "/balie/intake"
"""Who intake's events are from, as CloudEvents calls it."""


def instant(name: str, *, required: bool = False) -> "Column[object]":
    """A column of instants, in UTC."""
    return Column(name, DateTime(timezone=True), nullable=not required)
