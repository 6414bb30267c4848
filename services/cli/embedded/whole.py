"""The embedded Balie: all services as coroutines of one process, PostgreSQL and Temporal as its children, on loopback.

Used by `balie up`, the demonstration and the end-to-end tests.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from socket import socket
from typing import Any, Protocol

import httpx

from services.cli.chosen_broker import LOCAL, chosen_broker, connected
from services.cli.embedded.child_process import LOOPBACK, PartFailed
from services.cli.embedded.postgres_server import PostgresServer
from services.cli.embedded.temporal_server import TemporalServer
from services.cli.state_folder import demonstration_password, owned, reachable, signing_secret
from services.contract.errors import sentence
from services.intake import main as intake
from services.intake.people.demonstration import add_demonstration_people
from services.intake.rules.contracts import Terms
from services.kb import main as kb
from services.kb.help_centre import load as load_help_centre
from services.messaging.broker import Broker
from services.notify import main as notify
from services.notify.rules.notices import AUTOMATIC_MAILS_MAX
from services.platform.clock import wall_clock
from services.platform.database import SERVICES_WITH_TABLES, connect, migrate
from services.platform.process import Job, listen
from services.web import main as web
from services.workflows import main as workflows

WATCH_SECONDS = 0.5
READY_SECONDS = 60
"""How long the services may take to answer after their start."""
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Ports:
    """The preferred ports. If one is taken, a free one is used instead; 0 always takes a free one."""

    web: int = 0
    intake: int = 0
    kb: int = 0
    temporal: int = 0
    temporal_ui: int = 0


USUAL_PORTS = Ports(web=8080, intake=8081, kb=8082, temporal=7233, temporal_ui=8233)


@dataclass(frozen=True)
class Embedded:
    """A running Balie: where everything is, and how to log in."""

    state: Path
    web_url: str
    intake_url: str
    kb_url: str
    temporal_address: str
    temporal_ui_url: str
    database_url: str
    broker_url: str
    mail_folder: Path | None
    """The folder that gets each mail as a file; None if mails are sent by SMTP."""
    secret: str
    password: str
    """The password of all demonstration people."""
    moved: tuple[str, ...] = ()
    """A sentence for each preferred port that was taken."""
    _running: "frozenset[asyncio.Task[None]]" = frozenset()

    def environment(self) -> dict[str, str]:
        """The environment variables with which another process reaches it."""
        return {
            "BALIE_DATABASE_URL": self.database_url,
            "BALIE_BROKER_URL": self.broker_url,
            "BALIE_TEMPORAL_ADDRESS": self.temporal_address,
            "BALIE_SECRET": self.secret,
            "BALIE_PUBLIC_URL": self.web_url,
            "BALIE_INTAKE_URL": self.intake_url,
            "BALIE_KB_URL": self.kb_url,
            "BALIE_ATTACHMENTS_DIR": str(self.state / "attachments"),
        }

    async def run_on(self) -> None:
        """Never returns. Raises PartFailed when a service or a part stops by itself; the text names it."""
        ended, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        await ended.pop()


@asynccontextmanager
async def running(
    state: Path,
    *,
    ports: Ports = Ports(),
    standard: Terms | None = None,
    broker_url: str = LOCAL,
    smtp_url: str | None = None,
    automatic_mails_max: int = AUTOMATIC_MAILS_MAX,
) -> AsyncIterator[Embedded]:
    """Runs Balie during the block, with its state in the folder `state`, which is created if it is missing.

    Raises Permanent if another Balie runs on that folder, PartMissing or PartFailed if a part does not start.
    """
    async with AsyncExitStack() as stack:
        state = stack.enter_context(owned(state))
        postgres = PostgresServer(state)
        await stack.enter_async_context(_started(postgres))
        doors = stack.enter_context(closing(_Doors()))
        temporal = TemporalServer(
            state,
            port=doors.free_or_zero("Temporal", ports.temporal),
            ui_port=doors.free_or_zero("Temporal's pages", ports.temporal_ui),
        )
        await stack.enter_async_context(_started(temporal))
        embedded = Embedded(
            state,
            web_url=doors.open("web", ports.web),
            intake_url=doors.open("intake", ports.intake),
            kb_url=doors.open("kb", ports.kb),
            temporal_address=temporal.address,
            temporal_ui_url=temporal.ui_url,
            database_url=postgres.url,
            broker_url=broker_url,
            mail_folder=None if smtp_url else state / "mail",
            secret=signing_secret(state),
            password=demonstration_password(state),
            moved=tuple(doors.moved),
        )
        await _prepare(embedded)
        stack.enter_context(reachable(state, embedded.environment()))
        broker = await stack.enter_async_context(connected(chosen_broker(broker_url, postgres.url)))
        jobs = {
            **_services(embedded, standard or Terms(), smtp_url, automatic_mails_max, broker, doors),
            "the watch": _watch({"PostgreSQL": postgres, "Temporal": temporal}),
        }
        embedded = replace(embedded, _running=await stack.enter_async_context(_side_by_side(jobs)))
        await _ready(embedded)
        yield embedded


class _Part(Protocol):
    @property
    def running(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


@asynccontextmanager
async def _started(part: _Part) -> AsyncIterator[None]:
    starting = asyncio.ensure_future(asyncio.to_thread(part.start))
    try:
        await asyncio.shield(starting)
        yield
    finally:
        # After Ctrl-C during the start: a thread cannot be cancelled, so wait until the part has started, then stop it.
        await asyncio.wait([starting])
        await asyncio.to_thread(part.stop)


class _Doors:
    """The sockets the services listen on."""

    def __init__(self) -> None:
        self.listening: dict[str, socket] = {}
        self.moved: list[str] = []

    def open(self, name: str, port: int) -> str:
        """Opens a listening socket for `name`; returns its URL."""
        self.listening[name] = opened = listen(LOOPBACK, self.free_or_zero(name, port))
        return f"http://{LOOPBACK}:{opened.getsockname()[1]}"

    def free_or_zero(self, name: str, port: int) -> int:
        """The port if it is free; otherwise 0, and a sentence is added to `moved`."""
        try:
            listen(LOOPBACK, port).close()
        except OSError:
            self.moved.append(f"Port {port} is taken; a free one was chosen for {name}.")
            return 0
        return port

    def close(self) -> None:
        """Closes all sockets."""
        for opened in self.listening.values():
            opened.close()


async def _prepare(embedded: Embedded) -> None:
    for service in SERVICES_WITH_TABLES:
        await asyncio.to_thread(migrate, embedded.database_url, service)
    engine = connect(embedded.database_url)
    try:
        await add_demonstration_people(engine, embedded.password, wall_clock)
        await load_help_centre(engine, wall_clock, embedded.web_url)
    finally:
        await engine.dispose()


def _services(
    embedded: Embedded, standard: Terms, smtp_url: str | None, automatic_mails_max: int, broker: Broker, doors: _Doors
) -> dict[str, Job]:
    of_all: dict[str, Any] = {
        "database_url": embedded.database_url,
        "broker_url": embedded.broker_url,
        "temporal_address": embedded.temporal_address,
        "secret": embedded.secret,
        "public_url": embedded.web_url,
    }
    of_intake = intake.IntakeSettings(**of_all, attachments_dir=embedded.state / "attachments", standard=standard)
    of_kb = kb.KbSettings(**of_all)
    of_notify = notify.NotifySettings(
        **of_all, smtp_url=smtp_url, mailbox_dir=embedded.mail_folder, automatic_mails_max=automatic_mails_max
    )
    of_web = web.WebSettings(
        **of_all, intake_url=embedded.intake_url, kb_url=embedded.kb_url, mailbox_dir=embedded.mail_folder
    )
    of_workflows = workflows.WorkflowsSettings(**of_all, intake_url=embedded.intake_url)
    return {
        "intake's API": intake.api(of_intake, broker, doors.listening["intake"]),
        "intake's worker": intake.worker(of_intake, broker),
        "the workflow worker": workflows.worker(of_workflows),
        "notify's worker": notify.worker(of_notify, broker),
        "the knowledge base's API": kb.api(of_kb, broker, doors.listening["kb"]),
        "the knowledge base's worker": kb.worker(of_kb, broker),
        "the web": web.web(of_web, broker, doors.listening["web"]),
    }


async def _watch(parts: dict[str, _Part]) -> None:
    while not (gone := [name for name, part in parts.items() if not part.running]):  # noqa: ASYNC110 - a child sets no event of ours
        await asyncio.sleep(WATCH_SECONDS)
    raise PartFailed(f"{' and '.join(gone)} stopped although nobody told it to.")


async def _ready(embedded: Embedded) -> None:
    """Returns once all services answer. Raises PartFailed if one stops, or does not answer in time."""
    addresses = (f"{embedded.intake_url}/readyz", f"{embedded.kb_url}/readyz", f"{embedded.web_url}/readyz")
    answering = asyncio.ensure_future(_answer(addresses))
    stopping = asyncio.ensure_future(embedded.run_on())
    try:
        done, _ = await asyncio.wait((answering, stopping), return_when=asyncio.FIRST_COMPLETED)
        await done.pop()
    finally:
        for waiting in (answering, stopping):
            waiting.cancel()
        await asyncio.gather(answering, stopping, return_exceptions=True)


async def _answer(addresses: tuple[str, ...]) -> None:
    try:
        async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient(timeout=READY_SECONDS) as client:
            for address in addresses:
                while not (await client.get(address)).is_success:  # noqa: ASYNC110 - it is asked over HTTP
                    await asyncio.sleep(LOOK_SECONDS)
    except (TimeoutError, httpx.HTTPError) as error:
        raise PartFailed(f"The services run, but {address} gave no good answer: {sentence(error)}") from error


@asynccontextmanager
async def _side_by_side(jobs: dict[str, Job]) -> AsyncIterator["frozenset[asyncio.Task[None]]"]:
    """Runs the jobs during the block. Raises PartFailed at its end if one of them had stopped by itself."""
    tasks = frozenset(asyncio.ensure_future(_never_ending(name, job)) for name, job in jobs.items())
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, PartFailed):
            raise end


async def _never_ending(name: str, job: Job) -> None:
    try:
        await job
    except PartFailed:
        raise
    except Exception as error:
        raise PartFailed(f"{name} stopped: {sentence(error)}") from error
    raise PartFailed(f"{name} stopped although nobody told it to.")
