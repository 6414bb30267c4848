"""The HTTP API of the knowledge base, put together from its routes."""

from fastapi import APIRouter, FastAPI
from sqlalchemy import text

from services.kb import api
from services.kb.library import Library, TheLibrary
from services.platform.http import create_app

DESCRIPTION = """
The help centre: articles in Dutch, Italian and English, and finding them. Errors are problem+json (RFC 9457);
the list is paged by cursor; every POST takes an `Idempotency-Key`. Every route says who may call it.
"""

health = APIRouter(include_in_schema=False)


def build_api(library: Library) -> FastAPI:
    """The API as an app that works with this library."""
    app = create_app(
        "Balie knowledge base", version="1", description=DESCRIPTION, signer=library.signer, clock=library.clock
    )
    app.state.library = library
    app.include_router(api.router)
    app.include_router(health)
    return app


@health.get("/healthz")
async def alive() -> dict[str, str]:
    """Liveness: the process answers."""
    return {"status": "alive"}


@health.get("/readyz")
async def ready(library: TheLibrary) -> dict[str, str]:
    """Readiness: the database answers and the index has been built; 503 otherwise."""
    async with library.engine.connect() as connection:
        await connection.execute(text("select 1"))
    library.catalogue.must_be_complete()
    return {"status": "ready"}
