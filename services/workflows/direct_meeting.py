"""Meeting a deadline by asking intake over HTTP, from the worker in which the ticket's clock runs."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from functools import partial

import httpx
import structlog
from pydantic import ValidationError
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from services.contract.errors import MoveRefused, sentence
from services.contract.temporal import (
    DEADLINE_REFUSED,
    MEET_DEADLINE_ACTIVITY,
    MEET_DEADLINE_PATH,
    MeetDeadline,
    Snapshot,
)
from services.platform.clock import Clock
from services.platform.identity import CLOCK_CALL, CLOCK_CALL_LIFETIME, Signer

log = structlog.get_logger(__name__)

CALL_TIMEOUT = timedelta(seconds=4.5)
"""Somewhat less than the clock waits for one try, so that what is said of it is what happened."""
CONNECTIONS_MAX = 20
KEEP_ALIVE = timedelta(seconds=4)
"""Less than intake's server keeps a connection that nobody uses, or one would be used that it is closing."""
AWAY_FOR = timedelta(seconds=10)
"""After an intake that did not answer, so long nobody else's clock waits for one."""


def intake_at(url: str) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """Connections to intake's API, kept open."""
    limits = httpx.Limits(
        max_connections=CONNECTIONS_MAX,
        max_keepalive_connections=CONNECTIONS_MAX,
        keepalive_expiry=KEEP_ALIVE.total_seconds(),
    )
    # trust_env=False: an outgoing proxy of the machine has no business between our own services.
    return httpx.AsyncClient(base_url=url, timeout=CALL_TIMEOUT.total_seconds(), limits=limits, trust_env=False)


class DirectMeeting:
    """Asks intake to meet deadlines, each call signed for its one ticket."""

    def __init__(self, intake: httpx.AsyncClient, signer: Signer, clock: Clock) -> None:
        self._intake, self._signer, self._clock = intake, signer, clock
        self._away_until: datetime | None = None

    @activity.defn(name=MEET_DEADLINE_ACTIVITY)
    async def meet_deadline(self, order: MeetDeadline) -> Snapshot:
        """The ticket as it then stands. Raises ApplicationError: of type DEADLINE_REFUSED where intake looked and will
        not; of any other where it cannot be reached this way."""
        now = self._clock()
        if self._away_until and now < self._away_until:
            # Hundreds of deadlines may be due: each that waits for a dead intake holds up all other clocks.
            raise _failure("Intake was away a moment ago.")
        try:
            response = await self._post(order, now)
        except httpx.HTTPError as error:
            self._away_until = self._clock() + AWAY_FOR
            log.warning("intake's API is away", number=order.number, error=sentence(error))
            raise _failure(f"Intake cannot be reached: {sentence(error)}") from error
        self._away_until = None
        return _answer(response)

    async def _post(self, order: MeetDeadline, now: datetime) -> httpx.Response:
        code = self._signer.link(CLOCK_CALL, str(order.number), now, CLOCK_CALL_LIFETIME)
        headers = {"Authorization": f"Bearer {code}", "Content-Type": "application/json"}
        call = partial(self._intake.post, MEET_DEADLINE_PATH, content=order.model_dump_json(), headers=headers)
        try:
            return await call()
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            # Its server went away while the connection was kept open; the next one may be up already.
            return await call()


def _answer(response: httpx.Response) -> Snapshot:
    if response.status_code == MoveRefused.status:
        raise ApplicationError(response.text, type=DEADLINE_REFUSED, non_retryable=True)
    if response.status_code != httpx.codes.OK:
        log.warning("intake's API did not meet a deadline", status=response.status_code)
        raise _failure(f"Intake answered {response.status_code}.")
    try:
        return Snapshot.model_validate_json(response.content)
    except ValidationError as error:
        raise _failure("Intake answered something that is no ticket.") from error


def _failure(text: str) -> ApplicationError:
    # Benign to Temporal's log only: it is in ours, once, and the queue takes over.
    return ApplicationError(text, category=ApplicationErrorCategory.BENIGN)
