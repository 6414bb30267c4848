"""What a ticket's history calls for, told on small histories."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.cli.demo.history import History, Line, RetoldTicket
from services.contract.event_data import Actor, Contact
from services.contract.events import TicketReplied, event_id
from services.contract.vocabulary import AlertAudience as Whom
from services.contract.vocabulary import Channel, ClosedReason, Kind, Language, Priority, Role, Status
from services.intake.rules.ticket import CLOCK, Ticket
from services.notify.rules.notices import Template
from services.promises.policy import Escalation, Policy
from services.promises.standing import Standing, Stretch

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def contact(name: str, email: str | None = "") -> Contact:
    address = f"{name.lower()}@balie.example" if email == "" else email
    return Contact(person_id=uuid4(), name=name, email=address, language=Language.DUTCH)


def actor(one: Contact, *, staff: bool = False) -> Actor:
    return Actor(kind="person", name=one.name, person_id=one.person_id, staff=staff)


MARIEKE, DAAN, GIULIA = contact("Marieke"), contact("Daan"), contact("Giulia")
STAFF = (DAAN, GIULIA)
BY_DAAN, BY_GIULIA = actor(DAAN, staff=True), actor(GIULIA, staff=True)
ROLES = {DAAN.person_id: Role.AGENT, GIULIA.person_id: Role.DIRECTOR}


def line(version: int, type: str, by: Actor, **facts: Any) -> Line:
    return Line(version, type, by, public=True, facts=facts)


SUBMITTED = (line(1, "submitted", actor(MARIEKE)), line(1, "comment", actor(MARIEKE)))


def moved(version: int, by: Actor, after: str, *, before: str = "open", reopened: bool = False) -> Line:
    return line(version, "status_changed", by, **{"from": before, "to": after, "reopened": reopened})


def met(version: int, deadline: str, after: str, reason: str | None = None, due: str = "2026-11-09") -> Line:
    facts = {"deadline": deadline, "due_at": f"{due}T09:00:00+00:00", "met_at": f"{due}T09:00:01+00:00"}
    return line(version, "deadline_met", CLOCK, to=after, closed_reason=reason, **facts)


def history(
    *lines: Line,
    requester: Contact = MARIEKE,
    status: Status = Status.NEW,
    closed_reason: ClosedReason | None = None,
    **ticket: Any,
) -> History:
    """A ticket of Marieke's with these lines, and a row that agrees with them."""
    facts: dict[str, Any] = {
        "version": max(one.version for one in lines),
        "standing": Standing(1, Priority.LOW, (Stretch(status, NOW),), closed_reason, asked_at=NOW),
        "subject": "Fire!",
        "kind": Kind.QUESTION,
        "asked_priority": Priority.LOW,
        "channel": Channel.EMAIL,
        "language": Language.DUTCH,
        "requester": requester,
        "updated_at": NOW,
        "policy": Policy(),
    }
    return History(Ticket(**{**facts, **ticket}), lines)


def told(of: History) -> list[tuple[Template, str]]:
    return [(due.template, due.to.partition("@")[0]) for due in RetoldTicket.of(of, STAFF, ROLES).due]


def test_a_new_ticket_is_confirmed_and_support_hears_of_it() -> None:
    assert told(history(*SUBMITTED)) == [("confirmation", "marieke"), ("new_ticket", "daan"), ("new_ticket", "giulia")]


def test_what_a_machine_wrote_is_not_confirmed() -> None:
    machine = History(history(*SUBMITTED).ticket, SUBMITTED, by_machine=True)
    assert told(machine) == [("new_ticket", "daan"), ("new_ticket", "giulia")]


def test_nobody_without_an_address_is_mailed() -> None:
    nobody = contact("Nobody", None)
    lines = (line(1, "submitted", actor(nobody)), line(1, "comment", actor(nobody)))
    assert told(history(*lines, requester=nobody)) == [("new_ticket", "daan"), ("new_ticket", "giulia")]


@pytest.mark.parametrize(
    ("after", "template"), [("open", Template.ANSWER), ("pending", Template.QUESTION), ("solved", Template.SOLUTION)]
)
def test_supports_message_is_named_by_where_it_leaves_the_ticket(after: str, template: Template) -> None:
    daan = actor(DAAN, staff=True)
    of = history(*SUBMITTED, line(2, "comment", daan), moved(2, daan, after, before="new"))
    (mail,) = RetoldTicket.of(of, STAFF).due[3:]
    event = event_id("ticket", 1, 2, TicketReplied.TYPE)
    assert (mail.template, mail.id) == (template, event_id(event, MARIEKE.person_id, template))


