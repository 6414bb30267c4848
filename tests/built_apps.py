"""Apps whose routes an earlier test has built already."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

_idle: dict[str, list[FastAPI]] = {}
"""By title."""


@contextmanager
def built(fresh: FastAPI) -> Iterator[FastAPI]:
    """An app that does as `fresh` does, for its state is the fresh one's.

    FastAPI builds routes when they are first looked at, in a fifth of a second for a whole API: once for each app that
    is in use at the same time, rather than for each test. Routes know their app, and through it the state, only from
    the request.
    """
    idle = _idle.setdefault(fresh.title, [])
    app = idle.pop() if idle else fresh
    app.state = fresh.state
    try:
        yield app
    finally:
        idle.append(app)
