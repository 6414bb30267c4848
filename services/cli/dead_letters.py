"""`balie dead-letters`: an operator lists, shows, replays and discards messages that could not be handled."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from services.cli.state_folder import DEFAULT, StateFolder, reach
from services.contract.errors import NotFound
from services.messaging.broker import Broker, DeadLetter
from services.platform.settings import Settings

LETTERS_MAX = 1000
"""Most dead letters of one queue that one command reads."""
ALL = "all"

app = typer.Typer(no_args_is_help=True, help="Messages nobody could deal with: look, replay, discard.")


def _known(queue: str) -> str:
    from services.cli.doctor import QUEUES

    names = [each.name for each in QUEUES]
    if queue not in names:
        raise typer.BadParameter(f"there is no queue {queue}; there are {', '.join(names)}.")
    return queue


QueueName = Annotated[
    str, typer.Argument(metavar="QUEUE", callback=_known, help="As `balie doctor` names it, e.g. notify.mail.")
]
LetterId = Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")]
LetterIdOrAll = Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it, or `all`.")]
Found = TypeVar("Found")


@app.command("list")
def list_letters(queue: QueueName, state: StateFolder = DEFAULT) -> None:
    """Which messages lie there, oldest first, and why."""
    letters = _ask(state, lambda broker: broker.dead_letters(queue, LETTERS_MAX))
    table = Table("id", "event", "about", "died", "why", title=f"{len(letters)} dead letters of {queue}")
    for letter in letters:
        event = letter.event
        died = f"{letter.died_at.astimezone(UTC):%F %T} UTC" if letter.died_at else ""
        table.add_row(
            letter.id, event.type if event else "no event", (event and event.subject) or "", died, letter.reason
        )
    Console().print(table)


@app.command()
def show(queue: QueueName, letter_id: LetterId, state: StateFolder = DEFAULT) -> None:
    """One message whole, as it came."""
    letter = _ask(state, lambda broker: _find(broker, queue, letter_id))
    print(f"{letter.reason}\n")
    print(json.dumps(letter.event.model_dump(mode="json"), indent=2) if letter.event else letter.body)


@app.command()
def replay(queue: QueueName, letter_id: LetterIdOrAll, state: StateFolder = DEFAULT) -> None:
    """Put it back into the queue as if new."""
    print(f"{_ask(state, lambda broker: _each(broker, broker.replay, queue, letter_id))} replayed.")


@app.command()
def discard(queue: QueueName, letter_id: LetterIdOrAll, state: StateFolder = DEFAULT) -> None:
    """Throw it away for good."""
    print(f"{_ask(state, lambda broker: _each(broker, broker.discard, queue, letter_id))} discarded.")


async def _find(broker: Broker, queue: str, letter_id: str) -> DeadLetter:
    for letter in await broker.dead_letters(queue, LETTERS_MAX):
        if letter.id == letter_id:
            return letter
    raise NotFound(f"No dead letter {letter_id} lies in {queue}.")


async def _each(broker: Broker, act: Callable[[str, str], Awaitable[bool]], queue: str, letter_id: str) -> int:
    if letter_id != ALL:
        if not await act(queue, letter_id):
            raise NotFound(f"No dead letter {letter_id} lies in {queue}.")
        return 1
    letters = await broker.dead_letters(queue, LETTERS_MAX)
    return sum([await act(queue, letter.id) for letter in letters])


def _ask(state: Path, question: Callable[[Broker], Awaitable[Found]]) -> Found:
    from services.cli.chosen_broker import chosen_broker

    settings = reach(Settings, state)
    broker = chosen_broker(settings.broker_url.get_secret_value(), settings.database_url.get_secret_value())

    async def ask() -> Found:
        # A person is waiting at a prompt: report at once that the broker cannot be reached, do not retry.
        await broker.connect()
        try:
            return await question(broker)
        finally:
            await broker.close()

    return asyncio.run(ask())
