"""The three web applications with parts that are never called: only their descriptions (routes, schemas) are used."""

import httpx
from fastapi import FastAPI

from services.contract.zones import DESK_ZONE
from services.intake.api.app import build_api as build_intake
from services.intake.api.deps import Desk
from services.intake.rules.contracts import Terms
from services.intake.tickets.attachments import PostgresBlobs
from services.kb.app import build_api as build_kb
from services.kb.catalogue import Catalogue
from services.kb.library import Library
from services.platform.clock import wall_clock
from services.platform.database import connect
from services.platform.identity import Signer
from services.web.app import create_app
from services.web.live import Live
from services.web.rendering import Rendering
from services.web.visit import Surroundings
from services.web.words import catalogues

_SIGNER = Signer("a secret that nothing is signed with")


def intake() -> FastAPI:
    """The API of tickets."""
    return build_intake(Desk(connect("postgresql:///"), PostgresBlobs(), Terms(), _SIGNER, wall_clock))


def kb() -> FastAPI:
    """The API of articles."""
    engine = connect("postgresql:///")
    return build_kb(Library(engine, Catalogue(engine), "", _SIGNER, wall_clock))


def web() -> FastAPI:
    """Portal and desk."""
    nowhere = httpx.AsyncClient()
    around = Surroundings(
        intake=nowhere,
        kb=nowhere,
        signer=_SIGNER,
        clock=wall_clock,
        catalogues=catalogues(),
        rendering=Rendering(),
        desk_zone=DESK_ZONE,
        secure=True,
        has_mailbox=False,
    )
    return create_app(around, Live(), public_url="", mailbox=None)
