"""Who hears what: every event against every role, without a database."""

from uuid import uuid4

import pytest

from services.events import Contact, EventData
from services.notify.notices import FOR_STAFF, PASSWORD_BUDGET, Notification, Template, automatic_budget
from services.notify.plan import (
    EXCERPT_CHARACTERS_MAX,
    SUGGESTION_WAIT,
    Facts,
    Subscriber,
    budget_of,
    plan,
)
from services.vocabulary import Channel, ClosedReason, Language, Status
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
    by,
    changed,
    happened,
    link_requested,
    moved,
    noted,
    person,
    rated,
    reminder_due,
    replied,
    submitted,
    suggested,
    survey_due,
    ticket,
)

SILENT = Facts(DESK.address)
STAFFED = Facts(DESK.address, staff=(Subscriber(EMMA), Subscriber(LUCIA)))
PHONE_ONLY = person("Old Pete", email=None)
COLLEAGUE = by(person("Piet Bakker"))


def planned(data: EventData, facts: Facts = STAFFED) -> list[Notification]:
    return plan(happened(data), data, facts, NOW)


def heard(data: EventData, facts: Facts = STAFFED) -> list[tuple[str, Template]]:
    """Who is told what, by first name."""
    return [(one.recipient.name.split()[0], one.template) for one in planned(data, facts)]


TABLE: list[tuple[str, EventData, list[tuple[str, Template]]]] = [
    (
        "a new ticket is confirmed to its requester and told to all staff",
        submitted(),
        [("Jan", Template.CONFIRMATION), ("Emma", Template.NEW_TICKET), ("Lucia", Template.NEW_TICKET)],
    ),
    (
        "an agent who logs a phone call does not hear of it, the requester and the others do",
        submitted(ticket(channel=Channel.PHONE), by=BY_LUCIA),
        [("Jan", Template.CONFIRMATION), ("Emma", Template.NEW_TICKET)],
    ),
    (
        "a machine gets no confirmation",
        submitted(auto_generated=True),
        [("Emma", Template.NEW_TICKET), ("Lucia", Template.NEW_TICKET)],
    ),
    (
        "a requester without an address gets none either",
        submitted(ticket(requester=PHONE_ONLY), by=BY_LUCIA),
        [("Emma", Template.NEW_TICKET)],
    ),
    (
        "an agent who asks something themselves gets a confirmation, the others the notice",
        submitted(ticket(requester=EMMA), by=BY_EMMA),
        [("Emma", Template.CONFIRMATION), ("Lucia", Template.NEW_TICKET)],
    ),
    ("support answers", replied(BY_LUCIA, Status.OPEN, Status.NEW), [("Jan", Template.ANSWER)]),
    ("support asks", replied(BY_LUCIA, Status.PENDING, Status.OPEN), [("Jan", Template.QUESTION)]),
    ("support solves with words", replied(BY_LUCIA, Status.SOLVED, Status.OPEN), [("Jan", Template.SOLUTION)]),
    ("support reopens with words", replied(BY_LUCIA, Status.OPEN, Status.SOLVED), [("Jan", Template.ANSWER)]),
    ("the requester replies", replied(BY_JAN, Status.OPEN, Status.PENDING), [("Lucia", Template.REPLY)]),
    ("a colleague of the requester replies", replied(COLLEAGUE, Status.OPEN, Status.OPEN), [("Lucia", Template.REPLY)]),
    (
        "a machine's reply is still read by somebody",
        replied(BY_JAN, Status.OPEN, Status.OPEN, auto_generated=True),
        [("Lucia", Template.REPLY)],
    ),
    (
        "a reply nobody is responsible for is told to all staff",
        replied(BY_JAN, Status.OPEN, Status.OPEN, assignee=None),
        [("Emma", Template.REPLY), ("Lucia", Template.REPLY)],
    ),
    (
        "an agent's reply to a ticket of their own is a requester's",
        replied(BY_EMMA, Status.OPEN, Status.OPEN, facts=ticket(Status.OPEN, requester=EMMA, assignee=LUCIA)),
        [("Lucia", Template.REPLY)],
    ),
    (
        "an agent's reply to a ticket of their own, assigned to themselves, is told to nobody",
        replied(BY_EMMA, Status.OPEN, Status.OPEN, facts=ticket(Status.OPEN, requester=EMMA, assignee=EMMA)),
        [],
    ),
    ("solved without a word", moved(BY_LUCIA, Status.SOLVED, Status.OPEN), [("Jan", Template.SOLVED)]),
    (
        "closed for silence",
        moved(CLOCK, Status.CLOSED, Status.PENDING, closed_reason=ClosedReason.NO_RESPONSE),
        [("Jan", Template.CLOSED)],
    ),
    (
        "reopened without a word",
        moved(BY_LUCIA, Status.OPEN, Status.SOLVED, reopened=True),
        [("Jan", Template.REOPENED)],
    ),
    ("reopened by the requester's side", moved(COLLEAGUE, Status.OPEN, Status.SOLVED, reopened=True), []),
    ("taken up", moved(BY_LUCIA, Status.OPEN, Status.NEW), []),
    ("finalised", moved(CLOCK, Status.CLOSED, Status.SOLVED, closed_reason=ClosedReason.FINALISED), []),
    ("merged", moved(BY_LUCIA, Status.CLOSED, Status.OPEN, closed_reason=ClosedReason.MERGED), []),
    ("found to be spam", moved(BY_LUCIA, Status.CLOSED, Status.NEW, closed_reason=ClosedReason.SPAM), []),
    ("a move that a message tells", moved(BY_LUCIA, Status.SOLVED, Status.OPEN, told=True), []),
    ("assigned by another", assigned(BY_EMMA, LUCIA), [("Lucia", Template.ASSIGNED)]),
    ("taken by oneself", assigned(BY_LUCIA, LUCIA), []),
    ("assigned to nobody", assigned(BY_EMMA, None), []),
    ("the reminder is due", reminder_due(), [("Jan", Template.REMINDER)]),
    ("the survey is due", survey_due(), [("Jan", Template.SURVEY)]),
    ("a good rating", rated(True), []),
    ("a bad rating", rated(False), [("Lucia", Template.BAD_RATING)]),
    (
        "a bad rating nobody is responsible for",
        rated(False, assignee=None),
        [("Emma", Template.BAD_RATING), ("Lucia", Template.BAD_RATING)],
    ),
    ("a password link is asked for", link_requested(), [("Jan", Template.PASSWORD_LINK)]),
    ("an internal note", noted(BY_LUCIA), []),
    ("a person changed", changed(LUCIA), []),
    ("articles were found", suggested(), []),
]


