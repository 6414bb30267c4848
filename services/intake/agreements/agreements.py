"""Reading and writing contracts and calendars. Changing one does not change running tickets; re-planning does."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Invalid
from services.intake.agreements.setup_rows import add_row, find_rows, get_row, replace_row
from services.intake.rules.contracts import CalendarTerms, ContractTerms
from services.intake.tables.setup_tables import calendar, contract, contract_product, product


@dataclass(frozen=True)
class KeptCalendar:
    """A calendar as stored, with its name."""

    id: UUID
    name: str
    version: int
    terms: CalendarTerms


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """What a contract says."""

    name: str
    terms: ContractTerms
    calendar_id: UUID | None
    """The contract's calendar; None for the desk's own."""
    product_ids: tuple[UUID, ...]
    """The products its customers may ask about; empty for everything the desk supports."""


@dataclass(frozen=True, kw_only=True)
class KeptContract(Agreement):
    """A contract as stored, with its id and version."""

    id: UUID
    version: int


async def find_calendars(connection: AsyncConnection, after: tuple[str, UUID] | None, limit: int) -> list[KeptCalendar]:
    """Calendars by name, at most `limit`, beginning after the (lower-case name, id) given."""
    return [_calendar(row) for row in await find_rows(connection, calendar, after, limit)]


async def get_calendar(connection: AsyncConnection, calendar_id: UUID) -> KeptCalendar:
    """The calendar with this id. Raises NotFound."""
    return _calendar(await get_row(connection, calendar, calendar_id))


async def add_calendar(connection: AsyncConnection, name: str, terms: CalendarTerms, now: datetime) -> KeptCalendar:
    """Add a calendar. Raises Conflict where the name is taken."""
    added = await add_row(connection, calendar, {"name": name, "terms": terms.model_dump(mode="json")}, now)
    return await get_calendar(connection, added)


async def change_calendar(
    connection: AsyncConnection, calendar_id: UUID, version: int | None, name: str, terms: CalendarTerms, now: datetime
) -> KeptCalendar:
    """Replace a calendar's name and terms.

    Raises NotFound, Conflict where the name is taken, and VersionMismatch where it is not at `version` any more.
    """
    values = {"name": name, "terms": terms.model_dump(mode="json")}
    await replace_row(connection, calendar, calendar_id, version, values, now)
    return await get_calendar(connection, calendar_id)


async def find_contracts(connection: AsyncConnection, after: tuple[str, UUID] | None, limit: int) -> list[KeptContract]:
    """Contracts by name, at most `limit`, beginning after the (lower-case name, id) given. Two queries."""
    rows = await find_rows(connection, contract, after, limit)
    products = await _products(connection, [row.id for row in rows])
    return [_contract(row, products) for row in rows]


async def get_contract(connection: AsyncConnection, contract_id: UUID) -> KeptContract:
    """The contract with this id. Raises NotFound."""
    row = await get_row(connection, contract, contract_id)
    return _contract(row, await _products(connection, [contract_id]))


async def add_contract(connection: AsyncConnection, agreed: Agreement, now: datetime) -> KeptContract:
    """Add a contract. Raises Conflict where the name is taken, Invalid for an unknown calendar or product."""
    await _must_know(connection, agreed)
    added = await add_row(connection, contract, _values(agreed), now)
    await _keep_products(connection, added, agreed)
    return await get_contract(connection, added)


async def change_contract(
    connection: AsyncConnection, contract_id: UUID, version: int | None, agreed: Agreement, now: datetime
) -> KeptContract:
    """Replace what a contract says.

    Raises what `add_contract` raises, NotFound, and VersionMismatch where it is not at `version` any more.
    """
    await _must_know(connection, agreed)
    await replace_row(connection, contract, contract_id, version, _values(agreed), now)
    await _keep_products(connection, contract_id, agreed)
    return await get_contract(connection, contract_id)


async def _must_know(connection: AsyncConnection, agreed: Agreement) -> None:
    if agreed.calendar_id is not None:
        known = select(calendar.c.id).where(calendar.c.id == agreed.calendar_id)
        if (await connection.execute(known)).first() is None:
            raise Invalid("There is no such calendar; null takes the desk's own.")
    known = select(product.c.id).where(product.c.id.in_(agreed.product_ids))
    unknown = set(agreed.product_ids) - set((await connection.execute(known)).scalars())
    if unknown:
        raise Invalid(f"There is no product {min(unknown)}.")


async def _keep_products(connection: AsyncConnection, contract_id: UUID, agreed: Agreement) -> None:
    await connection.execute(delete(contract_product).where(contract_product.c.contract_id == contract_id))
    if agreed.product_ids:
        rows = [{"contract_id": contract_id, "product_id": each} for each in dict.fromkeys(agreed.product_ids)]
        await connection.execute(insert(contract_product), rows)


async def _products(connection: AsyncConnection, contract_ids: list[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    query = (
        select(contract_product)
        .where(contract_product.c.contract_id.in_(contract_ids))
        .order_by(contract_product.c.product_id)
    )
    found: dict[UUID, tuple[UUID, ...]] = {}
    for row in await connection.execute(query):
        found[row.contract_id] = (*found.get(row.contract_id, ()), row.product_id)
    return found


def _values(agreed: Agreement) -> dict[str, Any]:
    return {"name": agreed.name, "terms": agreed.terms.model_dump(mode="json"), "calendar_id": agreed.calendar_id}


def _calendar(row: Row[Any]) -> KeptCalendar:
    return KeptCalendar(row.id, row.name, row.version, CalendarTerms.model_validate(row.terms))


def _contract(row: Row[Any], products: dict[UUID, tuple[UUID, ...]]) -> KeptContract:
    return KeptContract(
        id=row.id,
        version=row.version,
        name=row.name,
        terms=ContractTerms.kept(row.terms),
        calendar_id=row.calendar_id,
        product_ids=products.get(row.id, ()),
    )
