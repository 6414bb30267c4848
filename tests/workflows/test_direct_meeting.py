"""Asking intake's API directly: what each answer, and each silence, means to the clock."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from temporalio.exceptions import ApplicationError

from services.contract.temporal import DEADLINE_REFUSED, MEET_DEADLINE_PATH, Deadline, MeetDeadline, Snapshot
from services.contract.vocabulary import DeadlineKind, Status
from services.platform.identity import CLOCK_CALL, Signer
from services.workflows.direct_meeting import AWAY_FOR, DirectMeeting
from tests.moved_clock import START, MovedClock

pytestmark = pytest.mark.own_parts

SIGNER = Signer("a secret for tests that is long enough")
REMINDER = Deadline(kind=DeadlineKind.REMINDER, due_at=START)
ORDER = MeetDeadline(number=7, version=3, deadline=REMINDER, met_at=START)
CLOSED = Snapshot(number=7, version=4, status=Status.CLOSED)

Answer = Callable[[httpx.Request], httpx.Response]


@asynccontextmanager
async def asking(clock: MovedClock, answer: Answer) -> AsyncIterator[DirectMeeting]:
    """A worker's way to an intake that answers so: the network is played, nothing of ours is."""
    async with httpx.AsyncClient(base_url="http://intake", transport=httpx.MockTransport(answer)) as intake:
        yield DirectMeeting(intake, SIGNER, clock)


async def test_it_sends_the_order_signed_for_its_ticket_and_gives_the_ticket_back(clock: MovedClock) -> None:
    asked: list[httpx.Request] = []

    def meets(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, text=CLOSED.model_dump_json())

    async with asking(clock, meets) as meeting:
        assert await meeting.meet_deadline(ORDER) == CLOSED

    (request,) = asked
    assert (request.method, request.url.path) == ("POST", MEET_DEADLINE_PATH)
    assert MeetDeadline.model_validate_json(request.content) == ORDER
    code = request.headers["Authorization"].removeprefix("Bearer ")
    assert SIGNER.linked(CLOCK_CALL, code, clock.now) == "7"


async def test_only_a_409_is_intakes_own_refusal(clock: MovedClock) -> None:
    async with asking(clock, lambda _: httpx.Response(409, text="There is no ticket 7.")) as meeting:
        with pytest.raises(ApplicationError) as refused:
            await meeting.meet_deadline(ORDER)

    assert (refused.value.type, refused.value.non_retryable) == (DEADLINE_REFUSED, True)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 422, 429, 500, 503])
async def test_any_other_answer_leaves_it_to_the_queue(clock: MovedClock, status: int) -> None:
    async with asking(clock, lambda _: httpx.Response(status)) as meeting:
        with pytest.raises(ApplicationError, match=f"Intake answered {status}") as failed:
            await meeting.meet_deadline(ORDER)

    assert failed.value.type != DEADLINE_REFUSED


async def test_an_answer_that_is_no_ticket_leaves_it_to_the_queue(clock: MovedClock) -> None:
    async with asking(
        clock, lambda _: httpx.Response(200, text="<html>Welcome to somebody else's server</html>")
    ) as to:
        with pytest.raises(ApplicationError, match="no ticket") as failed:
            await to.meet_deadline(ORDER)

    assert failed.value.type != DEADLINE_REFUSED


async def test_a_connection_that_was_closed_while_it_was_kept_is_opened_anew(clock: MovedClock) -> None:
    answers: list[httpx.Response | None] = [None, httpx.Response(200, text=CLOSED.model_dump_json())]

    def closes_once(_: httpx.Request) -> httpx.Response:
        if answer := answers.pop(0):
            return answer
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.")

    async with asking(clock, closes_once) as meeting:
        assert await meeting.meet_deadline(ORDER) == CLOSED


@pytest.mark.parametrize(
    "trouble", [httpx.ConnectError, httpx.ConnectTimeout, httpx.ReadTimeout, httpx.PoolTimeout, httpx.ReadError]
)
async def test_after_an_intake_that_was_away_the_next_clocks_do_not_wait_for_it_until_it_may_be_back(
    clock: MovedClock, trouble: type[httpx.TransportError]
) -> None:
    is_away, asked = True, 0

    def away(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        if is_away:
            raise trouble("nobody there")
        return httpx.Response(200, text=CLOSED.model_dump_json())

    async with asking(clock, away) as meeting:
        with pytest.raises(ApplicationError, match="cannot be reached"):
            await meeting.meet_deadline(ORDER)
        asked_first = asked
        clock.move(AWAY_FOR - timedelta(seconds=1))
        with pytest.raises(ApplicationError, match="away a moment ago"):
            await meeting.meet_deadline(ORDER)
        asked_then, is_away = asked, False
        clock.move(timedelta(seconds=1))

        assert await meeting.meet_deadline(ORDER) == CLOSED

    assert asked_first == asked_then
