"""Contracts, calendars, products and teams, without a script; and re-planning after a change of promises."""

from typing import Any

import pytest

from tests.web.site import ANNA, DAAN, MARIEKE, Site

CONTRACTS = "/desk/agreements/contracts"


async def add_contract(site: Site) -> str:
    """The address of a new contract, which Bakkerij De Vries has."""
    visitor = site.visitor(ANNA)
    form = await visitor.opens(f"{CONTRACTS}/new")
    address = (await visitor.sends(form, f"{CONTRACTS}/new", name="Bakers")).leads_to
    organisations = await visitor.opens("/desk/organisations?q=bakkerij")
    of = next(link for link in organisations.links if link.startswith("/desk/organisations/"))
    await visitor.sends(await visitor.opens(of), of, contract_id=address.rpartition("/")[2])
    assert "Bakers" in (await site.visitor(DAAN).opens(of)).words
    return address


async def test_changed_promises_are_previewed_and_applied_to_running_tickets(site: Site) -> None:
    contract = await add_contract(site)
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(ANNA)
    form = await visitor.opens(contract)
    assert form.form(contract).fields["target_resolution_all"] == "48"
    assert "The desk's own · Europe/Amsterdam" in form.words
    preview = await visitor.follows(await visitor.sends(form, contract, target_resolution_all="4"))
    assert "1 ticket changes its deadlines. Sooner: 1; later: 0. None breaches at once." in preview.words
    before = (await site.reads(DAAN, number))["promises"][0]["target_seconds"]
    sent = await visitor.sends(preview, f"{contract}/replan")
    await site.carries_out(sent.leads_to.rpartition("/")[2])
    after = (await site.reads(DAAN, number))["promises"][0]["target_seconds"]
    assert (before, after) == (48 * 3600, 4 * 3600)
    assert "Other promises apply" in (await site.visitor(DAAN).opens(f"/desk/tickets/{number}")).words


async def test_a_change_that_moves_nothing_says_so(site: Site) -> None:
    contract = await add_contract(site)
    visitor = site.visitor(ANNA)
    preview = await visitor.follows(await visitor.sends(await visitor.opens(contract), contract, name="Bakers 2027"))
    assert "0 tickets run, and all their deadlines stay the same." in preview.words


async def test_what_contradicts_itself_is_explained_and_the_form_kept(site: Site) -> None:
    contract = await add_contract(site)
    visitor = site.visitor(ANNA)
    refused = await visitor.sends(await visitor.opens(contract), contract, closure_after="1", reminder_after="5")
    assert refused.status == 422
    assert "a ticket is closed later than its requester is reminded" in refused.words
    assert refused.form(contract).fields["closure_after"] == "1"


async def test_a_contract_somebody_else_changed_meanwhile_is_not_overwritten_unseen(site: Site) -> None:
    contract = await add_contract(site)
    visitor = site.visitor(ANNA)
    old = await visitor.opens(contract)
    await visitor.sends(await visitor.opens(contract), contract, name="Bakers and brewers")
    held = await visitor.sends(old, contract, name="Bakers only")
    assert (held.status, "Somebody changed this while" in held.words) == (422, True)
    assert "Bakers and brewers" in (await visitor.opens(CONTRACTS)).words
    await visitor.sends(held, contract)
    assert "Bakers only" in (await visitor.opens(CONTRACTS)).words


async def test_every_escalation_step_survives_saving_and_one_more_is_offered(site: Site) -> None:
    contract = await add_contract(site)
    visitor = site.visitor(ANNA)
    for step in range(1, 7):
        form = await visitor.opens(contract)
        typed: dict[str, Any] = {f"step_{step}": str(4 * step), f"tell_{step}": ["team", "admins"]}
        assert (await visitor.sends(form, contract, **typed)).status == 303
    fields = (await visitor.opens(contract)).form(contract).fields
    assert [fields[f"step_{step}"] for step in range(1, 8)] == ["4", "8", "12", "16", "20", "24", ""]
    unheard = await visitor.sends(await visitor.opens(contract), contract, step_7="28")
    assert (unheard.status, "Say who is told" in unheard.words) == (422, True)


async def test_what_stands_beyond_the_first_hundred_is_listed_and_not_lost_by_saving(site: Site) -> None:
    names = [f"Hours {place:03}" for place in range(101)]
    made = [await site.asks(ANNA, "POST", "/api/v1/calendars", json={"name": name}) for name in names]
    contract = await add_contract(site)
    visitor = site.visitor(ANNA)
    assert names[-1] in (await visitor.opens("/desk/agreements/calendars")).words
    await visitor.sends(await visitor.opens(contract), contract, calendar_id=made[-1]["id"])
    await visitor.sends(await visitor.opens(contract), contract, name="Bakers 2027")
    kept = await site.asks(ANNA, "GET", f"/api/v1{contract.removeprefix('/desk/agreements')}")
    assert (kept["name"], kept["calendar_id"]) == ("Bakers 2027", made[-1]["id"])


