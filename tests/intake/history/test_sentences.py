"""A ticket's history in sentences, in every language, for support and for the requester's side."""

import json
from datetime import UTC, datetime, timedelta
from string import Formatter
from typing import Any

import pytest

from services.contract.event_data import Actor
from services.contract.temporal import Deadline
from services.contract.vocabulary import DeadlineKind, Effort, Language, Metric, Priority, Status
from services.intake.history.line import HistoryLine
from services.intake.history.teller import FOLDER, Teller, languages_said
from services.intake.rules.deadline_due import Meet
from services.intake.rules.decide import decide
from services.intake.rules.moves.confirm_solved import ConfirmSolved
from services.intake.rules.moves.decline import Decline
from services.intake.rules.moves.do_now import DoNow
from services.intake.rules.moves.keep_open import KeepOpen
from services.intake.rules.moves.link_problem import LinkProblem
from services.intake.rules.moves.merge import Merge
from services.intake.rules.moves.park import Park
from services.intake.rules.moves.plan import Plan
from services.intake.rules.moves.postpone import Postpone
from services.intake.rules.moves.prioritise import Prioritise
from services.intake.rules.moves.replan import Replan
from services.intake.rules.moves.ship import Ship
from services.intake.rules.moves.skip import Skip
from services.intake.rules.moves.snooze import Snooze
from services.intake.rules.moves.solve import Solve
from services.intake.rules.moves.take_in import TakeIn
from services.intake.rules.registry import read_line
from services.intake.rules.ticket import Decision, Ticket
from services.promises.policy import STANDARD, Policy
from services.promises.working_time import Calendar
from tests.intake.ticket_life import AGENT, DAAN, MARIEKE, NOON, REQUESTER, answered, asked, message, new_ticket

ENGLISH = Teller(Language.ENGLISH, "Europe/Amsterdam", inside=True)
OUTSIDE = Teller(Language.ENGLISH, "Europe/Amsterdam", inside=False)
CLOCK = Actor(kind="clock", name="Balie")
DAY = timedelta(days=1)


def history_line(teller: Teller, type_: str, actor: Actor, facts: dict[str, Any]) -> HistoryLine:
    """A line read back from its facts as the database keeps them, in words."""
    return read_line(type_, json.loads(json.dumps(facts))).told(teller, actor)


def told(decision: Decision, teller: Teller = ENGLISH) -> list[str]:
    """Every sentence of what a decision adds to the history."""
    happened = [entry for entry in decision.history if entry.message is None]
    return [history_line(teller, entry.type, entry.by, entry.line.kept()).sentence for entry in happened]


def evidence(decision: Decision, teller: Teller = ENGLISH) -> str:
    """The evidence of the last thing that happened."""
    entry = decision.history[-1]
    return history_line(teller, entry.type, entry.by, entry.line.kept()).evidence


def in_zone(zone: str, *policies: Policy) -> Teller:
    """The teller to somebody of support who reads in this zone."""
    return Teller(Language.ENGLISH, zone, inside=True, policies={each.version: each for each in policies})


def met(ticket: Ticket, kind: DeadlineKind, late: timedelta = timedelta(0), **meeting: Any) -> Decision:
    """The ticket's next deadline of this kind, met so long after it is due."""
    deadline = next(each for each in ticket.deadlines if each.kind is kind)
    return decide(ticket, Meet(deadline, **meeting), deadline.due_at + late)


def parked() -> Ticket:
    """A ticket on the board."""
    return decide(new_ticket(), Park(AGENT, workaround=True, effort=Effort.SMALL, note="The driver."), NOON).ticket


