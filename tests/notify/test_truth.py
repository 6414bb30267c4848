"""A mail that waited is held against what has been seen since."""

from datetime import timedelta

import pytest

from services.events import EventData, TicketEventData
from services.identity import PASSWORD_LINK_LIFETIME
from services.notify.notices import Notification, Template
from services.notify.plan import Facts, plan
from services.notify.truth import KnownTicket, learn, promise_stands, why_untrue
from services.vocabulary import ClosedReason, Status
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
    happened,
    link_requested,
    moved,
    noted,
    rated,
    reminder_due,
    replied,
    submitted,
    survey_due,
    ticket,
)

CLOSED_UNANSWERED = moved(CLOCK, Status.CLOSED, Status.PENDING, closed_reason=ClosedReason.NO_RESPONSE, version=4)
FINALISED = moved(CLOCK, Status.CLOSED, Status.SOLVED, closed_reason=ClosedReason.FINALISED, version=4)
SPAM = moved(BY_EMMA, Status.CLOSED, Status.NEW, closed_reason=ClosedReason.SPAM, version=4)
ANSWERED = replied(BY_JAN, Status.OPEN, Status.PENDING, version=4)
ASKED_AGAIN = replied(BY_LUCIA, Status.PENDING, Status.PENDING, version=4)
SOLVED = replied(BY_LUCIA, Status.SOLVED, Status.OPEN, version=4)
REOPENED = replied(BY_JAN, Status.OPEN, Status.SOLVED, version=4)
REOPENED_BY_STAFF = moved(BY_LUCIA, Status.OPEN, Status.SOLVED, reopened=True, version=2)
SILENCE_CLOSED = moved(CLOCK, Status.CLOSED, Status.PENDING, closed_reason=ClosedReason.NO_RESPONSE, version=2)
NOTED_WHILE_PENDING = noted(BY_EMMA, ticket(Status.PENDING, version=4))
NOTED_WHILE_CLOSED = noted(BY_EMMA, ticket(Status.CLOSED, closed_reason=ClosedReason.NO_RESPONSE, version=4))


def the_mail(data: EventData) -> Notification:
    return plan(happened(data), data, Facts(DESK.address), NOW)[0]


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
        (survey_due(), rated(True), True),
        (moved(BY_LUCIA, Status.SOLVED, Status.OPEN), FINALISED, True),
        (moved(BY_LUCIA, Status.SOLVED, Status.OPEN), REOPENED, False),
        (SILENCE_CLOSED, REOPENED, False),
        (SILENCE_CLOSED, NOTED_WHILE_CLOSED, True),
        (REOPENED_BY_STAFF, SOLVED, False),
        (REOPENED_BY_STAFF, ASKED_AGAIN, True),
        (assigned(BY_EMMA, LUCIA), assigned(BY_EMMA, EMMA, version=4), False),
        (assigned(BY_EMMA, LUCIA), ANSWERED, True),
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
    data = reminder_due()
    assert why_untrue(the_mail(data), knowing(data), data.closes_at - timedelta(seconds=1)) == ""
    assert why_untrue(the_mail(data), knowing(data), data.closes_at) != ""


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
    }
    mail = the_mail(submitted())
    for template in Template:
        other = mail.model_copy(update={"template": template})
        assert (why_untrue(other, known, NOW) == "") is (template in always | {Template.PASSWORD_LINK})
