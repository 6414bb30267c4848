"""Tickets: opening, listing and reading them."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.errors import Invalid, NotAllowed
from services.http import KnownCaller, StaffCaller
from services.idempotency import Answer, IdempotencyKey, answer_once
from services.intake import queries
from services.intake.access import Party, party_of
from services.intake.api_attachments import attachment_out
from services.intake.commands import Draft, Question, submit
from services.intake.desk import TheDesk
from services.intake.input import Search
from services.intake.people import Person, get_or_add_requester
from services.intake.store import load
from services.intake.tables import idempotency_key
from services.intake.ticket_resources import (
    CommentOut,
    HappeningOut,
    TicketIn,
    TicketOut,
    TicketPage,
    TicketSummary,
    TimelineEntry,
    TimelinePage,
    ViewOut,
    Views,
)
from services.intake.tickets import Ticket
from services.pages import DEFAULT_LIMIT, Cursor, Limit, cut, read_cursor
from services.vocabulary import Channel, Status

router = APIRouter(prefix="/api/v1", tags=["tickets"])

View = Literal["unassigned", "mine", "new", "open", "pending", "parked", "solved", "closed"]
NUMBER_MAX = 2**63 - 1
Number = Annotated[int, Path(ge=1, le=NUMBER_MAX, description="The ticket's number.")]


@router.post("/tickets", status_code=201, summary="Open a ticket", response_model=TicketOut)
async def create_ticket(
    wanted: TicketIn, caller: KnownCaller, desk: TheDesk, request: Request, idempotency_key_: IdempotencyKey = None
) -> Response:
    """Requesters for themselves; support staff and services for anybody they name as `requester`."""

    async def work(connection: AsyncConnection) -> Answer:
        party, now = await party_of(connection, caller), desk.now()
        requester = await _requester(connection, party, wanted, now)
        question = Question(
            subject=wanted.subject,
            draft=Draft(wanted.text, attachment_ids=tuple(wanted.attachment_ids), channel=_channel(party, wanted)),
            kind=wanted.kind,
            priority=wanted.priority,
            language=wanted.language,
        )
        ticket = await submit(connection, party, requester, question, desk.standard, now)
        return await ticket_answer(connection, party, ticket, status=201)

    return await answer_once(desk.engine, idempotency_key, caller, idempotency_key_, request, work, admit=party_of)


@router.get("/tickets", summary="List tickets")
async def list_tickets(
    caller: KnownCaller,
    desk: TheDesk,
    view: View | None = None,
    status: Status | None = None,
    assignee: Annotated[UUID | Literal["me", "none"] | None, Query(description="`me`, `none` or an id")] = None,
    requester: Annotated[UUID | Literal["me"] | None, Query(description="`me` or an id")] = None,
    q: Annotated[Search | None, Query(description="Words in subject or messages, a number, a name.")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> TicketPage:
    """Staff and services see all; requesters their own and their organisation's. Newest change first."""
    after = read_cursor(cursor, _changed)
    async with desk.reading(caller) as (connection, party):
        chosen = queries.Filter(view, status, _me(assignee, party), _me(requester, party), q)  # type: ignore[arg-type]  # _me leaves no "none" for a requester
        found = await queries.list_tickets(connection, party, chosen, after, limit + 1)
        page, next_cursor = cut(found, limit, lambda ticket: (ticket.updated_at.isoformat(), ticket.number))
        names = await queries.organisation_names(connection, page)
    items = [TicketSummary.of(each, names.get(each.organisation_id) if each.organisation_id else None) for each in page]
    return TicketPage(items=items, next_cursor=next_cursor)


@router.get("/views", summary="Count the desk's views")
async def read_views(caller: StaffCaller, desk: TheDesk) -> Views:
    """Support staff and services."""
    async with desk.reading(caller) as (connection, party):
        counts = await queries.count_views(connection, party)
    return Views(items=[ViewOut(name=name, count=count) for name, count in counts.items()])


@router.get("/tickets/{number}", summary="Read a ticket", response_model=TicketOut)
async def read_ticket(number: Number, caller: KnownCaller, desk: TheDesk) -> Response:
    """Staff and services; the requester and their organisation. The ETag is for `If-Match`."""
    async with desk.reading(caller) as (connection, party):
        ticket = await load(connection, number)
        party.must_see(ticket)
        return (await ticket_answer(connection, party, ticket)).response()


@router.get("/tickets/{number}/timeline", summary="Read a ticket's history")
async def read_timeline(
    number: Number, caller: KnownCaller, desk: TheDesk, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> TimelinePage:
    """Staff and services; the requester's side without internal notes. Oldest first."""
    after = read_cursor(cursor, lambda parts: _known_number(int(parts[0]))) or 0
    async with desk.reading(caller) as (connection, party):
        party.must_see(await load(connection, number))
        lines, files = await queries.read_timeline(connection, party, number, after, limit + 1)
    page, next_cursor = cut(lines, limit, lambda line: (line.id,))
    return TimelinePage(items=[_entry(line, files) for line in page], next_cursor=next_cursor)


async def ticket_answer(connection: AsyncConnection, party: Party, ticket: Ticket, status: int = 200) -> Answer:
    """The ticket as this party sees it, with its ETag."""
    out = TicketOut.of(
        ticket,
        staff=party.is_staff and ticket.requester.person_id != party.actor.person_id,
        organisation_name=await queries.organisation_name(connection, ticket.organisation_id),
        follow_ups=await queries.follow_ups(connection, ticket.number),
        suggestions=await queries.suggestions(connection, ticket.number),
    )
    headers = {"ETag": f'"{ticket.version}"', "Location": f"/api/v1/tickets/{ticket.number}"}
    return Answer(status, out.model_dump(mode="json"), headers)


async def _requester(connection: AsyncConnection, party: Party, wanted: TicketIn, now: datetime) -> Person:
    if wanted.requester is None:
        if party.person is None:
            raise Invalid("Name the requester: a service opens tickets for somebody.")
        return party.person
    if not party.is_staff:
        raise NotAllowed("Only support staff and services may open a ticket for somebody else.")
    who = wanted.requester
    return await get_or_add_requester(connection, name=who.name, email=who.email, language=who.language, now=now)


def _channel(party: Party, wanted: TicketIn) -> Channel:
    if not party.is_staff:
        return Channel.WEB
    return wanted.channel or (Channel.WEB if party.person else Channel.API)


def _me(who: UUID | str | None, party: Party) -> UUID | str | None:
    if who != "me":
        return who
    if party.person is None:
        raise Invalid("A service is nobody: 'me' means nothing here.")
    return party.person.id


def _changed(parts: list[str]) -> tuple[datetime, int]:
    at, number = parts
    return datetime.fromisoformat(at).astimezone(UTC), _known_number(int(number))


def _known_number(number: int) -> int:
    if not 0 <= number <= NUMBER_MAX:
        raise ValueError("no number of ours")
    return number


def _entry(line: Row[Any], files: dict[UUID, list[Row[Any]]]) -> TimelineEntry:
    if line.comment_id is None:
        happening = HappeningOut(type=line.type, facts=line.facts)
        return TimelineEntry(id=line.id, at=line.at, type="event", actor=line.actor, event=happening)
    said = CommentOut(
        id=line.comment_id,
        public=line.public,
        text=line.text,
        html=line.html,
        channel=line.channel,
        attachments=[attachment_out(file) for file in files.get(line.comment_id, [])],
    )
    return TimelineEntry(id=line.id, at=line.at, type="comment", actor=line.actor, comment=said)
