"""Who hears what: every event against every role, without a database."""

from dataclasses import replace
from uuid import uuid4

import pytest

from services.contract.event_data import Contact, EventData
from services.contract.vocabulary import AlertAudience, Channel, ClosedReason, DeadlineKind, Language, Role, Status
from services.notify.rules.facts import PlanFacts, Subscriber
from services.notify.rules.notices import FOR_STAFF, PASSWORD_BUDGET, Notification, Template, automatic_budget
from services.notify.rules.plan import SUGGESTION_WAIT, budget_of, may_tell_staff, plan
from services.notify.rules.telling import EXCERPT_CHARACTERS_MAX
from tests.notify.happenings import (
    ADA,
    BY_DIRK,
    BY_EMMA,
    BY_JAN,
    BY_LUCIA,
    CLOCK,
    DESK,
    DIRK,
    EMMA,
    JAN,
    LUCIA,
    NOW,
    PIA,
    TEAM,
    assigned,
    breached,
    by,
    changed,
    escalated,
    happened,
    link_requested,
    merged,
    moved,
    noted,
    person,
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
    suggested,
    survey_due,
    team_changed,
    ticket,
    warned,
)

SILENT = PlanFacts(DESK.address)
STAFFED = PlanFacts(DESK.address, staff=(Subscriber(EMMA), Subscriber(LUCIA)))
WHOLE_DESK = PlanFacts(
    DESK.address,
    staff=(
        Subscriber(ADA, role=Role.ADMIN),
        Subscriber(DIRK, role=Role.DIRECTOR),
        Subscriber(EMMA, role=Role.AGENT),
        Subscriber(LUCIA, role=Role.AGENT),
    ),
)
REMINDED = replace(WHOLE_DESK, closing_told=True)
PHONE_ONLY = person("Old Pete", email=None)
COLLEAGUE = by(person("Piet Bakker"))


def planned(data: EventData, facts: PlanFacts = STAFFED) -> list[Notification]:
    return plan(happened(data), data, facts, NOW)


def heard(data: EventData, facts: PlanFacts = STAFFED) -> list[tuple[str, Template]]:
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
    ("parked without a word", moved(BY_LUCIA, Status.PARKED, Status.OPEN), [("Jan", Template.PARKED)]),
    ("parked with a word", replied(BY_LUCIA, Status.PARKED, Status.OPEN), [("Jan", Template.ANSWER)]),
    ("a parked ticket is taken up again", moved(BY_EMMA, Status.OPEN, Status.PARKED), [("Jan", Template.REOPENED)]),
    ("planned in a release", planned_in(), [("Jan", Template.PLANNED)]),
    ("its release is there", shipped(), [("Jan", Template.SHIPPED)]),
    ("another priority", prioritised(), [("Jan", Template.PRIORITY_CHANGED)]),
    ("merged into another", merged(), [("Jan", Template.MERGED)]),
    ("shared with a colleague", shared(PIA), [("Pia", Template.SHARED)]),
    ("shared no more", shared(PIA, with_them=False), []),
    (
        "the requester says that it is solved",
        moved(BY_JAN, Status.SOLVED, Status.PENDING),
        [("Lucia", Template.SAYS_SOLVED)],
    ),
    (
        "a colleague of the requester says so of a ticket nobody is responsible for",
        moved(COLLEAGUE, Status.SOLVED, Status.OPEN, assignee=None),
        [("Jan", Template.SOLVED), ("Emma", Template.SAYS_SOLVED), ("Lucia", Template.SAYS_SOLVED)],
    ),
    ("the time an agent put it aside for is over", snooze_ended(EMMA), [("Emma", Template.SNOOZE_ENDED)]),
    ("the closing is moved before any reminder", postponed(BY_LUCIA, "asked"), []),
    ("a team changed", team_changed(LUCIA), []),
    ("a password link is asked for", link_requested(), [("Jan", Template.PASSWORD_LINK)]),
    ("an internal note", noted(BY_LUCIA), []),
    ("a person changed", changed(LUCIA), []),
    ("articles were found", suggested(), []),
]


