"""Carrying out commands on tickets: lock the ticket, decide, save. The caller owns the transaction and commits it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Invalid, VersionMismatch
from services.contract.event_data import Actor
from services.contract.temporal import MeetDeadline, Snapshot
from services.contract.vocabulary import DeadlineKind, Kind, Language, Priority
from services.intake.agreements.products import filled_in
from services.intake.agreements.promises import terms_of
from services.intake.people.people import Person
from services.intake.people.teams import handover
from services.intake.rules.contracts import Terms
from services.intake.rules.deadline_due import Meet
from services.intake.rules.decide import Command, decide, open_ticket
from services.intake.rules.moves.link_problem import LinkProblem
from services.intake.rules.moves.merge import Merge
from services.intake.rules.moves.rate import Rate
from services.intake.rules.moves.reply import Reply
from services.intake.rules.moves.take_in import TakeIn
from services.intake.rules.registry import MOVES, must_allow
from services.intake.rules.submit import Submit
from services.intake.rules.ticket import Message, Ticket
from services.intake.tickets.access import Party
from services.intake.tickets.mail_outages import mail_down_since
from services.intake.tickets.messages import Draft, message_of
from services.intake.tickets.store import (
    create,
    hold_merged,
    hold_with_incidents,
    load,
    lock,
    next_number,
    save,
    save_by_clock,
)

MERGES_MAX = 20
"""Most merges in a row that a reply follows, to find the ticket that takes messages now."""
INCIDENTS_MAX = 200
"""A problem with more open incidents than this cannot be merged, because all are linked anew in one transaction."""


@dataclass(frozen=True)
class NewTicket:
    """What a new ticket is made from."""

    subject: str
    draft: Draft
    kind: Kind = Kind.QUESTION
    priority: Priority = Priority.LOW
    language: Language | None = None
    """The ticket's language; None for the requester's."""
    product_id: UUID | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    """The values for the product's form, by field key."""
    tags: tuple[str, ...] = ()
    team_id: UUID | None = None


async def submit(
    connection: AsyncConnection, party: Party, requester: Person, question: NewTicket, standard: Terms, now: datetime
) -> Ticket:
    """Open a ticket for `requester`, pinned to the policy of their organisation's contract, or of the `standard` terms.

    Raises Invalid for a product, fields, team or files that cannot be used.
    """
    organisation_id = requester.organisation.id if requester.organisation else None
    terms = await terms_of(connection, organisation_id, standard)
    product, fields = await filled_in(
        connection, question.product_id, question.fields, organisation_id=organisation_id, staff=party.is_staff
    )
    given = await handover(connection, party.actor, question.team_id, now)
    command = Submit(
        number=await next_number(connection),
        by=party.actor,
        requester=requester.contact(),
        organisation_id=organisation_id,
        subject=question.subject,
        message=await message_of(connection, question.draft, party.uploader),
        kind=question.kind,
        asked_priority=question.priority,
        priority=terms.priority(question.priority, now),
        language=question.language or requester.language,
        policy=terms.policy(now),
        assignee=given.assignee,
        team=given.team,
        product=product,
        fields=fields,
        tags=tuple(sorted(set(question.tags))),
    )
    return await _open(connection, command, now)


async def reply(
    connection: AsyncConnection,
    party: Party,
    number: int,
    draft: Draft,
    standard: Terms,
    now: datetime,
    if_version: int | None = None,
) -> Ticket:
    """Add a public message, and return the ticket that took it.

    A reply to a merged ticket goes to the ticket it was merged into. A reply of the requester's side to a finalised
    ticket opens a follow-up. Raises NotFound, NotAllowed, MoveRefused, VersionMismatch, and Invalid for wrong files.
    """
    await hold_merged(connection, number)
    ticket = await held(connection, party, number, if_version)
    party.must_ask(ticket)
    ticket = await _gone_on(connection, party, ticket)
    message = await message_of(connection, draft, party.uploader)
    if ticket.is_finalised() and ticket.is_requesters(party.actor):
        must_allow(ticket, MOVES["follow_up"], staff=False)
        terms = await terms_of(connection, ticket.organisation_id, standard)
        number = await next_number(connection)
        return await _open(connection, _follow_up(ticket, party.actor, message, terms, number, now), now)
    return await decide_and_save(connection, ticket, Reply(party.actor, message), now)


async def carry_out(
    connection: AsyncConnection,
    party: Party,
    number: int,
    command: Command,
    now: datetime,
    if_version: int | None = None,
) -> Ticket:
    """Carry out `command` on a ticket the party may see.

    Raises NotFound, VersionMismatch, and what `decide` raises: MoveRefused, Invalid.
    """
    ticket = await held(connection, party, number, if_version)
    return await decide_and_save(connection, ticket, command, now)


async def decide_and_save(connection: AsyncConnection, ticket: Ticket, command: Command, now: datetime) -> Ticket:
    """Carry out `command` on a ticket that is locked and may be seen. Raises what `decide` raises."""
    decision = decide(ticket, command, now)
    await save(connection, ticket, decision, now)
    return decision.ticket


