"""Queries of tickets for people: lists, views, and one ticket's timeline. Every list has a limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, false, func, or_, select, tuple_, union
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.events import ArticleLink
from services.contract.vocabulary import VIEWS, Status
from services.intake.rules.ticket import Ticket
from services.intake.tables.tables import (
    attachment,
    comment,
    organisation,
    participant,
    person,
    suggestion,
    ticket,
    timeline,
)
from services.intake.tickets.access import Party
from services.intake.tickets.ticket_row import read_ticket, select_tickets
from services.promises.standing import UNFINISHED

COUNT_MAX = 1000
"""Counting a view stops here: the number is only shown as a badge, so it is not worth reading a million rows."""
SEARCH_MAX = 1000
"""Most tickets (the newest) that each way of matching a search finds."""
NUMBER_DIGITS_MAX = 19
WAITING_VIEWS = frozenset({"unassigned", "mine", "new", "open"})
"""Views of what to work on now: snoozed tickets are left out."""
LINKED_MAX = 100
"""Most follow-ups, merged tickets or incidents listed for one ticket."""


@dataclass(frozen=True)
class Filter:
    """Which tickets to find; None means no condition. `assignee` and `team` may be 'none', for tickets without one."""

    view: str | None = None
    status: Status | None = None
    assignee: UUID | str | None = None
    requester: UUID | None = None
    q: str | None = None
    team: UUID | str | None = None
    tag: str | None = None
    product: UUID | None = None
    organisation: UUID | None = None
    problem: int | None = None
    release: str | None = None


@dataclass(frozen=True)
class ByChange:
    """Order: most recently changed first. `after` is the last ticket of the page before: its change, its number."""

    after: tuple[datetime, int] | None = None


@dataclass(frozen=True)
class ByBreach:
    """Order: earliest breach first, past or coming; then tickets without one, most recently changed first.

    `after` is the last ticket of the page before: its breach (None if it has none), its change, its number.
    """

    after: tuple[datetime | None, datetime, int] | None = None


@dataclass(frozen=True)
class Listed:
    """A ticket in a list, with what the list is sorted by."""

    ticket: Ticket
    breach_at: datetime | None
    """The next breach as stored in the ticket's row; the list is sorted by this column."""

    def change_key(self) -> tuple[str, int]:
        """The key after which the next page of a list by change begins, if this ticket is the last."""
        return self.ticket.updated_at.isoformat(), self.ticket.number

    def breach_key(self) -> tuple[str, str, int]:
        """The key after which the next page of a list by breach begins, if this ticket is the last."""
        return (self.breach_at.isoformat() if self.breach_at else "", *self.change_key())


async def list_tickets(
    connection: AsyncConnection, party: Party, chosen: Filter, order: ByChange | ByBreach, limit: int, now: datetime
) -> list[Listed]:
    """The tickets that the party may see and the filter finds at `now`, in this order, at most `limit`.

    One query by change, at most two by breach.
    """
    query = select_tickets().where(party.visible(), *conditions(chosen, party, now))
    if isinstance(order, ByChange):
        return await _by_change(connection, query, order.after, limit)
    found: list[Listed] = []
    breach, change, number = order.after or (None, None, None)
    if order.after is None or breach is not None:
        after = (breach, number) if breach is not None and number is not None else None
        found = await _by_breach(connection, query, after, limit)
    if len(found) == limit:
        return found
    rest = query.where(ticket.c.next_breach_at.is_(None))
    begin = (change, number) if breach is None and change is not None and number is not None else None
    return found + await _by_change(connection, rest, begin, limit - len(found))


async def _by_change(
    connection: AsyncConnection, query: Select[Any], after: tuple[datetime, int] | None, limit: int
) -> list[Listed]:
    query = query.order_by(ticket.c.updated_at.desc(), ticket.c.number.desc()).limit(limit)
    if after:
        query = query.where(tuple_(ticket.c.updated_at, ticket.c.number) < after)
    return [Listed(read_ticket(row), row.next_breach_at) for row in await connection.execute(query)]


async def _by_breach(
    connection: AsyncConnection, query: Select[Any], after: tuple[datetime, int] | None, limit: int
) -> list[Listed]:
    query = query.where(ticket.c.next_breach_at.is_not(None))
    query = query.order_by(ticket.c.next_breach_at, ticket.c.number).limit(limit)
    if after:
        query = query.where(tuple_(ticket.c.next_breach_at, ticket.c.number) > after)
    return [Listed(read_ticket(row), row.next_breach_at) for row in await connection.execute(query)]


async def count_views(connection: AsyncConnection, party: Party, now: datetime) -> dict[str, int]:
    """The number of tickets in each view at `now`, counted up to `COUNT_MAX`. For staff. One query."""
    counts = []
    for view in VIEWS:
        some = select(ticket.c.number).where(*conditions(Filter(view=view), party, now)).limit(COUNT_MAX).subquery()
        counts.append(select(func.count()).select_from(some).scalar_subquery().label(view))
    return dict((await connection.execute(select(*counts))).one()._mapping)


async def follow_ups(connection: AsyncConnection, number: int) -> list[int]:
    """The numbers of the ticket's follow-ups, at most `LINKED_MAX`."""
    return await _linked(connection, ticket.c.follow_up_of == number)


