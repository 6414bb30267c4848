"""Each reader of one event gets its mail in their own time zone, which is named."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.contract.event_data import Contact, EventData
from services.contract.events import TicketReminderDue
from services.contract.vocabulary import AlertAudience, Language, Role, Status
from services.notify.rendering import Known, render
from services.notify.rules.facts import PlanFacts, Subscriber
from services.notify.rules.plan import plan
from services.platform.identity import Signer
from tests.notify.happenings import (
    ADA,
    BY_LUCIA,
    DESK,
    EMMA,
    JAN,
    LUCIA,
    NOW,
    PIA,
    SECRET,
    TEAM,
    breached,
    escalated,
    happened,
    link_requested,
    reminder_due,
    replied,
    ticket,
    warned,
)

NEW_YORK, KATHMANDU, APIA = "America/New_York", "Asia/Kathmandu", "Pacific/Apia"


def reading(who: Contact, zone: str | None) -> Contact:
    """The person, who reads English in this zone."""
    return who.model_copy(update={"zone": zone, "language": Language.ENGLISH})


def told(data: EventData, facts: PlanFacts | None = None, desk_zone: str = "Europe/Amsterdam") -> dict[str, str]:
    """The text of each mail about the event, by the first name of its reader."""
    mails = plan(happened(data), data, facts or PlanFacts(DESK.address), NOW)
    desk, signer = replace(DESK, zone=desk_zone), Signer(SECRET)
    return {
        mail.recipient.name.split()[0]: " ".join(render(mail, Known(), desk, signer, NOW).text.split())
        for mail in mails
    }


def test_requester_and_followers_read_one_question_each_in_their_own_zone() -> None:
    facts = ticket(Status.PENDING, version=2, requester=reading(JAN, NEW_YORK), followers=(reading(PIA, APIA),))
    said = told(replied(BY_LUCIA, Status.PENDING, Status.OPEN, facts=facts))
    assert "a reminder on Monday 9 November 2026 at 04:00 EST" in said["Jan"]
    assert "close the ticket on Monday 16 November 2026 at 04:00 EST" in said["Jan"]
    assert "close the ticket on Monday 16 November 2026 at 22:00 UTC+13" in said["Pia"]


def test_a_team_and_who_heads_it_read_one_alert_each_in_their_own_zone() -> None:
    staff = (
        Subscriber(reading(LUCIA, KATHMANDU)),
        Subscriber(reading(EMMA, None)),
        Subscriber(reading(ADA, NEW_YORK), role=Role.ADMIN),
    )
    facts = PlanFacts(DESK.address, staff=staff, team=frozenset({LUCIA.person_id, EMMA.person_id}))
    said = told(breached(AlertAudience.TEAM, AlertAudience.ADMINS, facts=ticket(Status.OPEN, team_id=TEAM)), facts)
    assert "Was due: Monday 2 November 2026 at 14:45 UTC+5:45" in said["Lucia"]
    assert "Was due: Monday 2 November 2026 at 10:00 CET" in said["Emma"]
    assert "Was due: Monday 2 November 2026 at 04:00 EST" in said["Ada"]


@pytest.mark.parametrize("language", Language)
def test_an_alert_names_the_zone_of_the_calendar_to_who_reads_in_another(language: Language) -> None:
    staff = tuple(
        Subscriber(reading(who, zone).model_copy(update={"language": language}))
        for who, zone in ((LUCIA, KATHMANDU), (EMMA, "America/New_York"))
    )
    facts = PlanFacts(DESK.address, staff=staff, team=frozenset({LUCIA.person_id, EMMA.person_id}))
    about = ticket(Status.OPEN, team_id=TEAM)
    for alert in (breached, warned, escalated):
        data = alert(AlertAudience.TEAM, facts=about).model_copy(update={"calendar_zone": NEW_YORK})
        said = told(data, facts)
        assert {name for name, text in said.items() if NEW_YORK in text} == {"Lucia"}


@pytest.mark.parametrize(
    ("chosen", "shown"), [(None, "09:00 GMT"), ("Moon/Sea of Tranquillity", "09:00 GMT"), (APIA, "22:00 UTC+13")]
)
def test_who_chose_no_zone_or_one_unknown_here_reads_in_the_desks(chosen: str | None, shown: str) -> None:
    facts = ticket(Status.PENDING, version=2, requester=reading(JAN, chosen))
    said = told(replied(BY_LUCIA, Status.PENDING, Status.OPEN, facts=facts), desk_zone="Europe/London")
    assert f"Monday 16 November 2026 at {shown}" in said["Jan"]


def test_an_event_from_before_people_had_zones_is_read_in_the_desks() -> None:
    data = replied(BY_LUCIA, Status.PENDING, Status.OPEN, facts=ticket(Status.PENDING, requester=reading(JAN, None)))
    old = data.model_dump(mode="json")
    del old["ticket"]["requester"]["zone"]
    assert "Monday 16 November 2026 at 10:00 CET" in told(type(data).model_validate(old))["Jan"]


def test_the_link_to_a_password_ends_in_the_zone_of_who_asked_for_it() -> None:
    assert "valid until Monday 2 November 2026 at 06:00 EST" in told(link_requested(reading(JAN, NEW_YORK)))["Jan"]


def test_a_day_in_a_mail_is_the_readers_day() -> None:
    data = reminder_due()
    late = TicketReminderDue.model_validate(
        {
            **data.model_dump(),
            "ticket": ticket(
                Status.PENDING, version=3, requester=reading(JAN, NEW_YORK), followers=(reading(PIA, None),)
            ),
            "asked_at": datetime(2026, 11, 24, 23, 30, tzinfo=UTC),
            "closes_at": datetime(2026, 12, 8, 23, 30, tzinfo=UTC),
        }
    )
    said = told(late)
    assert "our question of 24 November 2026" in said["Jan"]
    assert "our question of 25 November 2026" in said["Pia"]


def test_dates_on_both_sides_of_a_clock_change_have_the_zone_of_their_own_day() -> None:
    facts = ticket(Status.PENDING, version=2, requester=reading(JAN, NEW_YORK))
    data = replied(BY_LUCIA, Status.PENDING, Status.OPEN, facts=facts).model_copy(
        update={
            "reminder_at": datetime(2027, 3, 13, 9, tzinfo=UTC),
            "closes_at": datetime(2027, 3, 20, 9, tzinfo=UTC),
        }
    )
    said = told(data)["Jan"]
    assert "Saturday 13 March 2027 at 04:00 EST" in said
    assert "Saturday 20 March 2027 at 05:00 EDT" in said
