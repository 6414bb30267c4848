"""Only a thank-you: a solved ticket stays solved, or is so again, and ends when it was to end before."""

from datetime import datetime, timedelta

import pytest

from services.contract.errors import MoveRefused
from services.contract.events import TicketStatusChanged, TicketThanked
from services.contract.vocabulary import DeadlineKind, Status
from services.intake.rules.decide import decide
from services.intake.rules.move import Order
from services.intake.rules.moves.note import Note
from services.intake.rules.moves.park import Park
from services.intake.rules.moves.postpone import Postpone
from services.intake.rules.moves.reply import Reply
from services.intake.rules.moves.snooze import Snooze
from services.intake.rules.moves.solve import Solve
from services.intake.rules.moves.take_in import TakeIn
from services.intake.rules.moves.thank import Thank, Thanked
from services.intake.rules.ticket import Ticket
from tests.intake.ticket_life import AGENT, DAAN, NOON, REQUESTER, asked, message, new_ticket

HOUR = timedelta(hours=1)


def after(ticket: Ticket, *orders: Order, begin: datetime = NOON + HOUR) -> Ticket:
    """The ticket after these orders, one each hour."""
    for hours, order in enumerate(orders):
        ticket = decide(ticket, order, begin + hours * HOUR).ticket
    return ticket


def solved() -> Ticket:
    """A ticket that support solved at noon, with words."""
    return decide(new_ticket(), Solve(AGENT, DAAN, message()), NOON).ticket


def test_a_thank_you_of_the_requester_leaves_a_solved_ticket_as_it_is() -> None:
    decision = decide(solved(), Thank(REQUESTER, message()), NOON + HOUR)
    assert decision.ticket.standing == solved().standing
    assert decision.ticket.reopened == 0
    assert [type(event) for event in decision.events] == [TicketThanked]
    assert [entry.line.TYPE for entry in decision.history] == ["comment", "thanked"]


def test_words_are_not_needed() -> None:
    decision = decide(solved(), Thank(REQUESTER), NOON + HOUR)
    assert [entry.line for entry in decision.history] == [Thanked(took_back=False)]
    thanked = decision.events[0]
    assert isinstance(thanked, TicketThanked)
    assert thanked.comment is None


def test_support_takes_back_that_a_thank_you_by_mail_reopened_the_ticket() -> None:
    reopened = after(solved(), Reply(REQUESTER, message()))
    assert (reopened.status, reopened.reopened) == (Status.OPEN, 1)
    decision = decide(reopened, Thank(AGENT), NOON + 30 * HOUR)
    assert decision.ticket.standing == solved().standing
    assert decision.ticket.reopened == 0
    thanked, moved = decision.events
    assert isinstance(thanked, TicketThanked)
    assert isinstance(moved, TicketStatusChanged)
    assert (moved.told, moved.reopened, moved.ticket.status) == (True, False, Status.SOLVED)
    assert [entry.line.TYPE for entry in decision.history] == ["thanked", "status_changed"]


def test_finalisation_keeps_its_instant_also_where_it_was_moved_or_is_past() -> None:
    until = NOON + 60 * HOUR
    moved = after(solved(), Postpone(AGENT, DeadlineKind.FINALISATION, until))
    again = after(moved, Reply(REQUESTER, message()), Thank(AGENT), begin=NOON + 70 * HOUR)
    assert [each.due_at for each in again.deadlines if each.kind is DeadlineKind.FINALISATION] == [until]


def test_what_does_not_answer_the_thank_you_does_not_stand_in_the_way() -> None:
    note, snooze = Note(AGENT, message()), Snooze(AGENT, DAAN, NOON + 90 * HOUR)
    again = after(solved(), Reply(REQUESTER, message()), note, snooze, Reply(REQUESTER, message()), Thank(AGENT))
    assert again.standing == solved().standing
    assert again.snoozed_by is None


@pytest.mark.parametrize(
    "reopened",
    [
        after(solved(), Reply(REQUESTER, message()), Reply(AGENT, message())),
        after(solved(), Reply(REQUESTER, message()), TakeIn(AGENT, merged=8, requester=DAAN)),
        after(solved(), Reply(REQUESTER, message()), Park(AGENT, workaround=True, effort="small", note="")),  # type: ignore[arg-type]  # as JSON has it
        after(asked(new_ticket(), NOON), Reply(REQUESTER, message())),
        new_ticket(),
        solved(),
    ],
    ids=["answered since", "another one merged into it", "parked since", "was pending", "never solved", "still solved"],
)
def test_support_takes_nothing_back_that_a_message_did_not_reopen(reopened: Ticket) -> None:
    with pytest.raises(MoveRefused):
        decide(reopened, Thank(AGENT), NOON + 90 * HOUR)


def test_it_is_for_solved_tickets_only() -> None:
    with pytest.raises(MoveRefused):
        decide(after(solved(), Reply(REQUESTER, message())), Thank(REQUESTER), NOON + 90 * HOUR)
