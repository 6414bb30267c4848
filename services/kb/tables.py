"""The tables of schema `kb`: articles and opinions. The search index is built from them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Sequence,
    Table,
    Text,
    Uuid,
)

from services.messaging.outbox import consumed_table, outbox_table
from services.platform.idempotency import idempotency_table

metadata = MetaData(schema="kb")

article = Table(
    "article",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("shipped", Boolean, nullable=False, server_default="false", doc="it came with Balie's own help centre"),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

change = Sequence("change", metadata=metadata)

translation = Table(
    "translation",
    metadata,
    Column("slug", Text, ForeignKey("kb.article.slug"), primary_key=True),
    Column("language", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("markdown", Text, nullable=False),
    Column("revision", Integer, nullable=False, doc="1, and one more for every change of the text"),
    Column("change", BigInteger, nullable=False, doc="grows with every change of any text: what the index reads by"),
    Column("shipped_digest", Text, doc="of the text last taken from the help centre that ships; None for others"),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Index("translation_change", "change", unique=True),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("slug", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("helpful", Boolean, nullable=False),
    Column("comment", Text, nullable=False),
    Column("person_id", Uuid, doc="None for somebody not logged in"),
    Column("given_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(["slug", "language"], ["kb.translation.slug", "kb.translation.language"]),
    # One opinion per person and article. For PostgreSQL, NULLs differ: visitors who are not logged in have no limit.
    Index("feedback_person", "slug", "person_id", unique=True),
)

outbox = outbox_table(metadata)
consumed_event = consumed_table(metadata)
idempotency_key = idempotency_table(metadata)
