"""Waiting for what happens elsewhere, as long as it takes and no longer than a limit."""

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable

PATIENCE_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.05


async def until(happened: Callable[[], bool | Awaitable[bool]], what: str) -> None:
    """Return once `happened()` is true. Raises AssertionError, saying `what` did not happen, after a minute."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await _true(happened()):  # noqa: ASYNC110 - another process or thread sets no event of ours
                await asyncio.sleep(LOOK_EVERY_SECONDS)
    except TimeoutError:
        raise AssertionError(f"this did not happen in {PATIENCE_SECONDS:.0f} s: {what}") from None


async def _true(answer: bool | Awaitable[bool]) -> bool:
    return await answer if isawaitable(answer) else bool(answer)
