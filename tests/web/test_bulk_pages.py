"""One command for many tickets, without a script: choosing them, starting, watching, steering."""

from datetime import timedelta
from typing import Any

from tests.web.site import DAAN, GIULIA, MARIEKE, Site, Visitor

NEW = "/desk/bulks/new"


async def tickets(site: Site, count: int) -> list[int]:
    """So many new ones."""
    return [await site.ticket(MARIEKE, f"Ticket {place}") for place in range(count)]


async def starts(visitor: Visitor, address: str, **typed: Any) -> str:
    """The id of the bulk the address leads to."""
    sent = await visitor.sends(await visitor.opens(address), NEW, **typed)
    return sent.leads_to.rpartition("/")[2]


async def test_tickets_of_the_queue_can_be_chosen_and_a_command_for_them(site: Site) -> None:
    numbers = await tickets(site, 3)
    page = await site.visitor(DAAN).opens("/desk")
    bar = next(form for form in page.forms if form.id == "bulk")
    assert (bar.method, bar.action) == ("get", NEW)
    assert {"number", "all", "command"} <= bar.names
    assert all(f'value="{number}"' in page.source for number in numbers)


async def test_a_bulk_is_shown_before_it_starts_and_watched_until_it_is_done(site: Site) -> None:
    first, second, other = await tickets(site, 3)
    visitor = site.visitor(DAAN)
    form = await visitor.opens(f"{NEW}?command=tag&number={first}&number={second}")
    assert "Tags: 2 tickets" in form.words
    refused = await visitor.sends(form, NEW)
    assert (refused.status, "Give a tag" in refused.words) == (422, True)
    sent = await visitor.sends(refused, NEW, add="printer")
    running = await visitor.follows(sent)
    assert "Running 0 done, 0 refused, 2 not done" in running.words
    await site.carries_out(sent.leads_to.rpartition("/")[2])
    done = await visitor.opens(sent.leads_to)
    assert "Done 2 done, 0 refused, 0 not done" in done.words
    assert {f"/desk/tickets/{first}", f"/desk/tickets/{second}"} <= set(done.links)
    assert [(await site.reads(DAAN, each))["tags"] for each in (first, second, other)] == [["printer"], ["printer"], []]


async def test_all_of_a_view_are_found_by_intake(site: Site) -> None:
    numbers = await tickets(site, 3)
    await site.moves(DAAN, numbers[2], "solve", text="Done.")
    visitor = site.visitor(DAAN)
    address = f"{NEW}?command=assign&all=1&view=unassigned"
    assert "Assign: 2 tickets" in (await visitor.opens(address)).words
    await site.carries_out(await starts(visitor, address, assignee_id=str(site.people[GIULIA].id)))
    names = [(await site.reads(DAAN, each))["assignee"]["name"] for each in numbers]
    assert names == ["Giulia Conti", "Giulia Conti", "Daan Visser"]


async def test_what_was_refused_is_listed_with_the_reason(site: Site) -> None:
    number, done = await tickets(site, 2)
    await site.moves(DAAN, done, "solve", text="Done.")
    visitor = site.visitor(DAAN)
    bulk = await starts(visitor, f"{NEW}?command=close&number={number}&number={done}")
    await site.carries_out(bulk)
    page = await visitor.opens(f"/desk/bulks/{bulk}")
    assert "1 done, 1 refused, 0 not done" in page.words
    assert f"/desk/tickets/{number}" in page.links
    assert f"Ticket {number} is new" in page.words or "new" in page.words
    assert f"/desk/tickets/{done}" in (await visitor.opens(f"/desk/bulks/{bulk}?state=done")).links
    assert f"/desk/bulks/{bulk}" in (await visitor.opens("/desk/bulks")).links


async def test_a_bulk_is_paused_resumed_and_cancelled(site: Site) -> None:
    (number,) = await tickets(site, 1)
    visitor = site.visitor(DAAN)
    address = "/desk/bulks/" + await starts(visitor, f"{NEW}?command=spam&number={number}")
    for how, state in (("pause", "Paused"), ("resume", "Running"), ("cancel", "Cancelled")):
        page = await visitor.opens(address)
        assert state in (await visitor.follows(await visitor.sends(page, f"{address}/{how}"))).words
    assert (await site.reads(DAAN, number))["status"] == "new"
    assert not [form for form in (await visitor.opens(address)).forms if form.action.startswith(f"{address}/")]


async def test_undoing_leaves_what_was_changed_since_and_is_offered_for_an_hour(site: Site) -> None:
    number, touched = await tickets(site, 2)
    visitor = site.visitor(DAAN)
    bulk = await starts(visitor, f"{NEW}?command=tag&number={number}&number={touched}", add="printer")
    await site.carries_out(bulk)
    await site.moves(DAAN, touched, "tag", add=["urgent"])
    address = f"/desk/bulks/{bulk}"
    await visitor.sends(await visitor.opens(address), f"{address}/undo")
    await site.carries_out(bulk)
    assert [(await site.reads(DAAN, each))["tags"] for each in (number, touched)] == [[], ["printer", "urgent"]]
    page = await visitor.opens(address)
    assert "Undone" in page.words
    assert f"/desk/tickets/{touched}" in page.links
    second = await starts(visitor, f"{NEW}?command=tag&number={number}", add="again")
    await site.carries_out(second)
    site.clock.move(timedelta(hours=2))
    assert not [form for form in (await visitor.opens(f"/desk/bulks/{second}")).forms if form.action.endswith("/undo")]


async def test_nothing_chosen_and_an_unknown_command_start_nothing(site: Site) -> None:
    visitor = site.visitor(DAAN)
    form = await visitor.opens(f"{NEW}?command=spam")
    nothing = await visitor.sends(form, NEW)
    assert (nothing.status, "Select tickets first." in nothing.words) == (422, True)
    assert (await visitor.opens(f"{NEW}?command=explode")).status == 404
    assert (await site.visitor(MARIEKE).opens("/desk/bulks")).status == 403


async def test_the_next_breach_is_shown_and_the_queue_sorted_by_it_on_demand(site: Site) -> None:
    first = await site.ticket(MARIEKE, "Came first")
    site.clock.move(timedelta(hours=1))
    second = await site.ticket(MARIEKE, "Came second")
    visitor = site.visitor(DAAN)
    page = await visitor.opens("/desk")
    assert "Resolution in 2 days" in page.words
    by_change, by_breach = page.links, (await visitor.opens("/desk?sort=breach")).links
    places = [f"/desk/tickets/{each}?view=unassigned" for each in (first, second)]
    assert by_change.index(places[1]) < by_change.index(places[0])
    assert by_breach.index(places[0]) < by_breach.index(places[1])
