"""What is planned goes out, once, while it is true; whatever the mail server does."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from services.contract.vocabulary import Status
from services.notify import queries
from services.notify.claims import CLAIM_LASTS, Claimed
from services.notify.delivery import BATCH_MAX, Delivery
from services.notify.queries import NoticeCount, Stuck
from services.notify.rules.notices import GIVE_UP_AFTER, RETRY_DELAYS, Template, next_try
from services.notify.rules.plan import SUGGESTION_WAIT
from services.notify.smtp import SEND_TIMEOUT_SECONDS, FolderTransport, SmtpTransport
from services.platform.database import connect
from services.platform.identity import Signer
from services.platform.telemetry import correlation_id
from tests.moved_clock import MovedClock
from tests.notify.happenings import (
    BY_JAN,
    BY_LUCIA,
    DESK,
    EMMA,
    JAN,
    LUCIA,
    NOW,
    SECRET,
    article,
    happened,
    link_requested,
    person,
    reminder_due,
    replied,
    submitted,
    suggested,
    survey_due,
    ticket,
)
from tests.notify.notifier import Notifier
from tests.patience import PATIENCE_SECONDS
from tests.smtp_server import REFUSED_FOR_GOOD, REFUSED_FOR_NOW, SmtpServer

ANSWER = replied(BY_LUCIA, Status.OPEN, Status.NEW)


async def test_a_mail_is_sent_once_and_the_try_is_written_down(notifier: Notifier, smtp: SmtpServer) -> None:
    await notifier.hears(ANSWER)
    assert await notifier.delivers() == 1
    assert await notifier.delivers() == 0
    assert [mail["X-Envelope-To"] for mail in smtp.messages] == [JAN.email]
    assert await notifier.tries() == [(1, "sent", "OK")]
    assert await notifier.states() == Counter({(Template.ANSWER, "sent"): 1})


async def test_an_event_heard_again_after_its_mail_went_sends_nothing(notifier: Notifier, smtp: SmtpServer) -> None:
    event = await notifier.hears(ANSWER)
    await notifier.delivers()
    await notifier.hears(event)
    await notifier.delivers()
    assert len(smtp.messages) == 1


async def test_a_mail_refused_for_now_is_tried_again_with_growing_delay_and_is_the_same_mail(
    notifier: Notifier, smtp: SmtpServer
) -> None:
    await notifier.hears(ANSWER)
    smtp.refuse_temporarily()
    for delay in RETRY_DELAYS[:3]:
        assert await notifier.delivers() == 1
        notifier.clock.move(delay - timedelta(seconds=1))
        assert await notifier.delivers() == 0
        notifier.clock.move(timedelta(seconds=1))
    smtp.accept()
    assert await notifier.delivers() == 1
    [row], [mail] = await notifier.rows(), smtp.messages
    assert mail["Message-ID"] == f"<{row.id}@balie.example>"
    assert mail["Date"].datetime == NOW
    assert (row.state, row.attempts, row.reason) == ("sent", 4, "")
    answer = f"The mail server answered {REFUSED_FOR_NOW}"
    assert await notifier.tries() == [
        *((attempt, "temporary", answer) for attempt in (1, 2, 3)),
        (4, "sent", "OK"),
    ]


async def test_a_mail_waits_for_a_server_that_is_away(notifier: Notifier, smtp: SmtpServer) -> None:
    smtp.stop()
    await notifier.hears(ANSWER)
    await notifier.delivers()
    smtp.start()
    notifier.clock.move(RETRY_DELAYS[0])
    await notifier.delivers()
    assert len(smtp.messages) == 1


async def test_a_mail_refused_for_good_is_failed_and_listed_and_holds_up_no_other(
    notifier: Notifier, smtp: SmtpServer
) -> None:
    await notifier.knows(EMMA)
    smtp.refuse_permanently(JAN.email or "")
    await notifier.hears(submitted())
    notifier.clock.move(timedelta(seconds=10))
    await notifier.delivers()
    notifier.clock.move(GIVE_UP_AFTER)
    assert await notifier.delivers() == 0
    assert [mail["X-Envelope-To"] for mail in smtp.messages] == [EMMA.email]
    [failed] = await queries.unsent(notifier.engine)
    assert (failed.address, failed.template, failed.ticket_number) == (JAN.email, Template.CONFIRMATION, 12)
    assert (failed.state, failed.attempts) == ("failed", 1)
    assert failed.reason == f"The mail server answered {REFUSED_FOR_GOOD}"


async def test_what_is_no_address_is_failed_without_troubling_the_server(notifier: Notifier, smtp: SmtpServer) -> None:
    await notifier.hears(replied(BY_LUCIA, Status.OPEN, Status.NEW, facts=ticket(requester=person("X", email="no"))))
    await notifier.delivers()
    assert smtp.attempts == 0
    assert await notifier.states() == Counter({(Template.ANSWER, "failed"): 1})


async def test_a_mail_is_given_up_after_five_days_of_trying(notifier: Notifier, smtp: SmtpServer) -> None:
    smtp.refuse_temporarily()
    await notifier.hears(ANSWER)
    while (row := (await notifier.rows())[0]).state == "queued":
        notifier.clock.now = row.due_at
        await notifier.delivers()
    assert row.state == "failed"
    assert notifier.clock.now >= NOW + GIVE_UP_AFTER
    assert notifier.clock.now < NOW + GIVE_UP_AFTER + RETRY_DELAYS[-1]
    assert (await notifier.tries())[-1][1] == "temporary"


def test_the_wait_grows_until_it_stays() -> None:
    waits = [next_try(attempts, NOW, NOW) for attempts in range(1, 10)]
    assert waits == [NOW + delay for delay in (*RETRY_DELAYS, *[RETRY_DELAYS[-1]] * 3)]
    assert list(RETRY_DELAYS) == sorted(RETRY_DELAYS)
    assert next_try(1, NOW - GIVE_UP_AFTER, NOW) is None


def test_no_claim_runs_out_while_its_mail_is_on_the_way() -> None:
    assert timedelta(seconds=SEND_TIMEOUT_SECONDS) * 2 < CLAIM_LASTS


async def test_several_replicas_share_the_work_and_double_nothing(
    notifier: Notifier, smtp: SmtpServer, engine: AsyncEngine, clock: MovedClock
) -> None:
    count = BATCH_MAX * 4
    for number in range(1, count + 1):
        who = person(f"Person {number}")
        await notifier.hears(replied(BY_LUCIA, Status.OPEN, Status.NEW, facts=ticket(number=number, requester=who)))
    replicas = [notifier, *(Notifier(engine, SmtpTransport(smtp.url), clock) for _ in range(3))]
    shares = await asyncio.gather(*(replica.delivers() for replica in replicas))
    assert sum(shares) == count
    assert sorted(Counter(mail["Message-ID"] for mail in smtp.messages).values()) == [1] * count
    assert len({mail["X-Envelope-To"] for mail in smtp.messages}) == count


class FatalServer(SmtpServer):
    """Kills the sender when it has taken the mail, before it can say so."""

    victim: int | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd for each message."""
        taken = await super().handle_DATA(server, session, envelope)
        if self.victim is not None:
            os.kill(self.victim, signal.SIGKILL)
        return taken


