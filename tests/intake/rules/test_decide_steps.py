"""What people do to automatic steps has exactly the effect it names; mail that was down holds up a closing."""

from datetime import timedelta

import pytest

from services.contract.errors import Invalid, MoveRefused
from services.contract.events import TicketPostponed, TicketReminderDue, TicketStatusChanged
from services.contract.vocabulary import ClosedReason, DeadlineKind, Status
from services.intake.rules.deadline_due import Meet
from services.intake.rules.decide import decide
from services.intake.rules.moves.do_now import DoNow
from services.intake.rules.moves.keep_open import KeepOpen
from services.intake.rules.moves.postpone import Postpone
from services.intake.rules.moves.replan import Replan
from services.intake.rules.moves.skip import Skip
from services.intake.rules.moves.snooze import Snooze
from services.intake.rules.ticket import Decision, Ticket
from services.promises.policy import Policy
from services.promises.working_time import Span
from tests.intake.ticket_life import AGENT, DAAN, NOON, PLAIN, REQUESTER, asked, in_json, meets, new_ticket, solved

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
REMINDER, CLOSURE = DeadlineKind.REMINDER, DeadlineKind.CLOSURE


def _days(ticket: Ticket) -> dict[str, float]:
    return {each.kind.value: (each.due_at - NOON) / DAY for each in ticket.deadlines}


def _pending() -> Ticket:
    return asked(new_ticket(), NOON)


def test_a_postponed_step_comes_then_and_the_other_where_it_was() -> None:
    decision = decide(_pending(), Postpone(AGENT, CLOSURE, NOON + 30 * DAY), NOON + DAY)
    assert _days(decision.ticket) == {"reminder": 7, "closure": 30}
    (event,) = decision.events
    assert isinstance(event, TicketPostponed)
    assert (event.step, event.until, event.reason, event.by) == (CLOSURE, NOON + 30 * DAY, "asked", AGENT)
    assert decision.history[0].line.facts() == {
        "deadline": "closure",
        "due_at": in_json(NOON + 14 * DAY),
        "until": in_json(NOON + 30 * DAY),
        "reason": "asked",
    }
    assert decision.history[0].public


def test_the_same_postponement_again_changes_nothing_and_another_does() -> None:
    postponed = decide(_pending(), Postpone(REQUESTER, CLOSURE, NOON + 20 * DAY), NOON).ticket
    moved = decide(postponed, Postpone(AGENT, REMINDER, NOON + 8 * DAY), NOON).ticket
    assert decide(moved, Postpone(REQUESTER, CLOSURE, NOON + 20 * DAY), NOON + HOUR) == Decision(moved)
    assert decide(moved, Postpone(REQUESTER, CLOSURE, NOON + 21 * DAY), NOON + HOUR).events


def test_a_step_postponed_to_when_it_comes_anyway_stays_there_from_then_on() -> None:
    held = decide(_pending(), Postpone(REQUESTER, CLOSURE, NOON + 14 * DAY), NOON)
    assert held.events
    later = decide(held.ticket, Postpone(AGENT, REMINDER, NOON + 9 * DAY), NOON).ticket
    assert _days(later) == {"reminder": 9, "closure": 14}


def test_a_later_reminder_leaves_the_whole_time_it_promises() -> None:
    assert _days(decide(_pending(), Postpone(AGENT, REMINDER, NOON + 9 * DAY), NOON).ticket) == {
        "reminder": 9,
        "closure": 16,
    }


@pytest.mark.parametrize("days", [-1, 0, 366.1])
def test_a_step_is_postponed_into_the_coming_year_only(days: float) -> None:
    with pytest.raises(Invalid, match="Give an instant in the coming year"):
        decide(_pending(), Postpone(AGENT, CLOSURE, NOON + days * DAY), NOON)


def test_the_requester_may_move_the_closing_only() -> None:
    assert _days(decide(_pending(), Postpone(REQUESTER, CLOSURE, NOON + 20 * DAY), NOON).ticket)["closure"] == 20
    with pytest.raises(Invalid, match="Only support may move the reminder; you may move the closure"):
        decide(_pending(), Postpone(REQUESTER, REMINDER, NOON + 20 * DAY), NOON)


def test_a_skipped_step_does_not_come_and_the_other_does() -> None:
    decision = decide(_pending(), Skip(AGENT, REMINDER), NOON)
    assert _days(decision.ticket) == {"closure": 14}
    (event,) = decision.events
    assert isinstance(event, TicketPostponed)
    assert (event.step, event.until, event.reason) == (REMINDER, None, "skipped")
    assert decision.history[0].line.facts()["until"] is None
    with pytest.raises(Invalid, match="No reminder of ticket 7 is coming; coming are: closure"):
        decide(decision.ticket, DoNow(AGENT, REMINDER), NOON)
    nothing = decide(decision.ticket, Skip(AGENT, CLOSURE), NOON).ticket
    with pytest.raises(Invalid, match="none is coming"):
        decide(nothing, Skip(AGENT, CLOSURE), NOON)


def test_a_step_done_now_is_done_by_whoever_did_it_and_brings_no_other_nearer() -> None:
    decision = decide(_pending(), DoNow(AGENT, REMINDER), NOON + DAY)
    assert _days(decision.ticket) == {"closure": 14}
    (event,) = decision.events
    assert isinstance(event, TicketReminderDue)
    assert (event.by, event.asked_at, event.closes_at) == (AGENT, NOON, NOON + 14 * DAY)
    assert (decision.history[0].by, decision.history[0].line.facts()["met_at"]) == (AGENT, in_json(NOON + DAY))


