"""The activity that asks intake over HTTP to meet a deadline; it runs in the worker of the ticket's clock."""

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
"""Slightly less than the activity's own timeout, so that the error reported is the one that happened."""
CONNECTIONS_MAX = 20
KEEP_ALIVE = timedelta(seconds=4)
"""Less than intake's server keeps an idle connection: otherwise we might use one that it is just closing."""
AWAY_FOR = timedelta(seconds=10)
"""After intake did not answer, no clock calls it for this long."""


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
    """Asks intake to meet deadlines; the signature of each call is valid for one ticket only."""

    def __init__(self, intake: httpx.AsyncClient, signer: Signer, clock: Clock) -> None:
        self._intake, self._signer, self._clock = intake, signer, clock
        self._away_until: datetime | None = None

    @activity.defn(name=MEET_DEADLINE_ACTIVITY)
    async def meet_deadline(self, order: MeetDeadline) -> Snapshot:
        """The ticket's snapshot after intake's answer.

        Raises ApplicationError: with type DEADLINE_REFUSED if intake refuses to meet the deadline, without a type if
        intake cannot be reached this way.
        """
        now = self._clock()
        if self._away_until and now < self._away_until:
            # Hundreds of deadlines may be due: each call that waits for a dead intake delays all other clocks.
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
            # The server closed the connection that we kept open; after a restart it may be up again already.
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
    # "Benign" keeps it out of Temporal's log only: our own log has it, and the clock asks by the task queue next.
    return ApplicationError(text, category=ApplicationErrorCategory.BENIGN)
