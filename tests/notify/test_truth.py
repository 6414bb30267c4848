"""A mail that waited is held against what has been seen since."""

from datetime import timedelta

import pytest

from services.contract.event_data import EventData, TicketEventData
from services.contract.vocabulary import ClosedReason, Metric, Priority, Status
from services.notify.rules.facts import PlanFacts, Subscriber
from services.notify.rules.known import KnownTicket, is_closing_told, learn
from services.notify.rules.notices import Notification, Template
from services.notify.rules.plan import plan
from services.notify.truth import promise_stands, why_untrue
from services.platform.identity import PASSWORD_LINK_LIFETIME
from tests.notify.happenings import (
    BY_EMMA,
    BY_JAN,
    BY_LUCIA,
    CLOCK,
    DESK,
    EMMA,
    JAN,
    LUCIA,
    NOW,
    assigned,
    breached,
    escalated,
    happened,
    link_requested,
    merged,
    moved,
    noted,
    planned_in,
    postponed,
    prioritised,
    rated,
    reminder_due,
    replied,
    shared,
    shipped,
    snooze_ended,
    submitted,
    survey_due,
    ticket,
    warned,
)

CLOSED_UNANSWERED = moved(CLOCK, Status.CLOSED, Status.PENDING, closed_reason=ClosedReason.NO_RESPONSE, version=4)
FINALISED = moved(CLOCK, Status.CLOSED, Status.SOLVED, closed_reason=ClosedReason.FINALISED, version=4)
SPAM = moved(BY_EMMA, Status.CLOSED, Status.NEW, closed_reason=ClosedReason.SPAM, version=4)
ANSWERED = replied(BY_JAN, Status.OPEN, Status.PENDING, version=4)
ASKED = replied(BY_LUCIA, Status.PENDING, Status.OPEN, version=2)
ANSWERED_LATER = replied(BY_JAN, Status.OPEN, Status.PENDING, version=6)
ASKED_AGAIN = replied(BY_LUCIA, Status.PENDING, Status.PENDING, version=4)
SOLVED = replied(BY_LUCIA, Status.SOLVED, Status.OPEN, version=4)
REOPENED = replied(BY_JAN, Status.OPEN, Status.SOLVED, version=4)
REOPENED_BY_STAFF = moved(BY_LUCIA, Status.OPEN, Status.SOLVED, reopened=True, version=2)
SILENCE_CLOSED = moved(CLOCK, Status.CLOSED, Status.PENDING, closed_reason=ClosedReason.NO_RESPONSE, version=2)
PARKED = moved(BY_LUCIA, Status.PARKED, Status.OPEN)
NOTED_WHILE_PARKED = noted(BY_EMMA, ticket(Status.PARKED, version=4))
REOPENED_BY_STAFF_LATER = moved(BY_LUCIA, Status.OPEN, Status.PARKED, version=4)
UNPARKED = moved(BY_LUCIA, Status.OPEN, Status.PARKED, version=2)
REPARKED = moved(BY_LUCIA, Status.PARKED, Status.OPEN, version=4)
SOLVED_LOW = replied(
    BY_LUCIA, Status.SOLVED, Status.OPEN, facts=ticket(Status.SOLVED, version=4, priority=Priority.LOW)
)
NOTED_WHILE_PENDING = noted(BY_EMMA, ticket(Status.PENDING, version=4))
NOTED_WHILE_CLOSED = noted(BY_EMMA, ticket(Status.CLOSED, closed_reason=ClosedReason.NO_RESPONSE, version=4))


def the_mail(data: EventData) -> Notification:
    staff = (Subscriber(EMMA), Subscriber(LUCIA))
    return plan(happened(data), data, PlanFacts(DESK.address, staff=staff, closing_told=True), NOW)[0]


def knowing(*data: TicketEventData) -> KnownTicket:
    known = None
    for one in data:
        known = learn(known, one)
    assert known is not None
    return known


