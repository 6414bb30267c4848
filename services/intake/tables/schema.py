"""The database schema of intake's tables, and a column type they share."""

from sqlalchemy import Column, DateTime, MetaData

metadata = MetaData(schema="intake")
SOURCE = "/balie/intake"
"""The CloudEvents `source` of intake's events."""


def instant(name: str, *, required: bool = False) -> "Column[object]":
    """A column of instants, in UTC. It may be null unless `required`."""
    return Column(name, DateTime(timezone=True), nullable=not required)