async def test_a_process_killed_between_sending_and_marking_costs_one_repeat_under_the_same_message_id(
    database_url: str, engine: AsyncEngine, clock: MovedClock
) -> None:
    server = FatalServer()
    server.start()
    try:
        notifier = Notifier(engine, SmtpTransport(server.url), clock)
        await notifier.hears(survey_due())
        program = (sys.executable, "-m", "tests.notify.one_delivery")
        doomed = await asyncio.create_subprocess_exec(*program, database_url, server.url, clock.now.isoformat())
        server.victim = doomed.pid
        assert await doomed.wait() == -signal.SIGKILL
        server.victim = None
        assert await notifier.delivers() == 0  # still claimed
        clock.move(CLAIM_LASTS)
        assert await notifier.delivers() == 1
        clock.move(GIVE_UP_AFTER)
        assert await notifier.delivers() == 0
    finally:
        server.stop()
    first, repeat = server.messages
    assert first["Message-ID"] == repeat["Message-ID"]
    assert first.as_bytes() == repeat.as_bytes()
    # The first try has no end: that is how a person sees what happened.
    assert await notifier.tries() == [(1, None, None), (2, "sent", "OK")]


async def test_a_fault_of_ours_loses_no_mail_and_holds_up_no_other(notifier: Notifier, smtp: SmtpServer) -> None:
    await notifier.hears(survey_due())
    await notifier.hears(ANSWER)
    async with notifier.engine.begin() as connection:
        await connection.execute(
            text("update notify.notification set content = content || '{\"ticket\": null}' where template = 'survey'")
        )
    with capture_logs() as logged:
        await notifier.delivers()
    assert len(smtp.messages) == 1
    assert await notifier.states() == Counter({(Template.ANSWER, "sent"): 1, (Template.SURVEY, "queued"): 1})
    assert "mail could not be written" in [line["event"] for line in logged]


