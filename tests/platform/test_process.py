"""A served API and who it believes about the address of a caller."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI, Request

from services.platform.process import listen, serve

pytestmark = pytest.mark.own_parts


def _app() -> FastAPI:
    app = FastAPI()

    @app.get("/who")
    async def who(request: Request) -> str:
        return request.client.host if request.client else ""

    return app


@asynccontextmanager
async def _served(trusted_proxies: str) -> AsyncIterator[httpx.AsyncClient]:
    listening = listen("127.0.0.1", 0)
    serving = asyncio.ensure_future(serve(_app(), listening, trusted_proxies))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
            yield client
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def test_a_trusted_proxy_tells_whom_it_speaks_for() -> None:
    async with _served("127.0.0.1") as client:
        answer = await client.get("/who", headers={"X-Forwarded-For": "203.0.113.9"})
    assert answer.json() == "203.0.113.9"


async def test_anybody_else_counts_as_themselves_whatever_they_say() -> None:
    async with _served("192.0.2.1") as client:
        answer = await client.get("/who", headers={"X-Forwarded-For": "203.0.113.9"})
    assert answer.json() == "127.0.0.1"


async def test_answers_leave_at_once_without_waiting_for_the_callers_confirmation() -> None:
    # What asyncio looks at when it decides whether to switch Nagle's algorithm off for what it accepts.
    with listen("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP
