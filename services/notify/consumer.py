"""The event consumer: saves what each event says, and queues the mails it calls for, in one transaction."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contract.errors import Permanent
from services.contract.event_data import EventData, TicketEventData
from services.contract.events import (
    EVENT_TYPES,
    ArticlePublished,
    ArticleSuggested,
    Event,
    PersonChanged,
    TeamChanged,
    TicketSnoozeEnded,
)
from services.messaging.broker import Queue
from services.messaging.outbox import first_time
from services.notify import store
from services.notify.rendering import MailIdentity
from services.notify.rules.facts import PlanFacts
from services.notify.rules.known import KnownTicket, is_closing_told
from services.notify.rules.notices import Budget, Notification
from services.notify.rules.plan import budget_of, budgeted, may_tell_staff, plan
from services.notify.tables import consumed_event
from services.platform.clock import Clock
from services.platform.database import transaction
from services.platform.telemetry import correlated

CONSUMER = "notify.mail"

QUEUE = Queue(CONSUMER, bindings=tuple(type for type in EVENT_TYPES if type != ArticlePublished.TYPE))
"""All events but one: those that send no mail still say how a ticket stands, and so which queued mails are untrue."""

log = structlog.get_logger()


class Consumer:
    """The handler of queue `notify.mail`. It calls `planned` when there may be new mails to deliver."""

    def __init__(
        self, engine: AsyncEngine, desk: MailIdentity, automatic: Budget, clock: Clock, planned: Callable[[], None]
    ) -> None:
        self._engine, self._desk, self._automatic, self._clock = engine, desk, automatic, clock
        self._planned = planned

    async def handle(self, event: Event) -> None:
        """Process an event, once. Raises errors.Permanent if its type is unknown or its data does not fit the type."""
        data = _read(event)
        with correlated(event.correlationid):
            async with transaction(self._engine) as connection:
                if not await first_time(connection, consumed_event, CONSUMER, event):
                    return
                planned = await self._take_in(connection, event, data)
            _log(planned)
        self._planned()

    async def _take_in(self, connection: AsyncConnection, event: Event, data: EventData) -> list[Notification]:
        now, before = self._clock(), None
        if isinstance(data, PersonChanged):
            await store.learn_person(connection, data, event.time)
        elif isinstance(data, TeamChanged):
            await store.learn_team(connection, data, event.time)
        elif isinstance(data, ArticleSuggested):
            await store.lock_ticket(connection, data.ticket_number)
            await store.learn_suggestion(connection, data, now)
        elif isinstance(data, TicketEventData):
            await store.lock_ticket(connection, data.ticket.number)
            before = await store.known(connection, data.ticket.number)
            await store.learn_ticket(connection, before, data)
        planned = plan(event, data, await self._facts(connection, event, data, before), now)
        await store.add(connection, planned, self._desk.domain, now)
        return planned

    async def _facts(
        self, connection: AsyncConnection, event: Event, data: EventData, before: KnownTicket | None
    ) -> PlanFacts:
        budget, mailboxes = budget_of(data, self._automatic), budgeted(data)
        await store.lock_mailboxes(connection, mailboxes)
        facts = PlanFacts(
            self._desk.address,
            budget=budget,
            spent=await store.spent(connection, mailboxes, budget, event.time) if mailboxes else {},
        )
        if not isinstance(data, TicketEventData):
            return facts
        ticket, tells_staff = data.ticket, may_tell_staff(data)
        return replace(
            facts,
            staff=await store.staff(connection, _named(data)) if tells_staff else (),
            team=await store.members(connection, ticket.team_id) if tells_staff and ticket.team_id else frozenset(),
            articles_known=await store.has_suggestion(connection, ticket.number),
            closing_told=is_closing_told(before, data),
        )


def _read(event: Event) -> EventData:
    model = EVENT_TYPES.get(event.type)
    if model is None:
        raise Permanent(f"No rule for events of type {event.type}; unbind it or upgrade notify.")
    try:
        return event.read(model)
    except ValidationError as error:
        places = ", ".join(".".join(str(part) for part in problem["loc"]) for problem in error.errors())
        raise Permanent(f"Event {event.id} is no {event.type}: see {places}.") from error


def _named(data: TicketEventData) -> list[UUID]:
    """The people in support whom the event names: `plan` must know them even if they have left."""
    snoozed_by = data.snoozed_by if isinstance(data, TicketSnoozeEnded) else None
    return [one.person_id for one in (data.ticket.assignee, snoozed_by) if one]


def _log(planned: list[Notification]) -> None:
    for one in planned:
        facts = {"notification": str(one.id), "template": one.template.value, "ticket": one.number}
        if one.suppressed:
            log.warning("mail suppressed", reason=one.suppressed, **facts)
        else:
            log.info("mail planned", **facts)