UNREADABLE = {
    "content": 'content = content || \'{"is_cut": "in a newer way"}\'',
    "template": "template = 'newsletter'",
    "recipient": 'recipient = recipient || \'{"language": "xx"}\'',
}
"""What a newer Balie might write, by the part of it that this one cannot read."""


@pytest.mark.parametrize("part", UNREADABLE)
async def test_a_mail_that_cannot_be_read_is_put_off_longer_each_time_and_holds_up_no_other(
    notifier: Notifier, smtp: SmtpServer, part: str
) -> None:
    await notifier.hears(survey_due())
    [survey] = await notifier.rows()
    async with notifier.engine.begin() as connection:
        await connection.execute(text(f"update notify.notification set {UNREADABLE[part]}"))  # noqa: S608 - our own
    await notifier.hears(ANSWER)
    with capture_logs() as logged:
        assert await notifier.delivers() == 2
        for delay in RETRY_DELAYS[:2]:
            notifier.clock.move(delay - timedelta(seconds=1))
            assert await notifier.delivers() == 0
            notifier.clock.move(timedelta(seconds=1))
            assert await notifier.delivers() == 1
    assert [mail["X-Balie-Template"] for mail in smtp.messages] == ["answer"]
    put_off = [line for line in logged if line["event"] == "mail put off"]
    assert [line["notification"] for line in put_off] == [str(survey.id)] * 3
    assert all(line["answer"].startswith(f"This version of Balie cannot read it: see {part}") for line in put_off)


async def test_a_mail_that_cannot_be_read_is_sent_by_a_replica_that_can(notifier: Notifier, smtp: SmtpServer) -> None:
    await notifier.hears(survey_due())
    async with notifier.engine.begin() as connection:
        await connection.execute(text(f"update notify.notification set {UNREADABLE['content']}"))  # noqa: S608 - our own
    await notifier.delivers()
    async with notifier.engine.begin() as connection:
        await connection.execute(text("update notify.notification set content = content - 'is_cut'"))
    notifier.clock.move(RETRY_DELAYS[0])
    await notifier.delivers()
    assert [mail["X-Balie-Template"] for mail in smtp.messages] == ["survey"]
    assert [outcome for _, outcome, _ in await notifier.tries()] == ["temporary", "sent"]


async def test_a_mail_about_a_ticket_in_a_status_unheard_of_holds_up_no_other(notifier: Notifier) -> None:
    await notifier.hears(submitted(ticket(number=13)))
    async with notifier.engine.begin() as connection:
        await connection.execute(text("update notify.known_ticket set status = 'dreaming'"))
    await notifier.hears(ANSWER)
    notifier.clock.move(SUGGESTION_WAIT)
    await notifier.delivers()
    assert await notifier.states() == Counter({(Template.ANSWER, "sent"): 1, (Template.CONFIRMATION, "queued"): 1})


async def test_a_reminder_that_was_answered_before_it_arrived_is_not_sent(notifier: Notifier, smtp: SmtpServer) -> None:
    await notifier.hears(replied(BY_JAN, Status.OPEN, Status.PENDING, version=4))
    await notifier.hears(reminder_due(version=3))
    with capture_logs() as logged:
        await notifier.delivers()
    assert [mail["X-Balie-Template"] for mail in smtp.messages] == ["reply"]
    assert [line["event"] for line in logged if line["log_level"] == "warning"] == ["mail suppressed"]
    [suppressed] = await queries.unsent(notifier.engine)
    assert suppressed.reason == "Not true any more: the ticket is open at version 4."


async def test_a_reminder_that_was_answered_while_the_mail_server_was_away_is_not_sent(
    notifier: Notifier, smtp: SmtpServer
) -> None:
    smtp.stop()
    await notifier.hears(reminder_due(version=3))
    await notifier.delivers()
    await notifier.hears(replied(BY_JAN, Status.OPEN, Status.PENDING, version=4))
    smtp.start()
    notifier.clock.move(RETRY_DELAYS[0])
    await notifier.delivers()
    assert [mail["X-Balie-Template"] for mail in smtp.messages] == ["reply"]


async def test_a_reminder_that_is_late_but_true_is_sent(notifier: Notifier, smtp: SmtpServer) -> None:
    notifier.clock.move(timedelta(days=3))
    await notifier.hears(reminder_due(), NOW)
    await notifier.delivers()
    assert [mail["X-Balie-Template"] for mail in smtp.messages] == ["reminder"]


