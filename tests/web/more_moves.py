"""Moves of a test's own: the contract has them, and so has an intake that keeps what is sent to it."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.contract import moves as contract
from services.contract.moves import PublicMove, PublicMoves, known_moves
from services.contract.vocabulary import Language
from tests.web.site import Site

TICKET = re.compile(r"/api/v1/tickets/\d+")


@contextmanager
def more_moves(folder: Path, *moves: PublicMove) -> Iterator[None]:
    """Until it ends, the contract has these moves as well, below its own."""
    file = folder / "moves.json"
    file.write_text(PublicMoves(moves=(*known_moves().values(), *moves)).model_dump_json(), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contract, "FILE", file)
        known_moves.cache_clear()
        yield
    known_moves.cache_clear()


@contextmanager
def more_words(site: Site, words: Mapping[str, str]) -> Iterator[None]:
    """Until it ends, the pages have these sentences as well."""
    catalogue = site.app.state.around.catalogues[Language.ENGLISH]
    with pytest.MonkeyPatch.context() as patch:
        for key, sentence in words.items():
            patch.setitem(catalogue, key, sentence)
        yield


class KnowsMore:
    """An intake in which every ticket allows these moves, at all times and to everybody; they change nothing."""

    def __init__(self, site: Site, *names: str) -> None:
        self.sent: list[tuple[str, Any]] = []
        self._line, self._names = site.intake, names
        site.intake.answers = self._answer

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        above, _, name = str(request.url).rpartition("/")
        if request.method == "POST" and name in self._names:
            self.sent.append((name, json.loads(await request.aread())))
            request = httpx.Request("GET", above, headers={"Authorization": request.headers["Authorization"]})
        answer = await self._line.asks(request)
        if not TICKET.fullmatch(request.url.path) or not answer.is_success:
            return answer
        ticket = json.loads(await answer.aread())
        return httpx.Response(200, json={**ticket, "moves": [*ticket["moves"], *self._names]})