async def merge(
    connection: AsyncConnection, party: Party, number: int, into: int, now: datetime, if_version: int | None = None
) -> Ticket:
    """Merge the ticket into another one, which also takes its open incidents; returns the ticket that was closed.

    Raises Invalid where the tickets are of different customers or the incidents cannot be moved; MoveRefused, NotFound,
    VersionMismatch.
    """
    # Lock in the order of ticket numbers, so that two merges at once cannot deadlock.
    incidents = await hold_with_incidents(connection, {number, into}, number, INCIDENTS_MAX + 2)
    one, other = await load(connection, number), await load(connection, into)
    party.must_see(other)
    _must_be_at(one, party, if_version)
    same_people = one.organisation_id is not None and one.organisation_id == other.organisation_id
    if not same_people and one.requester.person_id != other.requester.person_id:
        raise Invalid(f"Tickets {number} and {into} are of different customers: one would read what the other wrote.")
    merged = await decide_and_save(connection, one, Merge(party.actor, into), now)
    if other.problem == number:
        other = await decide_and_save(connection, other, LinkProblem(party.actor, None), now)
    _must_take(other, number, len(incidents - {into}))
    for each in sorted(incidents - {into}):
        await decide_and_save(connection, await load(connection, each), LinkProblem(party.actor, into), now)
    taken = TakeIn(party.actor, number, one.requester, one.followers)
    await decide_and_save(connection, other, taken, now)
    return merged


async def rate(connection: AsyncConnection, number: int, *, good: bool, comment: str, now: datetime) -> Ticket:
    """Record the answer to the survey, as the requester; the caller has checked the signed link.

    Raises NotFound, MoveRefused.
    """
    ticket = await lock(connection, number)
    asked = Actor(kind="person", name=ticket.requester.name, person_id=ticket.requester.person_id)
    return await decide_and_save(connection, ticket, Rate(asked, good, comment), now)


async def meet_deadline(connection: AsyncConnection, order: MeetDeadline) -> Snapshot:
    """Meet a deadline if it is still due; returns the ticket's newest snapshot in any case.

    The clock itself calls this and gets the snapshot as the answer, so it needs no outbox row. If the answer is lost,
    the clock asks again, finds the deadline met and gets the same snapshot.
    """
    ticket = await lock(connection, order.number)
    down = timedelta(0)
    if order.deadline.kind is DeadlineKind.CLOSURE and (since := ticket.reminded_at or ticket.asked_at):
        down = await mail_down_since(connection, since, order.met_at)
    decision = decide(ticket, Meet(order.deadline, down), order.met_at)
    return await save_by_clock(connection, ticket, decision, order.met_at)


async def held(connection: AsyncConnection, party: Party, number: int, if_version: int | None) -> Ticket:
    """The ticket, locked until this transaction ends. Raises NotFound, VersionMismatch."""
    ticket = await lock(connection, number)
    _must_be_at(ticket, party, if_version)
    return ticket


def _must_be_at(ticket: Ticket, party: Party, version: int | None) -> None:
    party.must_see(ticket)
    if version is not None and ticket.version != version:
        raise VersionMismatch(
            f"Ticket {ticket.number} is at version {ticket.version}, not {version}: read it again.",
            version=ticket.version,
        )


async def _gone_on(connection: AsyncConnection, party: Party, ticket: Ticket) -> Ticket:
    """Follows merges to the ticket that takes messages now, locking each; stops where the party may not write."""
    for _ in range(MERGES_MAX):
        if ticket.merged_into is None:
            return ticket
        target = await lock(connection, ticket.merged_into)
        if not (party.is_staff or party.asks(target)):
            return ticket
        ticket = target
    return ticket


def _must_take(other: Ticket, number: int, incidents: int) -> None:
    if incidents > INCIDENTS_MAX:
        raise Invalid(
            f"Ticket {number} is the problem of more than {INCIDENTS_MAX} open incidents, too many to link to"
            f" {other.number} at once; solve them first."
        )
    if incidents and other.problem is not None:
        raise Invalid(
            f"Ticket {number} has incidents, and {other.number} is an incident of {other.problem} itself;"
            " merge it into that one."
        )


async def _open(connection: AsyncConnection, command: Submit, now: datetime) -> Ticket:
    decision = open_ticket(command, now)
    await create(connection, decision)
    return decision.ticket


def _follow_up(ended: Ticket, by: Actor, message: Message, terms: Terms, number: int, now: datetime) -> Submit:
    """The command that opens a follow-up. Fields and people are copied, comments are not (`docs/design.md §4`).

    Policy and priority are those of today's terms.
    """
    return Submit(
        number=number,
        by=by,
        requester=ended.requester,
        organisation_id=ended.organisation_id,
        subject=ended.subject,
        message=message,
        kind=ended.kind,
        asked_priority=ended.asked_priority,
        priority=terms.priority(ended.asked_priority, now),
        language=ended.language,
        policy=terms.policy(now),
        follow_up_of=ended.number,
        assignee=ended.assignee,
        team=ended.team,
        product=ended.product,
        fields=ended.fields,
        tags=ended.tags,
    )
