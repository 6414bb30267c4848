"""Sends an API thousands of generated requests, valid and invalid by its own schema, and checks every answer."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from queue import SimpleQueue
from random import randrange
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.internal.cache import LRUCache
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from schemathesis import GenerationMode
from schemathesis.core.result import Err

from services.platform.process import listen, serve
from tests.properties import FUZZES, tries

EXAMPLES_PER_OPERATION = 12
SEED = randrange(2**32) if FUZZES else 20261122  # noqa: S311 - no secret


@contextmanager
def served(api: Callable[[], AbstractAsyncContextManager[FastAPI]]) -> Iterator[str]:
    """Serve an API on an event loop and thread of its own; gives its address.

    `api` is entered and left on that loop. What it opens, such as a pool of connections, it must close there: a
    connection that outlives its loop cannot be closed, and fails whichever test runs when it is collected as garbage.
    """
    listening = listen("127.0.0.1", 0)
    started: SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = SimpleQueue()

    async def serve_api() -> None:
        task = asyncio.current_task()
        assert task is not None
        started.put((asyncio.get_running_loop(), task))
        async with api() as app:
            await serve(app, listening)

    def run() -> None:
        # The cancellation that stops the server must not raise here. All other tasks end with `asyncio.run`.
        with suppress(asyncio.CancelledError):
            asyncio.run(serve_api())

    thread = threading.Thread(target=run)
    thread.start()
    loop, task = started.get()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()


def send_bad_input(address: str, token: str, each: int = EXAMPLES_PER_OPERATION) -> list[tuple[str, int]]:
    """Call every operation of the API at `address`, `each` times with valid and with invalid input; returns
    (operation, status) of every answer.

    Raises AssertionError for a 5xx, and for a 4xx that is not a problem+json document.
    """
    with _the_same_in_every_run():
        return _answers(address, token, each)


@contextmanager
def _the_same_in_every_run() -> Iterator[None]:
    """Hypothesis also tries constants of the modules that happen to be loaded. Which these are depends on the tests
    before: without this the same seed generates other input in another run. `make fuzz` wants those constants."""
    with pytest.MonkeyPatch.context() as patch:
        if not FUZZES:
            patch.setattr(providers, "_get_local_constants", Constants)
            patch.setattr(providers, "CONSTANTS_CACHE", LRUCache(1024))
        yield


def _answers(address: str, token: str, each: int) -> list[tuple[str, int]]:
    schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json")
    answers: list[tuple[str, int]] = []
    # Ending the session comes last: all later calls would be refused without a session, and so test nothing.
    for operation in sorted(map(_known, schema.get_all_operations()), key=_ends_the_session):
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            answers += _attempts(operation, mode, token, each)
    return answers


def _known(found: Any) -> Any:
    if isinstance(found, Err):
        raise found.err()
    return found.ok()


def _ends_the_session(operation: schemathesis.APIOperation[Any, Any, Any, Any]) -> bool:
    return operation.label == "DELETE /api/v1/sessions"


def _attempts(
    operation: schemathesis.APIOperation[Any, Any, Any, Any], mode: GenerationMode, token: str, each: int
) -> list[tuple[str, int]]:
    answers: list[tuple[str, int]] = []

    @seed(SEED)
    @settings(
        max_examples=tries(each),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def attempt(case: schemathesis.Case[Any]) -> None:
        response = case.call(headers={"Authorization": f"Bearer {token}"})
        answers.append((operation.label, response.status_code))
        said = f"{operation.label} answered {response.status_code}: {response.text[:500]}\n{case.as_curl_command()}"
        assert response.status_code < 500, said
        if response.status_code >= 400:
            assert response.headers["content-type"] == ["application/problem+json"], said
            assert {"type", "title", "status", "detail"} <= response.json().keys(), said

    # An operation without input has no invalid input.
    with suppress(Unsatisfiable):
        attempt()
    return answers
