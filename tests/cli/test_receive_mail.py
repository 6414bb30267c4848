"""`balie receive-mail` as an operator or a mail server runs it."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.tables.tables import ticket
from tests.intake.mail.mail_letters import letter

pytestmark = pytest.mark.own_parts

MARIEKE = "From: Marieke de Vries <marieke@devries.example>"


@pytest.fixture
def settings(database_url: str) -> Mapping[str, str]:
    return {"BALIE_DATABASE_URL": database_url, "BALIE_SECRET": "a secret for tests that is long enough"}


def balie(settings: Mapping[str, str], folder: Path, *arguments: str, given: bytes = b"") -> tuple[int, str, str]:
    """Run `balie receive-mail` in `folder`; its exit code, and what it said."""
    command = [sys.executable, "-c", "from services.cli.main import main; main()", "receive-mail", *arguments]
    root = str(Path(__file__).parents[2])
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": root, "NO_COLOR": "1", **settings}
    ended = subprocess.run(command, cwd=folder, env=environment, input=given, capture_output=True, check=False)
    return ended.returncode, ended.stdout.decode(), ended.stderr.decode()


async def test_every_file_is_brought_in_and_told_of_and_a_refused_one_is_exit_code_1(
    settings: Mapping[str, str], engine: AsyncEngine, tmp_path: Path
) -> None:
    (tmp_path / "fire.eml").write_bytes(letter(MARIEKE, "Subject: Fire!", "Message-ID: <1@devries>"))
    (tmp_path / "empty.eml").write_bytes(b"")
    code, said, complaint = balie(settings, tmp_path, "fire.eml", "empty.eml", "fire.eml")
    assert (code, said.splitlines(), complaint) == (
        1,
        [
            "fire.eml: opened ticket 1.",
            "empty.eml: refused. The mail is empty.",
            "fire.eml: came before, for ticket 1.",
        ],
        "",
    )
    async with engine.connect() as connection:
        assert (await connection.execute(select(ticket.c.subject))).scalars().all() == ["Fire!"]


def test_a_mail_server_hands_one_over_on_standard_input(settings: Mapping[str, str], tmp_path: Path) -> None:
    code, said, complaint = balie(settings, tmp_path, "-", given=letter(MARIEKE, "Subject: Fire!"))
    assert (code, said, complaint) == (0, "-: opened ticket 1.\n", "")


@pytest.mark.parametrize(("arguments", "why"), [([], "Missing argument"), (["gone.eml"], "there is no file")])
def test_bad_arguments_are_exit_code_2_with_a_sentence(arguments: list[str], why: str, tmp_path: Path) -> None:
    code, _, complaint = balie({}, tmp_path, *arguments)
    assert code == 2
    assert why in complaint


def test_without_a_balie_to_reach_it_says_how_to_name_one(tmp_path: Path) -> None:
    (tmp_path / "fire.eml").write_bytes(letter(MARIEKE))
    code, _, complaint = balie({}, tmp_path, "fire.eml")
    assert code == 2
    assert "or set BALIE_DATABASE_URL and the other settings" in complaint


def test_a_missing_setting_is_named(tmp_path: Path) -> None:
    (tmp_path / "fire.eml").write_bytes(letter(MARIEKE))
    code, _, complaint = balie({"BALIE_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/balie"}, tmp_path, "fire.eml")
    assert code == 2
    assert "BALIE_SECRET (signs tokens" in complaint
