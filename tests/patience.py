"""Waits until something happens in another process or thread, up to a limit."""

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable

PATIENCE_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.05


async def until(happened: Callable[[], bool | Awaitable[bool]], what: str) -> None:
    """Return once `happened()` is true. After `PATIENCE_SECONDS`, raises AssertionError: `what` did not happen."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await _true(happened()):  # noqa: ASYNC110 - another process or thread cannot set our event
                await asyncio.sleep(LOOK_EVERY_SECONDS)
    except TimeoutError:
        raise AssertionError(f"this did not happen in {PATIENCE_SECONDS:.0f} s: {what}") from None


async def _true(answer: bool | Awaitable[bool]) -> bool:
    return await answer if isawaitable(answer) else bool(answer)
