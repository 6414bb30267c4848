"""Tickets for tests of the pure rules: made in any state, and changed by short functions."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from services.contract.event_data import Actor, Contact
from services.contract.temporal import Deadline
from services.contract.vocabulary import Channel, ClosedReason, Effort, Kind, Language, Priority, Status
from services.intake.rules.deadline_due import Meet
from services.intake.rules.decide import decide, open_ticket
from services.intake.rules.moves.ask import Ask
from services.intake.rules.moves.assign import Assign
from services.intake.rules.moves.merge import Merge
from services.intake.rules.moves.park import Park
from services.intake.rules.moves.reply import Reply
from services.intake.rules.moves.solve import Solve
from services.intake.rules.moves.spam import MarkSpam
from services.intake.rules.submit import Submit
from services.intake.rules.ticket import Decision, Message, Ticket
from services.promises.policy import STANDARD, Policy

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MARIEKE = Contact(person_id=UUID(int=1), name="Marieke", email="marieke@devries.example", language=Language.DUTCH)
DAAN = Contact(person_id=UUID(int=2), name="Daan", email="daan@balie.example", language=Language.DUTCH)
REQUESTER = Actor(kind="person", name="Marieke", person_id=MARIEKE.person_id)
PLAIN = Policy(targets=(), survey_spread=timedelta(0))
"""A policy without SLA targets: only the automatic steps of waiting and solved tickets."""
AGENT = Actor(kind="person", name="Daan", person_id=DAAN.person_id, staff=True)


def message(text: str = "Hello") -> Message:
    """A message with a new id."""
    return Message(comment_id=uuid4(), text=text, channel=Channel.WEB)


def new_ticket(now: datetime = NOON, policy: Policy | None = None, number: int = 7) -> Ticket:
    """Marieke's ticket, just submitted."""
    return open_ticket(submission(policy, number), now).ticket


def submission(policy: Policy | None = None, number: int = 7) -> Submit:
    """The command by which Marieke submits her ticket."""
    return Submit(
        number=number,
        by=REQUESTER,
        requester=MARIEKE,
        organisation_id=None,
        subject="The printer is on fire",
        message=message(),
        kind=Kind.INCIDENT,
        asked_priority=Priority.HIGH,
        priority=Priority.HIGH,
        language=Language.DUTCH,
        policy=(policy or PLAIN).pinned(STANDARD),
    )


def asked(ticket: Ticket, now: datetime) -> Ticket:
    """The ticket after an agent asked a question."""
    return decide(ticket, Ask(AGENT, message()), now).ticket


def solved(ticket: Ticket, now: datetime) -> Ticket:
    """The ticket after an agent solved it with a message."""
    return decide(ticket, Solve(AGENT, DAAN, message()), now).ticket


def answered(ticket: Ticket, now: datetime) -> Ticket:
    """The ticket after Marieke replied."""
    return decide(ticket, Reply(REQUESTER, message()), now).ticket


def meets(ticket: Ticket, deadline: Deadline | None = None, late: timedelta = timedelta(0)) -> Decision:
    """The decision when the clock meets the next (or the given) deadline, this late."""
    due = deadline or ticket.snapshot().next_deadline
    if due is None:
        raise AssertionError("nothing is due")
    return decide(ticket, Meet(due), due.due_at + late)


def in_state(status: Status, reason: ClosedReason | None = None) -> Ticket:
    """A ticket in any state, with the times that state has."""
    start = new_ticket()
    if status is Status.PENDING:
        return asked(start, NOON)
    if status is Status.SOLVED:
        return solved(start, NOON)
    if reason is ClosedReason.NO_RESPONSE:
        return meets(meets(asked(start, NOON)).ticket).ticket
    if reason is ClosedReason.FINALISED:
        return meets(meets(solved(start, NOON)).ticket).ticket
    if status is Status.PARKED:
        return decide(start, Park(AGENT, workaround=False, effort=Effort.SMALL, note=""), NOON).ticket
    if status is Status.OPEN:
        return decide(start, Assign(AGENT, DAAN), NOON).ticket
    if reason is ClosedReason.MERGED:
        return decide(start, Merge(AGENT, into=8), NOON).ticket
    return decide(start, MarkSpam(AGENT), NOON).ticket if reason is ClosedReason.SPAM else start


def in_json(at: datetime) -> str:
    """An instant as history and API write it."""
    return at.isoformat().replace("+00:00", "Z")