@pytest.mark.parametrize(("data", "told"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_each_event_is_told_to_exactly_these(data: EventData, told: list[tuple[str, Template]]) -> None:
    assert heard(data) == told


def test_the_table_gives_rise_to_every_mail_there_is() -> None:
    rows = [*TABLE, *ON_THE_WHOLE_DESK, *AFTER_A_REMINDER]
    assert {template for _, _, told in rows for _, template in told} == set(Template)


def test_staff_are_read_for_every_event_that_is_told_to_them() -> None:
    # Without them a notice that somebody muted would go out all the same.
    rows = [*TABLE, *ON_THE_WHOLE_DESK, *AFTER_A_REMINDER]
    to_staff = {type(data) for _, data, told in rows if any(template in FOR_STAFF for _, template in told)}
    assert {type(data) for _, data, _ in rows if may_tell_staff(data)} == to_staff


ON_THE_WHOLE_DESK: list[tuple[str, EventData, list[tuple[str, Template]]]] = [
    (
        "a parked ticket is the director's to decide on",
        moved(BY_LUCIA, Status.PARKED, Status.OPEN),
        [("Jan", Template.PARKED), ("Dirk", Template.DECISION_NEEDED)],
    ),
    (
        "also where a message tells the requester",
        moved(BY_LUCIA, Status.PARKED, Status.OPEN, told=True),
        [("Dirk", Template.DECISION_NEEDED)],
    ),
    ("a director who parks it knows", moved(BY_DIRK, Status.PARKED, Status.OPEN, told=True), []),
    ("a warning goes to the assignee", warned(), [("Lucia", Template.SLA_WARNED)]),
    ("a breach too", breached(), [("Lucia", Template.SLA_BREACHED)]),
    (
        "where nobody is responsible, to all agents",
        breached(facts=ticket(Status.NEW)),
        [("Emma", Template.SLA_BREACHED), ("Lucia", Template.SLA_BREACHED)],
    ),
    (
        "where there is no team, to all agents",
        breached(AlertAudience.TEAM),
        [("Emma", Template.SLA_BREACHED), ("Lucia", Template.SLA_BREACHED)],
    ),
    (
        "one mail each, however often they are named",
        escalated(AlertAudience.ASSIGNEE, AlertAudience.AGENTS, AlertAudience.ADMINS),
        [("Lucia", Template.SLA_ESCALATED), ("Emma", Template.SLA_ESCALATED), ("Ada", Template.SLA_ESCALATED)],
    ),
    ("a breach nobody is to be told of", breached().model_copy(update={"tell": ()}), []),
]
AFTER_A_REMINDER: list[tuple[str, EventData, list[tuple[str, Template]]]] = [
    ("support moves the closing", postponed(BY_LUCIA, "asked"), [("Jan", Template.POSTPONED)]),
    ("support keeps it open", postponed(BY_LUCIA, "kept_open"), [("Jan", Template.POSTPONED)]),
    ("support skips the closing", postponed(BY_LUCIA, "skipped", days=None), [("Jan", Template.POSTPONED)]),
    ("the clock waits for mail", postponed(CLOCK, "mail_down"), [("Jan", Template.POSTPONED)]),
    ("the contract changed", postponed(BY_LUCIA, "replanned"), [("Jan", Template.POSTPONED)]),
    ("the requester moves the closing", postponed(BY_JAN, "asked"), []),
    ("a colleague of the requester keeps it open", postponed(COLLEAGUE, "kept_open"), []),
    ("another step is moved", postponed(BY_LUCIA, "asked", step=DeadlineKind.REMINDER), []),
]


@pytest.mark.parametrize(
    ("data", "told"), [row[1:] for row in ON_THE_WHOLE_DESK], ids=[r[0] for r in ON_THE_WHOLE_DESK]
)
def test_a_desk_with_roles_tells_each_what_is_theirs(data: EventData, told: list[tuple[str, Template]]) -> None:
    assert heard(data, WHOLE_DESK) == told


@pytest.mark.parametrize(("data", "told"), [row[1:] for row in AFTER_A_REMINDER], ids=[r[0] for r in AFTER_A_REMINDER])
def test_a_closing_date_that_was_told_and_moved_by_us_is_told_anew(
    data: EventData, told: list[tuple[str, Template]]
) -> None:
    assert heard(data, REMINDED) == told


def test_an_alert_to_a_team_goes_to_those_of_it_who_work_here() -> None:
    facts = replace(WHOLE_DESK, team=frozenset({EMMA.person_id, ADA.person_id, PIA.person_id}))
    in_team = ticket(Status.OPEN, assignee=LUCIA, team_id=TEAM)
    assert heard(breached(AlertAudience.TEAM, facts=in_team), facts) == [
        ("Ada", Template.SLA_BREACHED),
        ("Emma", Template.SLA_BREACHED),
    ]
    nobody = replace(facts, team=frozenset({PIA.person_id}))
    assert [name for name, _ in heard(breached(AlertAudience.TEAM, facts=in_team), nobody)] == ["Emma", "Lucia"]


def test_an_alert_to_an_assignee_who_has_left_goes_to_all_agents() -> None:
    facts = PlanFacts(DESK.address, staff=(Subscriber(EMMA, role=Role.AGENT), Subscriber(LUCIA, active=False)))
    assert heard(breached(), facts) == [("Emma", Template.SLA_BREACHED)]


def test_an_alert_to_admins_or_agents_there_are_none_of_reaches_somebody_all_the_same() -> None:
    only_admin = PlanFacts(DESK.address, staff=(Subscriber(ADA, role=Role.ADMIN),))
    assert heard(breached(AlertAudience.AGENTS), only_admin) == [("Ada", Template.SLA_BREACHED)]
    # Nobody's role is known: as in a desk whose people were all heard of before roles were told.
    assert [name for name, _ in heard(breached(AlertAudience.ADMINS), STAFFED)] == ["Emma", "Lucia"]


def test_without_a_director_an_admin_is_asked_to_decide() -> None:
    facts = PlanFacts(DESK.address, staff=(Subscriber(ADA, role=Role.ADMIN), Subscriber(EMMA, role=Role.AGENT)))
    assert heard(moved(BY_EMMA, Status.PARKED, Status.OPEN, told=True), facts) == [("Ada", Template.DECISION_NEEDED)]


@pytest.mark.parametrize("template", sorted(FOR_STAFF))
def test_every_notice_can_be_muted(template: Template) -> None:
    everything = [
        submitted(),
        replied(BY_JAN, Status.OPEN, Status.OPEN, assignee=None),
        assigned(CLOCK, LUCIA),
        moved(BY_JAN, Status.SOLVED, Status.OPEN),
        rated(False),
        moved(BY_EMMA, Status.PARKED, Status.OPEN),
        snooze_ended(LUCIA),
        warned(),
        breached(),
        escalated(),
    ]
    loud = PlanFacts(DESK.address, staff=(Subscriber(LUCIA, role=Role.DIRECTOR),))
    quiet = PlanFacts(DESK.address, staff=(Subscriber(LUCIA, role=Role.DIRECTOR, muted=frozenset({template})),))
    assert ("Lucia", template) in [told for data in everything for told in heard(data, loud)]
    assert ("Lucia", template) not in [told for data in everything for told in heard(data, quiet)]


def test_who_put_a_ticket_aside_and_left_leaves_it_to_the_others() -> None:
    facts = PlanFacts(DESK.address, staff=(Subscriber(EMMA, active=False), Subscriber(LUCIA)))
    assert heard(snooze_ended(EMMA), facts) == [("Lucia", Template.SNOOZE_ENDED)]


def test_those_whose_tickets_were_merged_hear_what_the_requester_hears_each_in_their_language() -> None:
    followed = ticket(Status.OPEN, assignee=LUCIA, followers=(PIA,))
    for data in (
        replied(BY_LUCIA, Status.OPEN, Status.NEW, facts=followed),
        moved(BY_LUCIA, Status.SOLVED, Status.OPEN, followers=(PIA,)),
        moved(BY_LUCIA, Status.PARKED, Status.OPEN, followers=(PIA,)),
        reminder_due(followers=(PIA,)),
        shipped().model_copy(update={"ticket": followed}),
        merged().model_copy(update={"ticket": followed}),
        prioritised().model_copy(update={"ticket": followed}),
    ):
        told = planned(data)
        assert [one.recipient.language for one in told] == [Language.DUTCH, Language.ENGLISH]
        assert len({one.template for one in told}) == 1


def test_those_whose_tickets_were_merged_are_not_asked_for_their_satisfaction() -> None:
    survey = survey_due()
    followed = survey.model_copy(update={"ticket": survey.ticket.model_copy(update={"followers": (PIA,)})})
    assert heard(followed) == [("Jan", Template.SURVEY)]


def test_nobody_gets_two_mails_of_one_event() -> None:
    phoned_in = ticket(requester=EMMA, followers=(EMMA,))
    assert heard(submitted(phoned_in, by=BY_LUCIA)) == [("Emma", Template.CONFIRMATION)]
    assert heard(replied(BY_LUCIA, Status.OPEN, Status.NEW, facts=phoned_in)) == [("Emma", Template.ANSWER)]


def test_everybody_hears_in_their_own_language() -> None:
    assert [(one.recipient.name, one.recipient.language) for one in planned(submitted())] == [
        ("Jan de Vries", Language.DUTCH),
        ("Emma Clark", Language.ENGLISH),
        ("Lucia Rossi", Language.ITALIAN),
    ]


def test_staff_get_only_the_notices_they_want() -> None:
    facts = PlanFacts(DESK.address, staff=(Subscriber(EMMA, muted=frozenset({Template.NEW_TICKET})), Subscriber(LUCIA)))
    assert heard(submitted(), facts) == [("Jan", Template.CONFIRMATION), ("Lucia", Template.NEW_TICKET)]


def test_an_assignee_who_wants_no_notice_of_replies_leaves_them_to_nobody_else() -> None:
    facts = PlanFacts(DESK.address, staff=(Subscriber(EMMA), Subscriber(LUCIA, muted=FOR_STAFF)))
    assert heard(replied(BY_JAN, Status.OPEN, Status.OPEN), facts) == []


def test_a_reply_to_an_assignee_who_has_left_is_told_to_those_who_stayed() -> None:
    facts = PlanFacts(DESK.address, staff=(Subscriber(EMMA), Subscriber(LUCIA, active=False)))
    assert heard(replied(BY_JAN, Status.OPEN, Status.OPEN), facts) == [("Emma", Template.REPLY)]
    assert heard(assigned(BY_EMMA, LUCIA), facts) == []


def test_an_assignee_nobody_told_us_of_yet_hears_all_the_same() -> None:
    assert heard(replied(BY_JAN, Status.OPEN, Status.OPEN), SILENT) == [("Lucia", Template.REPLY)]


def test_an_assignee_is_reached_where_they_are_now_not_where_the_ticket_remembers() -> None:
    moved_house = Contact(person_id=LUCIA.person_id, name=LUCIA.name, email="new@example.org", language=LUCIA.language)
    facts = PlanFacts(DESK.address, staff=(Subscriber(moved_house),))
    assert [one.recipient.address for one in planned(rated(False), facts)] == ["new@example.org"]


def test_a_confirmation_waits_for_its_articles_and_nothing_else_does() -> None:
    due = {one.template: one.due_at for one in planned(submitted())}
    assert due == {Template.CONFIRMATION: NOW + SUGGESTION_WAIT, Template.NEW_TICKET: NOW}


def test_a_confirmation_whose_articles_are_there_goes_at_once() -> None:
    assert planned(submitted(), PlanFacts(DESK.address, articles_known=True))[0].due_at == NOW


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
    within, over = (PlanFacts(DESK.address, budget=budget, spent={JAN.email or "": spent}) for spent in (2, 3))
    assert planned(submitted(), within)[0].suppressed == ""
    assert "3 automatic mails within 60 minutes" in planned(submitted(), over)[0].suppressed


def test_what_support_wrote_or_decided_and_what_staff_must_know_is_never_over_budget() -> None:
    spent = PlanFacts(DESK.address, staff=STAFFED.staff, budget=automatic_budget(most=1), spent={JAN.email or "": 1000})
    for data in (
        replied(BY_LUCIA, Status.OPEN, Status.NEW),
        replied(BY_LUCIA, Status.PENDING, Status.OPEN),
        replied(BY_LUCIA, Status.SOLVED, Status.OPEN),
        replied(BY_JAN, Status.OPEN, Status.OPEN),
        rated(False),
        shipped(),
        merged(),
        planned_in(),
        prioritised(),
        moved(BY_LUCIA, Status.PARKED, Status.OPEN),
        moved(BY_LUCIA, Status.SOLVED, Status.OPEN),
    ):
        assert [one.suppressed for one in planned(data, spent)] == [""]


def test_the_budget_is_for_what_comes_by_itself_and_was_not_promised() -> None:
    assert automatic_budget().templates == {Template.CONFIRMATION, Template.SURVEY}


def test_each_address_has_a_budget_of_its_own() -> None:
    facts = PlanFacts(DESK.address, budget=automatic_budget(most=1), spent={JAN.email or "": 1})
    mails = [planned(submitted(ticket(requester=who), by=by(who)), facts)[0] for who in (JAN, PIA)]
    assert [bool(one.suppressed) for one in mails] == [True, False]


def test_a_reminder_goes_however_many_an_address_got_before() -> None:
    facts = PlanFacts(DESK.address, budget=automatic_budget(most=1), spent={JAN.email or "": 1000})
    assert [one.suppressed for one in planned(reminder_due(), facts)] == [""]


def test_password_links_have_a_budget_of_their_own() -> None:
    automatic = automatic_budget()
    assert budget_of(link_requested(), automatic) is PASSWORD_BUDGET
    assert budget_of(submitted(), automatic) is automatic
    assert automatic.templates & PASSWORD_BUDGET.templates == frozenset()
    over = PlanFacts(DESK.address, budget=PASSWORD_BUDGET, spent={JAN.email or "": PASSWORD_BUDGET.most})
    assert planned(link_requested(JAN), over)[0].suppressed
