"""What the API's routes work with. The composition root puts it into the app's state."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from services.kb.catalogue import Catalogue
from services.platform.clock import Clock
from services.platform.http import RateLimit
from services.platform.identity import Signer

OPINIONS_MAX = 20
OPINIONS_WINDOW_SECONDS = 60


@dataclass(frozen=True)
class Library:
    """The parts every route shares. `public_url` is where people reach the help centre."""

    engine: AsyncEngine
    catalogue: Catalogue
    public_url: str
    signer: Signer
    clock: Clock
    opinions: RateLimit = field(default_factory=lambda: RateLimit(OPINIONS_MAX, OPINIONS_WINDOW_SECONDS))
    """Limits the votes on one article by one person or address, counted in this process."""

    def now(self) -> datetime:
        """The current time; each request reads it once."""
        return self.clock()


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library


TheLibrary = Annotated[Library, Depends(_library)]
