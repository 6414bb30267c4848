"""Every status × every command, allowed and refused: the table, walked whole."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from services.contract.errors import MoveRefused
from services.contract.vocabulary import ClosedReason, DeadlineKind, Effort, Priority, Status
from services.intake.rules.decide import Command, decide
from services.intake.rules.moves.ask import Ask
from services.intake.rules.moves.assign import Assign
from services.intake.rules.moves.change import Change
from services.intake.rules.moves.confirm_solved import ConfirmSolved
from services.intake.rules.moves.decline import Decline
from services.intake.rules.moves.do_now import DoNow
from services.intake.rules.moves.keep_open import KeepOpen
from services.intake.rules.moves.link_problem import LinkProblem
from services.intake.rules.moves.merge import Merge
from services.intake.rules.moves.note import Note
from services.intake.rules.moves.park import Park
from services.intake.rules.moves.plan import Plan
from services.intake.rules.moves.postpone import Postpone
from services.intake.rules.moves.prioritise import Prioritise
from services.intake.rules.moves.rate import Rate
from services.intake.rules.moves.reopen import Reopen
from services.intake.rules.moves.reply import Reply
from services.intake.rules.moves.share import Share
from services.intake.rules.moves.ship import Ship
from services.intake.rules.moves.skip import Skip
from services.intake.rules.moves.snooze import Snooze
from services.intake.rules.moves.solve import Solve
from services.intake.rules.moves.spam import MarkSpam
from services.intake.rules.moves.tag import Tag
from services.intake.rules.moves.take_in import TakeIn
from services.intake.rules.moves.team import HandOver
from services.intake.rules.moves.thank import Thank
from services.intake.rules.registry import allowed
from services.intake.rules.ticket import TeamRef
from tests.intake.ticket_life import AGENT, DAAN, MARIEKE, NOON, REQUESTER, in_state, message

STATES = [(status, None) for status in Status if status is not Status.CLOSED] + [
    (Status.CLOSED, reason) for reason in ClosedReason
]

_STEP = DeadlineKind.CLOSURE

COMMANDS: dict[str, Callable[[], Command]] = {
    "assign": lambda: Assign(AGENT, DAAN),
    "team": lambda: HandOver(AGENT, TeamRef(id=DAAN.person_id, name="Printers")),
    "staff reply": lambda: Reply(AGENT, message()),
    "requester reply": lambda: Reply(REQUESTER, message()),
    "note": lambda: Note(AGENT, message()),
    "ask": lambda: Ask(AGENT, message()),
    "solve": lambda: Solve(AGENT, DAAN, message()),
    "confirm solved": lambda: ConfirmSolved(REQUESTER),
    "reopen": lambda: Reopen(AGENT, message()),
    "staff thanks": lambda: Thank(AGENT),
    "requester thanks": lambda: Thank(REQUESTER, message()),
    "rate": lambda: Rate(REQUESTER, good=True),
    "park": lambda: Park(AGENT, workaround=True, effort=Effort.LARGE, note="A new driver."),
    "plan": lambda: Plan(AGENT, "5.0"),
    "decline": lambda: Decline(AGENT, message()),
    "ship": lambda: Ship(AGENT, "5.0"),
    "merge": lambda: Merge(AGENT, into=8),
    "take in": lambda: TakeIn(AGENT, merged=8, requester=DAAN),
    "spam": lambda: MarkSpam(AGENT),
    "prioritise": lambda: Prioritise(AGENT, Priority.LOW, "It prints."),
    "tag": lambda: Tag(AGENT, add=("printer",)),
    "change": lambda: Change(AGENT, subject="The printer smokes"),
    "problem": lambda: LinkProblem(AGENT, 9),
    "share": lambda: Share(AGENT, MARIEKE),
    "snooze": lambda: Snooze(AGENT, DAAN, NOON + timedelta(days=1)),
    "staff keeps open": lambda: KeepOpen(AGENT),
    "requester keeps open": lambda: KeepOpen(REQUESTER),
    "staff postpones": lambda: Postpone(AGENT, _STEP, NOON + timedelta(days=30)),
    "requester postpones": lambda: Postpone(REQUESTER, DeadlineKind.CLOSURE, NOON + timedelta(days=30)),
    "skip": lambda: Skip(AGENT, _STEP),
    "do now": lambda: DoNow(AGENT, _STEP),
}
_OF_REQUESTER = {
    "requester reply",
    "requester thanks",
    "confirm solved",
    "rate",
    "requester keeps open",
    "requester postpones",
}

_ABOUT = ("tag", "change", "problem", "share")


def _stays(status: Status, *commands: str) -> dict[str, Status]:
    return dict.fromkeys(commands, status)


def _at_work(status: Status) -> dict[str, Status]:
    taken_up = Status.OPEN if status is Status.NEW else status
    return {
        "assign": taken_up,
        "staff reply": taken_up,
        "ask": Status.PENDING,
        "solve": Status.SOLVED,
        "confirm solved": Status.SOLVED,
        "park": Status.PARKED,
        "merge": Status.CLOSED,
        "spam": Status.CLOSED,
        **_stays(status, "team", "note", "take in", "prioritise", "snooze", "requester reply", *_ABOUT),
    }


# The state each command leads to; one that is not named is refused. From `docs/design.md §4`, written out by hand.
LEADS_TO: dict[tuple[Status, ClosedReason | None], dict[str, Status]] = {
    (Status.NEW, None): _at_work(Status.NEW),
    (Status.OPEN, None): _at_work(Status.OPEN),
    (Status.PENDING, None): {
        **_at_work(Status.PENDING),
        "requester reply": Status.OPEN,
        **_stays(Status.PENDING, "staff keeps open", "requester keeps open", "staff postpones", "requester postpones"),
        "skip": Status.PENDING,
        "do now": Status.CLOSED,
    },
    (Status.PARKED, None): {
        **_at_work(Status.PARKED),
        "reopen": Status.OPEN,
        "plan": Status.PARKED,
        "decline": Status.SOLVED,
        "ship": Status.SOLVED,
    },
    (Status.SOLVED, None): {
        **_stays(Status.SOLVED, "assign", "team", "staff reply", "note", *_ABOUT),
        "requester reply": Status.OPEN,
        "requester thanks": Status.SOLVED,
        "reopen": Status.OPEN,
        "staff postpones": Status.SOLVED,
        "skip": Status.SOLVED,
        "do now": Status.CLOSED,
    },
    (Status.CLOSED, ClosedReason.NO_RESPONSE): {
        "requester reply": Status.OPEN,
        "reopen": Status.OPEN,
        **_stays(Status.CLOSED, "note", *_ABOUT),
    },
    # A requester's reply opens a follow-up, another ticket: on this one it is refused.
    (Status.CLOSED, ClosedReason.FINALISED): _stays(Status.CLOSED, "note", "tag", "rate"),
    (Status.CLOSED, ClosedReason.MERGED): _stays(Status.CLOSED, "note", "tag"),
    (Status.CLOSED, ClosedReason.SPAM): {"note": Status.CLOSED, "reopen": Status.OPEN},
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("state", STATES, ids=lambda state: "-".join(str(part) for part in state if part))
def test_a_command_leads_where_the_table_says_or_is_refused(
    state: tuple[Status, ClosedReason | None], command: str
) -> None:
    ticket = in_state(*state)
    expected = LEADS_TO[state].get(command)
    given = COMMANDS[command]()
    if state[0] is Status.SOLVED and isinstance(given, Postpone | Skip | DoNow):
        given = replace(given, kind=DeadlineKind.FINALISATION)
    if expected is None:
        with pytest.raises(MoveRefused) as refused:
            decide(ticket, given, NOON)
        staff = command not in _OF_REQUESTER
        assert refused.value.facts["allowed"] == [each.name for each in allowed(ticket, staff=staff) if not each.inward]
        return
    after = decide(ticket, given, NOON).ticket
    assert after.status is expected
    assert (after.closed_reason is None) == (after.status is not Status.CLOSED)


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_its_line_in_the_table(state: tuple[Status, ClosedReason | None]) -> None:
    for staff in (True, False):
        assert allowed(in_state(*state), staff=staff) or not staff