def test_the_requesters_answer_goes_to_who_is_responsible_and_to_all_where_nobody_is() -> None:
    answer = line(2, "comment", actor(MARIEKE))
    assert told(history(*SUBMITTED, answer))[3:] == [("reply", "daan"), ("reply", "giulia")]
    daan = actor(DAAN, staff=True)
    assigned = line(2, "assigned", daan, assignee="Daan")
    answer = line(3, "comment", actor(MARIEKE))
    assert told(history(*SUBMITTED, assigned, moved(2, daan, "open", before="new"), answer))[3:] == [("reply", "daan")]


def test_the_solver_is_responsible_where_nobody_was() -> None:
    giulia = actor(GIULIA, staff=True)
    solved = (line(2, "comment", giulia), moved(2, giulia, "solved", before="new"))
    assert told(history(*SUBMITTED, *solved, line(3, "comment", actor(MARIEKE))))[4:] == [("reply", "giulia")]


def test_who_is_made_responsible_by_somebody_else_hears_of_it() -> None:
    assigned = line(2, "assigned", actor(DAAN, staff=True), assignee="Giulia")
    assert told(history(*SUBMITTED, assigned))[3:] == [("assigned", "giulia")]
    assert told(history(*SUBMITTED, line(2, "assigned", actor(DAAN, staff=True), assignee="Daan")))[3:] == []


def test_a_note_is_told_to_nobody() -> None:
    note = Line(2, "comment", actor(DAAN, staff=True), public=False, facts={})
    assert told(history(*SUBMITTED, note))[3:] == []


def test_solving_and_reopening_in_silence_are_told_by_themselves() -> None:
    daan = actor(DAAN, staff=True)
    assert told(history(*SUBMITTED, moved(2, daan, "solved")))[3:] == [("solved", "marieke")]
    assert told(history(*SUBMITTED, moved(2, daan, "open", reopened=True)))[3:] == [("reopened", "marieke")]


def test_the_clocks_acts_are_told_but_for_finalisation() -> None:
    clock = (met(2, "reminder", "pending"), met(3, "closure", "closed", "no_response"))
    assert told(history(*SUBMITTED, *clock))[3:] == [("reminder", "marieke"), ("closed", "marieke")]
    clock = (met(2, "survey", "solved"), met(3, "finalisation", "closed", "finalised"))
    assert told(history(*SUBMITTED, *clock))[3:] == [("survey", "marieke")]


def test_only_a_bad_rating_is_told() -> None:
    assert told(history(*SUBMITTED, line(2, "rated", actor(MARIEKE), good=True)))[3:] == []
    bad = history(*SUBMITTED, line(2, "rated", actor(MARIEKE), good=False))
    assert told(bad)[3:] == [("bad_rating", "daan"), ("bad_rating", "giulia")]


def test_a_follow_up_begins_with_who_was_responsible_before() -> None:
    of = history(*SUBMITTED, line(2, "comment", actor(MARIEKE)))
    assert told(History(of.ticket, of.lines, came_with=GIULIA))[3:] == [("reply", "giulia")]
    assert RetoldTicket.of(History(of.ticket, of.lines, came_with=GIULIA)).status is Status.OPEN


def test_every_mail_has_an_id_of_its_own() -> None:
    ids: list[UUID] = [
        due.id for due in RetoldTicket.of(history(*SUBMITTED, line(2, "comment", actor(MARIEKE))), STAFF).due
    ]
    assert len(set(ids)) == len(ids) == 5


PENDING = moved(2, BY_DAAN, "pending")
ASKED = (line(2, "comment", BY_DAAN), PENDING)


def test_parking_is_the_directors_to_decide_and_told_to_the_requester_by_a_message_or_by_itself() -> None:
    parked = moved(2, BY_DAAN, "parked")
    assert told(history(*SUBMITTED, parked))[3:] == [("parked", "marieke"), ("decision_needed", "giulia")]
    with_words = (line(2, "comment", BY_DAAN), parked)
    assert told(history(*SUBMITTED, *with_words))[3:] == [("answer", "marieke"), ("decision_needed", "giulia")]
    back = moved(3, BY_DAAN, "open", before="parked")
    assert told(history(*SUBMITTED, parked, back))[5:] == [("reopened", "marieke")]


@pytest.mark.parametrize("type", ["planned", "shipped", "prioritised", "merged"])
def test_what_has_an_event_of_its_own_is_told_by_it_alone(type: str) -> None:
    after = {"shipped": "solved", "merged": "closed"}.get(type)
    act = (line(2, type, BY_DAAN), *([moved(2, BY_DAAN, after)] if after else []))
    template = {"prioritised": "priority_changed"}.get(type, type)
    assert told(history(*SUBMITTED, *act))[3:] == [(template, "marieke")]


