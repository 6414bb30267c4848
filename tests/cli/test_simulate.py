"""`balie simulate` as an operator meets it."""

import asyncio
import csv
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from services.cli.main import app
from services.intake.rules.moves.ask import Ask
from services.intake.tables.tables import person
from services.platform.clock import wall_clock
from services.platform.database import transaction
from tests.architecture import ROOT
from tests.intake.recorded_life import DAY, opened
from tests.intake.ticket_life import AGENT, DAAN, MARIEKE, NOON, PLAIN, message

SOONER = '[all]\nreminder_after = { length = "P5D" }\nclosure_after = { length = "P100D" }\n'


@pytest.fixture
async def desk(engine: AsyncEngine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ticket long ago whose requester never answered, on the database that the environment names."""
    monkeypatch.setenv("BALIE_DATABASE_URL", database_url)
    monkeypatch.setenv("BALIE_SECRET", "a secret for tests that is long enough")
    long_ago = NOON - 400 * DAY
    async with transaction(engine) as connection:
        for who in (MARIEKE, DAAN):
            facts = {"id": who.person_id, "name": who.name, "email": who.email, "language": who.language}
            await connection.execute(person.insert().values(**facts, role="agent", created_at=NOON))
        life = await opened(connection, 7, long_ago, PLAIN.pinned("standard"))
        await life.does(Ask(AGENT, message()), long_ago)
        await life.pass_until(long_ago + 30 * DAY)


async def _simulate(folder: Path, change: str, *words: str) -> Result:
    file = folder / "new.toml"
    file.write_text(change)
    command = ["simulate", "--policy", str(file), *words]
    return await asyncio.to_thread(CliRunner().invoke, app, command)


OCTOBER = ("--from", "2025-09-01", "--to", "2025-11-01")


@pytest.mark.usefixtures("desk")
async def test_the_table_ends_with_what_changes_in_a_sentence_and_how_far_to_trust_it(tmp_path: Path) -> None:
    result = await _simulate(tmp_path, SOONER, *OCTOBER)
    assert result.exit_code == 0, result.stderr
    *_, of_organisation, whole, truth = result.stdout.splitlines()
    assert of_organisation == "(no organisation): 0 closures instead of 1."
    assert whole == "0 closures instead of 1."
    assert truth == "The pinned policies, simulated, give what was recorded of every one of 1 tickets."


@pytest.mark.usefixtures("desk")
async def test_json_and_csv_hold_the_same_numbers(tmp_path: Path) -> None:
    out = tmp_path / "outcome"
    result = await _simulate(tmp_path, SOONER, *OCTOBER, "--format", "json", "--out", str(out))
    assert (result.exit_code, result.stdout) == (0, "")
    document = json.loads(out.read_text())
    assert document["sentence"] == "0 closures instead of 1."
    assert document["total"]["closures"] == {"recorded": 1, "before": 1, "after": 0, "difference": -1}
    assert document["organisations"][0]["acts"] == document["total"]

    rows = list(csv.DictReader((await _simulate(tmp_path, SOONER, *OCTOBER, "--format", "csv")).stdout.splitlines()))
    closures = {row["organisation"]: row for row in rows if row["act"] == "closures"}
    assert closures.keys() == {"(no organisation)", "All"}
    assert closures["All"] == {
        "organisation": "All", "act": "closures", "recorded": "1", "before": "1", "after": "0", "difference": "-1"
    }  # fmt: skip


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("change", "words", "said"),
    [
        ("[all]\nremind_after = 5", OCTOBER, "new.toml: all.remind_after: there is no such key."),
        ("[all]\nsurvey = false", ("--from", "2025-11-01", "--to", "2025-10-01"), "Give a --to after --from"),
        (
            "[all]\nsurvey = false",
            ("--from", "2025-11-01", "--to", f"{wall_clock() + timedelta(days=2):%Y-%m-%d}"),
            "what is to come has no history",
        ),
        ("[all]\nsurvey = false", (*OCTOBER, "--organisation", "Nobody"), "There is no organisation 'Nobody'"),
        ("[all]\nsurvey = false", ("--from", "soon"), "'soon' is no day or instant"),
        ("[all]\nsurvey = false", (*OCTOBER, "--out", "/nowhere/at/all"), "/nowhere/at/all"),
        ("\x00", OCTOBER, "That is no TOML"),
    ],
)
async def test_what_is_wrong_is_a_sentence_and_exit_code_2(
    tmp_path: Path, change: str, words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 400)
    result = await _simulate(tmp_path, change, *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


@pytest.mark.usefixtures("desk")
async def test_the_example_that_ships_is_one_that_works(tmp_path: Path) -> None:
    example = (ROOT / "deploy" / "policy.example.toml").read_text()
    result = await _simulate(tmp_path, example, *OCTOBER)
    assert result.exit_code == 0, result.stderr
    assert "The pinned policies, simulated, give what was recorded" in result.stdout


@pytest.mark.usefixtures("desk")
async def test_the_part_of_the_example_that_is_switched_off_reads_as_well(tmp_path: Path) -> None:
    example = (ROOT / "deploy" / "policy.example.toml").read_text()
    switched_on = "".join(
        line.removeprefix("# ") for line in example[example.index("# [contracts.") :].splitlines(keepends=True)
    )
    result = await _simulate(tmp_path, switched_on, *OCTOBER)
    assert result.exit_code == 2
    assert 'contracts."Bakkerij De Vries": there is no contract of that name' in result.stderr
