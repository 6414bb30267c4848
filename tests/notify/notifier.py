"""notify's parts put together as its composition root does, driven step by step."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.event_data import Contact, EventData
from services.contract.events import Event
from services.notify.consumer import Consumer
from services.notify.delivery import Delivery
from services.notify.rules.notices import Template, automatic_budget
from services.notify.smtp import Transport
from services.notify.tables import delivery_attempt, notification
from services.platform.identity import Signer
from tests.moved_clock import MovedClock
from tests.notify.happenings import DESK, SECRET, changed, happened

BUDGET_MAX = 3
"""Small, so that tests of the limit are short."""


@dataclass(frozen=True)
class Row:
    """A notification as stored in the database."""

    id: UUID
    template: Template
    to: str
    state: str
    reason: str
    attempts: int
    due_at: datetime


class Notifier:
    """One replica of notify: it takes events, and delivers when the test says so."""

    def __init__(self, engine: AsyncEngine, transport: Transport, clock: MovedClock) -> None:
        self.engine, self.clock = engine, clock
        self.delivery = Delivery(engine, transport, DESK, Signer(SECRET), clock)
        self.woken = 0
        self._consumer = Consumer(engine, DESK, automatic_budget(BUDGET_MAX), clock, self._wake)

    async def hears(self, data: EventData | Event, at: datetime | None = None) -> Event:
        """Handle an event, which happened now unless `at` is given; returns the event."""
        event = data if isinstance(data, Event) else happened(data, at or self.clock())
        await self._consumer.handle(event)
        return event

    async def knows(self, *staff: Contact) -> None:
        """Tell notify that these people work in support."""
        for one in staff:
            await self.hears(changed(one))

    async def delivers(self) -> int:
        """Try once to send everything that is due now; returns how many mails."""
        total = 0
        while tried := await self.delivery.deliver_due():
            total += tried
        return total

    async def rows(self) -> list[Row]:
        """Every notification, in the order planned."""
        query = select(notification).order_by(notification.c.planned_at, notification.c.template)
        async with self.engine.connect() as connection:
            found = (await connection.execute(query)).all()
        return [
            Row(
                one.id,
                Template(one.template),
                one.recipient["name"].split()[0],
                one.state,
                one.reason,
                one.attempts,
                one.due_at,
            )
            for one in found
        ]

    async def states(self) -> Counter[tuple[Template, str]]:
        """How many notifications there are, by template and state."""
        return Counter((row.template, row.state) for row in await self.rows())

    async def tries(self) -> list[tuple[int, str | None, str | None]]:
        """Every delivery attempt: its number, outcome and the server's answer."""
        query = select(delivery_attempt).order_by(delivery_attempt.c.id)
        async with self.engine.connect() as connection:
            return [(row.attempt, row.outcome, row.answer) for row in await connection.execute(query)]

    def _wake(self) -> None:
        self.woken += 1
        self.delivery.wake()