def test_a_ticket_closed_by_hand_was_merged_or_is_spam() -> None:
    closed = moved(2, BY_DAAN, "closed")
    assert RetoldTicket.of(history(*SUBMITTED, closed)).closed_reason is ClosedReason.SPAM
    assert RetoldTicket.of(history(*SUBMITTED, line(2, "merged", BY_DAAN), closed)).closed_reason is ClosedReason.MERGED
    assert told(history(*SUBMITTED, closed))[3:] == []


def test_the_requesters_word_that_it_is_solved_goes_to_who_is_responsible() -> None:
    says = (line(2, "confirmed_solved", actor(MARIEKE)), moved(2, actor(MARIEKE), "solved"))
    assert told(history(*SUBMITTED, *says))[3:] == [("says_solved", "daan"), ("says_solved", "giulia")]


@pytest.mark.parametrize(
    ("act", "mails"),
    [
        (line(4, "postponed", BY_DAAN, deadline="closure"), 1),
        (line(4, "postponed", CLOCK, deadline="closure"), 1),
        (line(4, "kept_open", BY_DAAN), 1),
        (line(4, "replanned", BY_DAAN, changes=[{"deadline": "closure"}]), 1),
        (line(4, "replanned", BY_DAAN, changes=[{"deadline": "breach resolution"}]), 0),
        (line(4, "postponed", BY_DAAN, deadline="reminder"), 0),
        (line(4, "postponed", actor(MARIEKE), deadline="closure"), 0),
        (line(4, "kept_open", actor(MARIEKE)), 0),
    ],
)
def test_a_closing_date_moved_by_us_is_told_anew_once_a_reminder_told_it(act: Line, mails: int) -> None:
    reminded = (*SUBMITTED, *ASKED, met(3, "reminder", "pending"))
    assert told(history(*reminded, act))[5:] == [("postponed", "marieke")] * mails
    assert told(history(*SUBMITTED, *ASKED, act))[4:] == []
    answered = Line(4, "comment", actor(MARIEKE), public=True, facts={})
    later = Line(5, act.type, act.actor, public=True, facts=act.facts)
    assert ("postponed", "marieke") not in told(history(*reminded, answered, later))


def alert(version: int, kind: str, *, at: str, due: str, point: int = 0) -> Line:
    times = {"due_at": f"{due}T09:00:00+00:00", "met_at": f"{at}T09:00:01+00:00"}
    promise = {"deadline": kind, "metric": "resolution", "point": point}
    return line(version, "deadline_met", CLOCK, to="open", closed_reason=None, **promise, **times)


def test_promises_are_told_to_whom_the_policy_names() -> None:
    policy = Policy(escalations=(Escalation(), Escalation(tell=(Whom.AGENTS, Whom.ADMINS))))
    given = (
        line(2, "assigned", BY_GIULIA, assignee="Giulia"),
        alert(3, "warning", at="2026-11-03", due="2026-11-03", point=75),
        alert(4, "breach", at="2026-11-04", due="2026-11-04"),
        alert(5, "escalation", at="2026-11-05", due="2026-11-05", point=1),
    )
    assert told(history(*SUBMITTED, *given, policy=policy))[3:] == [
        ("sla_warned", "giulia"),
        ("sla_breached", "giulia"),
        ("sla_escalated", "daan"),
    ]


def test_a_warning_given_after_the_breach_is_told_to_nobody() -> None:
    given = (
        alert(2, "warning", at="2026-11-05", due="2026-11-03", point=75),
        alert(3, "breach", at="2026-11-05", due="2026-11-04"),
    )
    assert told(history(*SUBMITTED, *given))[3:] == [("sla_breached", "daan")]


def test_who_put_a_ticket_aside_is_reminded_of_it() -> None:
    aside = (
        line(2, "assigned", BY_DAAN, assignee="Daan"),
        Line(3, "snoozed", BY_GIULIA, public=False, facts={"until": "2026-11-09", "who": "Giulia"}),
        met(4, "snooze", "open"),
    )
    assert told(history(*SUBMITTED, *aside))[3:] == [("snooze_ended", "giulia")]


def test_who_came_with_a_merged_ticket_hears_from_then_on() -> None:
    pia = contact("Pia")
    lines = (line(2, "comment", BY_DAAN), line(3, "took_in", BY_DAAN, merged=9), line(4, "comment", BY_DAAN))
    of = history(*SUBMITTED, *lines)
    joined = History(of.ticket, of.lines, joined={9: (pia, MARIEKE)})
    assert told(joined)[3:] == [("answer", "marieke"), ("answer", "marieke"), ("answer", "pia")]
