"""The routes to open, list and read tickets."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Invalid, NotAllowed
from services.contract.event_data import Actor
from services.contract.languages import accepted
from services.contract.limits import ACCEPT_LANGUAGE_CHARACTERS_MAX
from services.contract.vocabulary import Channel, Language
from services.contract.zones import ZoneName
from services.intake.api.attachments import attachment_out
from services.intake.api.deps import TheDesk
from services.intake.api.filter_query import wanted_tickets
from services.intake.api.ticket_answer import summaries, ticket_answer
from services.intake.api.ticket_resources import TicketIn, TicketOut, TicketPage, ViewOut, Views
from services.intake.api.timeline_resources import CommentOut, HappeningOut, TimelineEntry, TimelinePage
from services.intake.api.unit_of_work import KeyedWork
from services.intake.history.line import Line
from services.intake.history.teller import Teller
from services.intake.people.people import Person, get_or_add_requester
from services.intake.rules.body import NUMBER_MAX
from services.intake.rules.registry import read_line
from services.intake.tickets import queries
from services.intake.tickets.access import Party
from services.intake.tickets.messages import Draft
from services.intake.tickets.queries import ByBreach, ByChange
from services.intake.tickets.store import load
from services.intake.tickets.ticket_filter import TicketFilter
from services.intake.tickets.ticket_row import read_policies
from services.intake.tickets.use_cases import NewTicket, submit
from services.platform.http import KnownCaller, StaffCaller
from services.platform.pages import DEFAULT_LIMIT, Cursor, Limit, cut, read_cursor

router = APIRouter(prefix="/api/v1", tags=["tickets"])

Number = Annotated[int, Path(ge=1, le=NUMBER_MAX, description="The ticket's number.")]


@router.post("/tickets", status_code=201, summary="Open a ticket", response_model=TicketOut)
async def create_ticket(wanted: TicketIn, work: KeyedWork) -> Response:
    """Requesters for themselves; support staff and services for anybody they name as `requester`."""
    party = work.party
    if (wanted.tags or wanted.team_id) and not party.is_staff:
        raise NotAllowed("Tags and teams are for support and services.")
    requester = await _requester(work.connection, party, wanted, work.now)
    question = NewTicket(
        subject=wanted.subject,
        draft=Draft(wanted.text, attachment_ids=tuple(wanted.attachment_ids), channel=_channel(party, wanted)),
        kind=wanted.kind,
        priority=wanted.priority,
        language=wanted.language,
        product_id=wanted.product_id,
        fields=wanted.fields,
        tags=tuple(wanted.tags),
        team_id=wanted.team_id,
    )
    ticket = await submit(work.connection, party, requester, question, work.desk.standard, work.now)
    return await work.answer_ticket(ticket, 201)


@router.get("/tickets", summary="List tickets")
async def list_tickets(
    caller: KnownCaller,
    desk: TheDesk,
    wanted: Annotated[TicketFilter, Depends(wanted_tickets)],
    sort: Annotated[Literal["changed", "breach"], Query(description="Newest change first, or what breaks first.")] = (
        "changed"
    ),
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> TicketPage:
    """Staff and services see all; requesters their own and their organisation's. `breach` is for staff."""
    by_breach, now = sort == "breach", desk.now()
    order = ByBreach(read_cursor(cursor, _broke)) if by_breach else ByChange(read_cursor(cursor, _changed))
    async with desk.reading(caller) as (connection, party):
        if by_breach and not party.is_staff:
            raise NotAllowed("What was promised to whom is for support; sort by change.")
        found = await queries.list_tickets(connection, party, wanted.chosen_by(party), order, limit + 1, now)
        page, next_cursor = cut(found, limit, queries.Listed.breach_key if by_breach else queries.Listed.change_key)
        tickets = [listed.ticket for listed in page]
        items = await summaries(connection, party, tickets, now)
    return TicketPage(items=items, next_cursor=next_cursor)


@router.get("/views", summary="Count the desk's views")
async def read_views(caller: StaffCaller, desk: TheDesk) -> Views:
    """Support staff and services."""
    async with desk.reading(caller) as (connection, party):
        counts = await queries.count_views(connection, party, desk.now())
    return Views(items=[ViewOut(name=name, count=count) for name, count in counts.items()])


@router.get("/tickets/{number}", summary="Read a ticket", response_model=TicketOut)
async def read_ticket(number: Number, caller: KnownCaller, desk: TheDesk) -> Response:
    """Staff and services; the requester and their organisation. The ETag is for `If-Match`."""
    async with desk.reading(caller) as (connection, party):
        ticket = await load(connection, number)
        party.must_see(ticket)
        return (await ticket_answer(connection, party, ticket, desk.now())).response()


@router.get("/tickets/{number}/timeline", summary="Read a ticket's history")
async def read_timeline(
    number: Number,
    caller: KnownCaller,
    desk: TheDesk,
    accept_language: Annotated[str | None, Header(max_length=ACCEPT_LANGUAGE_CHARACTERS_MAX)] = None,
    zone: Annotated[
        ZoneName | None,
        Query(description="The IANA time zone of the sentences; the caller's own, or else the desk's, where left out."),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> TimelinePage:
    """Staff and services, and colleagues it is shared with; the requester's side without internal notes.

    Oldest first. What was said on tickets merged into this one is in their own history: `merged` names them.
    """
    after = read_cursor(cursor, lambda parts: _known_number(int(parts[0]))) or 0
    async with desk.reading(caller) as (connection, party):
        ticket = await load(connection, number)
        party.must_see(ticket)
        notes = party.sees_notes(ticket)
        lines, files = await queries.read_timeline(connection, number, after, limit + 1, notes=notes)
        page, next_cursor = cut(lines, limit, lambda line: (line.id,))
        written = [read_line(line.type, line.facts) for line in page]
        named = frozenset(version for line in written for version in line.policies) if notes else frozenset()
        policies = await read_policies(connection, named)
    language = accepted(accept_language, party.person.language if party.person else Language.ENGLISH)
    teller = Teller(language, zone or desk.zone_of(party.person), inside=notes, policies=policies)
    items = [_entry(line, each, files, teller) for line, each in zip(page, written, strict=True)]
    return TimelinePage(items=items, next_cursor=next_cursor, zone=teller.zone)


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


def _changed(parts: list[str]) -> tuple[datetime, int]:
    at, number = parts
    return _instant(at), _known_number(int(number))


def _broke(parts: list[str]) -> tuple[datetime | None, datetime, int]:
    breach, *changed = parts
    return (_instant(breach) if breach else None, *_changed(changed))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _known_number(number: int) -> int:
    if not 0 <= number <= NUMBER_MAX:
        raise ValueError("no number of ours")
    return number


def _entry(line: Row[Any], happened: Line, files: dict[UUID, list[Row[Any]]], teller: Teller) -> TimelineEntry:
    if line.comment_id is None:
        told = happened.told(teller, Actor.model_validate(line.actor))
        facts = happened.shown(inside=teller.inside)
        happening = HappeningOut(type=line.type, facts=facts, sentence=told.sentence, evidence=told.evidence)
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
