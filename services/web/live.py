"""Live updates: events from the broker, passed on to the open pages of this process as server-sent events.

A page only learns that a ticket changed; then it fetches what its visitor may see.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import structlog
from pydantic import ValidationError

from services.contract.errors import Temporary, TooManyRequests
from services.contract.event_data import TicketEventData
from services.contract.events import (
    EVENT_TYPES,
    ArticleSuggested,
    Event,
    SlaAlert,
    TicketNoted,
    TicketShared,
    TicketSnoozeEnded,
)
from services.messaging.broker import Broker, until_listening
from services.platform.identity import Caller

log = structlog.get_logger(__name__)

BINDINGS = ("ticket.*.v1", "sla.*.v1", "article.suggested.v1")
INTERNAL = (TicketNoted, TicketShared, TicketSnoozeEnded, SlaAlert)
"""Events about what requesters' pages do not show."""
STREAMS_MAX = 2000
STREAM_LIFETIME = timedelta(minutes=10)
"""How long one stream lasts. The browser reconnects by itself, and its session is checked again if intake answers."""
BEAT = timedelta(seconds=20)
"""A stream sends something at least this often, so that no proxy or browser closes it as dead."""
RETRY_MS = 2000
CHECK_EVERY = timedelta(seconds=2)
"""How often the connection to the broker is checked. An outage between two checks is not noticed."""


class Watch:
    """One open page: the tickets it may learn about, and those that changed since it was last told."""

    def __init__(self, caller: Caller, ticket: int | None) -> None:
        self._caller, self._ticket = caller, ticket
        self._changed: set[int] = set()
        self._woken = asyncio.Event()
        self.ended = False

    def hear(self, number: int, requester: UUID | None, *, internal: bool) -> None:
        """Note that a ticket changed. Several changes before the next `changes` count as one."""
        mine = number == self._ticket or (requester is not None and requester == self._caller.person_id)
        if self._caller.is_staff or (mine and not internal):
            self._changed.add(number)
            self._woken.set()

    def end(self) -> None:
        """End the stream of this page."""
        self.ended = True
        self._woken.set()

    async def changes(self) -> set[int]:
        """The numbers of the changed tickets. Waits up to `BEAT` for one; then returns an empty set."""
        try:
            await asyncio.wait_for(self._woken.wait(), BEAT.total_seconds())
        except TimeoutError:
            return set()
        self._woken.clear()
        changed, self._changed = self._changed, set()
        return changed


class Live:
    """The open pages of this process."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._closed = False

    async def follow(self, broker: Broker) -> None:
        """Listen to the broker until cancelled; waits while the broker is down."""
        while True:
            subscription = await until_listening(broker, BINDINGS, self.hear)
            try:
                # Events of the outage were missed: end all streams, so that browsers reconnect and fetch everything.
                self._end_streams()
                await _until_away(broker)
            finally:
                await subscription.stop()

    async def hear(self, event: Event) -> None:
        """Wake the pages that the event is about. An event that cannot be read is logged: a retry would not help."""
        model = EVENT_TYPES.get(event.type)
        if model is None:
            return
        try:
            data = event.read(model)
        except ValidationError:
            log.warning("event not understood", type=event.type, id=str(event.id))
            return
        if isinstance(data, TicketEventData):
            self._wake(data.ticket.number, data.ticket.requester.person_id, internal=isinstance(data, INTERNAL))
        elif isinstance(data, ArticleSuggested):
            self._wake(data.ticket_number, None, internal=True)

    def must_have_room(self) -> None:
        """Raises TooManyRequests if `STREAMS_MAX` pages are listening already."""
        if len(self._watches) >= STREAMS_MAX:
            raise TooManyRequests("Too many pages listen already.", retry_after=60)

    @contextmanager
    def watching(self, caller: Caller, ticket: int | None) -> Iterator[Watch]:
        """Register an open page while the block runs."""
        watch = Watch(caller, ticket)
        if self._closed:
            watch.end()
        self._watches.add(watch)
        try:
            yield watch
        finally:
            self._watches.discard(watch)

    def close(self) -> None:
        """End every stream, so that a server that stops does not wait for them."""
        self._closed = True
        self._end_streams()

    def _end_streams(self) -> None:
        for watch in self._watches:
            watch.end()

    def _wake(self, number: int, requester: UUID | None, *, internal: bool) -> None:
        for watch in self._watches:
            watch.hear(number, requester, internal=internal)


async def _until_away(broker: Broker) -> None:
    while True:
        await asyncio.sleep(CHECK_EVERY.total_seconds())
        try:
            await broker.connect()
        except Temporary:
            return


async def stream(live: Live, caller: Caller, ticket: int | None) -> AsyncIterator[str]:
    """Server-sent events: `ticket` with a number, until `STREAM_LIFETIME` is over."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + STREAM_LIFETIME.total_seconds()
    with live.watching(caller, ticket) as watch:
        yield f"retry: {RETRY_MS}\nevent: listening\ndata: {{}}\n\n"
        while not watch.ended and loop.time() < ends_at:
            changed = await watch.changes()
            yield "".join(_event(number) for number in sorted(changed)) or ": still here\n\n"


def _event(number: int) -> str:
    return f"event: ticket\ndata: {json.dumps({'number': number})}\n\n"
