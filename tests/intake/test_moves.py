"""Every status × every command, allowed and refused: the table, walked whole."""

from collections.abc import Callable

import pytest

from services.errors import MoveRefused
from services.intake.decide import decide
from services.intake.moves import moves
from services.intake.orders import Ask, Assign, Command, Note, Rate, Reopen, Reply, Solve
from services.vocabulary import ClosedReason, Status
from tests.intake.ticket_life import AGENT, DAAN, NOON, REQUESTER, in_state, message

STATES = [(status, None) for status in Status if status is not Status.CLOSED] + [
    (Status.CLOSED, reason) for reason in ClosedReason
]

COMMANDS: dict[str, Callable[[], Command]] = {
    "assign": lambda: Assign(AGENT, DAAN),
    "staff reply": lambda: Reply(AGENT, message()),
    "requester reply": lambda: Reply(REQUESTER, message()),
    "note": lambda: Note(AGENT, message()),
    "ask": lambda: Ask(AGENT, message()),
    "solve": lambda: Solve(AGENT, DAAN, message()),
    "reopen": lambda: Reopen(AGENT, message()),
    "rate": lambda: Rate(REQUESTER, good=True),
}

# The state each command leads to; a command that is not named is refused. From design §4, written out by hand.
LEADS_TO: dict[tuple[Status, ClosedReason | None], dict[str, Status]] = {
    (Status.NEW, None): {
        "assign": Status.OPEN,
        "staff reply": Status.OPEN,
        "requester reply": Status.NEW,
        "note": Status.NEW,
        "ask": Status.PENDING,
        "solve": Status.SOLVED,
    },
    (Status.OPEN, None): {
        "assign": Status.OPEN,
        "staff reply": Status.OPEN,
        "requester reply": Status.OPEN,
        "note": Status.OPEN,
        "ask": Status.PENDING,
        "solve": Status.SOLVED,
    },
    (Status.PENDING, None): {
        "assign": Status.PENDING,
        "staff reply": Status.PENDING,
        "requester reply": Status.OPEN,
        "note": Status.PENDING,
        "ask": Status.PENDING,
        "solve": Status.SOLVED,
    },
    (Status.PARKED, None): {
        "assign": Status.PARKED,
        "staff reply": Status.PARKED,
        "requester reply": Status.PARKED,
        "note": Status.PARKED,
        "ask": Status.PENDING,
        "solve": Status.SOLVED,
    },
    (Status.SOLVED, None): {
        "assign": Status.SOLVED,
        "staff reply": Status.SOLVED,
        "requester reply": Status.OPEN,
        "note": Status.SOLVED,
        "reopen": Status.OPEN,
    },
    (Status.CLOSED, ClosedReason.NO_RESPONSE): {
        "requester reply": Status.OPEN,
        "note": Status.CLOSED,
        "reopen": Status.OPEN,
    },
    # A requester's reply opens a follow-up, another ticket: on this one it is refused.
    (Status.CLOSED, ClosedReason.FINALISED): {"note": Status.CLOSED, "rate": Status.CLOSED},
    (Status.CLOSED, ClosedReason.MERGED): {"note": Status.CLOSED},
    (Status.CLOSED, ClosedReason.SPAM): {"note": Status.CLOSED},
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("state", STATES, ids=lambda state: "-".join(str(part) for part in state if part))
def test_a_command_leads_where_the_table_says_or_is_refused(
    state: tuple[Status, ClosedReason | None], command: str
) -> None:
    ticket = in_state(*state)
    expected = LEADS_TO[state].get(command)
    if expected is None:
        with pytest.raises(MoveRefused) as refused:
            decide(ticket, COMMANDS[command](), NOON)
        staff = command not in ("requester reply", "rate")
        assert refused.value.facts["allowed"] == list(moves(ticket, staff=staff))
        return
    after = decide(ticket, COMMANDS[command](), NOON).ticket
    assert after.status is expected
    assert (after.closed_reason is None) == (after.status is not Status.CLOSED)


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_its_line_in_the_table(state: tuple[Status, ClosedReason | None]) -> None:
    for staff in (True, False):
        moves(in_state(*state), staff=staff)