async def incidents(connection: AsyncConnection, number: int) -> list[int]:
    """The numbers of the ticket's incidents, at most `LINKED_MAX`."""
    return await _linked(connection, ticket.c.problem == number)


async def merged(connection: AsyncConnection, number: int) -> list[int]:
    """The numbers of the tickets merged into this one, directly or through another one; at most `LINKED_MAX`."""
    own = select(ticket.c.number).where(ticket.c.merged_into == number).cte("gone", recursive=True)
    further = select(ticket.c.number).join_from(ticket, own, ticket.c.merged_into == own.c.number)
    gone = own.union(further)
    query = select(gone.c.number).order_by(gone.c.number).limit(LINKED_MAX)
    return list((await connection.execute(query)).scalars())


async def _linked(connection: AsyncConnection, how: ColumnElement[bool]) -> list[int]:
    query = select(ticket.c.number).where(how).order_by(ticket.c.number).limit(LINKED_MAX)
    return list((await connection.execute(query)).scalars())


async def suggestions(connection: AsyncConnection, number: int) -> list[ArticleLink]:
    """The articles that may answer the ticket, best first."""
    query = select(suggestion.c.articles).where(suggestion.c.ticket_number == number)
    found = (await connection.execute(query)).scalar_one_or_none() or []
    return [ArticleLink.model_validate(each) for each in found]


async def organisation_name(connection: AsyncConnection, organisation_id: UUID | None) -> str | None:
    """The organisation's name; None where there is no such organisation."""
    if organisation_id is None:
        return None
    query = select(organisation.c.name).where(organisation.c.id == organisation_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def organisation_names(connection: AsyncConnection, of: Sequence[Ticket]) -> dict[UUID, str]:
    """The names of the tickets' organisations. One query."""
    ids = {each.organisation_id for each in of if each.organisation_id}
    if not ids:
        return {}
    rows = await connection.execute(select(organisation.c.id, organisation.c.name).where(organisation.c.id.in_(ids)))
    return {row.id: row.name for row in rows}


async def read_timeline(
    connection: AsyncConnection, number: int, after: int, limit: int, *, notes: bool
) -> tuple[list[Row[Any]], dict[UUID, list[Row[Any]]]]:
    """The ticket's timeline, oldest line first, at most `limit`, beginning after line id `after`; and files by comment.

    Without `notes`, internal lines are left out. At most two queries, for a page of any length.
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
    if not notes:
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


def conditions(chosen: Filter, party: Party, now: datetime) -> list[ColumnElement[bool]]:
    """The filter as conditions on the ticket table. What the party may see is left to `party.visible()`."""
    found: list[ColumnElement[bool]] = []
    if chosen.view:
        found.append(_view(chosen.view, party, now))
    if chosen.q:
        found.append(_matching(chosen.q, party))
    if chosen.tag:
        found.append(ticket.c.tags.contains([chosen.tag]))
    if chosen.release:
        # Only parked tickets: a release is a plan, and the index holds only these.
        found += [ticket.c.release == chosen.release, ticket.c.status == Status.PARKED]
    for column, wanted in (
        (ticket.c.status, chosen.status),
        (ticket.c.assignee_id, chosen.assignee),
        (ticket.c.requester_id, chosen.requester),
        (ticket.c.team_id, chosen.team),
        (ticket.c.product_id, chosen.product),
        (ticket.c.organisation_id, chosen.organisation),
        (ticket.c.problem, chosen.problem),
    ):
        if wanted == "none":
            found.append(column.is_(None))
        elif wanted is not None:
            found.append(column == wanted)
    return found


def _view(view: str, party: Party, now: datetime) -> ColumnElement[bool]:
    found = _of_view(view, party)
    if view in WAITING_VIEWS:
        return and_(found, or_(ticket.c.snoozed_until.is_(None), ticket.c.snoozed_until <= now))
    return found


def _of_view(view: str, party: Party) -> ColumnElement[bool]:
    if view == "unassigned":
        return and_(ticket.c.assignee_id.is_(None), ticket.c.status.in_(UNFINISHED))
    if view == "mine":
        me = party.person.id if party.person else None
        return and_(ticket.c.assignee_id == me, ticket.c.status.in_(UNFINISHED))
    if view == "snoozed":
        return ticket.c.snoozed_until.is_not(None)
    return ticket.c.status == view


def _matching(q: str, party: Party) -> ColumnElement[bool]:
    # Each way of matching gives its newest tickets, at most SEARCH_MAX, so a word in half of all messages costs no more
    # than a rare one. One query with `or` would read every ticket.
    words = func.websearch_to_tsquery("simple", q)
    said = select(comment.c.ticket_number).where(comment.c.words.op("@@")(words))
    if not party.is_staff:
        said = said.join(ticket, ticket.c.number == comment.c.ticket_number)
        said = said.where(party.visible(), or_(comment.c.public, _notes_shared_with(party)))
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


def _notes_shared_with(party: Party) -> ColumnElement[bool]:
    """`party.sees_notes` as a condition on the ticket table, for a party that is not staff."""
    if not party.is_shared_with:
        return false()
    me = party.person.id if party.person else None
    shared = select(participant.c.ticket_number).where(participant.c.person_id == me, participant.c.part == "colleague")
    return and_(ticket.c.number.in_(shared), ticket.c.requester_id != me)
