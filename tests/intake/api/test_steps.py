"""What people do to the steps that come by themselves, through the HTTP API."""

from datetime import timedelta
from typing import Any

from tests.intake.api.test_triage import sentences
from tests.intake.api_desk import As
from tests.moved_clock import START, MovedClock

DAY = timedelta(days=1)


def due(ticket: dict[str, Any]) -> dict[str, str]:
    """When each automatic step comes."""
    return {each["kind"]: each["due_at"] for each in ticket["deadlines"] if each["metric"] is None}


def at(days: int) -> str:
    """An instant so many days after the tests begin, as the API writes it."""
    return (START + days * DAY).isoformat().replace("+00:00", "Z")


async def asked(marieke: As, daan: As) -> dict[str, Any]:
    """A ticket that waits for Marieke."""
    opened = await marieke.submits("The printer is on fire")
    waiting: dict[str, Any] = await daan.moves(opened, "ask", text="Which?")
    return waiting


async def test_either_side_keeps_a_ticket_open(marieke: As, daan: As, clock: MovedClock) -> None:
    waiting = await asked(marieke, daan)
    assert due(waiting) == {"reminder": at(7), "closure": at(14)}
    clock.move(DAY)
    assert due(await marieke.moves(waiting, "keep_open")) == {"reminder": at(8), "closure": at(15)}
    clock.move(DAY)
    assert due(await daan.moves(waiting, "keep_open")) == {"reminder": at(9), "closure": at(16)}


async def test_only_the_requesters_side_says_that_it_is_solved(marieke: As, pieter: As, luca: As, daan: As) -> None:
    waiting = await asked(marieke, daan)
    assert (await daan.refused(waiting, "confirm_solved"))["status"] == 403
    assert (await luca.refused(waiting, "confirm_solved"))["status"] == 404
    assert (await pieter.moves(waiting, "confirm_solved"))["status"] == "solved"
    assert (await sentences(marieke, waiting))[-2] == "Pieter de Vries said that it is solved"


async def test_requesters_move_the_closing_and_support_every_step(marieke: As, daan: As) -> None:
    waiting = await asked(marieke, daan)
    assert due(await marieke.moves(waiting, "postpone", step="closure", until=at(20)))["closure"] == at(20)
    assert (await marieke.refused(waiting, "postpone", step="reminder", until=at(20)))["status"] == 422
    assert due(await daan.moves(waiting, "postpone", step="reminder", until=at(2)))["reminder"] == at(2)
    for until in (at(-1), at(800)):
        assert (await daan.refused(waiting, "postpone", step="closure", until=until))["status"] == 422
    assert (await daan.refused(waiting, "postpone", step="survey", until=at(2)))["status"] == 422


async def test_a_skipped_step_does_not_come_and_a_step_taken_now_has_come(marieke: As, daan: As) -> None:
    waiting = await asked(marieke, daan)
    assert list(due(await daan.moves(waiting, "skip", step="reminder"))) == ["closure"]
    closed = await daan.moves(waiting, "do_now", step="closure")
    assert (closed["status"], closed["closed_reason"]) == ("closed", "no_response")
    assert (await daan.refused(waiting, "do_now", step="closure"))["status"] == 409


async def test_what_is_snoozed_is_out_of_the_views_of_work_until_then(
    marieke: As, daan: As, anna: As, clock: MovedClock
) -> None:
    opened = await marieke.submits("The printer is on fire")
    await daan.moves(opened, "assign", assignee_id=daan.person["id"])
    snoozed = await daan.moves(opened, "snooze", until=at(2))
    assert (snoozed["snoozed_until"], snoozed["snoozed_by"]["name"]) == (at(2), "Daan Visser")

    async def shown(view: str) -> int:
        return len((await daan.get("/api/v1/tickets", view=view))["items"])

    assert [await shown(view) for view in ("mine", "open", "snoozed")] == [0, 0, 1]
    counts = {view["name"]: view["count"] for view in (await daan.get("/api/v1/views"))["items"]}
    assert (counts["mine"], counts["open"], counts["snoozed"]) == (0, 0, 1)
    assert len((await daan.get("/api/v1/tickets"))["items"]) == 1

    own = await marieke.get(f"/api/v1/tickets/{opened['number']}")
    assert (own["snoozed_until"], own["snoozed_by"]) == (None, None)
    assert "snooze" not in {each["kind"] for each in own["deadlines"]}
    assert (await marieke.ask("GET", "/api/v1/tickets", params={"view": "snoozed"})).status_code == 422

    clock.move(2 * DAY)
    assert await shown("mine") == 1
    clock.move(-DAY)
    assert (await daan.moves(opened, "snooze", until=None))["snoozed_until"] is None
    assert (await daan.moves(opened, "snooze", until=at(3)))["snoozed_until"] == at(3)
    assert (await marieke.moves(opened, "reply", text="Hurry."))["status"] == "open"
    assert await shown("mine") == 1


async def test_a_finalised_ticket_has_no_steps_left(marieke: As, daan: As) -> None:
    opened = await marieke.submits("The printer is on fire")
    await daan.moves(opened, "solve")
    await daan.moves(opened, "do_now", step="finalisation")
    for move in ("skip", "do_now"):
        assert (await daan.refused(opened, move, step="survey"))["status"] == 409
