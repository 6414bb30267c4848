"""Which promises a customer was made: the contract of their organisation, with its calendar."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.contracts import CalendarTerms, ContractTerms, Terms
from services.intake.desk_tables import calendar, contract
from services.intake.tables import organisation


async def terms_of(connection: AsyncConnection, organisation_id: UUID | None, standard: Terms) -> Terms:
    """The organisation's terms as they are today, or the `standard` ones where it has no contract."""
    if organisation_id is None:
        return standard
    query = (
        select(contract.c.name, contract.c.terms, calendar.c.terms.label("calendar"))
        .join_from(organisation, contract, contract.c.id == organisation.c.contract_id)
        .outerjoin(calendar, calendar.c.id == contract.c.calendar_id)
        .where(organisation.c.id == organisation_id)
    )
    row = (await connection.execute(query)).first()
    if row is None:
        return standard
    return Terms(
        name=row.name,
        contract=ContractTerms.model_validate(row.terms),
        calendar=CalendarTerms.model_validate(row.calendar) if row.calendar else standard.calendar,
    )
