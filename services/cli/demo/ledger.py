"""Reads the demonstration's books from intake's and notify's tables, from Temporal and from the mailbox folder."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from email import message_from_bytes
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from services.cli.demo.books import Book, ClockState, Kept, Received
from services.cli.demo.history import History, Line
from services.cli.demo.post import Posted
from services.contract.event_data import Actor, Contact
from services.contract.temporal import SNAPSHOT_QUERY, TICKET_WORKFLOW, Snapshot, ticket_number, workflow_id
from services.contract.vocabulary import STAFF, Role
from services.intake.people.people import read_person, select_people
from services.intake.rules.ticket import Ticket
from services.intake.tables.tables import comment, outbox, person, timeline
from services.intake.tickets.ticket_row import read_ticket, select_tickets
from services.messaging.outbox import BROKER_SINK
from services.notify.mail import TEMPLATE_HEADER, TICKET_HEADER
from services.notify.tables import FAILED, SENT, SUPPRESSED, delivery_attempt, notification

ASKED_AT_ONCE = 10


async def read_book(engine: AsyncEngine, temporal: Client, mailbox: Path, posted: Iterable[Posted]) -> Book:
    """The books as they are now."""
    posted = list(posted)
    async with engine.connect() as connection:
        histories = await _histories(connection, {each.receipt.number for each in posted if each.opened_by_machine})
        staff = await _staff(connection)
        roles = await _roles(connection)
        held_back, given_up = await _reasons(connection, SUPPRESSED), await _reasons(connection, FAILED)
        handed_over = await _handed_over(connection)
        words = await _words(connection)
    return Book(
        histories=histories,
        clocks=await _clocks(temporal, histories),
        staff=staff,
        roles=roles,
        kept=await asyncio.to_thread(_kept, mailbox),
        held_back=held_back,
        given_up=given_up,
        handed_over=handed_over,
        received={each.name: _received(each, words) for each in posted},
    )


async def _histories(connection: AsyncConnection, by_machine: set[int | None]) -> dict[int, History]:
    tickets = {row.number: read_ticket(row) for row in await connection.execute(select_tickets())}
    effects = await _effects(connection)
    lines: dict[int, list[Line]] = defaultdict(list)
    for row in await connection.execute(select(timeline).order_by(timeline.c.id)):
        took_effect_at = effects.get((row.ticket_number, row.version))
        actor = Actor.model_validate(row.actor)
        lines[row.ticket_number].append(Line(row.version, row.type, actor, row.public, row.facts, took_effect_at))
    return {
        number: History(
            one,
            tuple(lines[number]),
            by_machine=number in by_machine,
            came_with=tickets[one.follow_up_of].assignee if one.follow_up_of else None,
            joined={merged: _asking(merged, tickets, lines) for merged in _took_in(lines[number])},
        )
        for number, one in tickets.items()
    }


def _asking(number: int, tickets: Mapping[int, Ticket], lines: Mapping[int, list[Line]]) -> tuple[Contact, ...]:
    """The requesters of a ticket: its own, and those of all tickets merged into it. Merges never form a circle."""
    others = (one for merged in _took_in(lines[number]) for one in _asking(merged, tickets, lines))
    return (tickets[number].requester, *others)


def _took_in(lines: Iterable[Line]) -> list[int]:
    return [line.facts["merged"] for line in lines if line.type == "took_in"]


async def _effects(connection: AsyncConnection) -> dict[tuple[int, int], Any]:
    """When each version of each ticket was written, from the outbox rows of the same transaction."""
    about = outbox.c.payload["data"]["ticket"]
    number, version = about["number"].as_integer(), about["version"].as_integer()
    query = select(number.label("number"), version.label("version"), func.min(outbox.c.created_at).label("at"))
    rows = await connection.execute(
        query.where(outbox.c.sink == BROKER_SINK, about["number"].is_not(None)).group_by(number, version)
    )
    return {(row.number, row.version): row.at for row in rows}


async def _staff(connection: AsyncConnection) -> tuple[Contact, ...]:
    query = select_people().where(person.c.role.in_(STAFF), person.c.active)
    return tuple(read_person(row).contact() for row in await connection.execute(query))


async def _roles(connection: AsyncConnection) -> dict[UUID, Role]:
    query = select(person.c.id, person.c.role).where(person.c.role.in_(STAFF))
    return {row.id: Role(row.role) for row in await connection.execute(query)}


async def _reasons(connection: AsyncConnection, state: str) -> dict[UUID, str]:
    query = select(notification.c.id, notification.c.reason).where(notification.c.state == state)
    return {row.id: row.reason for row in await connection.execute(query)}


async def _handed_over(connection: AsyncConnection) -> dict[UUID, int]:
    query = select(delivery_attempt.c.notification_id).where(delivery_attempt.c.outcome == SENT)
    return dict(Counter((await connection.execute(query)).scalars()))


async def _words(connection: AsyncConnection) -> Mapping[int, list[str]]:
    words: dict[int, list[str]] = defaultdict(list)
    for row in await connection.execute(select(comment.c.ticket_number, comment.c.text)):
        words[row.ticket_number].append(row.text)
    return words


def _received(posted: Posted, words: Mapping[int, list[str]]) -> Received:
    number = posted.receipt.number
    texts = words.get(number, []) if number is not None else []
    return Received(number, found=any(posted.words in text for text in texts))


async def _clocks(temporal: Client, numbers: Iterable[int]) -> dict[int, ClockState]:
    events: Counter[int] = Counter()
    runs: Counter[int] = Counter()
    async for run in temporal.list_workflows(f'WorkflowType = "{TICKET_WORKFLOW}"'):
        runs[ticket_number(run.id)] += 1
        if run.status is not WorkflowExecutionStatus.RUNNING:
            events[ticket_number(run.id)] += run.history_length
    turn = asyncio.Semaphore(ASKED_AT_ONCE)

    async def ask(number: int) -> tuple[int, ClockState | None]:
        async with turn:
            return number, await _clock(temporal, number, events[number], runs[number])

    asked = await asyncio.gather(*(ask(number) for number in numbers))
    return {number: clock for number, clock in asked if clock is not None}


async def _clock(temporal: Client, number: int, events: int, runs: int) -> ClockState | None:
    handle = temporal.get_workflow_handle(workflow_id(number))
    try:
        run = await handle.describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    if run.status is not WorkflowExecutionStatus.RUNNING:
        return ClockState(running=False, known=None, events=events, runs=runs)
    known = await handle.query(SNAPSHOT_QUERY, result_type=Snapshot)
    return ClockState(running=True, known=known, events=events + run.history_length, runs=runs)


def _kept(mailbox: Path) -> dict[UUID, Kept]:
    kept = {}
    for path in mailbox.glob("*.eml"):
        message = message_from_bytes(path.read_bytes())
        number = message[TICKET_HEADER]
        kept[UUID(path.stem)] = Kept(int(number) if number else None, str(message[TEMPLATE_HEADER]))
    return kept