def test_a_closing_done_now_closes() -> None:
    decision = decide(_pending(), DoNow(AGENT, CLOSURE), NOON + DAY)
    assert (decision.ticket.status, decision.ticket.closed_reason) == (Status.CLOSED, ClosedReason.NO_RESPONSE)
    (event,) = decision.events
    assert isinstance(event, TicketStatusChanged)
    assert event.by == AGENT


def test_no_promise_of_support_can_be_skipped() -> None:
    breaking = asked(new_ticket(policy=Policy(pauses=())), NOON)
    with pytest.raises(Invalid, match="No breach of ticket 7 is coming; coming are: reminder, closure"):
        decide(breaking, Skip(AGENT, DeadlineKind.BREACH), NOON)


@pytest.mark.parametrize("by", [AGENT, REQUESTER])
def test_keeping_open_begins_the_same_promise_again(by: object) -> None:
    decision = decide(meets(_pending()).ticket, KeepOpen(by), NOON + 8 * DAY)  # type: ignore[arg-type]  # an actor
    assert _days(decision.ticket) == {"reminder": 15, "closure": 22}
    (event,) = decision.events
    assert isinstance(event, TicketPostponed)
    assert (event.step, event.until, event.reason, event.by) == (CLOSURE, NOON + 22 * DAY, "kept_open", by)
    assert decision.history[0].line.facts() == {
        "closes_at": in_json(NOON + 22 * DAY),
        "closed_at_before": in_json(NOON + 14 * DAY),
    }


def test_mail_that_was_down_since_the_reminder_holds_up_the_closing_as_long_and_no_longer() -> None:
    reminded = meets(_pending()).ticket
    closure = reminded.deadlines[0]
    waits = decide(reminded, Meet(closure, 2 * HOUR), NOON + 14 * DAY)
    assert waits.ticket.status is Status.PENDING
    assert waits.ticket.deadlines[0].due_at == NOON + 14 * DAY + 2 * HOUR
    (event,) = waits.events
    assert isinstance(event, TicketPostponed)
    assert (event.step, event.until, event.reason) == (CLOSURE, NOON + 14 * DAY + 2 * HOUR, "mail_down")
    assert event.by.kind == "clock"
    (entry,) = waits.history
    assert (entry.type, entry.by.kind) == ("postponed", "clock")
    assert entry.line.facts() == {
        "deadline": "closure",
        "due_at": in_json(NOON + 14 * DAY),
        "until": in_json(NOON + 14 * DAY + 2 * HOUR),
        "reason": "mail_down",
        "down_seconds": 7200,
    }
    closed = decide(waits.ticket, Meet(waits.ticket.deadlines[0], 2 * HOUR), NOON + 14 * DAY + 2 * HOUR)
    assert closed.ticket.status is Status.CLOSED
    assert closed.history[0].line.facts()["because"] == [
        {"reason": "counted_from", "at": in_json(NOON)},
        {"reason": "mail_down", "seconds": 7200},
    ]


def test_mail_that_was_down_holds_up_nothing_but_a_closing() -> None:
    pending = _pending()
    assert decide(pending, Meet(pending.deadlines[0], HOUR), NOON + 7 * DAY).ticket.reminded_at == NOON + 7 * DAY


def test_a_snooze_ends_when_it_should_and_is_somebodys() -> None:
    snoozed = decide(new_ticket(), Snooze(AGENT, DAAN, NOON + DAY), NOON)
    assert (snoozed.ticket.snoozed_by, _days(snoozed.ticket)) == (DAAN, {"snooze": 1})
    assert decide(snoozed.ticket, Snooze(AGENT, DAAN, NOON + DAY), NOON).ticket == snoozed.ticket
    assert meets(snoozed.ticket).ticket.snoozed_by is None
    ended = decide(snoozed.ticket, Snooze(AGENT, DAAN, None), NOON)
    assert (ended.ticket.snoozed_by, ended.ticket.deadlines) == (None, ())
    assert ended.history[0].line.facts() == {"until": None, "who": None}
    with pytest.raises(Invalid, match="Give an instant in the coming year"):
        decide(new_ticket(), Snooze(AGENT, DAAN, NOON), NOON)
    with pytest.raises(MoveRefused):
        decide(solved(new_ticket(), NOON), Snooze(AGENT, DAAN, NOON + DAY), NOON)


def test_other_promises_move_what_is_coming_and_history_says_what_moved() -> None:
    sooner = PLAIN.model_copy(update={"closure_after": Span(length=10 * DAY)}).pinned("sooner")
    decision = decide(_pending(), Replan(AGENT, sooner, "contract"), NOON + DAY)
    assert _days(decision.ticket) == {"reminder": 7, "closure": 10}
    (event,) = decision.events
    assert isinstance(event, TicketPostponed)
    assert (event.step, event.until, event.reason) == (CLOSURE, NOON + 10 * DAY, "replanned")
    (entry,) = decision.history
    assert not entry.public
    assert entry.line.facts() == {
        "because": "contract",
        "policy_before": PLAIN.pinned("standard").version,
        "policy": sooner.version,
        "changes": [
            {
                "deadline": "closure",
                "kind": DeadlineKind.CLOSURE,
                "metric": None,
                "point": 0,
                "before": in_json(NOON + 14 * DAY),
                "after": in_json(NOON + 10 * DAY),
            }
        ],
    }
    assert decide(decision.ticket, Replan(AGENT, sooner, "contract"), NOON).ticket == decision.ticket
    assert decide(new_ticket(), Replan(AGENT, sooner, "contract"), NOON).events == ()
