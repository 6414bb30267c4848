"""A ticket as its row and back. What a row holds twice (status, next deadline) is there to be searched by."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.event_data import Contact
from services.contract.vocabulary import ClosedReason, DeadlineKind, Metric, Priority, Status
from services.intake.rules.ticket import Parking, ProductRef, Rating, TeamRef, Ticket
from services.intake.tables import setup_tables
from services.intake.tables.tables import person, ticket
from services.promises.deadlines import Due
from services.promises.policy import Policy
from services.promises.sla import next_breach
from services.promises.standing import Alert, Override, Standing, Stretch

POLICIES_KEPT = 1_000
_SAME_NAME = (
    "version",
    "subject",
    "kind",
    "channel",
    "language",
    "organisation_id",
    "fields",
    "tags",
    "updated_at",
    "reopened",
    "lowered",
    "follow_up_of",
    "merged_into",
    "problem",
)
_IN_STANDING = ("closed_reason", "asked_at", "reminded_at", "surveyed_at", "replied_at", "waits_since", "mail_down")

_people = {name: person.alias(name) for name in ("requester", "assignee", "snoozed_by")}
_CLOCKS = ("number", "priority", "path", "alerts", "overrides", "reopened_from")
_clock_columns = [ticket.c[name] for name in (*_CLOCKS, *_IN_STANDING, "snoozed_until", "policy_version")]
_own_columns = [column for column in ticket.c if column.name != "subject_words"]


def select_tickets() -> Select[Any]:
    """Every column `read_ticket` needs; callers add their own conditions."""
    team, product, policy = setup_tables.team, setup_tables.product, setup_tables.policy
    query = select(
        *_own_columns,
        *(
            alias.c[name].label(f"{prefix}_{name}")
            for prefix, alias in _people.items()
            for name in ("name", "email", "language", "zone")
        ),
        team.c.name.label("team_name"),
        product.c.name.label("product_name"),
        policy.c.body.label("policy_body"),
    ).join_from(ticket, _people["requester"], _people["requester"].c.id == ticket.c.requester_id)
    for prefix in ("assignee", "snoozed_by"):
        query = query.outerjoin(_people[prefix], _people[prefix].c.id == ticket.c[f"{prefix}_id"])
    return (
        query.outerjoin(team, team.c.id == ticket.c.team_id)
        .outerjoin(product, product.c.id == ticket.c.product_id)
        .outerjoin(policy, policy.c.version == ticket.c.policy_version)
    )


def read_ticket(row: Row[Any]) -> Ticket:
    """A row of `select_tickets` as a ticket."""
    facts = row._mapping
    return Ticket(
        **{name: facts[name] for name in _SAME_NAME},
        standing=_standing(facts),
        asked_priority=facts["asked_priority"],
        requester=_contact(facts, "requester"),
        assignee=_contact(facts, "assignee") if facts["assignee_id"] else None,
        snoozed_by=_contact(facts, "snoozed_by") if facts["snoozed_by_id"] else None,
        team=TeamRef(id=facts["team_id"], name=facts["team_name"]) if facts["team_id"] else None,
        product=ProductRef(id=facts["product_id"], name=facts["product_name"]) if facts["product_id"] else None,
        parking=Parking.model_validate(facts["parking"]) if facts["parking"] else None,
        rating=Rating.model_validate(facts["rating"]) if facts["rating"] else None,
        policy=_policy(facts),
    )


def select_standings() -> Select[Any]:
    """Every column `read_standing` needs: what the clock of a ticket runs on, and nothing of what was said."""
    policy = setup_tables.policy
    return select(*_clock_columns, policy.c.body.label("policy_body")).outerjoin_from(
        ticket, policy, policy.c.version == ticket.c.policy_version
    )


def read_standing(row: Row[Any]) -> tuple[Standing, Policy]:
    """A row of `select_standings` as what deadlines are computed from."""
    return _standing(row._mapping), _policy(row._mapping)


def ticket_values(of: Ticket, due: Due | None) -> dict[str, Any]:
    """The row of a ticket, but for its participants and for what its clock was told. `due` is its next deadline."""
    standing, breach = of.standing, next_breach(of.standing, of.policy)
    return {
        **{name: getattr(of, name) for name in _SAME_NAME},
        **{name: getattr(standing, name) for name in _IN_STANDING},
        "tags": list(of.tags),
        "number": of.number,
        "status": of.status,
        "priority": of.priority,
        "asked_priority": of.asked_priority,
        "path": [[status.value, since.isoformat()] for status, since in standing.path],
        "alerts": [[alert.kind.value, alert.metric.value, alert.point] for alert in standing.alerts],
        "overrides": _overrides_kept(standing.overrides),
        "reopened_from": None if standing.reopened_from is None else _overrides_kept(standing.reopened_from),
        "snoozed_until": standing.snoozed_until,
        "opened_at": of.opened_at,
        "solved_at": of.solved_at,
        "requester_id": of.requester.person_id,
        "assignee_id": of.assignee.person_id if of.assignee else None,
        "snoozed_by_id": of.snoozed_by.person_id if of.snoozed_by else None,
        "team_id": of.team.id if of.team else None,
        "product_id": of.product.id if of.product else None,
        "parking": of.parking.model_dump(mode="json") if of.parking else None,
        "release": of.parking.release if of.parking else None,
        "rating": of.rating.model_dump(mode="json") if of.rating else None,
        "policy_version": of.policy.version,
        "next_deadline_at": due.at if due else None,
        "next_breach_at": breach[1] if breach else None,
    }


async def read_policies(connection: AsyncConnection, versions: Collection[str]) -> Mapping[str, Policy]:
    """The policies of these versions, by version; those that no ticket was ever pinned to are left out."""
    if not versions:
        return {}
    policy = setup_tables.policy
    query = select(policy.c.version.label("policy_version"), policy.c.body.label("policy_body"))
    rows = await connection.execute(query.where(policy.c.version.in_(versions)))
    return {row.policy_version: _policy(row._mapping) for row in rows}


async def keep_policy(connection: AsyncConnection, policy: Policy) -> None:
    """Make sure that a ticket can be pinned to it. Raises ValueError for one without a version."""
    if not policy.version:
        raise ValueError("A policy is pinned under its version: use `Policy.pinned`.")
    body = policy.model_dump(mode="json")
    await connection.execute(
        insert(setup_tables.policy).values(version=policy.version, body=body).on_conflict_do_nothing()
    )


def _standing(facts: Mapping[Any, Any]) -> Standing:
    path = tuple(Stretch(Status(status), datetime.fromisoformat(since)) for status, since in facts["path"])
    # One written by hand into the row of an open ticket would allow it no move at all.
    reason = facts["closed_reason"] if path[-1].status is Status.CLOSED else None
    return Standing(
        number=facts["number"],
        priority=Priority(facts["priority"]),
        path=path,
        closed_reason=ClosedReason(reason) if reason else None,
        asked_at=facts["asked_at"],
        reminded_at=facts["reminded_at"],
        surveyed_at=facts["surveyed_at"],
        replied_at=facts["replied_at"],
        waits_since=facts["waits_since"],
        alerts=tuple(Alert(DeadlineKind(kind), Metric(metric), point) for kind, metric, point in facts["alerts"]),
        overrides=_overrides_read(facts["overrides"]),
        mail_down=facts["mail_down"],
        snoozed_until=facts["snoozed_until"],
        reopened_from=None if facts["reopened_from"] is None else _overrides_read(facts["reopened_from"]),
    )


def _overrides_kept(overrides: Sequence[Override]) -> list[list[str | None]]:
    return [[each.kind.value, each.until.isoformat() if each.until else None] for each in overrides]


def _overrides_read(kept: Sequence[Sequence[Any]]) -> tuple[Override, ...]:
    return tuple(Override(DeadlineKind(kind), datetime.fromisoformat(at) if at else None) for kind, at in kept)


def _policy(facts: Mapping[Any, Any]) -> Policy:
    version = facts["policy_version"]
    known = _KNOWN.get(version)
    if known is None:
        if len(_KNOWN) >= POLICIES_KEPT:
            _KNOWN.clear()
        known = _KNOWN[version] = Policy.kept({**facts["policy_body"], "version": version})
    return known


_KNOWN: dict[str, Policy] = {}
"""Policies read before. A version is made of its content, so none of them is ever out of date."""


def _contact(facts: Mapping[Any, Any], prefix: str) -> Contact:
    return Contact(
        person_id=facts[f"{prefix}_id"],
        name=facts[f"{prefix}_name"],
        email=facts[f"{prefix}_email"],
        language=facts[f"{prefix}_language"],
        zone=facts[f"{prefix}_zone"],
    )
