"""The tables of schema `intake` for tickets, people, messages and mail. Intake alone writes them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Interval,
    LargeBinary,
    Sequence,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

# The foreign keys and the migrations' test want all tables of the schema.
from services.intake.tables import bulk_tables as bulk_tables
from services.intake.tables import setup_tables as setup_tables
from services.intake.tables.schema import instant
from services.intake.tables.schema import metadata as metadata
from services.messaging.outbox import consumed_table, outbox_table
from services.platform.idempotency import idempotency_table

organisation = Table(
    "organisation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    instant("created_at", required=True),
    Column("contract_id", Uuid, ForeignKey("intake.contract.id"), doc="None: the desk's standard promises"),
    Index("organisation_contract", "contract_id"),
    Index("organisation_name", text("lower(name)"), unique=True),
)

person = Table(
    "person",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, doc="None for somebody who only ever phoned"),
    Column("language", Text, nullable=False),
    Column("zone", Text, doc="the time zone they chose, as in Europe/Amsterdam; None: they read in the desk's"),
    Column("role", Text, nullable=False),
    Column("organisation_id", Uuid, ForeignKey("intake.organisation.id")),
    Column("active", Boolean, nullable=False, server_default="true"),
    Column("password_hash", Text),
    Column("session_epoch", Integer, nullable=False, server_default="0", doc="a token of an older epoch is void"),
    instant("created_at", required=True),
    Index("person_email", text("lower(email)"), unique=True),
    Index("person_organisation", "organisation_id"),
    Index("person_name", text("lower(name)"), "id"),
)

service_token = Table(
    "service_token",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    instant("created_at", required=True),
    instant("revoked_at"),
)

ticket_number = Sequence("ticket_number", metadata=metadata)

ticket = Table(
    "ticket",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("closed_reason", Text),
    Column("kind", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("requester_id", Uuid, ForeignKey("intake.person.id"), nullable=False),
    Column("assignee_id", Uuid, ForeignKey("intake.person.id")),
    Column("organisation_id", Uuid, ForeignKey("intake.organisation.id")),
    instant("opened_at", required=True),
    instant("updated_at", required=True),
    instant("asked_at"),
    instant("reminded_at"),
    instant("solved_at"),
    instant("surveyed_at"),
    Column("reopened", Integer, nullable=False, server_default="0"),
    Column("follow_up_of", BigInteger, ForeignKey("intake.ticket.number")),
    Column("rating", JSONB),
    Column("policy_version", Text, ForeignKey("intake.policy.version"), doc="the promises this ticket is pinned to"),
    Column("asked_priority", Text),
    Column("path", JSONB, doc="every status it had and since when"),
    instant("replied_at"),
    instant("waits_since"),
    Column("alerts", JSONB, nullable=False, server_default="[]"),
    Column("overrides", JSONB, nullable=False, server_default="[]"),
    Column("reopened_from", JSONB, doc="the overrides of a solved ticket that a message reopened"),
    Column("mail_down", Interval, nullable=False, server_default="0"),
    instant("snoozed_until"),
    Column("snoozed_by_id", Uuid, ForeignKey("intake.person.id")),
    Column("team_id", Uuid, ForeignKey("intake.team.id")),
    Column("product_id", Uuid, ForeignKey("intake.product.id")),
    Column("fields", JSONB, nullable=False, server_default="{}"),
    Column("tags", ARRAY(Text), nullable=False, server_default="{}"),
    Column("lowered", Integer, nullable=False, server_default="0"),
    Column("merged_into", BigInteger, ForeignKey("intake.ticket.number")),
    Column("problem", BigInteger, ForeignKey("intake.ticket.number")),
    Column("parking", JSONB),
    Column("release", Text, doc="the one it is planned in: parking's"),
    instant("next_deadline_at"),
    Column("wakes_at", DateTime(timezone=True), doc="until when its clock sleeps, by what it was last told"),
    instant("next_breach_at"),
    Column("subject_words", TSVECTOR, Computed("to_tsvector('simple', subject)", persisted=True)),
    Index("ticket_newest", text("updated_at desc"), text("number desc")),
    Index("ticket_status", "status", text("updated_at desc"), text("number desc")),
    # For an agent's own queue, which is short: with the other indexes PostgreSQL would read many rows and then sort or
    # filter them.
    Index(
        "ticket_at_work",
        "assignee_id",
        text("updated_at desc"),
        text("number desc"),
        postgresql_where=text("status in ('new', 'open', 'pending', 'parked')"),
    ),
    Index("ticket_assignee", "assignee_id", "status", text("updated_at desc")),
    Index("ticket_requester", "requester_id", text("updated_at desc")),
    Index("ticket_organisation", "organisation_id", text("updated_at desc")),
    Index("ticket_follow_up", "follow_up_of", postgresql_where=text("follow_up_of is not null")),
    Index("ticket_merged_into", "merged_into", postgresql_where=text("merged_into is not null")),
    Index("ticket_problem", "problem", postgresql_where=text("problem is not null")),
    Index("ticket_parked", "release", postgresql_where=text("status = 'parked'")),
    Index("ticket_tags", "tags", postgresql_using="gin"),
    Index("ticket_team", "team_id", "status", text("updated_at desc")),
    Index(
        "ticket_snoozed",
        text("updated_at desc"),
        text("number desc"),
        postgresql_where=text("snoozed_until is not null"),
    ),
    Index(
        "ticket_product",
        "product_id",
        text("updated_at desc"),
        postgresql_where=text("product_id is not null"),
    ),
    Index("ticket_next_breach", "next_breach_at", "number", postgresql_where=text("next_breach_at is not null")),
    Index("ticket_next_deadline", "next_deadline_at", postgresql_where=text("next_deadline_at is not null")),
    Index("ticket_policy", "policy_version", postgresql_where=text("status <> 'closed'")),
    Index("ticket_subject_words", "subject_words", postgresql_using="gin"),
)

participant = Table(
    "participant",
    metadata,
    Column("ticket_number", BigInteger, ForeignKey("intake.ticket.number"), primary_key=True),
    Column("person_id", Uuid, ForeignKey("intake.person.id"), primary_key=True),
    Column("part", Text, primary_key=True, doc="follower (requester's side) or colleague (another department)"),
    Index("participant_person", "person_id", "part"),
)

comment = Table(
    "comment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("ticket_number", BigInteger, ForeignKey("intake.ticket.number"), nullable=False),
    Column("public", Boolean, nullable=False),
    Column("channel", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, doc="sanitised; None for plain text"),
    Column("message_id", Text),
    # A tsvector holds at most 1 MB: a longer text is found by its first 100,000 characters.
    Column("words", TSVECTOR, Computed("to_tsvector('simple', left(text, 100000))", persisted=True)),
    Index("comment_ticket", "ticket_number"),
    Index("comment_words", "words", postgresql_using="gin"),
    # A hash index, because a Message-ID may be longer than a B-tree index allows.
    Index("comment_message_id", "message_id", postgresql_using="hash"),
)

timeline = Table(
    "timeline",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("ticket_number", BigInteger, ForeignKey("intake.ticket.number"), nullable=False),
    Column("version", Integer, nullable=False, doc="the ticket's version this made"),
    instant("at", required=True),
    Column("type", Text, nullable=False),
    Column("actor", JSONB, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("comment_id", Uuid, ForeignKey("intake.comment.id")),
    Index("timeline_ticket", "ticket_number", "id"),
)

attachment = Table(
    "attachment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("comment_id", Uuid, ForeignKey("intake.comment.id"), doc="None until a message takes it along"),
    Column("uploader", Text, nullable=False, doc="who alone may use it in a message"),
    Column("name", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("blob", Text, nullable=False, doc="the key in the blob store"),
    instant("created_at", required=True),
    Index("attachment_comment", "comment_id"),
    Index("attachment_unused", "created_at", postgresql_where=text("comment_id is null")),
)

blob = Table(
    "blob",
    metadata,
    Column("key", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

suggestion = Table(
    "suggestion",
    metadata,
    # No foreign key: the suggestion may arrive on a replica before the ticket's transaction is seen.
    Column("ticket_number", BigInteger, primary_key=True, autoincrement=False),
    Column("articles", JSONB, nullable=False),
)

received_mail = Table(
    "received_mail",
    metadata,
    Column("key", Text, primary_key=True, doc="the Message-ID, or a digest of the mail where it has none"),
    Column("ticket_number", BigInteger, ForeignKey("intake.ticket.number"), doc="None where it was refused"),
    Column("refused", Text, doc="why it became no ticket"),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

outbox = outbox_table(metadata)
consumed_event = consumed_table(metadata)
idempotency_key = idempotency_table(metadata)
