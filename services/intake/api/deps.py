"""Dependencies of the API's routes. The composition root puts them into the app's state."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.intake.rules.contracts import Terms
from services.intake.tickets.access import Party, party_of
from services.intake.tickets.attachments import BlobStore
from services.platform.clock import Clock
from services.platform.identity import Caller, Signer


@dataclass(frozen=True)
class Desk:
    """What all routes need: database, blob store, standard terms, signer, clock."""

    engine: AsyncEngine
    blobs: BlobStore
    standard: Terms
    """The terms for customers without a contract."""
    signer: Signer
    clock: Clock

    def now(self) -> datetime:
        """The time now. Read it once in a request and pass it on."""
        return self.clock()

    @asynccontextmanager
    async def reading(self, caller: Caller) -> AsyncIterator[tuple[AsyncConnection, Party]]:
        """A connection for reading, and the party that calls. Raises NotAuthenticated for an ended session."""
        async with self.engine.connect() as connection:
            yield connection, await party_of(connection, caller)


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


TheDesk = Annotated[Desk, Depends(_desk)]