async def test_a_calendar_is_kept_with_its_hours_and_shows_its_holidays(site: Site) -> None:
    visitor = site.visitor(ANNA)
    new = "/desk/agreements/calendars/new"
    form = await visitor.opens(new)
    refused = await visitor.sends(form, new, name="Office", day_0="22:00-06:00")
    assert (refused.status, "what goes over midnight is split in two days" in refused.words) == (422, True)
    week: dict[str, Any] = {f"day_{day}": "09:00-12:30, 13:00-17:00" for day in range(5)}
    sent = await visitor.sends(refused, new, country="IT", region="", **week)
    page = await visitor.follows(sent)
    assert page.form(sent.leads_to).fields["day_4"] == "09:00-12:30, 13:00-17:00"
    assert "Public holidays in 2026" in page.words
    assert "2026-12-25" in page.words


async def test_a_products_questions_are_asked_of_whoever_chooses_it(site: Site) -> None:
    visitor = site.visitor(ANNA)
    new = "/desk/agreements/products/new"
    typed: dict[str, Any] = {"q0_nl": "Type", "q0_it": "Modello", "q0_en": "Model", "q0_required": "yes"}
    made = await visitor.sends(await visitor.opens(new), new, name="Printer", **typed)
    product = made.leads_to.rpartition("/")[2]
    requester = site.visitor(MARIEKE)
    form = await requester.opens("/tickets/new")
    shown = await requester.sends(form, "/tickets/new", product_id=product, subject="Silence", text="Hm.", look="1")
    assert "Model" in shown.words
    refused = await requester.sends(shown, "/tickets/new")
    assert (refused.status, "This must be filled in." in refused.words) == (422, True)
    assert refused.form("/tickets/new").fields["text"] == "Hm."
    sent = await requester.sends(refused, "/tickets/new", field_model="LX 9")
    number = int(sent.leads_to.rpartition("/")[2])
    assert (await site.reads(DAAN, number))["fields"] == {"model": "LX 9"}
    part = await requester.opens(
        f"/tickets/new?product_id={product}", **{"HX-Request": "true", "HX-Target": "questions"}
    )
    assert part.ids[0] == "questions"
    assert "<html" not in part.source


async def test_whoever_logs_a_phone_call_is_asked_what_the_product_asks(site: Site) -> None:
    label = {"nl": "Type", "it": "Modello", "en": "Model"}
    facts = {"name": "Printer", "form": [{"key": "model", "label": label, "required": True}]}
    product = (await site.asks(ANNA, "POST", "/api/v1/products", json=facts))["id"]
    await site.asks(ANNA, "POST", "/api/v1/products", json={"name": "Telegraph", "active": False})
    visitor = site.visitor(DAAN)
    new = "/desk/tickets/new"
    form = await visitor.opens(new)
    assert "Telegraph" not in form.words
    shown = await visitor.sends(
        form, new, product_id=product, name="Jan", subject="Silence", text="He says: hm.", look="1"
    )
    assert "Model" in shown.words
    refused = await visitor.sends(shown, new)
    assert (refused.status, "This must be filled in." in refused.words) == (422, True)
    sent = await visitor.sends(refused, new, field_model="LX 9")
    ticket = await site.reads(DAAN, int(sent.leads_to.rpartition("/")[2]))
    assert (ticket["product"]["name"], ticket["fields"]) == ("Printer", {"model": "LX 9"})
    part = await visitor.opens(f"{new}?product_id={product}", **{"HX-Request": "true", "HX-Target": "questions"})
    assert (part.ids[0], "<html" in part.source) == ("questions", False)


async def test_a_team_is_kept_with_its_members(site: Site) -> None:
    visitor = site.visitor(ANNA)
    new = "/desk/agreements/teams/new"
    daan = str(site.people[DAAN].id)
    made = await visitor.sends(await visitor.opens(new), new, name="Printers", members=[daan], round_robin="yes")
    fields = (await visitor.opens(made.leads_to)).form(made.leads_to).fields
    assert (fields["members"], fields["round_robin"], fields["active"]) == (daan, "yes", "yes")


@pytest.mark.parametrize("sort", ["contracts", "calendars", "products", "teams"])
async def test_support_reads_and_only_administrators_change(site: Site, sort: str) -> None:
    address = f"/desk/agreements/{sort}/new"
    page = await site.visitor(DAAN).opens(address)
    assert "Only administrators can change this." in page.words
    refused = await site.visitor(DAAN).sends(page, address, name="Mine")
    assert refused.status == 403
    assert (await site.visitor(MARIEKE).opens(f"/desk/agreements/{sort}")).status == 403


async def test_there_is_no_other_sort(site: Site) -> None:
    visitor = site.visitor(ANNA)
    assert (await visitor.opens("/desk/agreements/people")).status == 404
    assert (await visitor.opens(f"/desk/agreements/teams/{site.people[DAAN].id}/replan")).status == 404
