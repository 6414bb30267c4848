"""What the desk does with a ticket besides talking, each from its form, without a script."""

from datetime import timedelta
from typing import Any

import pytest

from services.contract.vocabulary import Role
from tests.web.page import Page
from tests.web.site import ANNA, DAAN, GIULIA, MARIEKE, PIETER, Site, Visitor

DOING = {"HX-Request": "true", "HX-Target": "doing"}


async def does(visitor: Visitor, number: int, action: str, **typed: Any) -> Page:
    """What the action's form leads to, filled in so."""
    address = f"/desk/tickets/{number}/do/{action}"
    return await visitor.sends(await visitor.opens(address), address, **typed)


async def test_the_side_offers_what_the_ticket_allows_and_each_leads_to_a_form(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    page = await visitor.opens(f"/desk/tickets/{number}")
    offered = [link for link in page.links if "/do/" in link]
    assert f"/desk/tickets/{number}/do/park" in offered
    assert f"/desk/tickets/{number}/do/plan" not in offered
    for link in offered:
        form = await visitor.opens(link)
        assert form.status == 200
        assert "data-doing" in form.source


async def test_promises_show_what_is_left_of_them_and_when_they_break(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    words = (await visitor.opens(f"/desk/tickets/{number}")).words
    assert "Resolution Running 48 h of working time left" in words
    assert "By Wednesday 4 November 2026 at 10:00 CET" in words
    await site.moves(DAAN, number, "ask", text="Is the lamp green?")
    assert "Resolution Paused 48 h of working time left then" in (await visitor.opens(f"/desk/tickets/{number}")).words
    await site.moves(MARIEKE, number, "reply", text="It is.")
    site.clock.move(timedelta(days=3))
    # Sessions have ended since.
    late = (await site.visitor(DAAN).opens(f"/desk/tickets/{number}")).words
    assert "Resolution Breached 24 h of working time late" in late


async def test_a_step_is_moved_skipped_or_done_now(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    await site.moves(DAAN, number, "ask", text="Is the lamp green?")
    visitor = site.visitor(DAAN)
    address = f"/desk/tickets/{number}/do/step"
    page = await visitor.opens(f"/desk/tickets/{number}")
    form = await visitor.opens(next(link for link in page.links if link.endswith("step=closure")))
    later = await visitor.sends(form, address, act="postpone", until="2026-11-30T09:00")
    assert "The step was moved." in (await visitor.follows(later)).words
    assert "Monday 30 November 2026 at 09:00 CET" in (await visitor.opens(f"/desk/tickets/{number}")).words
    await visitor.sends(await visitor.opens(f"{address}?step=reminder"), address, act="skip")
    kinds = [each["kind"] for each in (await site.reads(DAAN, number))["deadlines"]]
    assert "reminder" not in kinds
    await visitor.sends(await visitor.opens(f"{address}?step=closure"), address, act="do_now")
    assert (await site.reads(DAAN, number))["status"] == "closed"


async def test_a_step_that_came_meanwhile_is_said_to_be_gone(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    page = await site.visitor(DAAN).opens(f"/desk/tickets/{number}/do/step?step=closure")
    assert page.status == 409
    assert "This step is not coming any more" in page.words


async def test_a_moment_that_is_past_or_none_is_refused_with_the_form_kept(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    past = await does(visitor, number, "snooze", until="2026-01-01T09:00")
    assert (past.status, "Choose a time in the future." in past.words) == (422, True)
    assert past.form(f"/desk/tickets/{number}/do/snooze").fields["until"] == "2026-01-01T09:00"
    assert "Choose a time." in (await does(visitor, number, "snooze", until="")).words


async def test_a_reminder_hides_the_ticket_until_then_and_can_be_ended(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    await does(visitor, number, "snooze", until="2026-11-05T09:00")
    assert f"/desk/tickets/{number}" not in " ".join((await visitor.opens("/desk?view=unassigned")).links)
    hidden = await visitor.opens("/desk?view=snoozed")
    assert f"/desk/tickets/{number}?view=snoozed" in hidden.links
    await does(visitor, number, "snooze", preset="end")
    assert f"/desk/tickets/{number}?view=unassigned" in (await visitor.opens("/desk?view=unassigned")).links


async def test_another_priority_needs_a_reason_which_the_requester_reads(site: Site) -> None:
    number = await site.ticket(MARIEKE, priority="high")
    visitor = site.visitor(DAAN)
    refused = await does(visitor, number, "prioritise", priority="low", reason=" ")
    assert (refused.status, "Write why: the requester reads it." in refused.words) == (422, True)
    assert refused.form(f"/desk/tickets/{number}/do/prioritise").fields["priority"] == "low"
    await does(visitor, number, "prioritise", priority="low", reason="It prints by cable.")
    page = await visitor.opens(f"/desk/tickets/{number}")
    assert "asked for: High" in page.words
    assert "It prints by cable." in (await site.visitor(MARIEKE).opens(f"/tickets/{number}")).words


async def test_tags_are_added_and_removed_and_narrow_the_queue(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    other = await site.ticket(MARIEKE, "Something else")
    visitor = site.visitor(DAAN)
    await does(visitor, number, "tag", add="Printer, urgent")
    assert (await site.reads(DAAN, number))["tags"] == ["printer", "urgent"]
    narrowed = await visitor.opens("/desk?tag=printer")
    assert "The printer is silent" in narrowed.words
    assert f"/desk/tickets/{other}" not in narrowed.links
    await does(visitor, number, "tag", remove=["printer", "urgent"])
    assert (await site.reads(DAAN, number))["tags"] == []
    assert (await does(visitor, number, "tag", add="")).status == 422


async def test_a_parked_ticket_is_planned_and_declined_by_the_director_only(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    director = site.visitor(await site.adds("Sofia", Role.DIRECTOR))
    visitor = site.visitor(DAAN)
    unfinished = await does(visitor, number, "park", note="")
    assert "Write down what must change." in unfinished.words
    assert "Choose one of the two." in unfinished.words
    await does(visitor, number, "park", workaround="yes", effort="large", note="A new driver.")
    page = await visitor.opens(f"/desk/tickets/{number}")
    assert "with a workaround; effort: large" in page.words
    assert not [link for link in page.links if link.endswith(("/do/plan", "/do/decline"))]
    assert (await does(visitor, number, "plan", release="4.3")).status == 422
    assert "planned" in (await director.follows(await does(director, number, "plan", release="4.3"))).words
    assert "planned for release 4.3" in (await site.visitor(MARIEKE).opens(f"/tickets/{number}")).words
    await does(director, number, "decline", text="The old printer is no longer made.")
    assert (await site.reads(DAAN, number))["status"] == "solved"


async def test_merging_ends_one_ticket_and_links_both_sides_to_the_other(site: Site) -> None:
    number, target = await site.ticket(MARIEKE), await site.ticket(PIETER, "Still silent")
    visitor = site.visitor(DAAN)
    assert "Give the number of a ticket" in (await does(visitor, number, "merge", into="the other")).words
    page = await visitor.follows(await does(visitor, number, "merge", into=f"#{target}"))
    assert f"/desk/tickets/{target}" in page.links
    assert f"/tickets/{target}" in (await site.visitor(MARIEKE).opens(f"/tickets/{number}")).links
    assert f"/desk/tickets/{number}" in (await visitor.opens(f"/desk/tickets/{target}")).links


async def test_a_problem_takes_its_incidents_along(site: Site) -> None:
    problem, incident = await site.ticket(MARIEKE, "Printers"), await site.ticket(PIETER)
    visitor = site.visitor(DAAN)
    await does(visitor, incident, "link_problem", problem=str(problem))
    page = await visitor.opens(f"/desk/tickets/{problem}")
    assert f"/desk/tickets/{incident}" in page.links
    await does(visitor, problem, "solve_incidents", text="Update 4.2 mends this.")
    bulks = (await site.asks(DAAN, "GET", "/api/v1/bulks"))["items"]
    await site.carries_out(bulks[0]["id"])
    assert [(await site.reads(DAAN, each))["status"] for each in (problem, incident)] == ["solved", "solved"]
    assert "Update 4.2 mends this." in await site.said(incident)


async def test_a_colleague_sees_a_shared_ticket_with_its_notes_and_writes_one(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    await site.moves(DAAN, number, "note", text="Who knows this printer?")
    tom = await site.adds("Tom", Role.COLLEAGUE)
    colleague, visitor = site.visitor(tom), site.visitor(DAAN)
    assert (await colleague.opens(f"/tickets/{number}")).status == 404
    assert "Choose with whom." in (await does(visitor, number, "share", person_id="")).words
    await does(visitor, number, "share", person_id=str(site.people[tom].id))
    page = await colleague.opens(f"/tickets/{number}")
    assert "Who knows this printer?" in page.words
    await colleague.sends(page, f"/tickets/{number}", mode="note", text="I do.")
    assert "I do." in await site.said(number)
    assert "I do." not in (await site.visitor(MARIEKE).opens(f"/tickets/{number}")).words
    await does(visitor, number, "share", unshare=str(site.people[tom].id))
    assert (await colleague.opens(f"/tickets/{number}")).status == 404


async def test_spam_is_asked_about_once_more(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    form = await visitor.opens(f"/desk/tickets/{number}/do/spam")
    assert "nobody is told" in form.words
    assert (await site.reads(DAAN, number))["status"] == "new"
    await visitor.sends(form, f"/desk/tickets/{number}/do/spam")
    assert (await site.reads(DAAN, number))["closed_reason"] == "spam"


async def test_a_team_with_round_robin_gives_the_ticket_to_one_of_it(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    facts = {"name": "Printers", "members": [str(site.people[GIULIA].id)], "round_robin": True}
    team = (await site.asks(ANNA, "POST", "/api/v1/teams", json=facts))["id"]
    await does(site.visitor(DAAN), number, "team", team_id=team)
    ticket = await site.reads(DAAN, number)
    assert (ticket["team"]["name"], ticket["assignee"]["name"]) == ("Printers", "Giulia Conti")
    assert "The printer is silent" in (await site.visitor(DAAN).opens(f"/desk?team={team}")).words


async def test_what_a_ticket_is_about_is_corrected_with_the_questions_of_its_product(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    question = {"key": "model", "label": {"nl": "Type", "it": "Modello", "en": "Model"}, "required": True}
    made = await site.asks(ANNA, "POST", "/api/v1/products", json={"name": "Printer", "form": [question]})
    visitor, address = site.visitor(DAAN), f"/desk/tickets/{number}/do/change"
    form = await visitor.opens(f"{address}?subject=Silence&kind=incident&product_id={made['id']}")
    assert form.form(address).fields["subject"] == "Silence"
    refused = await visitor.sends(form, address)
    assert (refused.status, "This must be filled in." in refused.words) == (422, True)
    await visitor.sends(refused, address, field_model="LX 9")
    words = (await visitor.opens(f"/desk/tickets/{number}")).words
    assert "Product Printer Model LX 9" in words


async def test_for_htmx_the_form_comes_alone_and_what_it_did_in_parts(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor, address = site.visitor(DAAN), f"/desk/tickets/{number}/do/tag"
    form = await visitor.opens(address, **DOING)
    assert form.ids[0] == "doing"
    assert "<html" not in form.source
    refused = await visitor.sends(form, address, headers=DOING, add="")
    assert (refused.status, refused.ids[0]) == (422, "doing")
    done = await visitor.sends(refused, address, headers=DOING, add="printer")
    assert {"doing", "conversation", "standing", "side", "seen"} <= set(done.ids)
    assert "The tags were saved." in done.response.headers["HX-Trigger-After-Settle"]


async def test_what_the_ticket_does_not_allow_any_more_is_said_and_nothing_is_lost(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor, address = site.visitor(DAAN), f"/desk/tickets/{number}/do/park"
    form = await visitor.opens(address)
    await site.moves(GIULIA, number, "solve", text="Done.")
    refused = await visitor.sends(form, address, workaround="no", note="A long explanation")
    assert refused.status == 422
    assert "This is not possible (any more)" in refused.words
    assert refused.form(address).fields["note"] == "A long explanation"


@pytest.mark.parametrize("action", ["nothing", "rate", "messages"])
async def test_there_is_no_other_action(site: Site, action: str) -> None:
    number = await site.ticket(MARIEKE)
    assert (await site.visitor(DAAN).opens(f"/desk/tickets/{number}/do/{action}")).status == 404


async def test_requesters_get_none_of_these_forms(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    assert (await site.visitor(MARIEKE).opens(f"/desk/tickets/{number}/do/park")).status == 403


async def test_a_reopening_by_a_thank_you_is_taken_back_beside_the_message(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    await site.moves(DAAN, number, "solve", text="It is out.")
    visitor, address = site.visitor(DAAN), f"/desk/tickets/{number}"
    button = f'action="{address}/do/thank"'
    assert button not in (await visitor.opens(address)).source
    await site.moves(MARIEKE, number, "reply", text="Thank you!")
    page = await visitor.opens(address)
    before, _, _ = page.source.partition(button)
    assert "Thank you!" in before[before.rindex('<li class="message') :]
    await site.moves(MARIEKE, number, "reply", text="Oh, and it smokes again.")
    meanwhile = await visitor.sends(page, f"{address}/do/thank")
    assert (meanwhile.status, "it smokes again" in meanwhile.words) == (409, True)
    assert "The ticket changed since you opened it." in meanwhile.words
    assert (await visitor.opens(f"{address}/do/thank")).leads_to == f"{address}#latest"
    assert (await site.reads(DAAN, number))["status"] == "open"
    done = await visitor.sends(await visitor.opens(address), f"{address}/do/thank")
    assert "It was only a thank-you" in (await visitor.follows(done)).words
    assert (await site.reads(DAAN, number))["status"] == "solved"
