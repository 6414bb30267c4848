"""Finds the terms a customer has: the contract of their organisation, with its calendar."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.rules.contracts import CalendarTerms, ContractTerms, Terms
from services.intake.tables.setup_tables import calendar, contract
from services.intake.tables.tables import organisation


async def terms_of(connection: AsyncConnection, organisation_id: UUID | None, standard: Terms) -> Terms:
    """The organisation's terms as they are today, or the `standard` ones where it has no contract."""
    if organisation_id is None:
        return standard
    query = _contracts().join(organisation, organisation.c.contract_id == contract.c.id)
    row = (await connection.execute(query.where(organisation.c.id == organisation_id))).first()
    return _terms(row, standard) if row else standard


async def terms_of_contracts(
    connection: AsyncConnection, standard: Terms, *, contract_id: UUID | None = None, calendar_id: UUID | None = None
) -> dict[UUID, Terms]:
    """Terms by the id of their contract: of this contract, of every contract with this calendar, or of all."""
    query = _contracts().add_columns(contract.c.id)
    if contract_id is not None:
        query = query.where(contract.c.id == contract_id)
    if calendar_id is not None:
        query = query.where(contract.c.calendar_id == calendar_id)
    return {row.id: _terms(row, standard) for row in await connection.execute(query)}


def _contracts() -> Select[Any]:
    return select(contract.c.name, contract.c.terms, calendar.c.terms.label("calendar")).outerjoin_from(
        contract, calendar, calendar.c.id == contract.c.calendar_id
    )


def _terms(row: Row[Any], standard: Terms) -> Terms:
    return Terms(
        name=row.name,
        contract=ContractTerms.kept(row.terms),
        calendar=CalendarTerms.model_validate(row.calendar) if row.calendar else standard.calendar,
    )
