"""The folder in which Balie keeps everything when it runs whole on one machine: `.balie/`."""

import fcntl
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic_settings import BaseSettings

from services.contract.errors import Permanent
from services.platform.settings import EXIT_USAGE, PREFIX, load

DEFAULT = Path(".balie")
StateFolder = Annotated[
    Path, typer.Option(envvar="BALIE_STATE", file_okay=False, help="The folder of a Balie that runs whole.")
]
"""The option of every command that may reach a Balie that runs whole."""
SECRET_BYTES = 48
PASSWORD_BYTES = 6
_LOCK, _SECRET, _PASSWORD, _ENVIRONMENT = "lock", "secret", "demonstration.password", "environment"
_DATABASE_URL = f"{PREFIX}DATABASE_URL"

Chosen = TypeVar("Chosen", bound=BaseSettings)


@contextmanager
def owned(state: Path) -> Iterator[Path]:
    """Nobody else runs on this state during the block, which is given the folder's absolute path.
    Raises Permanent where somebody does already, or the folder cannot be made or written."""
    state = state.resolve()
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(state / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Permanent(
            f"Balie cannot keep anything in {state}: {error.strerror}. Choose another folder with --state."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(lock, 32, 0).decode().strip() or "unknown"
        os.close(lock)
        raise Permanent(
            f"Balie runs on {state} already (process {owner}). Stop that one, or choose another folder with --state."
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    try:
        yield state
    finally:
        os.close(lock)  # lets go of it


def signing_secret(state: Path) -> str:
    """What tokens and links are signed with, made on first use."""
    return _kept(state / _SECRET, SECRET_BYTES)


def demonstration_password(state: Path) -> str:
    """The password of the demonstration's people, made on first use."""
    return _kept(state / _PASSWORD, PASSWORD_BYTES)


@contextmanager
def reachable(state: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """During the block other processes can read this `environment`, by which they reach what runs here."""
    file = state / _ENVIRONMENT
    _write_private(file, "".join(f"{name}={value}\n" for name, value in environment.items()))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def environment(state: Path) -> dict[str, str]:
    """What the Balie that runs on this state told; empty where none does."""
    try:
        lines = (state / _ENVIRONMENT).read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return dict(line.split("=", 1) for line in lines)


def reach(settings: type[Chosen], state: Path) -> Chosen:
    """Settings for an operator's command: from the environment, and what that leaves out from the Balie that runs
    on this state, where one does. Exits with code 2 where something is still missing."""
    told_here = environment(state)
    if not told_here and _DATABASE_URL not in {name.upper() for name in os.environ}:
        print(
            f"No Balie runs on {state}. Start it with `make run`, or set {_DATABASE_URL} and the other settings"
            " to reach one that runs elsewhere.",
            file=sys.stderr,
        )
        raise SystemExit(EXIT_USAGE)
    for name, value in told_here.items():
        os.environ.setdefault(name, value)
    return load(settings)


def _kept(file: Path, size: int) -> str:
    if not file.exists():
        _write_private(file, secrets.token_urlsafe(size) + "\n")
    return file.read_text().strip()


def _write_private(file: Path, text: str) -> None:
    # Written aside and renamed: a start cut short leaves no empty secret behind.
    unfinished = file.with_name(file.name + ".new")
    with open(unfinished, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as made:
        made.write(text)
    unfinished.replace(file)
