"""The routes of products and their forms."""

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.agreements import products
from services.intake.api.admin_route import Adding, Replacing, by_name
from services.intake.api.agreement_resources import Choosable, Kept, ProductIn, ProductOut, ProductPage
from services.intake.api.deps import TheDesk
from services.platform.http import KnownCaller, StaffCaller
from services.platform.pages import DEFAULT_LIMIT, Cursor, Limit, cut, read_cursor

router = APIRouter(prefix="/api/v1", tags=["products"])


@router.get("/products", summary="List products")
async def list_products(
    caller: StaffCaller, desk: TheDesk, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> ProductPage:
    """Support staff and services. By name, with those that are not chosen any more."""
    async with desk.reading(caller) as (connection, _party):
        found = await products.find_products(connection, read_cursor(cursor, by_name), limit + 1)
    page, next_cursor = cut(found, limit, lambda each: (each.name.lower(), each.id))
    return ProductPage(items=[ProductOut.of(each) for each in page], next_cursor=next_cursor)


@router.get("/products/mine", summary="List the products one may ask about")
async def list_own_products(caller: KnownCaller, desk: TheDesk) -> Choosable:
    """Everybody: what the contract of one's organisation names, or else all; with their forms."""
    async with desk.reading(caller) as (connection, party):
        organisation = party.person.organisation if party.person else None
        found = await products.products_of(connection, organisation.id if organisation else None)
    return Choosable(items=[ProductOut.of(each) for each in found])


@router.post("/products", status_code=201, summary="Add a product", response_model=ProductOut)
async def create_product(wanted: ProductIn, adding: Adding) -> Response:
    """Administrators."""

    async def work(connection: AsyncConnection) -> Kept:
        now = adding.desk.now()
        return ProductOut.of(
            await products.add_product(connection, wanted.name, wanted.form, now, active=wanted.active)
        )

    return await adding.adds(work)


@router.get("/products/{product_id}", summary="Read a product", response_model=ProductOut)
async def read_product(product_id: UUID, caller: StaffCaller, desk: TheDesk) -> Response:
    """Support staff and services. The ETag is for `If-Match`."""
    async with desk.reading(caller) as (connection, _party):
        return ProductOut.of(await products.get_product(connection, product_id)).answer().response()


@router.put("/products/{product_id}", summary="Change a product", response_model=ProductOut)
async def replace_product(product_id: UUID, wanted: ProductIn, replacing: Replacing) -> Response:
    """Administrators. Tickets keep what they were asked when they came."""

    async def work(connection: AsyncConnection) -> Kept:
        return ProductOut.of(
            await products.change_product(
                connection,
                product_id,
                replacing.version,
                wanted.name,
                wanted.form,
                replacing.desk.now(),
                active=wanted.active,
            )
        )

    return await replacing.replaces(work)
