"""A client for the part of intake's HTTP API about the whole desk: agreements, products, teams, the board, bulks."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from services.web.clients.desk_records import (
    Bulk,
    BulkTicket,
    Calendar,
    Contract,
    Country,
    Holiday,
    Placed,
    Product,
    Release,
    Replanning,
    Team,
)
from services.web.clients.records import Listed, Page
from services.web.clients.upstream import Upstream


class DeskApi:
    """One method per call. All raise the problem that intake answers, as its class of `services.contract.errors`."""

    def __init__(self, api: Upstream) -> None:
        self._api = api

    async def products(self) -> tuple[Product, ...]:
        """All products, with their forms; staff only."""
        return tuple([Product.model_validate(each) for each in await self._api.every("/api/v1/products")])

    async def my_products(self) -> tuple[Product, ...]:
        """The products that the caller may ask about."""
        return await self._all(Product, "/api/v1/products/mine")

    async def teams(self) -> tuple[Team, ...]:
        """All teams; staff only."""
        return tuple([Team.model_validate(each) for each in await self._api.every("/api/v1/teams")])

    async def contracts(self) -> tuple[Contract, ...]:
        """All contracts; staff only."""
        return tuple([Contract.model_validate(each) for each in await self._api.every("/api/v1/contracts")])

    async def calendars(self) -> tuple[Calendar, ...]:
        """All calendars; staff only."""
        return tuple([Calendar.model_validate(each) for each in await self._api.every("/api/v1/calendars")])

    async def own_zone(self) -> str:
        """The time zone of the desk's own calendar, which counts where a contract has none."""
        return str((await self._api.get("/api/v1/promises")).json()["calendar"]["zone"])

    async def read(self, kind: str, of: UUID) -> dict[str, Any]:
        """One product, team, contract or calendar; `kind` is products, teams, contracts or calendars."""
        return self._object((await self._api.get(f"/api/v1/{kind}/{of}")).json())

    async def save(
        self, kind: str, facts: dict[str, Any], *, of: UUID | None, key: str, version: int | None = None
    ) -> dict[str, Any]:
        """Add one of a `kind` (see `read`), or change `of`. Raises VersionMismatch if `version` is not its version."""
        headers = {"If-Match": f'"{version}"'} if version is not None else {}
        if of is not None:
            answer = await self._api.send("PUT", f"/api/v1/{kind}/{of}", headers=headers, json=facts)
        else:
            answer = await self._post(f"/api/v1/{kind}", key, facts)
        return self._object(answer.json())

    async def replanning(self, kind: str, of: UUID) -> Replanning:
        """The effect of a changed contract or calendar on the deadlines of running tickets."""
        return Replanning.model_validate((await self._api.get(f"/api/v1/{kind}/{of}/replan")).json())

    async def replan(self, kind: str, of: UUID, key: str) -> Bulk:
        """Apply a changed contract or calendar to the running tickets, as a bulk."""
        return Bulk.model_validate((await self._post(f"/api/v1/{kind}/{of}/replan", key, {})).json())

    async def holidays(self, country: str, region: str | None, year: int) -> tuple[Holiday, ...]:
        """The public holidays of a year. Raises Invalid for an unknown country or region."""
        return await self._all(Holiday, "/api/v1/holidays", country=country, region=region or None, year=year)

    async def countries(self) -> tuple[Country, ...]:
        """The countries whose public holidays are known."""
        return await self._all(Country, "/api/v1/holidays/countries")

    async def board(self) -> tuple[Placed, ...]:
        """The parked tickets, highest score first."""
        return await self._all(Placed, "/api/v1/board")

    async def releases(self) -> tuple[Release, ...]:
        """Releases with planned tickets first, then shipped ones, the latest first."""
        return await self._all(Release, "/api/v1/releases")

    async def ship(self, release: str, note: str, key: str) -> Bulk:
        """Ship a release: solve all tickets planned in it, as a bulk."""
        path = f"/api/v1/releases/{_part(release)}/ship"
        return Bulk.model_validate((await self._post(path, key, {"note": note} if note else {})).json())

    async def bulks(self, cursor: str | None = None) -> Page[Bulk]:
        """A page of bulks, newest first."""
        return Page[Bulk].model_validate((await self._api.get("/api/v1/bulks", cursor=cursor or None)).json())

    async def bulk(self, bulk_id: UUID) -> Bulk:
        """A bulk and its progress."""
        return Bulk.model_validate((await self._api.get(f"/api/v1/bulks/{bulk_id}")).json())

    async def bulk_tickets(self, bulk_id: UUID, state: str, cursor: str | None = None) -> Page[BulkTicket]:
        """The bulk's tickets in this state, by number."""
        path = f"/api/v1/bulks/{bulk_id}/tickets"
        answer = await self._api.get(path, state=state, cursor=cursor or None)
        return Page[BulkTicket].model_validate(answer.json())

    async def start_bulk(self, key: str, facts: dict[str, Any]) -> Bulk:
        """Give one command for many tickets, listed by number or found by a filter."""
        return Bulk.model_validate((await self._post("/api/v1/bulks", key, facts)).json())

    async def steer_bulk(self, bulk_id: UUID, how: str, key: str) -> Bulk:
        """Steer a bulk; `how` is pause, resume, cancel or undo."""
        return Bulk.model_validate((await self._post(f"/api/v1/bulks/{bulk_id}/{how}", key, {})).json())

    async def _all(self, model: type[Listed], path: str, **params: object) -> tuple[Listed, ...]:
        """All records of a list that the API does not divide into pages."""
        answer = (await self._api.get(path, **params)).json()
        return tuple(model.model_validate(each) for each in answer["items"])

    async def _post(self, path: str, key: str, facts: dict[str, Any]) -> Any:
        return await self._api.send("POST", path, headers={"Idempotency-Key": key}, json=facts)

    def _object(self, answer: Any) -> dict[str, Any]:
        found: dict[str, Any] = answer
        return found


def _part(name: str) -> str:
    return quote(name, safe="")
