"""The HTTP API of intake, put together from its routes."""

from fastapi import FastAPI
from sqlalchemy import text

from services.intake.api import (
    agreements,
    answer_links,
    attachments,
    board,
    bulks,
    clock,
    mail_outages,
    moves,
    people,
    products,
    replanning,
    sessions,
    surveys,
    teams,
    tickets,
)
from services.intake.api.deps import Desk, TheDesk
from services.platform.http import create_app

DESCRIPTION = """
Tickets, the people around them, and what is said. Errors are problem+json (RFC 9457); lists are paged by
cursor; every POST that changes something takes an `Idempotency-Key`; a ticket's `ETag` goes into `If-Match`.
Every route says who may call it.
"""
ROUTES = (
    tickets,
    moves,
    surveys,
    board,
    answer_links,
    sessions,
    people,
    agreements,
    replanning,
    products,
    teams,
    attachments,
    bulks,
    mail_outages,
    clock,
)


def build_api(desk: Desk) -> FastAPI:
    """The FastAPI app with all routes, for this desk; with `/healthz` and `/readyz`."""
    app = create_app("Balie intake", version="1", description=DESCRIPTION, signer=desk.signer, clock=desk.clock)
    app.state.desk = desk
    app.state.throttles = sessions.Throttles()
    for module in ROUTES:
        app.include_router(module.router)
    app.add_api_route("/healthz", _alive, include_in_schema=False)
    app.add_api_route("/readyz", _ready, include_in_schema=False)
    return app


async def _alive() -> dict[str, str]:
    return {"status": "alive"}


async def _ready(desk: TheDesk) -> dict[str, str]:
    async with desk.engine.connect() as connection:
        await connection.execute(text("select 1"))
    return {"status": "ready"}
