"""Products and their forms on tickets: who may choose what, and what they are asked."""

from typing import Any

from tests.intake.agreed import agrees, changes
from tests.intake.api_desk import As


def field(key: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"key": key, "label": {"nl": key, "it": key, "en": key}, "kind": kind, **more}


FORM = [
    field("browser", "choice", required=True, choices=["Firefox", "Chrome"]),
    field("customer_number", "number"),
]
FILLED_IN = {"browser": "Firefox", "customer_number": "12"}


async def till(anna: As, name: str = "Till", **more: Any) -> Any:
    return await anna.does("/api/v1/products", {"name": name, "form": FORM, **more})


async def refused(who: As, **wanted: Any) -> dict[str, str]:
    """The problem of each field for which no ticket is opened."""
    answer = await who.ask("POST", "/api/v1/tickets", json={"subject": "x", "text": "x", **wanted})
    assert answer.status_code == 422, answer.text
    return {error["field"]: error["problem"] for error in answer.json().get("errors", [])}


async def names(who: As) -> list[str]:
    return [each["name"] for each in (await who.get("/api/v1/products/mine"))["items"]]


async def test_a_ticket_about_a_product_holds_what_its_form_asks(anna: As, daan: As, marieke: As) -> None:
    product = await till(anna)
    asked = (await marieke.get("/api/v1/products/mine"))["items"]
    assert [each["key"] for each in asked[0]["form"]] == ["browser", "customer_number"]
    opened = await marieke.submits("It does not print", product_id=product["id"], fields=FILLED_IN)
    assert opened["product"] == {"id": product["id"], "name": "Till"}
    assert (await daan.get(f"/api/v1/tickets/{opened['number']}"))["fields"] == FILLED_IN
    assert (await marieke.submits("About nothing in particular"))["product"] is None


async def test_every_field_that_is_wrong_is_named(anna: As, marieke: As) -> None:
    product = await till(anna)
    wrong = {"browser": "Lynx", "customer_number": "many", "module": "Labels"}
    problems = {"browser": "no_choice", "customer_number": "no_number", "module": "unknown"}
    assert await refused(marieke, product_id=product["id"], fields=wrong) == problems
    assert await refused(marieke, product_id=product["id"]) == {"browser": "missing"}
    assert await refused(marieke, fields={"browser": "Firefox"}) == {"browser": "unknown"}
    assert (await marieke.get("/api/v1/tickets"))["items"] == []


async def test_a_contract_says_what_its_customers_may_ask_about(
    anna: As, daan: As, marieke: As, luca: As, api: As
) -> None:
    scale, old = await till(anna, "Scale"), await till(anna, "Old till", active=False)
    product = await till(anna)
    assert await names(marieke) == ["Scale", "Till"]
    await agrees(anna, await marieke.submits("Before"), product_ids=[scale["id"], old["id"]])
    assert [await names(who) for who in (marieke, luca, daan)] == [["Scale"], ["Scale", "Till"], ["Scale", "Till"]]
    assert (await api.ask("GET", "/api/v1/products/mine")).status_code == 401

    for not_theirs in (product, old):
        assert await refused(marieke, product_id=not_theirs["id"], fields=FILLED_IN) == {}
    await marieke.submits("It weighs nothing", product_id=scale["id"], fields=FILLED_IN)
    requester = {"name": "Marieke", "email": "marieke@devries.example"}
    for_her = {"requester": requester, "product_id": product["id"], "fields": FILLED_IN}
    assert (await daan.submits("Phoned in", **for_her))["product"]["name"] == "Till"
    assert await refused(daan, requester=requester, product_id=old["id"], fields=FILLED_IN) == {}


async def test_a_ticket_keeps_what_it_was_asked_when_the_form_changes(anna: As, marieke: As) -> None:
    product = await till(anna)
    opened = await marieke.submits("It does not print", product_id=product["id"], fields=FILLED_IN)
    await changes(anna, f"/api/v1/products/{product['id']}", name="Till 5", form=[field("module", required=True)])
    kept = await marieke.get(f"/api/v1/tickets/{opened['number']}")
    assert (kept["product"]["name"], kept["fields"]) == ("Till 5", FILLED_IN)
    assert await refused(marieke, product_id=product["id"], fields=FILLED_IN) == {
        "browser": "unknown",
        "customer_number": "unknown",
        "module": "missing",
    }


async def test_support_corrects_what_was_filled_in_and_is_asked_the_same(anna: As, daan: As, marieke: As) -> None:
    product, scale = await till(anna), await till(anna, "Scale")
    opened = await marieke.submits("It does not print", product_id=product["id"], fields=FILLED_IN)
    corrected = await daan.moves(opened, "change", fields={"browser": "Chrome"})
    assert (corrected["product"]["name"], corrected["fields"]) == ("Till", {"browser": "Chrome"})
    problem = await daan.refused(opened, "change", fields={"browser": "Lynx"})
    assert [error["field"] for error in problem["errors"]] == ["browser"]
    problem = await daan.refused(opened, "change", product_id=scale["id"])
    assert [(error["field"], error["problem"]) for error in problem["errors"]] == [("browser", "missing")]
    moved = await daan.moves(opened, "change", product_id=scale["id"], fields=FILLED_IN)
    assert (moved["product"]["name"], moved["fields"]) == ("Scale", FILLED_IN)

    plain = await marieke.submits("About nothing in particular")
    assert (await daan.refused(plain, "change", fields=FILLED_IN))["status"] == 422


async def test_a_form_nobody_could_fill_in_is_refused_by_field(anna: As) -> None:
    for form, where in (
        ([field("a"), field("a")], "body.form"),
        ([field("a", "choice")], "body.form.0"),
        ([field("A b")], "body.form.0.key"),
        ([{**field("a"), "label": {"nl": "a"}}], "body.form.0.label.it"),
    ):
        answer = await anna.ask("POST", "/api/v1/products", json={"name": "Till", "form": form})
        assert (answer.status_code, answer.json()["fields"][0]["field"]) == (422, where)