@pytest.mark.parametrize(
    ("kind", "facts", "sentence"),
    [
        ("submitted", {"channel": "phone", "follow_up_of": None}, "Daan opened this ticket (Phone)"),
        ("submitted", {"channel": "web", "follow_up_of": 3}, "Daan opened this ticket (Web), as a follow-up of #3"),
        ("assigned", {"assignee": "Daan"}, "Daan took this ticket"),
        ("assigned", {"assignee": "Giulia"}, "Daan assigned this ticket to Giulia"),
        ("assigned", {"assignee": None}, "Daan released this ticket"),
        ("team", {"team": "Printers"}, "Daan handed this ticket to the team Printers"),
        ("team", {"team": None}, "Daan took this ticket away from its team"),
        ("status_changed", {"from": "new", "to": "open", "reopened": False}, "Daan set the status to “Open”"),
        ("status_changed", {"from": "solved", "to": "open", "reopened": True}, "Daan reopened this ticket"),
        ("status_changed", {"from": "new", "to": "closed", "spam": True}, "Daan marked this ticket as spam"),
        ("rated", {"good": True, "comment": ""}, "Daan was satisfied"),
        ("rated", {"good": False, "comment": "Slow."}, "Daan was not satisfied: “Slow.”"),
        ("shared", {"colleague": "Carla", "shared": True}, "Daan shared this ticket with Carla"),
        ("shared", {"colleague": "Carla", "shared": False}, "Daan no longer shares this ticket with Carla"),
        ("changed", {"added": ["ink", "printer"], "removed": []}, "Daan changed the tags (added: “ink” and “printer”)"),
        (
            "changed",
            {"added": ["ink"], "removed": ["fire"]},
            "Daan changed the tags (added: “ink”) and the tags (removed: “fire”)",
        ),
        (
            "changed",
            {"subject": "Fire", "kind": "question"},
            "Daan changed the subject to “Fire” and the kind to “Question”",
        ),
        ("changed", {"product": "Labels"}, "Daan changed the product to “Labels”"),
        ("changed", {}, "Daan changed the details of the form"),
        ("something_new", {"what": "ever"}, "Daan: something_new"),
    ],
)
def test_what_people_did_is_a_sentence(kind: str, facts: dict[str, Any], sentence: str) -> None:
    assert history_line(ENGLISH, kind, AGENT, facts).sentence == sentence


def test_the_moves_say_what_they_did() -> None:
    waiting, on_board = asked(new_ticket(), NOON), parked()
    planned = decide(on_board, Plan(AGENT, "4.2"), NOON).ticket
    tomorrow = NOON + DAY
    assert told(decide(new_ticket(), Prioritise(AGENT, Priority.LOW, "It prints by cable."), NOON)) == [
        "Daan changed the priority from High to Low: “It prints by cable.”"
    ]
    assert told(decide(new_ticket(), Park(AGENT, False, Effort.LARGE, ""), NOON)) == [
        "Daan parked this ticket (much work, without a workaround)",
        "Daan set the status to “Parked”",
    ]
    assert told(decide(on_board, Plan(AGENT, "4.2"), NOON)) == ["Daan planned this ticket in release 4.2"]
    assert told(decide(on_board, Decline(AGENT, message("No.")), NOON))[0] == "Daan decided against the change"
    assert (
        told(decide(planned, Ship(AGENT, "4.2", "Colour!"), NOON))[0] == "Release 4.2 brought the solution: “Colour!”"
    )
    assert told(decide(new_ticket(), Merge(AGENT, 9), NOON))[0] == "Daan merged this ticket into #9"
    assert told(decide(new_ticket(), TakeIn(AGENT, 3, MARIEKE), NOON)) == ["Daan merged #3 into this ticket"]
    assert told(decide(new_ticket(), LinkProblem(AGENT, 3), NOON)) == ["Daan linked this ticket to the problem #3"]
    assert told(decide(new_ticket(), Snooze(AGENT, DAAN, tomorrow), NOON)) == [
        "Daan wants to be reminded on Tue 3 Nov 13:00 CET"
    ]
    assert told(decide(waiting, KeepOpen(REQUESTER), tomorrow)) == [
        "Marieke keeps this ticket open; without an answer it closes on Tue 17 Nov 13:00 CET"
    ]
    assert told(decide(waiting, Postpone(AGENT, DeadlineKind.CLOSURE, tomorrow), NOON)) == [
        "Daan moved the closing from Mon 16 Nov 13:00 CET to Tue 3 Nov 13:00 CET"
    ]
    assert told(decide(waiting, Skip(AGENT, DeadlineKind.REMINDER), NOON)) == [
        "Daan cancelled the reminder of Mon 9 Nov 13:00 CET"
    ]
    assert told(decide(waiting, ConfirmSolved(REQUESTER), NOON))[0] == "Marieke said that it is solved"
    incident = decide(new_ticket(), Solve(AGENT, DAAN, None, problem=3), NOON)
    assert told(incident)[0] == "Solved together with the problem #3"
    assert told(incident, OUTSIDE)[0] == "Solved together with the problem behind it"