async def test_a_question_always_goes_but_leaves_out_the_dates_that_have_changed(
    notifier: Notifier, smtp: SmtpServer
) -> None:
    await notifier.hears(replied(BY_JAN, Status.OPEN, Status.PENDING, version=3))
    await notifier.hears(replied(BY_LUCIA, Status.PENDING, Status.OPEN, version=2))
    await notifier.delivers()
    [question] = [mail for mail in smtp.messages if mail["X-Balie-Template"] == "question"]
    body = question.get_body(("plain",))
    assert body is not None
    assert "Have you tried water?" in body.get_content()
    assert "16 november" not in body.get_content()


async def test_a_password_link_that_arrives_after_it_expired_is_not_sent(notifier: Notifier, smtp: SmtpServer) -> None:
    await notifier.hears(link_requested(), NOW - timedelta(hours=2))
    await notifier.delivers()
    assert smtp.messages == []
    assert await notifier.states() == Counter({(Template.PASSWORD_LINK, "suppressed"): 1})


async def test_the_doctor_sees_what_is_late_failed_and_suppressed(notifier: Notifier, smtp: SmtpServer) -> None:
    assert await queries.stuck(notifier.engine, notifier.clock) == Stuck(0, None, 0, 0)
    smtp.refuse_permanently(LUCIA.email or "")
    smtp.refuse_temporarily(JAN.email or "")
    await notifier.hears(replied(BY_JAN, Status.OPEN, Status.PENDING, version=4))
    await notifier.hears(reminder_due(version=3))
    await notifier.hears(ANSWER)
    await notifier.delivers()
    assert await queries.stuck(notifier.engine, notifier.clock) == Stuck(0, None, 1, 1)
    notifier.clock.move(queries.LATE_AFTER)
    assert await queries.stuck(notifier.engine, notifier.clock) == Stuck(1, NOW, 1, 1)


async def test_the_books_say_what_was_told_about_each_ticket(notifier: Notifier) -> None:
    await notifier.hears(ANSWER)
    await notifier.hears(replied(BY_LUCIA, Status.OPEN, Status.OPEN, version=3))
    await notifier.delivers()
    await notifier.hears(survey_due(version=5))
    await notifier.hears(link_requested())
    assert await queries.notice_counts(notifier.engine) == [
        NoticeCount(12, Template.ANSWER, "sent", 2),
        NoticeCount(12, Template.SURVEY, "queued", 1),
    ]


async def test_a_mail_only_a_newer_balie_knows_is_listed_by_the_name_it_has(notifier: Notifier) -> None:
    await notifier.hears(ANSWER)
    await notifier.hears(reminder_due(version=1))
    await notifier.delivers()
    async with notifier.engine.begin() as connection:
        await connection.execute(text("update notify.notification set template = 'newsletter', state = 'failed'"))
    assert await queries.notice_counts(notifier.engine) == [NoticeCount(12, "newsletter", "failed", 2)]
    assert [one.template for one in await queries.unsent(notifier.engine)] == ["newsletter", "newsletter"]


