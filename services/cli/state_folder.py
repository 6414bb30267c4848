"""The state folder (`.balie/`), in which an embedded Balie keeps everything: all of it runs on one machine."""

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
"""The `--state` option of every command that can act on an embedded Balie."""
SECRET_BYTES = 48
PASSWORD_BYTES = 6
_LOCK, _SECRET, _PASSWORD, _ENVIRONMENT = "lock", "secret", "demonstration.password", "environment"
_DATABASE_URL = f"{PREFIX}DATABASE_URL"

Chosen = TypeVar("Chosen", bound=BaseSettings)


@contextmanager
def owned(state: Path) -> Iterator[Path]:
    """Locks the state folder during the block, so that no other Balie runs on it; gives its absolute path.

    Raises Permanent if another Balie runs on it already, or if the folder cannot be created or written.
    """
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
        os.close(lock)  # releases it


def signing_secret(state: Path) -> str:
    """The secret with which tokens and links are signed, made on first use."""
    return _kept(state / _SECRET, SECRET_BYTES)


def demonstration_password(state: Path) -> str:
    """The password of all demonstration people, made on first use."""
    return _kept(state / _PASSWORD, PASSWORD_BYTES)


@contextmanager
def reachable(state: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Keeps `environment` in the state folder during the block, so that other processes can reach this Balie."""
    file = state / _ENVIRONMENT
    _write_private(file, "".join(f"{name}={value}\n" for name, value in environment.items()))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def environment(state: Path) -> dict[str, str]:
    """The settings that the Balie running on this folder wrote by `reachable`; empty if none is running."""
    try:
        lines = (state / _ENVIRONMENT).read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return dict(line.split("=", 1) for line in lines)


def reach(settings: type[Chosen], state: Path) -> Chosen:
    """The settings for an operator's command: from the environment, and for what it leaves out, from the Balie that
    runs on this folder, if any. Exits with code 2 if something is still missing."""
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
    # Write to another file and rename it: an interrupted start must not leave an empty secret.
    unfinished = file.with_name(file.name + ".new")
    with open(unfinished, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as made:
        made.write(text)
    unfinished.replace(file)
