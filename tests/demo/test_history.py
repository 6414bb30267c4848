"""What a ticket's history calls for, told on small histories."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.policy import Policy
from services.demo.history import History, Line, Told
from services.event_data import Actor, Contact
from services.events import TicketReplied, event_id
from services.intake.tickets import CLOCK, Ticket
from services.notify.notices import Template
from services.vocabulary import Channel, Kind, Language, Priority, Status

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def contact(name: str, email: str | None = "") -> Contact:
    address = f"{name.lower()}@balie.example" if email == "" else email
    return Contact(person_id=uuid4(), name=name, email=address, language=Language.DUTCH)


def actor(one: Contact, *, staff: bool = False) -> Actor:
    return Actor(kind="person", name=one.name, person_id=one.person_id, staff=staff)


MARIEKE, DAAN, GIULIA = contact("Marieke"), contact("Daan"), contact("Giulia")
STAFF = (DAAN, GIULIA)


def line(version: int, type: str, by: Actor, **facts: Any) -> Line:
    return Line(version, type, by, public=True, facts=facts)


SUBMITTED = (line(1, "submitted", actor(MARIEKE)), line(1, "comment", actor(MARIEKE)))


def moved(version: int, by: Actor, after: str, *, before: str = "open", reopened: bool = False) -> Line:
    return line(version, "status_changed", by, **{"from": before, "to": after, "reopened": reopened})


def met(version: int, deadline: str, after: str, reason: str | None = None, due: str = "2026-11-09") -> Line:
    facts = {"deadline": deadline, "due_at": f"{due}T09:00:00+00:00", "met_at": f"{due}T09:00:01+00:00"}
    return line(version, "deadline_met", CLOCK, to=after, closed_reason=reason, **facts)


def history(*lines: Line, requester: Contact = MARIEKE, **ticket: Any) -> History:
    """A ticket of Marieke's with these lines, and a row that agrees with them."""
    facts: dict[str, Any] = {
        "number": 1,
        "version": max(one.version for one in lines),
        "subject": "Fire!",
        "status": Status.NEW,
        "kind": Kind.QUESTION,
        "priority": Priority.LOW,
        "channel": Channel.EMAIL,
        "language": Language.DUTCH,
        "requester": requester,
        "opened_at": NOW,
        "updated_at": NOW,
        "policy": Policy(),
    }
    return History(Ticket(**{**facts, **ticket}), lines)


def told(of: History) -> list[tuple[Template, str]]:
    return [(due.template, due.to.partition("@")[0]) for due in Told.of(of, STAFF).due]


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
    (mail,) = Told.of(of, STAFF).due[3:]
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
    assert Told.of(History(of.ticket, of.lines, came_with=GIULIA)).status is Status.OPEN


def test_every_mail_has_an_id_of_its_own() -> None:
    ids: list[UUID] = [due.id for due in Told.of(history(*SUBMITTED, line(2, "comment", actor(MARIEKE))), STAFF).due]
    assert len(set(ids)) == len(ids) == 5
