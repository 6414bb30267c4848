"""The demonstration itself, small: every life once, on the real parts; and books that somebody has tampered with."""

import asyncio
import io
import subprocess
import sys
from email import message_from_bytes
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import text

from services.cli.demo.books import Book
from services.cli.demo.lives import LIVES
from services.cli.demo.post import letters
from services.cli.demo.report import Progress, report
from services.cli.demo.run import Demonstration, demonstration
from services.notify.mail import TEMPLATE_HEADER
from tests.intake.mail.mail_letters import letter
from tests.patience import until

pytestmark = pytest.mark.own_parts

DAY_SECONDS = 0.5


def write_mails(folder: Path, count: int) -> Path:
    """So many mails of as many people in `folder`, which is made."""
    folder.mkdir()
    for number in range(count):
        raw = letter(
            f"From: Person {number} <person{number}@elsewhere.example>",
            f"Subject: Fire {number}",
            f"Message-ID: <{number}@elsewhere.example>",
            f"Content-Language: {('nl', 'it', 'en')[number % 3]}",
        )
        (folder / f"{number:02}.eml").write_bytes(raw)
    return folder


def shown(played: Demonstration, book: Book) -> tuple[bool, str]:
    """Whether the report finds all well, and what it says."""
    screen = io.StringIO()
    console = Console(file=screen, width=200)
    return report(console, played.story, book, letters=0), screen.getvalue()


@pytest.mark.timeout(400)
async def test_every_life_is_lived_and_the_books_agree_until_somebody_tampers_with_them(tmp_path: Path) -> None:
    mails = write_mails(tmp_path / "mails", len(LIVES))
    (mails / "again.eml").write_bytes((mails / "00.eml").read_bytes())
    (mails / "empty.eml").write_bytes(b"")
    (mails / "machine.eml").write_bytes(letter("From: no-reply@elsewhere.example", "Subject: Your invoice"))
    async with demonstration(tmp_path, DAY_SECONDS) as played:
        await played.play(letters(mails), Progress(len(LIVES) + 3))
        assert played.story.deviations() == []
        outcomes = sorted(mail.receipt.outcome for mail in played.story.posted)
        assert outcomes == ["refused", "repeated", *["submitted"] * (len(LIVES) + 1)]
        book = await played.book()
        well, said = shown(played, book)
        assert well, said
        ends = {str(one.ticket.closed_reason or one.ticket.status) for one in book.histories.values()}
        assert ends == {"finalised", "no_response", "open", "new"}
        assert "empty.eml: The mail is empty." in said

        file = played.stage.watch.mailbox / f"{next(id for id, kept in book.kept.items() if kept.number)}.eml"
        content = file.read_bytes()
        file.unlink()
        well, said = shown(played, await played.book())
        assert not well
        assert "is lost; it is not in the mailbox." in said
        file.write_bytes(content)

        async with played.engine.begin() as connection:
            opened = (
                "status = 'open', path = path || jsonb_build_array(jsonb_build_array('open', to_jsonb(updated_at)))"
            )
            await connection.execute(text(f"update intake.ticket set {opened} where status = 'new'"))  # noqa: S608 - ours
        well, said = shown(played, await played.book())
        assert not well
        assert "but its history ends new." in said


@pytest.mark.timeout(400)
async def test_the_command_over_rabbitmq_ends_with_exit_code_1_where_a_mail_vanishes(tmp_path: Path) -> None:
    mails = write_mails(tmp_path / "mails", 2)
    with balie("--mail", str(mails), "--parts", "rabbitmq", "--day", "0.3", folder=tmp_path) as demo:
        await until(lambda: over(demo) or there(tmp_path, "state"), "RabbitMQ is up")
        await until(lambda: over(demo) or there(tmp_path, "state/mail"), "Balie is up")
        await until(lambda: over(demo) or steal_mail(tmp_path, "new_ticket"), "support is told of a ticket")
        said, complaint = await asyncio.to_thread(demo.communicate)
    assert (demo.returncode, complaint) == (1, ""), said
    assert "The new_ticket mail of ticket" in said
    assert not any(
        path.name.startswith("balie-demo-") for path in await asyncio.to_thread(lambda: [*tmp_path.iterdir()])
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--mail", "nowhere"], "there is no folder nowhere"),
        (["--mail", "."], "there is no mail (*.eml) in"),
        (["--parts", "pigeons"], "pigeons"),
        (["--tickets", "0"], "--tickets"),
        (["--day", "0"], "--day"),
    ],
)
def test_bad_arguments_are_exit_code_2_with_a_sentence(arguments: list[str], why: str, tmp_path: Path) -> None:
    with balie(*arguments, folder=tmp_path) as demo:
        _, complaint = demo.communicate()
    assert demo.returncode == 2
    assert why in complaint


def balie(*arguments: str, folder: Path) -> "subprocess.Popen[str]":
    """`balie demo`, started in `folder` and keeping its state there."""
    root = Path(__file__).parents[3]
    scripts = Path(sys.executable).parent
    return subprocess.Popen(
        [sys.executable, "-c", "from services.cli.main import main; main()", "demo", *arguments],
        cwd=folder,
        env={
            "PATH": f"{scripts}:/usr/sbin:/usr/bin:/bin",
            "PYTHONPATH": str(root),
            "TMPDIR": str(folder),
            "COLUMNS": "200",
            "NO_COLOR": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def over(demo: "subprocess.Popen[str]") -> bool:
    """Whether it has ended, for whatever reason: then there is nothing to wait for."""
    return demo.poll() is not None


def there(folder: Path, part: str) -> bool:
    """Whether this part of the demonstration's folder is there."""
    return any(folder.glob(f"balie-demo-*/{part}"))


def steal_mail(folder: Path, template: str) -> bool:
    """Take one mail of this kind out of the mailbox, where there is one."""
    for file in folder.glob("balie-demo-*/state/mail/*.eml"):
        if message_from_bytes(file.read_bytes())[TEMPLATE_HEADER] == template:
            file.unlink()
            return True
    return False