def test_a_closing_says_why_it_came_no_earlier() -> None:
    ticket = asked(new_ticket(), NOON)
    ticket = met(ticket, DeadlineKind.REMINDER, late=timedelta(hours=3)).ticket
    ticket = met(ticket, DeadlineKind.CLOSURE, mail_down=timedelta(minutes=90)).ticket
    closing = met(ticket, DeadlineKind.CLOSURE, late=timedelta(minutes=2), mail_down=timedelta(minutes=90))
    assert told(closing) == ["Closed automatically: no answer received"]
    assert evidence(closing) == (
        f"Due Mon 16 Nov 17:30 CET, met 2 mins late, under policy {ticket.policy.version}: "
        "counted from the question of Mon 2 Nov 13:00 CET, 3 hrs longer because the reminder came late, "
        "1 hr 30 mins longer because mail could not come in."
    )


def test_waiting_for_mail_is_told() -> None:
    ticket = met(asked(new_ticket(), NOON), DeadlineKind.REMINDER).ticket
    assert told(met(ticket, DeadlineKind.CLOSURE, mail_down=timedelta(hours=2))) == [
        "Mail could not come in for 2 hrs, so the closing waits until Mon 16 Nov 15:00 CET"
    ]


def test_a_warning_says_what_was_paused_and_which_days_did_not_count() -> None:
    friday = datetime(2026, 11, 20, 8, 12, tzinfo=UTC)
    ticket = new_ticket(friday, Policy(calendar=Calendar(zone="Europe/Amsterdam")))
    ticket = answered(asked(ticket, friday + timedelta(hours=1)), friday + timedelta(hours=3))
    warning = met(ticket, DeadlineKind.WARNING)
    assert told(warning) == ["Warned at 75 % of the time for resolution"]
    assert evidence(warning) == (
        f"Due Mon 23 Nov 23:12 CET, met on time, under policy {ticket.policy.version}: "
        "counted from the opening on Fri 20 Nov 09:12 CET, paused 2 hrs while awaiting the reply, "
        "Sat 21 and Sun 22 did not count."
    )
    assert told(met(warning.ticket, DeadlineKind.BREACH)) == ["The time promised for resolution ran out"]


def test_where_working_time_was_counted_is_told_to_who_reads_in_another_zone() -> None:
    friday = datetime(2026, 11, 20, 8, 12, tzinfo=UTC)
    ticket = new_ticket(friday, Policy(calendar=Calendar(zone="Europe/Amsterdam")))
    warning = met(ticket, DeadlineKind.WARNING)
    assert evidence(warning, in_zone("America/New_York", ticket.policy)) == (
        f"Due Mon 23 Nov 15:12 EST, met on time, under policy {ticket.policy.version}: "
        "counted from the opening on Fri 20 Nov 03:12 EST, Sat 21 and Sun 22 did not count, "
        "working time counted in the time zone Europe/Amsterdam."
    )
    assert "time zone" not in evidence(warning, in_zone("Europe/Amsterdam", ticket.policy))


def test_a_calendar_that_decides_without_a_day_off_is_named_too() -> None:
    ticket = new_ticket(NOON, Policy(calendar=Calendar(zone="Asia/Kathmandu")))
    said = evidence(met(ticket, DeadlineKind.WARNING), in_zone("Pacific/Apia", ticket.policy))
    assert said.endswith(
        "counted from the opening on Tue 3 Nov 01:00 UTC+13, working time counted in the time zone Asia/Kathmandu."
    )


def test_a_calendar_that_does_not_decide_is_not_named() -> None:
    waiting = asked(new_ticket(), NOON)
    moved = decide(waiting, Postpone(AGENT, DeadlineKind.REMINDER, NOON + DAY), NOON).ticket
    for ticket in (waiting, moved):
        assert "time zone" not in evidence(met(ticket, DeadlineKind.REMINDER), in_zone("Asia/Kathmandu", ticket.policy))


def test_other_promises_name_the_zones_of_their_calendars_to_who_reads_in_another() -> None:
    ticket = asked(new_ticket(), NOON)
    new = ticket.policy.model_copy(
        update={"reminder_after": ticket.policy.survey_after, "calendar": Calendar(zone="Asia/Kathmandu")}
    ).pinned(STANDARD)
    planned = decide(ticket, Replan(AGENT, new, "contract Acme, version 3"), NOON)
    assert evidence(planned, in_zone("America/New_York", ticket.policy, new)).endswith(
        "Reminder: Mon 9 Nov 07:00 EST → Tue 3 Nov 07:00 EST, "
        "working time counted in the time zone Europe/Amsterdam → Asia/Kathmandu."
    )


