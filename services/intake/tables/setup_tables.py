"""The tables of a desk's set-up: contracts, calendars, policies, products, teams; also mail outages and the pulse."""

from sqlalchemy import Boolean, Column, ForeignKey, Identity, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.tables.schema import instant, metadata

calendar = Table(
    "calendar",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("terms", JSONB, nullable=False),
    instant("changed_at", required=True),
    Index("calendar_name", text("lower(name)"), unique=True),
)

contract = Table(
    "contract",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("terms", JSONB, nullable=False),
    Column("calendar_id", Uuid, ForeignKey("intake.calendar.id"), doc="None: the desk's own"),
    instant("changed_at", required=True),
    Index("contract_name", text("lower(name)"), unique=True),
    Index("contract_calendar", "calendar_id"),
)

policy = Table(
    "policy",
    metadata,
    Column("version", Text, primary_key=True, doc="made of its content: rows are added, never changed"),
    Column("body", JSONB, nullable=False),
)

product = Table(
    "product",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("form", JSONB, nullable=False, doc="the fields a ticket about it is asked for"),
    Column("active", Boolean, nullable=False, server_default="true"),
    instant("changed_at", required=True),
    Column("version", Integer, nullable=False, server_default="1"),
    Index("product_name", text("lower(name)"), unique=True),
)

contract_product = Table(
    "contract_product",
    metadata,
    Column("contract_id", Uuid, ForeignKey("intake.contract.id"), primary_key=True),
    Column("product_id", Uuid, ForeignKey("intake.product.id"), primary_key=True),
    Index("contract_product_product", "product_id"),
)

team = Table(
    "team",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("round_robin", Boolean, nullable=False, server_default="false", doc="its tickets find an agent themselves"),
    instant("changed_at", required=True),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("active", Boolean, nullable=False, server_default="true"),
    Index("team_name", text("lower(name)"), unique=True),
)

team_member = Table(
    "team_member",
    metadata,
    Column("team_id", Uuid, ForeignKey("intake.team.id"), primary_key=True),
    Column("person_id", Uuid, ForeignKey("intake.person.id"), primary_key=True),
    instant("assigned_at"),
    Index("team_member_person", "person_id"),
)

mail_outage = Table(
    "mail_outage",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    instant("began_at", required=True),
    instant("ended_at"),
    Column("reason", Text, nullable=False),
    Index("mail_outage_ended", "ended_at"),
)

pulse = Table(
    "pulse",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    instant("at", required=True),
)