@pytest.mark.parametrize(
    ("planned", "since", "still_true"),
    [
        (submitted(), SOLVED, True),
        (submitted(), SPAM, False),
        (reminder_due(), NOTED_WHILE_PENDING, True),
        (reminder_due(), ANSWERED, False),
        (reminder_due(), ASKED_AGAIN, False),
        (reminder_due(), SOLVED, False),
        (reminder_due(), CLOSED_UNANSWERED, False),
        (survey_due(), FINALISED, True),
        (survey_due(), REOPENED, False),
        (survey_due(), CLOSED_UNANSWERED, False),
        (survey_due(), SPAM, False),
        (survey_due(), rated(True), True),
        (moved(BY_LUCIA, Status.SOLVED, Status.OPEN), FINALISED, True),
        (moved(BY_LUCIA, Status.SOLVED, Status.OPEN), REOPENED, False),
        (SILENCE_CLOSED, REOPENED, False),
        (SILENCE_CLOSED, NOTED_WHILE_CLOSED, True),
        (REOPENED_BY_STAFF, SOLVED, False),
        (REOPENED_BY_STAFF, ASKED_AGAIN, True),
        (assigned(BY_EMMA, LUCIA), assigned(BY_EMMA, EMMA, version=4), False),
        (assigned(BY_EMMA, LUCIA), ANSWERED, True),
        (PARKED, NOTED_WHILE_PARKED, True),
        (PARKED, planned_in(), False),
        (PARKED, shipped(), False),
        (PARKED, REOPENED_BY_STAFF_LATER, False),
        (planned_in(), replied(BY_JAN, Status.PARKED, Status.PARKED, version=5), True),
        (planned_in("5.2"), planned_in("5.3", version=6), False),
        (planned_in(), shipped(), False),
        (shipped(version=3), FINALISED, True),
        (shipped(version=3), REOPENED, False),
        (merged(version=3), noted(BY_EMMA, ticket(Status.CLOSED, closed_reason=ClosedReason.MERGED, version=4)), True),
        (prioritised(Priority.LOW), SOLVED_LOW, True),
        (prioritised(Priority.LOW), prioritised(Priority.HIGH, Priority.LOW, version=4), False),
        (shared(JAN), ANSWERED, True),
        (shared(JAN), shared(JAN, version=4, with_them=False), False),
        (shared(JAN), shared(EMMA, version=4, with_them=False), True),
        (snooze_ended(EMMA), ASKED_AGAIN, True),
        (snooze_ended(EMMA), SOLVED, False),
        (UNPARKED, REPARKED, False),
        (warned(), SOLVED, False),
        (warned(), replied(BY_LUCIA, Status.OPEN, Status.OPEN, version=4), True),
        (warned(), ASKED_AGAIN, False),
        (warned(metric=Metric.FIRST_REPLY), replied(BY_LUCIA, Status.OPEN, Status.OPEN, version=4), False),
        (warned(metric=Metric.FIRST_REPLY), replied(BY_JAN, Status.OPEN, Status.OPEN, version=4), True),
        (warned(), prioritised(Priority.LOW, version=4), False),
        (breached(), SOLVED, True),
        (breached(), SPAM, False),
        (escalated(), ASKED_AGAIN, True),
        (escalated(), SOLVED, False),
        (escalated(metric=Metric.NEXT_REPLY), ASKED_AGAIN, False),
        # Somebody's own words always go, whatever has happened since.
        (replied(BY_LUCIA, Status.OPEN, Status.NEW), CLOSED_UNANSWERED, True),
        (replied(BY_LUCIA, Status.PENDING, Status.OPEN), ANSWERED, True),
        (replied(BY_LUCIA, Status.SOLVED, Status.OPEN), REOPENED, True),
        (replied(BY_JAN, Status.OPEN, Status.PENDING), SOLVED, True),
    ],
)
def test_a_mail_is_sent_only_while_it_is_true(
    planned: TicketEventData, since: TicketEventData, still_true: bool
) -> None:
    mail = the_mail(planned)
    assert why_untrue(mail, knowing(planned), NOW) == ""
    assert (why_untrue(mail, knowing(planned, since), NOW) == "") is still_true
    # Events come in any order: the newer one may have been here first.
    assert (why_untrue(mail, knowing(since, planned), NOW) == "") is still_true


def test_a_reminder_that_comes_after_the_closing_date_it_names_is_not_sent() -> None:
    data, closes_at = reminder_due(), NOW + timedelta(days=7)
    assert data.closes_at == closes_at
    assert why_untrue(the_mail(data), knowing(data), closes_at - timedelta(seconds=1)) == ""
    assert why_untrue(the_mail(data), knowing(data), closes_at) == "The instant it warns of has come."


def test_a_warning_that_comes_after_the_breach_is_not_sent() -> None:
    data = warned()
    assert why_untrue(the_mail(data), knowing(data), data.breach_at - timedelta(seconds=1)) == ""
    assert why_untrue(the_mail(data), knowing(data), data.breach_at) == "The instant it warns of has come."


