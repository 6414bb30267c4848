"""Logs carry the correlation id, and never what variables held."""

import json
from collections.abc import Iterator

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.platform.telemetry import configure_logging, correlated, correlation_id


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_never_shows_the_values_of_variables(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(log_format, "info")
    try:
        password = "".join(["hun", "ter2"])
        raise RuntimeError("broken") from OSError(len(password))
    except RuntimeError:
        structlog.get_logger("test").exception("failed")
    logged = capsys.readouterr().err
    assert "RuntimeError" in logged
    assert "hunter2" not in logged


async def test_a_statement_that_fails_is_said_without_its_values(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError) as failed:
            await connection.execute(text("select 1 from nowhere where password = :password"), {"password": "hunter2"})
    assert "nowhere" in str(failed.value)
    assert "hunter2" not in str(failed.value)


def test_everything_logged_inside_an_act_carries_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json", "info")
    with correlated("abc"):
        structlog.get_logger("test").info("inside")
        with correlated(""):
            assert correlation_id() not in ("", "abc")
    structlog.get_logger("test").info("outside")
    inside, outside = map(json.loads, capsys.readouterr().err.splitlines())
    assert (inside["correlation_id"], outside.get("correlation_id")) == ("abc", None)
