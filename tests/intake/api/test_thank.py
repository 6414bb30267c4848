"""Only a thank-you, through the HTTP API."""

from datetime import timedelta
from typing import Any

from tests.intake.api.test_steps import due
from tests.intake.api.test_triage import sentences
from tests.intake.api_desk import As
from tests.moved_clock import MovedClock

HOUR = timedelta(hours=1)


async def solved(marieke: As, daan: As) -> dict[str, Any]:
    """A ticket of Marieke's that Daan solved."""
    opened = await marieke.submits("The printer is on fire")
    answered: dict[str, Any] = await daan.moves(opened, "solve", text="It is out.")
    return answered


async def test_the_requester_thanks_and_the_ticket_stays_solved(marieke: As, daan: As, clock: MovedClock) -> None:
    ticket = await solved(marieke, daan)
    clock.move(HOUR)
    thanked = await marieke.moves(ticket, "thank", text="Thank you!")
    assert (thanked["status"], thanked["reopened"], due(thanked)) == ("solved", 0, due(ticket))
    assert (await sentences(marieke, ticket))[-1] == "Marieke de Vries said no more than thank you"
    assert "thank" in thanked["moves"]
    assert "thank" not in (await daan.get(f"/api/v1/tickets/{ticket['number']}"))["moves"]


async def test_support_takes_back_a_reopening_and_everything_comes_when_it_was_to(
    marieke: As, daan: As, clock: MovedClock
) -> None:
    ticket = await solved(marieke, daan)
    clock.move(HOUR)
    reopened = await marieke.moves(ticket, "reply", text="Thank you!")
    assert (reopened["status"], reopened["reopened"]) == ("open", 1)
    assert "thank" in (await daan.get(f"/api/v1/tickets/{ticket['number']}"))["moves"]
    clock.move(HOUR)
    again = await daan.moves(ticket, "thank")
    assert (again["status"], again["reopened"], again["solved_at"]) == ("solved", 0, ticket["solved_at"])
    assert due(again) == due(ticket)
    took_back = "Daan Visser took back the reopening: the last message was only a thank-you"
    assert (await sentences(daan, ticket))[-2] == took_back


async def test_only_the_requester_puts_a_thank_you_into_words(marieke: As, daan: As) -> None:
    ticket = await solved(marieke, daan)
    await marieke.moves(ticket, "reply", text="Thank you!")
    assert (await daan.refused(ticket, "thank", text="They said thanks."))["status"] == 422
    assert (await daan.get(f"/api/v1/tickets/{ticket['number']}"))["status"] == "open"


async def test_others_may_neither_thank_nor_see(marieke: As, luca: As, daan: As) -> None:
    ticket = await solved(marieke, daan)
    assert (await luca.refused(ticket, "thank"))["status"] == 404
    assert (await marieke.refused(await marieke.submits("Another one"), "thank"))["status"] == 409
