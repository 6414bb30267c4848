"""The tables of bulks: one command carried out on many tickets, and what became of it on each."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.tables.schema import instant, metadata

bulk = Table(
    "bulk",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("command", Text, nullable=False),
    Column("facts", JSONB, nullable=False, doc="what the command is given besides the ticket"),
    Column("by", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("per_second", Integer, nullable=False),
    Column("correlation_id", Text, nullable=False, server_default=""),
    instant("created_at", required=True),
    instant("finished_at"),
    Column("undone_by", JSONB, doc="who asked for it to be undone"),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False, server_default="0", doc="tasks of this state; so the next three"),
    Column("refused", Integer, nullable=False, server_default="0"),
    Column("undone", Integer, nullable=False, server_default="0"),
    Column("kept", Integer, nullable=False, server_default="0"),
    Index("bulk_newest", text("created_at desc"), text("id desc")),
    Index("bulk_ship", text("(facts ->> 'release')"), postgresql_where=text("command = 'ship'")),
)

bulk_task = Table(
    "bulk_task",
    metadata,
    Column("bulk_id", Uuid, ForeignKey("intake.bulk.id"), primary_key=True),
    # No foreign key: a number without a ticket is listed as refused, like a ticket that does not allow the command.
    Column("ticket_number", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False, server_default="pending"),
    Column("version", Integer, doc="the ticket's, as the bulk left it: with another one it is not undone"),
    Column("former", JSONB, doc="what undoing it needs"),
    Column("sentence", Text, doc="why it was refused, or is not undone"),
    instant("done_at"),
    Index("bulk_task_state", "bulk_id", "state", "ticket_number"),
)
