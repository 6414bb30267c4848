"""A request is answered once, and nothing is acknowledged that is not kept."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Annotated
from uuid import uuid4

import httpx
import pytest
from fastapi import Depends, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy import Column, MetaData, Table, Text, UniqueConstraint, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contract.errors import NotAllowed
from services.contract.vocabulary import Role
from services.intake.api import app as intake
from services.kb import api as kb
from services.platform.http import KnownCaller, create_app
from services.platform.idempotency import IdempotencyKey, JsonAnswer, Unit, idempotency_table, once
from services.platform.identity import Caller, Signer
from tests.moved_clock import MovedClock

SIGNER = Signer("a secret for tests that is long enough")
metadata = MetaData(schema="public")
answers = idempotency_table(metadata)
notes = Table(
    "note",
    metadata,
    Column("word", Text),
    # Looked at when the transaction is committed, and not before.
    UniqueConstraint("word", deferrable=True, initially="DEFERRED"),
)
Post = Callable[..., Awaitable[httpx.Response]]


class NoteIn(BaseModel):
    """What to write down, and what is to go wrong."""

    word: str
    trouble: str = ""


async def _admit(_connection: AsyncConnection, caller: Caller) -> str:
    if caller.name == "mallory":
        raise NotAllowed("Not you.")
    return caller.name


async def _work(request: Request, caller: KnownCaller, key: IdempotencyKey = None) -> AsyncIterator[Unit[str]]:
    engine: AsyncEngine = request.app.state.engine
    async with once(engine, answers, caller, key, request, _admit) as unit:
        yield unit


async def _write(
    wanted: NoteIn, request: Request, work: Annotated[Unit[str], Depends(_work, scope="function")]
) -> Response:
    await work.connection.execute(notes.insert().values(word=wanted.word))
    if wanted.trouble == "error":
        raise RuntimeError("it went wrong")
    if wanted.trouble == "no answer":
        return Response(status_code=201)
    response = await work.answer(JsonAnswer(201, {"by": work.admitted, "said": uuid4().hex}, {"Location": "/there"}))
    if wanted.trouble == "cut off":
        own = (await work.connection.execute(text("select pg_backend_pid()"))).scalar_one()
        async with request.app.state.engine.connect() as other:
            await other.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": own})
    if wanted.trouble == "error after the answer":
        raise RuntimeError("it went wrong after all")
    return response


@pytest.fixture
async def post(engine: AsyncEngine, clock: MovedClock) -> AsyncIterator[Post]:
    """Posts a note: `await post("hello", key="k")`."""
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    app = create_app("Test", version="1", description="", signer=SIGNER, clock=clock)
    app.state.engine = engine
    app.add_api_route("/notes", _write, methods=["POST"])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:

        async def send(
            word: str | None, trouble: str = "", *, key: str | None = None, by: str = "anna"
        ) -> httpx.Response:
            caller = Caller(person_id=None, role=Role.AGENT, name=by)
            headers = {"Authorization": f"Bearer {SIGNER.token(caller, clock())}"}
            headers |= {"Idempotency-Key": key} if key else {}
            return await client.post("/notes", json={"word": word, "trouble": trouble}, headers=headers)

        yield send


async def _kept(engine: AsyncEngine) -> tuple[list[str], list[str]]:
    """The words written down, and the keys taken."""
    async with engine.connect() as connection:
        words = (await connection.execute(select(notes.c.word).order_by(notes.c.word))).scalars().all()
        keys = (await connection.execute(select(answers.c.key).order_by(answers.c.key))).scalars().all()
    return list(words), list(keys)


def _problem(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.headers["content-type"]


async def test_a_repeat_under_its_key_gets_the_first_answer_and_does_nothing(post: Post, engine: AsyncEngine) -> None:
    first, again = await post("hello", key="k"), await post("hello", key="k")
    assert (first.status_code, first.json()["by"]) == (201, "anna")
    assert (again.status_code, again.json(), again.headers["location"]) == (201, first.json(), "/there")
    assert [each.headers.get("idempotency-replayed") for each in (first, again)] == [None, "true"]
    assert await _kept(engine) == (["hello"], ["k"])


async def test_one_key_at_once_is_one_request(post: Post, engine: AsyncEngine) -> None:
    sent = await asyncio.gather(*(post("hello", key="k") for _ in range(5)))
    assert [each.status_code for each in sent] == [201] * 5
    assert len({each.json()["said"] for each in sent}) == 1
    assert await _kept(engine) == (["hello"], ["k"])


async def test_a_key_is_for_one_request_of_one_caller(post: Post, engine: AsyncEngine) -> None:
    await post("hello", key="k")
    assert (await post("else", key="k")).status_code == 409
    assert (await post("else", key="k", by="bob")).json()["by"] == "bob"
    assert await _kept(engine) == (["else", "hello"], ["k", "k"])


async def test_without_a_key_nothing_is_claimed(post: Post, engine: AsyncEngine) -> None:
    assert (await post("hello")).status_code == 201
    assert await _kept(engine) == (["hello"], [])


async def test_who_is_not_admitted_gets_not_even_an_old_answer(post: Post, engine: AsyncEngine) -> None:
    assert _problem(await post("hello", by="mallory", key="k")) == (403, "application/problem+json")
    assert await _kept(engine) == ([], [])


@pytest.mark.parametrize("trouble", ["error", "error after the answer", "no answer"])
async def test_what_goes_wrong_leaves_no_trace_and_the_key_free(trouble: str, post: Post, engine: AsyncEngine) -> None:
    assert _problem(await post("hello", trouble, key="k")) == (500, "application/problem+json")
    assert await _kept(engine) == ([], [])
    assert (await post("hello", key="k")).status_code == 201


async def test_a_body_that_is_refused_leaves_the_key_free(post: Post, engine: AsyncEngine) -> None:
    assert _problem(await post(None, key="k")) == (422, "application/problem+json")
    assert await _kept(engine) == ([], [])
    assert (await post("hello", key="k")).status_code == 201


async def test_what_the_database_refuses_at_the_commit_is_not_acknowledged(post: Post, engine: AsyncEngine) -> None:
    assert (await post("hello", key="first")).status_code == 201
    assert _problem(await post("hello", key="second")) == (500, "application/problem+json")
    assert await _kept(engine) == (["hello"], ["first"])


async def test_what_is_cut_off_before_the_commit_is_not_acknowledged(post: Post, engine: AsyncEngine) -> None:
    assert _problem(await post("hello", "cut off", key="k")) == (503, "application/problem+json")
    assert await _kept(engine) == ([], [])
    assert (await post("hello", key="k")).status_code == 201


def _dependencies(of: Dependant) -> Iterator[Dependant]:
    for each in of.dependencies:
        yield each
        yield from _dependencies(each)


def test_every_unit_of_work_ends_before_its_response_is_sent() -> None:
    routers = [module.router for module in intake.ROUTES] + [kb.router]
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    units = {
        (route.path, each.scope)
        for route in routes
        for each in _dependencies(route.dependant)
        if each.call is not None and inspect.isasyncgenfunction(each.call)
    }
    assert ("/api/v1/tickets", "function") in units
    assert {path for path, scope in units if scope != "function"} == set()
