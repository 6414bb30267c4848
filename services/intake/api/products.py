"""The routes of products and their forms."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.intake.agreements import products
from services.intake.api.agreement_resources import Choosable, ProductIn, ProductOut, ProductPage
from services.intake.api.deps import TheDesk
from services.intake.api.unit_of_work import AdminKeyedWork, AdminVersionedWork
from services.platform.http import KnownCaller, StaffCaller
from services.platform.pages import DEFAULT_LIMIT, Cursor, Limit, by_name, cut, name_key, read_cursor

router = APIRouter(prefix="/api/v1", tags=["products"])


@router.get("/products", summary="List products")
async def list_products(
    caller: StaffCaller, desk: TheDesk, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> ProductPage:
    """Support staff and services. By name, with those that are not chosen any more."""
    async with desk.reading(caller) as (connection, _party):
        found = await products.find_products(connection, read_cursor(cursor, by_name), limit + 1)
    page, next_cursor = cut(found, limit, name_key)
    return ProductPage(items=[ProductOut.of(each) for each in page], next_cursor=next_cursor)


@router.get("/products/mine", summary="List the products one may ask about")
async def list_own_products(caller: KnownCaller, desk: TheDesk) -> Choosable:
    """Everybody: what the contract of one's organisation names, or else all; with their forms."""
    async with desk.reading(caller) as (connection, party):
        organisation = party.person.organisation if party.person else None
        found = await products.products_of(connection, organisation.id if organisation else None)
    return Choosable(items=[ProductOut.of(each) for each in found])


@router.post("/products", status_code=201, summary="Add a product", response_model=ProductOut)
async def create_product(wanted: ProductIn, work: AdminKeyedWork) -> Response:
    """Administrators."""
    product = await products.add_product(work.connection, wanted.name, wanted.form, work.now, active=wanted.active)
    added = ProductOut.of(product)
    return await work.give(added.answer(201, Location=f"/api/v1/products/{added.id}"))


@router.get("/products/{product_id}", summary="Read a product", response_model=ProductOut)
async def read_product(product_id: UUID, caller: StaffCaller, desk: TheDesk) -> Response:
    """Support staff and services. The ETag is for `If-Match`."""
    async with desk.reading(caller) as (connection, _party):
        return ProductOut.of(await products.get_product(connection, product_id)).answer().response()


@router.put("/products/{product_id}", summary="Change a product", response_model=ProductOut)
async def replace_product(product_id: UUID, wanted: ProductIn, work: AdminVersionedWork) -> Response:
    """Administrators. Tickets keep what they were asked when they came."""
    changed = await products.change_product(
        work.connection, product_id, work.version, wanted.name, wanted.form, work.now, active=wanted.active
    )
    return await work.give(ProductOut.of(changed).answer())
