"""What every HTTP API of Balie does the same way."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from pydantic import AfterValidator, BaseModel

from services.contract.errors import MoveRefused, TooManyRequests
from services.contract.limits import BODY_BYTES_MAX
from services.contract.vocabulary import Role
from services.platform.http import RateLimit, StaffCaller, create_app
from services.platform.identity import Caller, Signer
from tests.moved_clock import MovedClock

SIGNER = Signer("a secret for tests that is long enough")


def _in_order(hours: str) -> str:
    if hours < "09":
        raise ValueError("nobody works before nine")
    return hours


class Week(BaseModel):
    """What a route takes."""

    days: tuple[Annotated[str, AfterValidator(_in_order)], str]


@pytest.fixture
async def client(clock: MovedClock) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app("Test", version="1", description="", signer=SIGNER, clock=clock)

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("password=hunter2")

    @app.get("/refused")
    async def refused() -> None:
        raise MoveRefused("Not now.", allowed=["reply"])

    @app.post("/hours")
    async def hours(_week: Week) -> None: ...

    @app.get("/staff")
    async def staff(caller: StaffCaller) -> str:
        return caller.name

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_an_unexpected_error_tells_its_request_id_and_nothing_else(client: httpx.AsyncClient) -> None:
    answer = await client.get("/broken", headers={"X-Request-ID": "abc-123"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "abc-123"
    assert "hunter2" not in answer.text


async def test_a_request_id_that_could_forge_log_lines_is_replaced(client: httpx.AsyncClient) -> None:
    answer = await client.get("/refused", headers={"X-Request-ID": 'x" level="info'})
    assert answer.headers["x-request-id"].isalnum()


async def test_a_problem_names_what_is_wrong_and_carries_its_facts(client: httpx.AsyncClient) -> None:
    problem = (await client.get("/refused")).json()
    assert (problem["status"], problem["detail"], problem["allowed"]) == (409, "Not now.", ["reply"])
    assert (await client.get("/nowhere")).json()["status"] == 404
    assert (await client.post("/refused")).json()["status"] == 405


async def test_wrong_input_is_named_by_its_innermost_part_in_plain_words(client: httpx.AsyncClient) -> None:
    problem = (await client.post("/hours", json={"days": ["08-17", "09-17"]})).json()
    assert (problem["status"], problem["detail"]) == (422, "Mend these and send it again: body.days.0.")
    assert problem["fields"] == [{"field": "body.days.0", "message": "nobody works before nine"}]


async def test_routes_for_staff_refuse_requesters_and_strangers(client: httpx.AsyncClient, clock: MovedClock) -> None:
    async def as_role(role: Role) -> int:
        token = SIGNER.token(Caller(person_id=None, role=role, name="somebody"), clock())
        return (await client.get("/staff", headers={"Authorization": f"Bearer {token}"})).status_code

    assert (await client.get("/staff")).status_code == 401
    assert (await client.get("/staff", headers={"Authorization": "Bearer nonsense"})).status_code == 401
    assert await as_role(Role.REQUESTER) == 403
    assert await as_role(Role.AGENT) == 200


def test_over_the_limit_a_caller_is_told_when_to_come_back() -> None:
    limit = RateLimit(limit=2, window_seconds=60)
    assert limit.count("a", now=60)["RateLimit-Remaining"] == "1"
    limit.count("a", now=61)
    with pytest.raises(TooManyRequests) as refused:
        limit.count("a", now=70)
    assert refused.value.facts == {"retry_after": 50}
    limit.count("b", now=70)
    limit.count("a", now=120)


async def test_made_up_tokens_do_not_begin_counts_of_their_own(client: httpx.AsyncClient) -> None:
    left = [
        int((await client.get("/refused", headers={"Authorization": f"Bearer {n}"})).headers["ratelimit-remaining"])
        for n in range(3)
    ]
    assert left == [left[0], left[0] - 1, left[0] - 2]


async def test_a_body_too_large_is_refused_before_it_is_read(client: httpx.AsyncClient) -> None:
    answer = await client.get("/refused", headers={"Content-Length": str(BODY_BYTES_MAX + 1)})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