class WatchedFolder(FolderTransport):
    """A folder whose mails can be waited for, and held back until `gate` opens."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.begun, self.kept, self.gate = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.gate.set()
        self.correlation_ids: list[str] = []

    async def send(self, message: EmailMessage) -> str:
        """As the folder does, once the gate is open."""
        self.correlation_ids.append(correlation_id())
        self.begun.set()
        await self.gate.wait()
        answer = await super().send(message)
        self.kept.set()
        return answer


class WatchedDelivery(Delivery):
    """Tells when a round found the database away, or nothing to do."""

    def __init__(self, engine: AsyncEngine, transport: WatchedFolder, clock: MovedClock) -> None:
        super().__init__(engine, transport, DESK, Signer(SECRET), clock)
        self.failed, self.idle = asyncio.Event(), asyncio.Event()

    async def deliver_due(self) -> int:
        """As always."""
        try:
            delivered = await super().deliver_due()
        except Exception:
            self.failed.set()
            raise
        if not delivered:
            self.idle.set()
        return delivered


@pytest.fixture
def folder(tmp_path: Path) -> WatchedFolder:
    return WatchedFolder(tmp_path / "mailbox")


async def soon(event: asyncio.Event) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await event.wait()


async def stop(running: "asyncio.Task[None]") -> None:
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_the_correlation_id_follows_a_ticket_into_its_mail_and_all_that_is_logged_of_it(
    engine: AsyncEngine, clock: MovedClock, folder: WatchedFolder, tmp_path: Path
) -> None:
    notifier = Notifier(engine, folder, clock)
    await notifier.hears(happened(ANSWER, correlation_id="from-the-browser"))
    await notifier.delivers()
    assert folder.correlation_ids == ["from-the-browser"]
    [kept] = (tmp_path / "mailbox").iterdir()
    assert b"X-Balie-Correlation-Id: from-the-browser\r\n" in kept.read_bytes()


async def test_the_loop_is_woken_by_what_is_planned(
    engine: AsyncEngine, clock: MovedClock, folder: WatchedFolder
) -> None:
    delivery = WatchedDelivery(engine, folder, clock)
    running = asyncio.create_task(delivery.run())
    await soon(delivery.idle)
    await Notifier(engine, folder, clock).hears(ANSWER)
    delivery.wake()
    await soon(folder.kept)
    await stop(running)


async def test_a_mail_on_its_way_is_finished_before_the_loop_stops(
    engine: AsyncEngine, clock: MovedClock, folder: WatchedFolder
) -> None:
    notifier = Notifier(engine, folder, clock)
    await notifier.hears(ANSWER)
    folder.gate.clear()
    running = asyncio.create_task(notifier.delivery.run())
    await soon(folder.begun)
    running.cancel()
    folder.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await notifier.states() == Counter({(Template.ANSWER, "sent"): 1})


class ForgetfulDelivery(Delivery):
    """Cannot mark answers as sent."""

    def __init__(self, engine: AsyncEngine, transport: WatchedFolder, clock: MovedClock) -> None:
        super().__init__(engine, transport, DESK, Signer(SECRET), clock)
        self.failed = asyncio.Event()

    async def _mark_sent(self, claimed: Claimed, answer: str) -> None:
        if claimed.template == Template.ANSWER:
            self.failed.set()
            raise OSError("the database went away")
        await self.failed.wait()
        await super()._mark_sent(claimed, answer)


async def test_a_mark_that_fails_is_told_only_once_the_other_mails_have_ended(
    engine: AsyncEngine, clock: MovedClock, folder: WatchedFolder
) -> None:
    notifier = Notifier(engine, folder, clock)
    await notifier.hears(ANSWER)
    await notifier.hears(survey_due())
    with pytest.raises(OSError, match="went away"):
        await ForgetfulDelivery(engine, folder, clock).deliver_due()
    assert await notifier.states() == Counter({(Template.ANSWER, "queued"): 1, (Template.SURVEY, "sent"): 1})


async def test_articles_that_arrive_while_their_confirmation_is_on_its_way_do_not_send_it_twice(
    engine: AsyncEngine, clock: MovedClock, folder: WatchedFolder
) -> None:
    notifier, other = Notifier(engine, folder, clock), Notifier(engine, folder, clock)
    await notifier.hears(submitted())
    clock.move(SUGGESTION_WAIT)
    folder.gate.clear()
    sending = asyncio.create_task(notifier.delivers())
    await soon(folder.begun)
    await notifier.hears(suggested(article()))
    folder.gate.set()
    assert await other.delivers() == 0
    assert await sending == 1


async def test_the_loop_outlives_a_database_that_goes_away(
    engine: AsyncEngine, clock: MovedClock, folder: WatchedFolder
) -> None:
    await Notifier(engine, folder, clock).hears(ANSWER)
    async with engine.begin() as connection:
        await connection.execute(text("alter table notify.notification rename to elsewhere"))
    delivery = WatchedDelivery(engine, folder, clock)
    with capture_logs() as logged:
        running = asyncio.create_task(delivery.run())
        await soon(delivery.failed)
        assert not folder.kept.is_set()
        async with engine.begin() as connection:
            await connection.execute(text("alter table notify.elsewhere rename to notification"))
        delivery.wake()
        await soon(folder.kept)
        await stop(running)
    # A table that is not there is no outage but a mistake of ours: that is logged in full.
    assert _waits(logged)[0]["exc_info"] is True


@pytest.mark.own_parts
async def test_a_database_out_of_reach_is_logged_in_one_line(folder: WatchedFolder, clock: MovedClock) -> None:
    nowhere = connect("postgresql://nobody@127.0.0.1:1/nothing")
    delivery = WatchedDelivery(nowhere, folder, clock)
    with capture_logs() as logged:
        running = asyncio.create_task(delivery.run())
        await soon(delivery.failed)
        await stop(running)
    await nowhere.dispose()
    assert _waits(logged)[0]["exc_info"] is False


def _waits(logged: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [line for line in logged if line["event"] == "deliveries wait for the database"]
