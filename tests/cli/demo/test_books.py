"""Books that disagree are found out, whatever it is that disagrees."""

from dataclasses import replace
from uuid import uuid4

from services.cli.demo.books import (
    Book,
    ClockState,
    Kept,
    Received,
    disagreements,
    doubled,
    due_mails,
    lateness,
    lost,
    mails_lost,
)
from services.cli.demo.history import History
from services.contract.vocabulary import ClosedReason, Status
from tests.cli.demo.test_history import ROLES, STAFF, SUBMITTED, history, met


def book_of(one: History) -> Book:
    """Books in which all agrees."""
    running = one.ticket.status is not Status.CLOSED
    clock = ClockState(running=running, known=one.ticket.snapshot() if running else None, events=10, runs=1)
    empty = Book({1: one}, {1: clock}, STAFF, ROLES, kept={}, held_back={}, given_up={}, handed_over={})
    due = due_mails(empty)
    return replace(
        empty,
        kept={id: Kept(mail.number, mail.template) for id, mail in due.items()},
        handed_over=dict.fromkeys(due, 1),
        received={"fire.eml": Received(1, found=True)},
    )


NEW = book_of(history(*SUBMITTED))
CLOSED = book_of(
    history(
        *SUBMITTED,
        met(2, "closure", "closed", "no_response"),
        status=Status.CLOSED,
        closed_reason=ClosedReason.NO_RESPONSE,
    )
)


def with_clock(book: Book, **changes: object) -> Book:
    return replace(book, clocks={1: replace(book.clocks[1], **changes)})  # type: ignore[arg-type]  # names are fields


def test_books_in_which_all_agrees_are_quiet() -> None:
    assert disagreements(NEW) == disagreements(CLOSED) == []
    assert (doubled(NEW), lost(NEW), mails_lost(NEW)) == (0, {}, {})


def test_a_mail_that_is_not_in_the_mailbox_is_lost() -> None:
    (id, gone), *_ = due_mails(NEW).items()
    without = replace(NEW, kept={other: kept for other, kept in NEW.kept.items() if other != id})
    assert list(lost(without)) == [id]
    assert disagreements(without) == [
        f"The {gone.template} mail of ticket 1 to {gone.to} is lost; it is not in the mailbox."
    ]


def test_a_mail_held_back_on_purpose_is_not_lost_and_one_given_up_is() -> None:
    id, gone = next(iter(due_mails(NEW).items()))
    without = replace(NEW, kept={other: kept for other, kept in NEW.kept.items() if other != id})
    assert disagreements(replace(without, held_back={id: "Not true any more."})) == []
    assert disagreements(replace(without, given_up={id: "no such mailbox"})) == [
        f"The {gone.template} mail of ticket 1 to {gone.to} is lost; given up: no such mailbox."
    ]


def test_a_mail_that_nothing_calls_for_or_that_went_twice_is_doubled() -> None:
    more = replace(NEW, kept={**NEW.kept, uuid4(): Kept(1, "confirmation")})
    assert doubled(more) == 1
    assert disagreements(more)[0].endswith("of ticket 1 is called for by nothing in its history.")
    twice = replace(NEW, handed_over={**NEW.handed_over, next(iter(NEW.kept)): 2})
    assert doubled(twice) == 1
    assert disagreements(twice)[0].endswith("was handed over 2 times.")


def test_a_mail_about_an_account_is_called_for_by_no_ticket() -> None:
    assert disagreements(replace(NEW, kept={**NEW.kept, uuid4(): Kept(None, "password_link")})) == []


def test_a_mail_under_another_mails_name_is_found_out() -> None:
    id = next(iter(NEW.kept))
    swapped = replace(NEW, kept={**NEW.kept, id: Kept(2, "survey")})
    assert disagreements(swapped) == [f"The mail {id} says it is the survey of ticket 2, but it is another one."]


def test_a_row_that_says_otherwise_than_its_history_is_found_out() -> None:
    standing = history(*SUBMITTED, status=Status.OPEN).ticket.standing
    opened = NEW.histories[1].ticket.model_copy(update={"standing": standing, "version": 2, "reopened": 1})
    changed = replace(NEW, histories={1: History(opened, NEW.histories[1].lines)})
    assert disagreements(changed) == [
        "Ticket 1 is at version 2, its history at 1.",
        "Ticket 1 is open, but its history ends new.",
        "Ticket 1 counts 1 reopenings, its history 0.",
    ]


def test_a_clock_that_is_missing_ended_or_still_running_is_found_out() -> None:
    assert disagreements(replace(NEW, clocks={})) == ["Ticket 1 has no clock."]
    assert disagreements(with_clock(NEW, running=False)) == ["Ticket 1 is new, but its clock has ended."]
    assert disagreements(with_clock(CLOSED, running=True)) == ["Ticket 1 is closed, but its clock runs."]
    assert disagreements(with_clock(NEW, known=None)) == ["Ticket 1 is new at version 1; its clock knows nothing."]


def test_a_clock_may_know_an_older_version_that_says_the_same() -> None:
    noted = NEW.histories[1].ticket.snapshot().model_copy(update={"version": 0})
    assert disagreements(with_clock(NEW, known=noted)) == []


def test_a_deadline_met_twice_or_early_is_found_out() -> None:
    twice = history(*SUBMITTED, met(2, "reminder", "pending"), met(3, "reminder", "pending"), status=Status.PENDING,
                    asked_at=history(*SUBMITTED).ticket.opened_at)  # fmt: skip
    assert disagreements(book_of(twice)) == ["Ticket 1 met its reminder of 2026-11-09T09:00:00+00:00 2 times."]
    early = met(2, "survey", "new")
    early = replace(early, facts={**early.facts, "met_at": "2026-11-09T08:59:59+00:00"})
    assert disagreements(book_of(history(*SUBMITTED, early))) == ["Ticket 1 met its survey before it was due."]


def test_a_mail_whose_ticket_or_words_are_gone_is_lost() -> None:
    gone = replace(NEW, received={"a.eml": Received(7, found=False), "b.eml": Received(1, found=False)})
    assert disagreements(gone) == [
        "The mail a.eml went to ticket 7, which is not there.",
        "The words of the mail b.eml are not on ticket 1.",
    ]
    assert disagreements(replace(NEW, received={"c.eml": Received(None, found=False)})) == []


def test_lateness_counts_from_when_it_was_due_to_when_it_took_effect() -> None:
    survey = met(2, "survey", "new")
    at = NEW.histories[1].ticket.opened_at.replace(day=9, second=3)
    of = history(*SUBMITTED, replace(survey, took_effect_at=at), met(3, "finalisation", "closed", "finalised"))
    assert lateness(book_of(of)) == [3.0]
