"""Dependencies of the API's routes. The composition root puts them into the app's state."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contract.event_data import Contact
from services.contract.zones import DESK_ZONE, zone_read_in
from services.intake.people.people import Person
from services.intake.rules.contracts import Terms
from services.intake.tickets.access import Party, party_of
from services.intake.tickets.attachments import BlobStore
from services.platform.clock import Clock
from services.platform.identity import Caller, Signer


@dataclass(frozen=True)
class Desk:
    """What all routes need: database, blob store, standard terms, signer, clock, time zone."""

    engine: AsyncEngine
    blobs: BlobStore
    standard: Terms
    """The terms for customers without a contract."""
    signer: Signer
    clock: Clock
    zone: str = DESK_ZONE
    """Of readers who have chosen none of their own."""

    def now(self) -> datetime:
        """The time now. Read it once in a request and pass it on."""
        return self.clock()

    def zone_of(self, reader: Person | Contact | None) -> str:
        """The time zone this reader reads in; None stands for another service."""
        return zone_read_in(reader.zone if reader else None, self.zone)

    @asynccontextmanager
    async def reading(self, caller: Caller) -> AsyncIterator[tuple[AsyncConnection, Party]]:
        """A connection for reading, and the party that calls. Raises NotAuthenticated for an ended session."""
        async with self.engine.connect() as connection:
            yield connection, await party_of(connection, caller)


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


TheDesk = Annotated[Desk, Depends(_desk)]
