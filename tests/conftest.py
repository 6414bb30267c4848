"""The real parts every test may ask for. Nothing here is a stand-in; a missing part fails the run."""

import gc
import os
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

import services
from services.cli.embedded.temporal_server import time_skipping_program
from services.platform.database import SERVICES_WITH_TABLES, connect, migrate
from services.platform.telemetry import configure_logging
from tests import alone, parts
from tests.databases import Databases, databases_on
from tests.moved_clock import MovedClock
from tests.properties import unhurried
from tests.smtp_server import SmtpServer, running_smtp_server

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
"""Which of several test processes this is: on a server given by its address their databases lie side by side."""
TEMPLATE = f"balie_template_{WORKER}"
_numbers = count(1)


def pytest_configure() -> None:
    """Log as the processes do: structlog's own way of showing a traceback takes seconds and shows every variable."""
    configure_logging("console", "warning")
    # For tests with `@given` alone: Hypothesis by itself fails an example that takes a fifth of a second.
    settings.register_profile("unhurried", unhurried)
    settings.load_profile("unhurried")
    # What is imported and collected stays until the end: looking through it for garbage again and again is wasted.
    gc.disable()


def pytest_collection_finish() -> None:
    """From here on there is garbage."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that stand alone, for `make unit`, and those that search for inputs, for `make fuzz`."""
    for item in items:
        if alone.stands(item):
            item.add_marker(pytest.mark.unit)
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.search)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Hold a test that stands alone to it; log as before after one that logs elsewhere."""
    logging = structlog.get_config()
    with alone.held_to_it(item):
        done = yield
    structlog.configure(**logging)
    return done


@pytest.fixture(scope="session")
def parts_folder() -> Iterator[Path]:
    """Where parts keep their data: not in pytest's own folder, which every other run shuts for other users again."""
    with tempfile.TemporaryDirectory(
        prefix="balie-test-", dir=parts.roomy_memory(), ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_url(parts_folder: Path) -> Iterator[str]:
    """A PostgreSQL server for the run, to make databases in."""
    with parts.postgres(parts_folder / "postgres") as url:
        yield url


@pytest.fixture(scope="session")
async def databases(postgres_url: str) -> AsyncIterator[Databases]:
    """Makes databases on the server of the run, and drops them."""
    async with databases_on(postgres_url) as databases:
        yield databases


@pytest.fixture(scope="session")
async def template_url(databases: Databases) -> str:
    """A database in which every service with tables is migrated: once for the run, never connected to again."""
    url = await databases.make(TEMPLATE)
    # A migration runs a loop of its own, which the session's loop does not allow in its thread.
    with ThreadPoolExecutor(1) as thread:
        for service in SERVICES_WITH_TABLES:
            if (Path(services.__path__[0]) / service / "migrations" / "env.py").exists():
                thread.submit(migrate, url, service).result()
    return url


@pytest.fixture
async def database_url(databases: Databases, template_url: str) -> AsyncIterator[str]:
    """A fresh, migrated database of the test's own."""
    name = f"balie_test_{WORKER}_{next(_numbers)}"
    yield await databases.make(name, template=TEMPLATE)
    await databases.drop(name)


@pytest.fixture
async def empty_database_url(databases: Databases) -> AsyncIterator[str]:
    """A fresh database with nothing in it: for tests of the migrations themselves."""
    name = f"balie_test_{WORKER}_{next(_numbers)}"
    yield await databases.make(name)
    await databases.drop(name)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on the test's own database."""
    engine = connect(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
def rabbitmq_url(parts_folder: Path) -> Iterator[str]:
    """A RabbitMQ for the run; queues need names of the test's own."""
    with parts.rabbitmq(parts_folder / "rabbitmq") as url:
        yield url


@pytest.fixture(scope="session")
def temporal_address(parts_folder: Path) -> Iterator[str]:
    """A real Temporal development server for the run; task queues need names of the test's own."""
    with parts.temporal(parts_folder / "temporal") as address:
        yield address


@pytest.fixture(scope="session")
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """Temporal's time-skipping server: fourteen days pass in a moment."""
    environment = await WorkflowEnvironment.start_time_skipping(
        data_converter=pydantic_data_converter, test_server_existing_path=str(time_skipping_program())
    )
    yield environment
    await environment.shutdown()


@pytest.fixture
def clock() -> MovedClock:
    """The time, which passes only when the test says so."""
    return MovedClock()


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    """A mail server that keeps what it takes."""
    with running_smtp_server() as server:
        yield server