def test_a_reminder_whose_closing_was_moved_goes_without_the_date() -> None:
    data, moved_since = reminder_due(), postponed(version=4)
    mail = the_mail(data)
    assert why_untrue(mail, knowing(data, moved_since), NOW) == ""
    assert not promise_stands(mail, knowing(data, moved_since))
    # Kept open, the question is a new one, with a reminder of its own.
    assert why_untrue(mail, knowing(data, postponed(BY_JAN, "kept_open")), NOW) != ""


def test_of_two_new_closing_dates_only_the_newest_is_told() -> None:
    first, second = postponed(BY_LUCIA, "asked"), postponed(CLOCK, "mail_down", version=5)
    known = knowing(reminder_due(), first, second)
    assert why_untrue(the_mail(first), known, NOW) != ""
    assert why_untrue(the_mail(second), known, NOW) == ""
    assert why_untrue(the_mail(second), knowing(reminder_due(), second, ANSWERED_LATER), NOW) != ""


@pytest.mark.parametrize(
    ("before", "is_told"),
    [
        ((), False),
        ((ASKED,), False),
        ((ASKED, reminder_due()), True),
        ((reminder_due(), ASKED), True),
        ((reminder_due(), ANSWERED), False),
        ((reminder_due(), NOTED_WHILE_PENDING), True),
        ((reminder_due(), postponed(BY_LUCIA, "asked")), True),
        ((reminder_due(), postponed(BY_LUCIA, "kept_open")), True),
        ((reminder_due(), postponed(BY_JAN, "asked")), True),
        ((reminder_due(), postponed(BY_JAN, "kept_open")), False),
        ((postponed(BY_LUCIA, "kept_open"),), False),
    ],
)
def test_a_closing_date_was_told_where_a_reminder_told_it_and_nothing_began_anew(
    before: tuple[TicketEventData, ...], is_told: bool
) -> None:
    known = knowing(*before) if before else None
    assert is_closing_told(known, postponed(version=9)) is is_told


def test_a_reminder_newer_than_the_moved_closing_has_told_nothing_before_it() -> None:
    assert not is_closing_told(knowing(reminder_due(version=5)), postponed(version=4))


def test_a_password_link_that_has_expired_is_not_sent() -> None:
    mail = the_mail(link_requested(JAN))
    assert why_untrue(mail, None, NOW + PASSWORD_LINK_LIFETIME - timedelta(seconds=1)) == ""
    assert why_untrue(mail, None, NOW + PASSWORD_LINK_LIFETIME) == "The link it carries has expired."


def test_a_promise_stands_until_the_next_turn_of_the_ticket() -> None:
    asked = replied(BY_LUCIA, Status.PENDING, Status.OPEN)
    mail = the_mail(asked)
    assert promise_stands(mail, None)
    assert promise_stands(mail, knowing(submitted(), asked, NOTED_WHILE_PENDING))
    assert not promise_stands(mail, knowing(asked, ANSWERED))
    assert not promise_stands(mail, knowing(asked, reminder_due()))


def test_the_newest_version_wins_in_any_order() -> None:
    in_order = knowing(submitted(), replied(BY_LUCIA, Status.PENDING, Status.OPEN, version=2), reminder_due(version=3))
    reversed_order = knowing(
        reminder_due(version=3), replied(BY_LUCIA, Status.PENDING, Status.OPEN, version=2), submitted()
    )
    assert in_order == reversed_order
    assert (in_order.version, in_order.status, in_order.turn) == (3, Status.PENDING, 3)


def test_an_internal_note_is_no_turn() -> None:
    known = knowing(submitted(ticket(version=1)), noted(BY_EMMA))
    assert (known.version, known.turn) == (2, 1)


def test_every_mail_that_has_no_rule_is_one_that_always_goes() -> None:
    known = knowing(SPAM)
    always = {
        Template.ANSWER,
        Template.QUESTION,
        Template.SOLUTION,
        Template.NEW_TICKET,
        Template.REPLY,
        Template.BAD_RATING,
        Template.MERGED,
    }
    mail = the_mail(submitted())
    for template in Template:
        other = mail.model_copy(update={"template": template})
        assert (why_untrue(other, known, NOW) == "") is (template in always | {Template.PASSWORD_LINK})
