"""The demonstration from start to end: the parts, the story, and the books."""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.live import Live
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from services.cli.chosen_broker import LOCAL, chosen_broker, connected
from services.cli.demo.books import Book
from services.cli.demo.given import GivenSettings, given
from services.cli.demo.ledger import read_book
from services.cli.demo.people import FrontDoor
from services.cli.demo.quiet import dead_letters, until_calm, until_quiet
from services.cli.demo.report import Progress, report
from services.cli.demo.story import Stage, Story, fast_terms
from services.cli.demo.watch import Watch
from services.cli.demo.words import NotAsPlanned
from services.cli.embedded.rabbitmq_server import RabbitmqServer
from services.cli.embedded.whole import Embedded, running
from services.contract.errors import Permanent
from services.intake.mail.incoming import Mailroom
from services.intake.tickets.attachments import BlobStore, FolderBlobs, PostgresBlobs
from services.messaging.broker import Broker
from services.platform.clock import wall_clock
from services.platform.database import connect
from services.platform.temporal_client import connect_temporal

LINE_EVERY_SECONDS = 5.0
MAILS_TO_ONE_ADDRESS_MAX = 1000
"""The normal limit is per hour; in the demonstration, months pass in an hour."""
DESK_ADDRESS = "support@balie.example"


@dataclass
class Demonstration:
    """A running Balie with its story, and the connections to read its books."""

    balie: Embedded
    engine: AsyncEngine
    temporal: Client
    broker: Broker
    stage: Stage
    story: Story

    async def play(self, letters: Sequence[Path], progress: Progress) -> None:
        """Plays the whole story, and waits until no message is under way."""
        progress.follow(self.story, self.stage.watch)
        looking = asyncio.ensure_future(self.stage.watch.run())
        acting = asyncio.ensure_future(self._act(letters, progress))
        lasting = asyncio.ensure_future(self.balie.run_on())
        tasks = (acting, looking, lasting)
        try:
            # Wait for the first task to end: if a part stops, the story must not go on waiting.
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            await ended.pop()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def book(self) -> Book:
        """The books as they are now."""
        return await read_book(self.engine, self.temporal, self.stage.watch.mailbox, self.story.posted)

    async def _act(self, letters: Sequence[Path], progress: Progress) -> None:
        # Notify must know support's people before the first mail comes, or it would mail none of them about it.
        await until_quiet(self.engine, self.broker)
        await self.stage.play(letters, self.story, progress.tell)
        progress.tell("Waiting for the last mails")
        await until_quiet(self.engine, self.broker)
        await self.stage.watch.look()


async def demonstrate(
    letters: Sequence[Path], *, rabbitmq: bool, day_seconds: float, console: Console, on: GivenSettings | None = None
) -> bool:
    """Plays the story on a Balie in a temporary folder, or `on` a Balie that is already running, and prints its books;
    returns whether they agree."""
    _stop_cleanly_when_told()
    with tempfile.TemporaryDirectory(prefix="balie-demo-") as folder:
        progress = Progress(len(letters))
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(_shown(progress, console))
            if on is not None:
                progress.tell("Looking at the Balie that runs")
                told = await stack.enter_async_context(demonstration_on(await given(on), PostgresBlobs(), day_seconds))
            else:
                rabbit = _rabbitmq(Path(folder) / "rabbitmq")
                broker_url = await stack.enter_async_context(rabbit) if rabbitmq else LOCAL
                told = await stack.enter_async_context(demonstration(Path(folder), day_seconds, broker_url))
            try:
                await told.play(letters, progress)
            except NotAsPlanned as deviation:
                raise Permanent(f"The demonstration stopped: {deviation}.") from deviation
            book, dead = await told.book(), await dead_letters(told.broker)
        return report(console, told.story, book, dead)


def _stop_cleanly_when_told() -> None:
    """Makes SIGTERM act like Ctrl-C: everything that was started is stopped, and the folder is deleted."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


@asynccontextmanager
async def demonstration(folder: Path, day_seconds: float, broker_url: str = LOCAL) -> AsyncIterator[Demonstration]:
    """Runs Balie with fast promises and its state in `folder`; the story has not begun."""
    opened = running(
        folder / "state",
        standard=fast_terms(day_seconds),
        broker_url=broker_url,
        automatic_mails_max=MAILS_TO_ONE_ADDRESS_MAX,
    )
    async with opened as balie:
        blobs = FolderBlobs(balie.state / "attachments")
        async with demonstration_on(balie, blobs, day_seconds) as told:
            yield told


@asynccontextmanager
async def demonstration_on(balie: Embedded, blobs: BlobStore, day_seconds: float) -> AsyncIterator[Demonstration]:
    """The demonstration on this Balie, which keeps its attachments in `blobs`; the story has not begun."""
    async with AsyncExitStack() as stack:
        if balie.mail_folder is None:
            raise Permanent("The demonstration reads its mails from a mailbox folder, and this Balie has none.")
        engine = connect(balie.database_url)
        stack.push_async_callback(engine.dispose)
        broker = await stack.enter_async_context(connected(chosen_broker(balie.broker_url, balie.database_url)))
        front_door = FrontDoor(balie.intake_url)
        stack.push_async_callback(front_door.close)
        mailroom = Mailroom(engine, blobs, fast_terms(day_seconds), wall_clock, DESK_ADDRESS)
        watch = Watch(engine, balie.mail_folder)
        stage = Stage(mailroom, front_door, watch, day_seconds, balie.password, partial(until_calm, engine, broker))
        temporal = await connect_temporal(balie.temporal_address, "default")
        yield Demonstration(balie, engine, temporal, broker, stage, Story())


@asynccontextmanager
async def _rabbitmq(folder: Path) -> AsyncIterator[str]:
    server = RabbitmqServer(folder)
    starting = asyncio.ensure_future(asyncio.to_thread(server.start))
    try:
        await asyncio.shield(starting)
        yield server.url
    finally:
        # A thread cannot be cancelled: wait until it has started the server, then stop the server.
        await asyncio.wait([starting])
        await asyncio.to_thread(server.stop)


@asynccontextmanager
async def _shown(progress: Progress, console: Console) -> AsyncIterator[None]:
    if console.is_terminal:
        with Live(progress, console=console, refresh_per_second=4, transient=True):
            yield
        return
    printing = asyncio.ensure_future(_print_lines(progress, console))
    try:
        yield
    finally:
        printing.cancel()
        await asyncio.gather(printing, return_exceptions=True)


async def _print_lines(progress: Progress, console: Console) -> None:
    while True:
        console.print(progress.line(), markup=False, highlight=False, soft_wrap=True)
        await asyncio.sleep(LINE_EVERY_SECONDS)
