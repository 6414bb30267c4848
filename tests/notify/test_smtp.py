"""Handing a mail over: to a real SMTP server, and to a folder."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from services.contract.errors import Permanent, Temporary
from services.notify.mail import compose
from services.notify.rendering import Known
from services.notify.rules.facts import PlanFacts
from services.notify.rules.plan import plan
from services.notify.smtp import FolderTransport, SmtpTransport
from services.platform.identity import Signer
from tests.notify.happenings import DESK, JAN, NOW, SECRET, happened, person, submitted, ticket
from tests.smtp_server import REFUSED_FOR_GOOD, REFUSED_FOR_NOW, SmtpServer

pytestmark = pytest.mark.own_parts


def a_mail(address: str = "jan.de.vries@example.org") -> EmailMessage:
    data = submitted(ticket(requester=person("Jan", email=address)))
    return compose(plan(happened(data), data, PlanFacts(DESK.address), NOW)[0], Known(), DESK, Signer(SECRET), NOW, NOW)


@asynccontextmanager
async def server_that(*answers: str) -> AsyncIterator[str]:
    """A server that gives these answers, one to the connection and one to each line, then hangs up."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            writer.write(f"{answer}\r\n".encode())
            await writer.drain()
            await (reader.readuntil(b"\r\n.\r\n") if answer.startswith("354") else reader.readline())
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    async with server:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_mail_arrives_as_it_was_written(smtp: SmtpServer) -> None:
    mail = a_mail()
    assert "OK" in await SmtpTransport(smtp.url).send(mail)
    [arrived] = smtp.messages
    assert arrived["X-Envelope-From"] == "support@balie.example"
    assert arrived["X-Envelope-To"] == "jan.de.vries@example.org"
    for header in ("From", "To", "Subject", "Message-ID", "References", "Reply-To"):
        assert arrived[header] == mail[header]


async def test_a_refusal_for_now_is_worth_another_try(smtp: SmtpServer) -> None:
    smtp.refuse_temporarily()
    with pytest.raises(Temporary, match=re.escape(REFUSED_FOR_NOW)):
        await SmtpTransport(smtp.url).send(a_mail())


async def test_a_refusal_of_the_recipient_is_for_good(smtp: SmtpServer) -> None:
    smtp.refuse_permanently(JAN.email or "")
    with pytest.raises(Permanent, match=re.escape(REFUSED_FOR_GOOD)):
        await SmtpTransport(smtp.url).send(a_mail())


async def test_a_refusal_of_the_content_is_for_good() -> None:
    async with server_that("220 hi", "250 hi", "250 ok", "250 ok", "354 go", "554 looks like spam") as url:
        with pytest.raises(Permanent, match="554 looks like spam"):
            await SmtpTransport(url).send(a_mail())


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(("220 hi", "250 hi", "550 we do not know you"), id="our own address is refused"),
        pytest.param(("554 go away",), id="we are refused at the door"),
        pytest.param(("220 hi", "250 hi", "421 too busy"), id="the server is busy"),
    ],
)
async def test_a_refusal_that_is_not_about_the_mail_waits_for_somebody_to_mend_it(answers: tuple[str, ...]) -> None:
    async with server_that(*answers) as url:
        with pytest.raises(Temporary):
            await SmtpTransport(url).send(a_mail())


async def test_a_server_that_is_away_is_worth_another_try(smtp: SmtpServer) -> None:
    smtp.stop()
    with pytest.raises(Temporary, match="cannot be reached"):
        await SmtpTransport(smtp.url).send(a_mail())


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param((), id="at once"),
        pytest.param(("220 hi", "250 hi", "250 ok"), id="before the recipient"),
        pytest.param(("220 hi", "250 hi", "250 ok", "250 ok", "354 go"), id="after the whole mail, before its answer"),
    ],
)
async def test_a_connection_lost_at_any_point_is_worth_another_try(answers: tuple[str, ...]) -> None:
    async with server_that(*answers) as url:
        with pytest.raises(Temporary, match="cannot be reached"):
            await SmtpTransport(url).send(a_mail())


async def test_a_server_that_hangs_up_after_taking_the_mail_has_taken_it() -> None:
    async with server_that("220 hi", "250 hi", "250 ok", "250 ok", "354 go", "250 taken") as url:
        assert await SmtpTransport(url).send(a_mail()) == "taken"


async def test_a_mailbox_the_server_cannot_name_is_refused_for_good() -> None:
    async with server_that("220 hi", "250 hi", "250 ok", "250 ok") as url:
        with pytest.raises(Permanent, match="SMTPUTF8"):
            await SmtpTransport(url).send(a_mail("jörg@example.org"))


async def test_a_mailbox_in_another_script_arrives_where_the_server_knows_it(smtp: SmtpServer) -> None:
    await SmtpTransport(smtp.url).send(a_mail("jörg@example.org"))
    assert smtp.messages[0]["X-Envelope-To"] == "jörg@example.org"


async def test_a_password_never_travels_in_the_clear(smtp: SmtpServer) -> None:
    with_password = smtp.url.replace("smtp://", "smtp://user:secret@")
    with pytest.raises(Temporary, match="STARTTLS"):
        await SmtpTransport(with_password).send(a_mail())
    assert smtp.messages == []


@pytest.mark.parametrize("url", ["http://mail.example", "smtp://", "mail.example:25", "smtp://mail?starttls=perhaps"])
def test_a_url_that_is_none_is_refused_when_it_is_read(url: str) -> None:
    with pytest.raises(ValueError, match=r"give smtp://|starttls is one of"):
        SmtpTransport(url)


async def test_a_folder_keeps_a_mail_as_a_file_and_a_repeat_as_the_same(tmp_path: Path) -> None:
    mail, folder = a_mail(), tmp_path / "mailbox"
    for _ in range(2):
        await FolderTransport(folder).send(mail)
    [kept] = folder.iterdir()
    assert f"<{kept.stem}@balie.example>" == mail["Message-ID"]
    assert kept.suffix == ".eml"
    assert message_from_bytes(kept.read_bytes(), policy=policy.default)["Subject"] == mail["Subject"]


async def test_a_folder_that_cannot_be_written_is_worth_another_try(tmp_path: Path) -> None:
    transport = FolderTransport(tmp_path / "mailbox")
    (tmp_path / "mailbox").rmdir()
    (tmp_path / "mailbox").write_text("a file is in the way")
    with pytest.raises(Temporary, match="mailbox folder"):
        await transport.send(a_mail())