def test_a_step_brought_about_by_somebody_says_who_and_how_early() -> None:
    now = decide(asked(new_ticket(), NOON), DoNow(AGENT, DeadlineKind.REMINDER), NOON + DAY)
    assert told(now) == ["Daan had the requester reminded at once"]
    assert "done 6 days early" in evidence(now)
    hardly = asked(new_ticket(), NOON)
    moments_before = decide(hardly, DoNow(AGENT, DeadlineKind.REMINDER), NOON + 7 * DAY - timedelta(seconds=20))
    assert "met on time" in evidence(moments_before)


def test_a_step_moved_by_hand_says_so() -> None:
    moved = decide(asked(new_ticket(), NOON), Postpone(AGENT, DeadlineKind.REMINDER, NOON + DAY), NOON).ticket
    assert evidence(met(moved, DeadlineKind.REMINDER)).endswith(": moved by hand to Tue 3 Nov 13:00 CET.")


def test_other_promises_say_what_they_changed() -> None:
    ticket = asked(new_ticket(), NOON)
    new = ticket.policy.model_copy(update={"reminder_after": ticket.policy.survey_after}).pinned(STANDARD)
    planned = decide(ticket, Replan(AGENT, new, "contract Acme, version 3"), NOON)
    assert told(planned) == ["Other promises apply: contract Acme, version 3"]
    assert evidence(planned) == (
        f"Policy {ticket.policy.version} became {new.version}: Reminder: Mon 9 Nov 13:00 CET → Tue 3 Nov 13:00 CET."
    )


def test_requesters_are_spared_the_evidence_and_told_the_status_in_their_words() -> None:
    entry = met(asked(new_ticket(), NOON), DeadlineKind.REMINDER).history[-1]
    assert history_line(OUTSIDE, entry.type, entry.by, entry.line.kept()).evidence == ""
    moved = {"from": "open", "to": "pending", "reopened": False}
    assert history_line(OUTSIDE, "status_changed", AGENT, moved).sentence == "Status: Awaiting your reply"


def test_a_deadline_of_the_first_version_is_told_with_the_evidence_it_has() -> None:
    at = NOON.isoformat()
    facts = {"deadline": "survey", "policy": "default-1", "due_at": at, "met_at": at, "from": "solved", "to": "solved"}
    said = history_line(ENGLISH, "deadline_met", CLOCK, facts)
    assert said.sentence == "Automatically asked for satisfaction"
    assert said.evidence == "Due Mon 2 Nov 13:00 CET, met on time, under policy default-1."


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("kind", list(DeadlineKind))
@pytest.mark.parametrize("by", [CLOCK, AGENT])
def test_every_deadline_is_told_in_every_language(kind: DeadlineKind, by: Actor, language: Language) -> None:
    promise = kind in (DeadlineKind.WARNING, DeadlineKind.BREACH, DeadlineKind.ESCALATION)
    for metric in Metric if promise else [None]:
        deadline = Deadline(kind=kind, due_at=NOON, metric=metric, point=1)
        facts = {
            **deadline.model_dump(mode="json"),
            "deadline": kind,
            "from": "pending",
            "to": "pending",
            "met_at": NOON.isoformat(),
            "policy": "standard-1",
            "because": [
                {"reason": "counted_from", "at": NOON.isoformat()},
                *(
                    {"reason": "paused", "status": each, "from": NOON.isoformat(), "to": NOON.isoformat()}
                    for each in Status
                ),
                {"reason": "days_off", "days": [(NOON.date() + day * DAY).isoformat() for day in range(9)]},
            ],
        }
        said = history_line(Teller(language, "Europe/Rome", inside=True), "deadline_met", by, facts)
        assert said.sentence
        assert said.evidence.endswith(".")


def test_every_language_says_the_same_with_the_same_facts() -> None:
    english, *others = (
        {key: {name for _, name, _, _ in Formatter().parse(words) if name} for key, words in said.items()}
        for said in languages_said().values()
    )
    assert all(other == english for other in others)


def test_every_language_has_its_words() -> None:
    assert {file.stem for file in FOLDER.glob("*.toml")} == set(Language)