@pytest.mark.parametrize(("data", "told"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_each_event_is_told_to_exactly_these(data: EventData, told: list[tuple[str, Template]]) -> None:
    assert heard(data) == told


def test_the_table_gives_rise_to_every_mail_there_is() -> None:
    assert {template for _, _, told in TABLE for _, template in told} == set(Template)


def test_everybody_hears_in_their_own_language() -> None:
    assert [(one.recipient.name, one.recipient.language) for one in planned(submitted())] == [
        ("Jan de Vries", Language.DUTCH),
        ("Emma Clark", Language.ENGLISH),
        ("Lucia Rossi", Language.ITALIAN),
    ]


def test_staff_get_only_the_notices_they_want() -> None:
    facts = Facts(DESK.address, staff=(Subscriber(EMMA, notices=FOR_STAFF - {Template.NEW_TICKET}), Subscriber(LUCIA)))
    assert heard(submitted(), facts) == [("Jan", Template.CONFIRMATION), ("Lucia", Template.NEW_TICKET)]


def test_an_assignee_who_wants_no_notice_of_replies_leaves_them_to_nobody_else() -> None:
    facts = Facts(DESK.address, staff=(Subscriber(EMMA), Subscriber(LUCIA, notices=frozenset())))
    assert heard(replied(BY_JAN, Status.OPEN, Status.OPEN), facts) == []


def test_a_reply_to_an_assignee_who_has_left_is_told_to_those_who_stayed() -> None:
    facts = Facts(DESK.address, staff=(Subscriber(EMMA), Subscriber(LUCIA, active=False)))
    assert heard(replied(BY_JAN, Status.OPEN, Status.OPEN), facts) == [("Emma", Template.REPLY)]
    assert heard(assigned(BY_EMMA, LUCIA), facts) == []


def test_an_assignee_nobody_told_us_of_yet_hears_all_the_same() -> None:
    assert heard(replied(BY_JAN, Status.OPEN, Status.OPEN), SILENT) == [("Lucia", Template.REPLY)]


def test_an_assignee_is_reached_where_they_are_now_not_where_the_ticket_remembers() -> None:
    moved_house = Contact(person_id=LUCIA.person_id, name=LUCIA.name, email="new@example.org", language=LUCIA.language)
    facts = Facts(DESK.address, staff=(Subscriber(moved_house),))
    assert [one.recipient.address for one in planned(rated(False), facts)] == ["new@example.org"]


def test_a_confirmation_waits_for_its_articles_and_nothing_else_does() -> None:
    due = {one.template: one.due_at for one in planned(submitted())}
    assert due == {Template.CONFIRMATION: NOW + SUGGESTION_WAIT, Template.NEW_TICKET: NOW}


def test_a_confirmation_whose_articles_are_there_goes_at_once() -> None:
    assert planned(submitted(), Facts(DESK.address, articles_known=True))[0].due_at == NOW


def test_the_same_event_plans_the_same_notifications() -> None:
    event_id, data = uuid4(), submitted()
    first, again = (plan(happened(data, id=event_id), data, STAFFED, NOW) for _ in range(2))
    assert first == again
    assert len({one.id for one in first}) == len(first)


def test_a_confirmation_does_not_quote_the_sender_to_whoever_the_sender_claimed_to_be() -> None:
    confirmation = planned(submitted(text="Buy pills", attachments=("pills.pdf",)))[0]
    assert (confirmation.content.text, confirmation.content.attachments) == ("", ())


def test_a_confirmation_of_a_phone_call_says_what_the_agent_wrote_down() -> None:
    confirmation = planned(submitted(ticket(channel=Channel.PHONE), text="It burns", by=BY_LUCIA))[0]
    assert confirmation.content.text == "It burns"


def test_staff_get_an_excerpt_of_a_long_message() -> None:
    notice = planned(replied(BY_JAN, Status.OPEN, Status.OPEN, text="a" * (EXCERPT_CHARACTERS_MAX + 1)))[0]
    assert (len(notice.content.text), notice.content.is_cut) == (EXCERPT_CHARACTERS_MAX, True)


@pytest.mark.parametrize("address", ["support@balie.example", "Support+12@Balie.example"])
def test_the_desk_never_writes_to_itself(address: str) -> None:
    loop = person("Loop", email=address)
    confirmation = planned(submitted(ticket(requester=loop), by=by(loop)), SILENT)[0]
    assert "own address" in confirmation.suppressed


def test_an_address_over_its_budget_gets_no_more_automatic_mail_and_the_reason_is_kept() -> None:
    budget = automatic_budget(most=3)
    within, over = Facts(DESK.address, budget=budget, spent=2), Facts(DESK.address, budget=budget, spent=3)
    assert planned(submitted(), within)[0].suppressed == ""
    assert "3 automatic mails within 60 minutes" in planned(submitted(), over)[0].suppressed


def test_what_a_person_wrote_and_what_staff_must_know_is_never_over_budget() -> None:
    spent = Facts(DESK.address, staff=STAFFED.staff, budget=automatic_budget(most=1), spent=1000)
    for data in (
        replied(BY_LUCIA, Status.OPEN, Status.NEW),
        replied(BY_LUCIA, Status.PENDING, Status.OPEN),
        replied(BY_LUCIA, Status.SOLVED, Status.OPEN),
        replied(BY_JAN, Status.OPEN, Status.OPEN),
        rated(False),
    ):
        assert [one.suppressed for one in planned(data, spent)] == [""]


def test_password_links_have_a_budget_of_their_own() -> None:
    automatic = automatic_budget()
    assert budget_of(link_requested(), automatic) is PASSWORD_BUDGET
    assert budget_of(submitted(), automatic) is automatic
    assert automatic.templates & PASSWORD_BUDGET.templates == frozenset()
    over = Facts(DESK.address, budget=PASSWORD_BUDGET, spent=PASSWORD_BUDGET.most)
    assert planned(link_requested(JAN), over)[0].suppressed
