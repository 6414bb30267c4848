"""Reading tickets for people: pages, views, and one ticket with its timeline. Every list is bounded."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, tuple_, union
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events import ArticleLink
from services.intake.access import Party
from services.intake.tables import attachment, comment, organisation, person, suggestion, ticket, timeline
from services.intake.ticket_row import read_ticket, select_tickets
from services.intake.tickets import Ticket
from services.vocabulary import Status

COUNT_MAX = 1000
"""Counting stops here: a view's badge is no reason to read a million rows."""
SEARCH_MAX = 1000
"""How many of the newest tickets each way of matching a search brings."""
NUMBER_DIGITS_MAX = 19
AT_WORK = (Status.NEW, Status.OPEN, Status.PENDING, Status.PARKED)
VIEWS = ("unassigned", "mine", "new", "open", "pending", "parked", "solved", "closed")


@dataclass(frozen=True)
class Filter:
    """Which tickets. None means all; `assignee` may be 'none'."""

    view: str | None = None
    status: Status | None = None
    assignee: UUID | str | None = None
    requester: UUID | None = None
    q: str | None = None


async def list_tickets(
    connection: AsyncConnection, party: Party, chosen: Filter, after: tuple[datetime, int] | None, limit: int
) -> list[Ticket]:
    """The newest change first, at most `limit`, beginning after the (updated_at, number) given."""
    query = (
        select_tickets()
        .where(party.visible(), *_conditions(chosen, party))
        .order_by(ticket.c.updated_at.desc(), ticket.c.number.desc())
        .limit(limit)
    )
    if after:
        query = query.where(tuple_(ticket.c.updated_at, ticket.c.number) < after)
    return [read_ticket(row) for row in await connection.execute(query)]


async def count_views(connection: AsyncConnection, party: Party) -> dict[str, int]:
    """How many tickets each view holds, counting to `COUNT_MAX` at the most. One query."""
    counts = []
    for view in VIEWS:
        some = select(ticket.c.number).where(*_conditions(Filter(view=view), party)).limit(COUNT_MAX).subquery()
        counts.append(select(func.count()).select_from(some).scalar_subquery().label(view))
    return dict((await connection.execute(select(*counts))).one()._mapping)


async def follow_ups(connection: AsyncConnection, number: int) -> list[int]:
    """The tickets that continue this one."""
    query = select(ticket.c.number).where(ticket.c.follow_up_of == number).order_by(ticket.c.number).limit(100)
    return list((await connection.execute(query)).scalars())


async def suggestions(connection: AsyncConnection, number: int) -> list[ArticleLink]:
    """The articles that may answer the ticket, best first."""
    query = select(suggestion.c.articles).where(suggestion.c.ticket_number == number)
    found = (await connection.execute(query)).scalar_one_or_none() or []
    return [ArticleLink.model_validate(each) for each in found]


async def organisation_name(connection: AsyncConnection, organisation_id: UUID | None) -> str | None:
    """None where there is none."""
    if organisation_id is None:
        return None
    query = select(organisation.c.name).where(organisation.c.id == organisation_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def organisation_names(connection: AsyncConnection, of: list[Ticket]) -> dict[UUID, str]:
    """The names of the tickets' organisations. One query."""
    ids = {each.organisation_id for each in of if each.organisation_id}
    if not ids:
        return {}
    rows = await connection.execute(select(organisation.c.id, organisation.c.name).where(organisation.c.id.in_(ids)))
    return {row.id: row.name for row in rows}


async def read_timeline(
    connection: AsyncConnection, party: Party, number: int, after: int, limit: int
) -> tuple[list[Row[Any]], dict[UUID, list[Row[Any]]]]:
    """Lines oldest first, at most `limit`, beginning after line id `after`; and the files of each comment.

    Requesters never get internal notes. Two queries, however long the page.
    """
    query = (
        select(
            timeline,
            comment.c.text,
            comment.c.html,
            comment.c.channel,
        )
        .outerjoin_from(timeline, comment, comment.c.id == timeline.c.comment_id)
        .where(timeline.c.ticket_number == number, timeline.c.id > after)
        .order_by(timeline.c.id)
        .limit(limit)
    )
    if not party.is_staff:
        query = query.where(timeline.c.public)
    lines = list(await connection.execute(query))
    return lines, await _files(connection, [line.comment_id for line in lines if line.comment_id])


async def _files(connection: AsyncConnection, comment_ids: list[UUID]) -> dict[UUID, list[Row[Any]]]:
    files: dict[UUID, list[Row[Any]]] = {}
    if comment_ids:
        query = select(attachment).where(attachment.c.comment_id.in_(comment_ids)).order_by(attachment.c.name)
        for row in await connection.execute(query):
            files.setdefault(row.comment_id, []).append(row)
    return files


def _conditions(chosen: Filter, party: Party) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if chosen.view:
        conditions.append(_view(chosen.view, party))
    if chosen.status:
        conditions.append(ticket.c.status == chosen.status)
    if chosen.assignee == "none":
        conditions.append(ticket.c.assignee_id.is_(None))
    elif chosen.assignee:
        conditions.append(ticket.c.assignee_id == chosen.assignee)
    if chosen.requester:
        conditions.append(ticket.c.requester_id == chosen.requester)
    if chosen.q:
        conditions.append(_matching(chosen.q, party))
    return conditions


def _view(view: str, party: Party) -> ColumnElement[bool]:
    if view == "unassigned":
        return and_(ticket.c.assignee_id.is_(None), ticket.c.status.in_(AT_WORK))
    if view == "mine":
        me = party.person.id if party.person else None
        return and_(ticket.c.assignee_id == me, ticket.c.status.in_(AT_WORK))
    return ticket.c.status == view


def _matching(q: str, party: Party) -> ColumnElement[bool]:
    # Each way of matching gives its newest tickets, at most SEARCH_MAX: a word that half of all messages hold costs
    # no more than a rare one. One query with `or` would walk every ticket.
    words = func.websearch_to_tsquery("simple", q)
    said = select(comment.c.ticket_number).where(comment.c.words.op("@@")(words))
    if not party.is_staff:
        said = said.where(comment.c.public)
        said = said.join(ticket, ticket.c.number == comment.c.ticket_number).where(party.visible())
    named = or_(func.lower(person.c.email) == q.lower(), func.lower(person.c.name) == q.lower())
    who = select(person.c.id).where(named)
    ways = [
        said.order_by(comment.c.ticket_number.desc()),
        _visible_numbers(party).where(ticket.c.subject_words.op("@@")(words)),
        _visible_numbers(party).where(ticket.c.requester_id.in_(who)),
    ]
    digits = q.strip().removeprefix("#")
    if digits.isascii() and digits.isdigit() and len(digits) < NUMBER_DIGITS_MAX:
        ways.append(_visible_numbers(party).where(ticket.c.number == int(digits)))
    return ticket.c.number.in_(union(*(select(way.limit(SEARCH_MAX).subquery()) for way in ways)))


def _visible_numbers(party: Party) -> Select[Any]:
    return select(ticket.c.number).where(party.visible()).order_by(ticket.c.number.desc())
