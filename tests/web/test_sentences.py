"""What happens next and what happened, in sentences. Pure."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.contract.event_data import Actor, Contact
from services.contract.temporal import Deadline
from services.contract.vocabulary import Channel, ClosedReason, DeadlineKind, Kind, Language, Priority, Status
from services.web.clients.records import Comment, Entry, HistoryEvent, Ticket
from services.web.future import prospects, steps
from services.web.history import changes_since
from services.web.words import Said, catalogues
from tests.moved_clock import START

CATALOGUES = catalogues()
DAAN = Actor(kind="person", name="Daan", staff=True)


def said(language: Language = Language.ENGLISH) -> Said:
    """The words of a page."""
    return Said(CATALOGUES[language], language, "Europe/Amsterdam", START)


def ticket(status: Status, *due: tuple[DeadlineKind, timedelta], reason: ClosedReason | None = None) -> Ticket:
    """A ticket with these deadlines ahead of it."""
    marieke = Contact(person_id=uuid4(), name="Marieke", email=None, language=Language.DUTCH)
    return Ticket(
        number=7,
        version=1,
        subject="The printer is silent",
        status=status,
        closed_reason=reason,
        kind=Kind.QUESTION,
        priority=Priority.LOW,
        channel=Channel.WEB,
        language=Language.DUTCH,
        requester=marieke,
        opened_at=START,
        updated_at=START,
        deadlines=tuple(Deadline(kind=kind, due_at=START + after) for kind, after in due),
    )


def event(sentence: str) -> Entry:
    """A line of history, as intake says it."""
    return Entry(id=1, at=START, type="event", actor=DAAN, event=HistoryEvent(type="assigned", sentence=sentence))


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("status", [status for status in Status if status is not Status.CLOSED])
def test_every_status_promises_something_in_every_language(status: Status, language: Language) -> None:
    assert all(prospects(ticket(status), said(language)))
    assert prospects(ticket(status), said(language))


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("reason", list(ClosedReason))
def test_every_ending_says_whether_it_can_go_on(reason: ClosedReason, language: Language) -> None:
    assert len(prospects(ticket(Status.CLOSED, reason=reason), said(language))) == 1


def test_a_question_reminded_of_already_promises_no_second_reminder() -> None:
    sentences = prospects(ticket(Status.PENDING, (DeadlineKind.CLOSURE, timedelta(days=7))), said())
    assert sentences == [
        "We asked you something and are waiting for your answer.",
        "If we hear nothing, this ticket closes on Monday 9 November 2026 at 10:00 CET; your reply keeps it open.",
    ]


def test_the_steps_are_those_of_the_clock_in_its_order() -> None:
    due = [(DeadlineKind.SURVEY, timedelta(days=1)), (DeadlineKind.FINALISATION, timedelta(days=2))]
    assert [(step.kind, step.at) for step in steps(ticket(Status.SOLVED, *due), said())] == [
        (kind, START + after) for kind, after in due
    ]


def test_what_is_new_is_told_from_where_somebody_stopped_reading() -> None:
    note = Entry(id=3, at=START, type="comment", actor=DAAN, comment=Comment(id=uuid4(), public=False, text="Hm."))
    entries = (event("Marieke opened this ticket (Web)"), event("Daan took this ticket"), note)
    assert changes_since(entries, 1, said()) == [
        "Daan took this ticket",
        "Daan wrote an internal note on Mon 2 Nov 10:00 CET",
    ]
