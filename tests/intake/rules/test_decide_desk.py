"""The desk's own work, and what the product director does: what changes, who is told once, what history keeps."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.contract.errors import Invalid
from services.contract.events import (
    TicketAssigned,
    TicketChanged,
    TicketMerged,
    TicketNoted,
    TicketPlanned,
    TicketPriorityChanged,
    TicketReplied,
    TicketShipped,
    TicketStatusChanged,
)
from services.contract.vocabulary import ClosedReason, Priority, Status
from services.intake.rules.decide import decide
from services.intake.rules.moves.assign import Assign
from services.intake.rules.moves.decline import Decline
from services.intake.rules.moves.link_problem import LinkProblem
from services.intake.rules.moves.merge import Merge
from services.intake.rules.moves.note import Note
from services.intake.rules.moves.plan import Plan
from services.intake.rules.moves.prioritise import Prioritise
from services.intake.rules.moves.reopen import Reopen
from services.intake.rules.moves.ship import Ship
from services.intake.rules.moves.snooze import Snooze
from services.intake.rules.moves.solve import Solve
from services.intake.rules.moves.spam import MarkSpam
from services.intake.rules.moves.take_back import TakeBack
from services.intake.rules.moves.take_in import TakeIn
from services.intake.rules.moves.team import HandOver
from services.intake.rules.ticket import Decision, TeamRef, Ticket
from tests.intake.ticket_life import AGENT, DAAN, MARIEKE, NOON, asked, in_state, message, new_ticket

HOUR = timedelta(hours=1)
PRINTERS = TeamRef(id=UUID(int=9), name="Printers")
GIULIA = DAAN.model_copy(update={"name": "Giulia", "person_id": UUID(int=3)})


def _types(decision: Decision) -> list[type]:
    return [type(event) for event in decision.events]


def _lines(decision: Decision) -> list[str]:
    return [entry.type for entry in decision.history]


def _snoozed(ticket: Ticket) -> Ticket:
    return decide(ticket, Snooze(AGENT, DAAN, NOON + 9 * HOUR), NOON).ticket


def test_a_team_takes_a_ticket_from_whoever_had_it() -> None:
    taken = decide(new_ticket(), Assign(AGENT, DAAN), NOON).ticket
    decision = decide(taken, HandOver(AGENT, PRINTERS), NOON + HOUR)
    assert (decision.ticket.team, decision.ticket.assignee, decision.ticket.version) == (PRINTERS, None, 3)
    changed, assigned = decision.events
    assert isinstance(changed, TicketChanged)
    assert isinstance(assigned, TicketAssigned)
    assert (changed.changed, changed.by, changed.ticket.team_id) == (("team",), AGENT, PRINTERS.id)
    assert (assigned.by, assigned.ticket.team_id, assigned.ticket.assignee) == (AGENT, PRINTERS.id, None)
    team, unassigned = decision.history
    assert (team.type, team.line.facts(), team.by, team.public) == ("team", {"team": "Printers"}, AGENT, False)
    assert (unassigned.type, unassigned.line.facts()) == ("assigned", {"assignee": None})


def test_a_teams_round_robin_takes_a_new_ticket_up() -> None:
    decision = decide(new_ticket(), HandOver(AGENT, PRINTERS, GIULIA), NOON)
    assert (decision.ticket.assignee, decision.ticket.status) == (GIULIA, Status.OPEN)
    assert _types(decision) == [TicketChanged, TicketAssigned, TicketStatusChanged]
    assert _lines(decision) == ["team", "assigned", "status_changed"]


def test_a_team_that_chooses_who_has_it_already_says_so_to_nobody() -> None:
    taken = decide(new_ticket(), Assign(AGENT, DAAN), NOON).ticket
    decision = decide(taken, HandOver(AGENT, PRINTERS, DAAN), NOON)
    assert (_types(decision), _lines(decision)) == ([TicketChanged], ["team"])
    again = decide(decision.ticket, HandOver(AGENT, PRINTERS, None), NOON)
    assert again == Decision(decision.ticket)
    gone = decide(decision.ticket, HandOver(AGENT, None, None), NOON)
    assert (gone.ticket.team, gone.history[0].line.facts()) == (None, {"team": None})


@pytest.mark.parametrize(("priority", "lowered"), [(Priority.MEDIUM, 1), (Priority.LOW, 1)])
def test_another_priority_needs_a_reason_and_lowering_is_counted(priority: Priority, lowered: int) -> None:
    decision = decide(new_ticket(), Prioritise(AGENT, priority, "It prints."), NOON)
    assert (decision.ticket.priority, decision.ticket.lowered) == (priority, lowered)
    assert decision.ticket.asked_priority is Priority.HIGH
    (event,) = decision.events
    assert isinstance(event, TicketPriorityChanged)
    assert (event.priority_before, event.reason, event.by) == (Priority.HIGH, "It prints.", AGENT)
    assert decision.history[0].line.facts() == {"from": "high", "to": priority, "reason": "It prints."}
    raised = decide(decision.ticket, Prioritise(AGENT, Priority.HIGH, "It burns."), NOON)
    assert raised.ticket.lowered == lowered
    assert decide(raised.ticket, Prioritise(AGENT, Priority.HIGH, "So."), NOON) == Decision(raised.ticket)
    with pytest.raises(Invalid, match="Say why: the requester reads the reason"):
        decide(new_ticket(), Prioritise(AGENT, priority, " "), NOON)


def test_an_incident_has_a_problem_which_is_another_ticket() -> None:
    decision = decide(new_ticket(), LinkProblem(AGENT, 9), NOON)
    (event,) = decision.events
    assert isinstance(event, TicketChanged)
    assert (decision.ticket.problem, event.changed, event.by) == (9, ("problem",), AGENT)
    assert (decision.history[0].line.facts(), decision.history[0].public) == ({"problem": 9}, False)
    assert decide(decision.ticket, LinkProblem(AGENT, 9), NOON) == Decision(decision.ticket)
    assert decide(decision.ticket, LinkProblem(AGENT, None), NOON).ticket.problem is None
    with pytest.raises(Invalid, match="A ticket is no incident of itself"):
        decide(new_ticket(), LinkProblem(AGENT, 7), NOON)


def test_a_merged_ticket_ends_here_and_its_people_go_on_there() -> None:
    decision = decide(_snoozed(new_ticket()), Merge(AGENT, into=8), NOON + HOUR)
    assert (decision.ticket.closed_reason, decision.ticket.merged_into) == (ClosedReason.MERGED, 8)
    assert decision.ticket.snoozed_by is None
    merged, moved = decision.events
    assert isinstance(merged, TicketMerged)
    assert isinstance(moved, TicketStatusChanged)
    assert (merged.into, moved.told) == (8, True)
    assert (_lines(decision), decision.history[0].line.facts()) == (["merged", "status_changed"], {"into": 8})
    assert (merged.by, decision.history[0].by, decision.ticket.updated_at) == (AGENT, AGENT, NOON + HOUR)
    with pytest.raises(Invalid, match="cannot be merged into itself"):
        decide(new_ticket(), Merge(AGENT, into=7), NOON)
    taken_in = decide(new_ticket(), TakeIn(AGENT, merged=8, requester=GIULIA, followers=(MARIEKE, GIULIA)), NOON)
    assert taken_in.ticket.followers == (GIULIA,)
    assert taken_in.history[0].line.facts() == {"merged": 8}
    assert decide(taken_in.ticket, TakeIn(AGENT, merged=9, requester=GIULIA), NOON).ticket.followers == (GIULIA,)


def test_a_release_that_ships_solves_and_is_told_by_its_own_event() -> None:
    parked = in_state(Status.PARKED)
    planned = decide(parked, Plan(AGENT, "5.0"), NOON)
    (event,) = planned.events
    assert isinstance(event, TicketPlanned)
    assert (event.release, event.by, planned.history[0].by) == ("5.0", AGENT, AGENT)
    assert (_lines(planned), planned.history[0].line.facts()) == (["planned"], {"release": "5.0"})
    assert planned.ticket.updated_at == NOON
    assert decide(planned.ticket, Plan(AGENT, "5.0"), NOON) == Decision(planned.ticket)
    decision = decide(_snoozed(planned.ticket), Ship(AGENT, "5.0", "Faster."), NOON + HOUR)
    shipped, moved = decision.events
    assert isinstance(shipped, TicketShipped)
    assert isinstance(moved, TicketStatusChanged)
    assert (shipped.release, shipped.note, shipped.closes_at) == ("5.0", "Faster.", NOON + 49 * HOUR)
    assert (moved.told, decision.ticket.snoozed_by, decision.ticket.standing.replied_at) == (True, None, NOON + HOUR)
    assert decision.history[0].line.facts() == {"release": "5.0", "note": "Faster."}


def test_a_wish_declined_is_answered_and_solved() -> None:
    decision = decide(_snoozed(in_state(Status.PARKED)), Decline(AGENT, message("No.")), NOON + HOUR)
    assert (decision.ticket.status, decision.ticket.snoozed_by) == (Status.SOLVED, None)
    assert decision.ticket.standing.replied_at == NOON + HOUR
    replied, moved = decision.events
    assert isinstance(replied, TicketReplied)
    assert isinstance(moved, TicketStatusChanged)
    assert (moved.told, replied.by, replied.comment.text) == (True, AGENT, "No.")
    assert _lines(decision) == ["comment", "declined", "status_changed"]


@pytest.mark.parametrize("end", [Solve(AGENT, GIULIA), MarkSpam(AGENT)], ids=["solved", "spam"])
def test_a_mistaken_end_is_taken_back_and_not_counted_as_reopened(end: Solve | MarkSpam) -> None:
    former = _snoozed(asked(new_ticket(), NOON))
    ended = decide(former, end, NOON + HOUR).ticket
    decision = decide(ended, TakeBack(AGENT, former.standing, None, DAAN), NOON + 2 * HOUR)
    back = decision.ticket
    assert (back.status, back.reopened, back.assignee, back.snoozed_by) == (Status.PENDING, 0, None, DAAN)
    assert back.deadlines == former.deadlines
    (event,) = decision.events
    assert isinstance(event, TicketStatusChanged)
    assert (event.status_before, event.reopened, event.by) == (ended.status, False, AGENT)
    assert event.told == (ended.status is Status.CLOSED)
    assert event.closes_at == NOON + timedelta(days=14)
    assert _lines(decision) == ["status_changed"]
    opened = in_state(Status.OPEN)
    again = decide(decide(opened, end, NOON).ticket, TakeBack(AGENT, opened.standing, DAAN, None), NOON).events[0]
    assert isinstance(again, TicketStatusChanged)
    assert again.reopened


def test_reopening_with_words_answers_and_is_counted() -> None:
    ended = decide(new_ticket(), Solve(AGENT, DAAN), NOON).ticket
    silent = decide(ended, Reopen(AGENT), NOON + HOUR)
    assert (silent.ticket.reopened, silent.ticket.standing.replied_at) == (1, None)
    spoken = decide(ended, Reopen(AGENT, message("Wait.")), NOON + HOUR)
    assert spoken.ticket.standing.replied_at == NOON + HOUR
    assert _types(spoken) == [TicketReplied, TicketStatusChanged]


def test_a_note_is_for_support_and_moves_nothing() -> None:
    words = message("secret")
    decision = decide(new_ticket(), Note(AGENT, words), NOON + HOUR)
    (event,) = decision.events
    assert isinstance(event, TicketNoted)
    assert (event.by, event.comment_id, event.ticket) == (AGENT, words.comment_id, decision.ticket.facts())
    (entry,) = decision.history
    assert (entry.type, entry.by, entry.message, entry.public) == ("comment", AGENT, words, False)
    assert (decision.ticket.updated_at, decision.ticket.version) == (NOON + HOUR, 2)
