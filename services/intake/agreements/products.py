"""Products that the desk supports, each with its form, and which customers may choose which products."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Invalid
from services.contract.vocabulary import FieldProblem
from services.intake.agreements.setup_rows import add_row, find_rows, get_row, replace_row
from services.intake.rules.forms import FormField, ProductForm, refusal
from services.intake.rules.ticket import ProductRef
from services.intake.tables.setup_tables import contract_product, product
from services.intake.tables.tables import organisation

CHOOSABLE_MAX = 500
"""Most products offered for a choice, which is shown as one list without pages."""


@dataclass(frozen=True)
class Product:
    """A product. An inactive one cannot be chosen any more, but tickets that have it keep it."""

    id: UUID
    name: str
    form: ProductForm
    active: bool
    version: int

    def ref(self) -> ProductRef:
        """The product as tickets refer to it."""
        return ProductRef(id=self.id, name=self.name)


async def find_products(connection: AsyncConnection, after: tuple[str, UUID] | None, limit: int) -> list[Product]:
    """Products by name, inactive ones too, at most `limit`, beginning after the (lower-case name, id) given."""
    return [_read(row) for row in await find_rows(connection, product, after, limit)]


async def products_of(connection: AsyncConnection, organisation_id: UUID | None) -> list[Product]:
    """The active products that people of this organisation may choose, by name; at most `CHOOSABLE_MAX`.

    These are the products its contract names, or all where it names none.
    """
    chosen = select(product).where(product.c.active).order_by(func.lower(product.c.name)).limit(CHOOSABLE_MAX)
    of_contract = (
        select(contract_product.c.product_id)
        .join_from(organisation, contract_product, contract_product.c.contract_id == organisation.c.contract_id)
        .where(organisation.c.id == organisation_id)
    )
    named = list((await connection.execute(of_contract)).scalars())
    if named:
        chosen = chosen.where(product.c.id.in_(named))
    return [_read(row) for row in await connection.execute(chosen)]


async def get_product(connection: AsyncConnection, product_id: UUID) -> Product:
    """The product with this id. Raises NotFound."""
    return _read(await get_row(connection, product, product_id))


async def add_product(
    connection: AsyncConnection, name: str, form: tuple[FormField, ...], now: datetime, *, active: bool
) -> Product:
    """Add a product. Raises Conflict where the name is taken."""
    return await get_product(connection, await add_row(connection, product, _values(name, form, active), now))


async def change_product(
    connection: AsyncConnection,
    product_id: UUID,
    version: int | None,
    name: str,
    form: tuple[FormField, ...],
    now: datetime,
    *,
    active: bool,
) -> Product:
    """Replace a product. Existing tickets keep the fields they were filled in with.

    Raises NotFound, Conflict where the name is taken, and VersionMismatch where it is not at `version` any more.
    """
    await replace_row(connection, product, product_id, version, _values(name, form, active), now)
    return await get_product(connection, product_id)


async def filled_in(
    connection: AsyncConnection,
    product_id: UUID | None,
    fields: Mapping[str, str],
    *,
    organisation_id: UUID | None = None,
    staff: bool,
) -> tuple[ProductRef | None, dict[str, str]]:
    """The product of a new ticket, and the fields of its form, checked against that form.

    The requester's side chooses from its own products, support from all active ones. Raises Invalid, whose `errors`
    name each field that is missing, wrong or not asked for.
    """
    if product_id is None:
        if unasked := [key for key, value in fields.items() if value.strip()]:
            raise refusal([(key, FieldProblem.UNKNOWN, "only a product's form asks for it") for key in unasked])
        return None, {}
    chosen = await products_of(connection, None if staff else organisation_id)
    found = next((each for each in chosen if each.id == product_id), None)
    if found is None:
        raise Invalid("This product cannot be chosen; choose one of GET /api/v1/products/mine.")
    return found.ref(), found.form.checked(fields)


async def corrected(
    connection: AsyncConnection, present: ProductRef | None, product_id: UUID | None, fields: Mapping[str, str] | None
) -> tuple[ProductRef | None, dict[str, str] | None]:
    """Check support's correction of a ticket's product, its form, or both; `present` is the product it has now.

    Returns the new product and fields, each None where it stays as it is. Fields are checked against the form of the
    product the ticket will have; another product replaces all former fields. Raises Invalid as `filled_in` does.
    """
    if product_id is not None and (present is None or product_id != present.id):
        return await filled_in(connection, product_id, fields or {}, staff=True)
    if fields is None:
        return None, None
    if present is None:
        await filled_in(connection, None, fields, staff=True)
        return None, {}
    return None, (await get_product(connection, present.id)).form.checked(fields)


def _values(name: str, form: tuple[FormField, ...], active: bool) -> dict[str, Any]:
    return {"name": name, "form": [field.model_dump(mode="json") for field in form], "active": active}


def _read(row: Row[Any]) -> Product:
    return Product(row.id, row.name, ProductForm(fields=row.form), row.active, row.version)
