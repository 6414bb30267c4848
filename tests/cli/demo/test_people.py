"""The demonstration's people: one requester with several tickets is one person with one session."""

import asyncio
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest

from services.cli.demo.lives import Scene
from services.cli.demo.people import Caller, FrontDoor, Requester
from services.cli.demo.watch import Watch
from services.contract.vocabulary import Language
from services.intake.mail.incoming import Mailroom
from services.notify.mail import TEMPLATE_HEADER
from services.notify.rules.notices import Template

JAN, AN = "jan@elsewhere.example", "an@elsewhere.example"


class Desk:
    """A desk whose every password link logs out whoever was logged in by an earlier one."""

    def __init__(self, mailbox: Path) -> None:
        self.watch = Watch(cast(Any, None), mailbox)
        self.links: list[str] = []
        self.used: list[str] = []

    async def ask_for_password_link(self, email: str) -> None:
        self.links.append(email)
        mail = EmailMessage()
        mail["To"], mail[TEMPLATE_HEADER], mail["Subject"] = email, Template.PASSWORD_LINK, f"link {len(self.links)}"
        (self.watch.mailbox / f"{len(self.links):03}.eml").write_bytes(mail.as_bytes())

    async def choose_password(self, mail: EmailMessage, _password: str) -> None:
        self.used.append(mail["Subject"])

    async def log_in(self, email: str, _password: str) -> Caller:
        return Caller(cast(Any, None), asyncio.Semaphore(1), {"id": email, "name": email}, f"session {len(self.used)}")

    def scene(self, number: int, requester: Requester) -> Scene:
        return Scene(number, Language.DUTCH, cast(Caller, None), requester, self.watch, cast(FrontDoor, self))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(tmp_path)

    async def look_at_mails_only() -> None:
        for message in desk.watch._new_mails():
            desk.watch._mails[None, Template(message[TEMPLATE_HEADER])].append(message)

    async def until(seen: Any, what: str) -> Any:
        await look_at_mails_only()
        return seen()

    monkeypatch.setattr(desk.watch, "until", until)
    return desk


def _requester(email: str) -> Requester:
    return Requester(email, cast(Mailroom, None))


async def test_a_requester_of_several_tickets_logs_in_once(desk: Desk) -> None:
    jan = _requester(JAN)
    sessions = await asyncio.gather(desk.scene(1, jan).logs_in(), desk.scene(2, jan).logs_in())
    assert sessions[0] is sessions[1]
    assert desk.links == [JAN]


async def test_a_password_link_from_before_is_not_used_again(desk: Desk) -> None:
    await desk.scene(1, _requester(JAN)).logs_in()
    await desk.scene(2, _requester(JAN)).logs_in()
    assert desk.used == ["link 1", "link 2"]


async def test_a_link_to_an_address_that_ends_alike_is_somebody_elses(desk: Desk) -> None:
    await desk.scene(1, _requester(JAN)).logs_in()
    await desk.scene(2, _requester(AN)).logs_in()
    assert desk.used == ["link 1", "link 2"]
