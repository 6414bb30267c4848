"""Takes events from the broker: learns from each, and queues the mails it calls for, in one transaction."""

from collections.abc import Callable
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.broker import Queue
from services.clock import Clock
from services.database import transaction
from services.errors import Permanent
from services.events import (
    EVENT_TYPES,
    ArticleSuggested,
    Event,
    EventData,
    PasswordLinkRequested,
    PersonChanged,
    TicketAssigned,
    TicketEventData,
    TicketNoted,
    TicketRated,
    TicketReminderDue,
    TicketReplied,
    TicketStatusChanged,
    TicketSubmitted,
    TicketSurveyDue,
)
from services.notify import store
from services.notify.notices import Budget, Notification
from services.notify.plan import Facts, budget_of, may_tell_staff, plan, requester_of
from services.notify.rendering import Desk
from services.notify.tables import consumed_event
from services.outbox import first_time
from services.telemetry import correlated

CONSUMER = "notify.mail"

QUEUE = Queue(
    CONSUMER,
    bindings=tuple(
        model.TYPE
        for model in (
            TicketSubmitted,
            TicketAssigned,
            TicketReplied,
            TicketNoted,
            TicketStatusChanged,
            TicketReminderDue,
            TicketSurveyDue,
            TicketRated,
            ArticleSuggested,
            PersonChanged,
            PasswordLinkRequested,
        )
    ),
)

log = structlog.get_logger()


class Consumer:
    """The handler of queue `notify.mail`. `planned` is called when there is something new to deliver."""

    def __init__(
        self, engine: AsyncEngine, desk: Desk, automatic: Budget, clock: Clock, planned: Callable[[], None]
    ) -> None:
        self._engine, self._desk, self._automatic, self._clock = engine, desk, automatic, clock
        self._planned = planned

    async def handle(self, event: Event) -> None:
        """Deal with an event once. Raises errors.Permanent for one that is not what its type says."""
        data = _read(event)
        with correlated(event.correlationid):
            async with transaction(self._engine) as connection:
                if not await first_time(connection, consumed_event, CONSUMER, event):
                    return
                planned = await self._take_in(connection, event, data)
            _log(planned)
        self._planned()

    async def _take_in(self, connection: AsyncConnection, event: Event, data: EventData) -> list[Notification]:
        now = self._clock()
        if isinstance(data, PersonChanged):
            await store.learn_person(connection, data, event.time)
        elif isinstance(data, ArticleSuggested):
            await store.lock_ticket(connection, data.ticket_number)
            await store.learn_suggestion(connection, data, now)
        elif isinstance(data, TicketEventData):
            await store.lock_ticket(connection, data.ticket.number)
            await store.learn_ticket(connection, data)
        planned = plan(event, data, await self._facts(connection, event, data), now)
        await store.add(connection, planned, self._desk.domain, now)
        return planned

    async def _facts(self, connection: AsyncConnection, event: Event, data: EventData) -> Facts:
        budget = budget_of(data, self._automatic)
        requester, ticket = requester_of(data), data.ticket if isinstance(data, TicketEventData) else None
        if requester is None:
            return Facts(self._desk.address)
        spent = 0
        if requester.email:
            await store.lock_mailbox(connection, requester.email)
            spent = await store.spent(connection, requester.email, budget, event.time)
        return Facts(
            self._desk.address,
            staff=await store.staff(connection, _assignee_id(data)) if may_tell_staff(data) else (),
            articles_known=ticket is not None and await store.has_suggestion(connection, ticket.number),
            budget=budget,
            spent=spent,
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


def _assignee_id(data: EventData) -> UUID | None:
    if isinstance(data, TicketEventData) and data.ticket.assignee:
        return data.ticket.assignee.person_id
    return None


def _log(planned: list[Notification]) -> None:
    for one in planned:
        facts = {"notification": str(one.id), "template": one.template.value, "ticket": one.number}
        if one.suppressed:
            log.warning("mail suppressed", reason=one.suppressed, **facts)
        else:
            log.info("mail planned", **facts)
