"""The tables of schema `notify`: staff and the notices they want, known tickets, notifications, delivery attempts."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.messaging.outbox import consumed_table

metadata = MetaData(schema="notify")

QUEUED, SENT, FAILED, SUPPRESSED = "queued", "sent", "failed", "suppressed"
"""A notification's states. Failed: given up, somebody must look. Suppressed: not sent, on purpose."""


def _instant(name: str, *, required: bool = True) -> "Column[object]":
    return Column(name, DateTime(timezone=True), nullable=not required)


subscription = Table(
    "subscription",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("language", Text, nullable=False),
    Column("active", Boolean, nullable=False, doc="False for one who has left support, or never was in it"),
    Column("muted", ARRAY(Text), doc="the templates they do not want; none where unset"),
    Column("role", Text, doc="None for one who is not in support"),
    Column("zone", Text, doc="the time zone they chose; None: they read in the desk's"),
    _instant("changed_at"),
    # Read for every event that may be told to staff; only few of the people in the table work in support.
    Index("subscription_active", "person_id", postgresql_where=text("active")),
)

team = Table(
    "team",
    metadata,
    Column("team_id", Uuid, primary_key=True),
    Column("members", ARRAY(Uuid), nullable=False),
    _instant("changed_at"),
)

known_ticket = Table(
    "known_ticket",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("closed_reason", Text),
    Column("assignee_id", Uuid),
    Column("turn", Integer, nullable=False),
    Column("priority", Text),
    Column("marks", JSONB, doc="what a mail can be overtaken by, and the version at which it was last seen"),
)

suggestion = Table(
    "suggestion",
    metadata,
    Column("ticket_number", BigInteger, primary_key=True, autoincrement=False),
    Column("articles", JSONB, nullable=False, doc="best first; an empty list is an answer too"),
)

notification = Table(
    "notification",
    metadata,
    Column("id", Uuid, primary_key=True, doc="made of event, recipient and template: a repeat is the same row"),
    Column("event_id", Uuid, nullable=False),
    Column("template", Text, nullable=False),
    Column("recipient", JSONB, nullable=False),
    Column("mailbox", Text, nullable=False, doc="the recipient's address, folded, for counting"),
    Column("ticket_number", BigInteger),
    Column("content", JSONB, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("message_id", Text, nullable=False, unique=True, doc="fixed before the first try"),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default="", doc="why it failed or was suppressed"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    _instant("happened_at"),
    _instant("planned_at"),
    Column("due_at", DateTime(timezone=True), nullable=False, doc="when it is next tried; a claim puts it off"),
    _instant("ended_at", required=False),
    Index("notification_due", "due_at", postgresql_where=text("state = 'queued'")),
    Index("notification_mailbox", "mailbox", "happened_at"),
    Index("notification_ticket", "ticket_number"),
    Index("notification_ended", "state", "ended_at", postgresql_where=text("state in ('failed', 'suppressed')")),
    Index("notification_sent", "ended_at", postgresql_where=text("state = 'sent'")),
)

delivery_attempt = Table(
    "delivery_attempt",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("notification_id", Uuid, ForeignKey("notify.notification.id", ondelete="CASCADE"), nullable=False),
    Column("attempt", Integer, nullable=False),
    _instant("started_at"),
    _instant("ended_at", required=False),
    Column("outcome", Text, doc="sent, temporary or permanent; none where the process died on the way"),
    Column("answer", Text, doc="what the mail server said"),
    Index("delivery_attempt_of", "notification_id", "attempt", unique=True),
)

consumed_event = consumed_table(metadata)
Index("consumed_event_at", consumed_event.c.consumed_at)
