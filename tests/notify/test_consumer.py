"""Events in, notifications planned: once, in any order, in one transaction."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from services.contract.errors import Permanent
from services.contract.event_data import Contact
from services.contract.events import EVENT_TYPES, ArticlePublished, Event
from services.contract.vocabulary import AlertAudience, Channel, Role, Status
from services.notify.consumer import QUEUE
from services.notify.rules.notices import AUTOMATIC_WINDOW, Template
from services.notify.rules.plan import SUGGESTION_WAIT
from services.notify.tables import consumed_event, notification, subscription
from tests.notify.happenings import (
    BY_JAN,
    BY_LUCIA,
    CLOCK,
    DIRK,
    EMMA,
    JAN,
    LUCIA,
    NOW,
    PIA,
    TEAM,
    article,
    breached,
    changed,
    happened,
    link_requested,
    moved,
    person,
    postponed,
    reminder_due,
    replied,
    submitted,
    suggested,
    team_changed,
    ticket,
)
from tests.notify.notifier import BUDGET_MAX, Notifier
from tests.smtp_server import SmtpServer

CONFIRMED = (Template.CONFIRMATION, "queued")


async def test_an_event_heard_twice_is_told_once(notifier: Notifier) -> None:
    await notifier.knows(LUCIA)
    event = await notifier.hears(submitted())
    await notifier.hears(event)
    assert await notifier.states() == Counter({CONFIRMED: 1, (Template.NEW_TICKET, "queued"): 1})


async def test_an_event_heard_by_many_at_the_same_time_is_told_once(notifier: Notifier) -> None:
    event = happened(submitted())
    await asyncio.gather(*(notifier.hears(event) for _ in range(8)))
    assert await notifier.states() == Counter({CONFIRMED: 1})


async def test_what_cannot_be_stored_is_not_marked_as_heard(notifier: Notifier) -> None:
    event = happened(submitted(ticket(requester=person("Jan", email="nul\0@example.org"))))
    for _ in range(2):
        with pytest.raises(Exception, match=r"0x00|u0000"):
            await notifier.hears(event)
    async with notifier.engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(consumed_event))).scalar_one() == 0


async def test_an_event_that_is_not_what_its_type_says_is_no_use_retrying(notifier: Notifier) -> None:
    event = happened(submitted())
    broken = Event(**{**event.model_dump(), "data": {**event.data, "ticket": None}})
    with pytest.raises(Permanent, match=rf"Event {event.id} is no ticket.submitted.v1: see ticket"):
        await notifier.hears(broken)


async def test_an_event_nobody_taught_us_is_no_use_retrying(notifier: Notifier) -> None:
    event = happened(submitted())
    with pytest.raises(Permanent, match=r"ticket\.eaten\.v9"):
        await notifier.hears(Event(**{**event.model_dump(), "type": "ticket.eaten.v9"}))


def test_every_event_that_could_call_for_a_mail_reaches_the_queue() -> None:
    assert set(QUEUE.bindings) == set(EVENT_TYPES) - {ArticlePublished.TYPE}


async def test_a_confirmation_waits_for_its_articles_and_goes_with_them(notifier: Notifier, smtp: SmtpServer) -> None:
    await notifier.hears(submitted())
    assert await notifier.delivers() == 0
    await notifier.hears(suggested(article("Putting out a printer")))
    assert await notifier.delivers() == 1
    assert "Putting out a printer" in smtp.messages[0].as_string()


async def test_articles_that_come_before_the_ticket_go_with_it_at_once(notifier: Notifier, smtp: SmtpServer) -> None:
    await notifier.hears(suggested(article("Putting out a printer")))
    await notifier.hears(submitted())
    assert await notifier.delivers() == 1
    assert "Putting out a printer" in smtp.messages[0].as_string()


async def test_articles_that_never_come_are_not_waited_for_beyond_ten_seconds(
    notifier: Notifier, smtp: SmtpServer
) -> None:
    await notifier.hears(submitted())
    notifier.clock.move(SUGGESTION_WAIT)
    assert await notifier.delivers() == 1
    assert "antwoord al" not in smtp.messages[0].as_string()


async def test_articles_that_come_late_send_no_second_confirmation(notifier: Notifier, smtp: SmtpServer) -> None:
    await notifier.hears(submitted())
    notifier.clock.move(SUGGESTION_WAIT)
    await notifier.delivers()
    await notifier.hears(suggested(article()))
    assert await notifier.delivers() == 0
    assert len(smtp.messages) == 1


async def test_an_empty_list_of_articles_is_an_answer_too(notifier: Notifier) -> None:
    await notifier.hears(submitted())
    await notifier.hears(suggested())
    assert await notifier.delivers() == 1


async def test_articles_of_another_ticket_let_nothing_go(notifier: Notifier) -> None:
    await notifier.hears(submitted())
    await notifier.hears(suggested(article(), number=13))
    assert await notifier.delivers() == 0


async def test_a_ticket_and_its_articles_at_the_same_moment_never_leave_the_confirmation_waiting(
    notifier: Notifier,
) -> None:
    for number in range(1, 9):
        await asyncio.gather(
            notifier.hears(submitted(ticket(number=number, requester=person(f"Person {number}")))),
            notifier.hears(suggested(article(), number=number)),
        )
    assert {row.due_at for row in await notifier.rows()} == {NOW}


async def test_staff_hear_from_when_they_join_until_they_leave(notifier: Notifier) -> None:
    await notifier.knows(LUCIA, EMMA)
    await notifier.hears(changed(EMMA, active=False), NOW + timedelta(minutes=1))
    await notifier.hears(submitted(by=BY_JAN))
    assert [row.to for row in await notifier.rows() if row.template is Template.NEW_TICKET] == ["Lucia"]


async def test_who_becomes_a_requester_hears_no_more_of_new_tickets(notifier: Notifier) -> None:
    await notifier.knows(LUCIA)
    await notifier.hears(changed(LUCIA, Role.REQUESTER), NOW + timedelta(minutes=1))
    await notifier.hears(submitted())
    assert await notifier.states() == Counter({CONFIRMED: 1})


async def test_roles_are_learnt_so_that_the_director_hears_of_what_is_parked(notifier: Notifier) -> None:
    await notifier.knows(LUCIA)
    await notifier.hears(changed(DIRK, Role.DIRECTOR))
    await notifier.hears(moved(BY_LUCIA, Status.PARKED, Status.OPEN))
    assert [(row.to, row.template) for row in await notifier.rows()] == [
        ("Dirk", Template.DECISION_NEEDED),
        ("Jan", Template.PARKED),
    ]


async def test_teams_are_learnt_so_that_their_members_are_alerted(notifier: Notifier) -> None:
    await notifier.knows(LUCIA, EMMA)
    await notifier.hears(team_changed(EMMA, LUCIA), NOW)
    await notifier.hears(team_changed(EMMA), NOW + timedelta(minutes=1))
    await notifier.hears(team_changed(LUCIA), NOW)  # late, and older
    await notifier.hears(breached(AlertAudience.TEAM, facts=ticket(Status.OPEN, team_id=TEAM)))
    assert [row.to for row in await notifier.rows()] == ["Emma"]


async def test_a_notice_somebody_muted_goes_to_the_others_only(notifier: Notifier) -> None:
    await notifier.knows(LUCIA, EMMA)
    async with notifier.engine.begin() as connection:
        muted = update(subscription).where(subscription.c.person_id == EMMA.person_id)
        await connection.execute(muted.values(muted=[Template.SLA_BREACHED, "a notice of a newer Balie"]))
    await notifier.hears(changed(EMMA), NOW + timedelta(minutes=1))
    await notifier.hears(breached(AlertAudience.AGENTS))
    assert [row.to for row in await notifier.rows()] == ["Lucia"]


async def test_a_closing_that_moves_is_told_only_where_the_requester_was_told_a_date(notifier: Notifier) -> None:
    await notifier.hears(postponed(BY_LUCIA, "asked", version=2))
    assert await notifier.rows() == []
    await notifier.hears(reminder_due(version=3))
    for version in (4, 5):
        await notifier.hears(postponed(CLOCK, "mail_down", version=version))
    assert await notifier.states() == Counter({(Template.REMINDER, "queued"): 1, (Template.POSTPONED, "queued"): 2})
    await notifier.delivers()
    # The first of the two dates was out of date before it could go.
    assert (await notifier.states())[(Template.POSTPONED, "sent")] == 1


async def test_reminders_have_no_budget_for_what_they_tell_was_promised(notifier: Notifier) -> None:
    for version in range(1, BUDGET_MAX + 2):
        await notifier.hears(reminder_due(version=version, followers=(PIA,)))
    assert {(row.to, row.state) for row in await notifier.rows()} == {("Jan", "queued"), ("Pia", "queued")}


async def test_old_news_of_a_person_does_not_undo_the_newer(notifier: Notifier) -> None:
    await notifier.hears(changed(LUCIA, Role.REQUESTER), NOW)
    await notifier.hears(changed(LUCIA, Role.AGENT), NOW - timedelta(minutes=1))
    await notifier.hears(changed(EMMA, active=False), NOW)
    await notifier.hears(changed(EMMA), NOW - timedelta(minutes=1))
    await notifier.hears(submitted())
    assert await notifier.states() == Counter({CONFIRMED: 1})


async def test_an_address_gets_no_more_automatic_mails_than_its_budget_and_the_rest_is_kept_with_the_reason(
    notifier: Notifier,
) -> None:
    for number in range(BUDGET_MAX + 2):
        await notifier.hears(submitted(ticket(number=number + 1)))
    assert await notifier.states() == Counter({CONFIRMED: BUDGET_MAX, (Template.CONFIRMATION, "suppressed"): 2})
    assert {row.reason for row in await notifier.rows() if row.state == "suppressed"} == {
        f"The address got {BUDGET_MAX} automatic mails within 60 minutes: this looks like a loop."
    }


async def test_a_loop_is_broken_also_when_all_of_it_arrives_at_once_and_under_varied_spelling(
    notifier: Notifier,
) -> None:
    addresses = ["loop@example.org", "Loop@Example.org"] * BUDGET_MAX
    await asyncio.gather(
        *(
            notifier.hears(submitted(ticket(number=number, requester=person("Loop", email=address))))
            for number, address in enumerate(addresses, start=1)
        )
    )
    assert (await notifier.states())[CONFIRMED] == BUDGET_MAX


async def test_the_budget_fills_up_again_as_the_window_slides(notifier: Notifier) -> None:
    for number in range(BUDGET_MAX):
        await notifier.hears(submitted(ticket(number=number + 1)), NOW)
    await notifier.hears(submitted(ticket(number=90)), NOW + AUTOMATIC_WINDOW - timedelta(seconds=1))
    await notifier.hears(submitted(ticket(number=91)), NOW + AUTOMATIC_WINDOW)
    assert await notifier.states() == Counter({CONFIRMED: BUDGET_MAX + 1, (Template.CONFIRMATION, "suppressed"): 1})


async def test_a_backlog_handed_over_at_once_is_no_loop(notifier: Notifier) -> None:
    for hours in range(BUDGET_MAX + 3):
        await notifier.hears(submitted(ticket(number=hours + 1)), NOW + timedelta(hours=hours))
    assert (await notifier.states())[CONFIRMED] == BUDGET_MAX + 3


async def test_other_addresses_and_human_words_are_not_touched_by_somebodys_loop(notifier: Notifier) -> None:
    for number in range(BUDGET_MAX + 1):
        await notifier.hears(submitted(ticket(number=number + 1)))
    await notifier.hears(submitted(ticket(number=50, requester=EMMA), by=BY_LUCIA))
    await notifier.hears(replied(BY_LUCIA, Status.OPEN, Status.NEW, facts=ticket(Status.OPEN, number=1, version=2)))
    states = await notifier.states()
    assert states[CONFIRMED] == BUDGET_MAX + 1
    assert states[(Template.ANSWER, "queued")] == 1


async def test_asking_for_links_in_somebodys_name_does_not_cost_them_their_confirmation(notifier: Notifier) -> None:
    for _ in range(20):
        await notifier.hears(link_requested(JAN))
    await notifier.hears(submitted())
    states = await notifier.states()
    assert states[CONFIRMED] == 1
    assert states[(Template.PASSWORD_LINK, "queued")] == 5


async def test_delivery_is_woken_when_there_is_something_new_and_not_by_a_repeat(notifier: Notifier) -> None:
    event = await notifier.hears(submitted(ticket(channel=Channel.EMAIL)))
    await notifier.hears(event)
    assert notifier.woken == 1


async def test_an_agent_reads_in_the_zone_of_the_newest_that_was_heard_of_them(notifier: Notifier) -> None:
    def living(zone: str | None) -> Contact:
        return LUCIA.model_copy(update={"zone": zone})

    await notifier.hears(changed(living("Asia/Kathmandu")), at=NOW)
    await notifier.hears(changed(living("Pacific/Apia")), at=NOW - timedelta(hours=1))
    await notifier.hears(submitted())
    async with notifier.engine.connect() as connection:
        recipients = (await connection.execute(select(notification.c.recipient))).scalars().all()
    assert {each["name"]: each["zone"] for each in recipients} == {JAN.name: None, LUCIA.name: "Asia/Kathmandu"}
