"""A server that Balie starts for itself: private, on loopback, and stopped when the process that started it ends.

A folder belongs to one server at a time: the server and all processes that it forks hold the lock on its `.lock` file.
"""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from services.cli.embedded import child_guard
from services.contract.errors import BalieError

LOOPBACK = "127.0.0.1"
GRACE_SECONDS = 10.0
"""How long a server may take to stop before it is killed."""
READY_SECONDS = 60.0
POLL_SECONDS = 0.05
LOG_LINES_SHOWN = 15


class PartMissing(BalieError):
    """A program Balie needs is not installed; the text says which command installs it."""


class PartFailed(BalieError):
    """A server did not start, or stopped by itself; the text ends with the last lines of its log, if it has one."""


class ChildProcess:
    """One server under a guard (`child_guard.py`), which stops it when this process calls `stop` or dies."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        folder: Path,
        *,
        environment: Mapping[str, str] | None = None,
        user: str = "",
        stop_signal: signal.Signals = signal.SIGTERM,
        grace: float = GRACE_SECONDS,
    ) -> None:
        """`user` is the system user that the server runs as, if not the current one; only root may set it."""
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = [str(word) for word in command]
        self._lock_file = folder / f"{name}.lock"
        self._environment = dict(environment or {})
        self._user = user
        self._stop_signal, self._grace = stop_signal, grace
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the server is running."""
        return self._guard is not None and self._guard.poll() is None

    def start(
        self, ready: Callable[[], bool], *, first: Callable[[], None] | None = None, within: float = READY_SECONDS
    ) -> None:
        """Starts the server and returns once `ready()` is true. A server left over in its folder is stopped first.

        `first` is called before the start, when no other server uses the folder. Raises PartFailed if the server ends
        or is not ready after `within` seconds; then nothing of it is left running.
        """
        lock = take_lock(self._lock_file, self.name, patience=self._grace)
        try:
            if first:
                first()
            self._guard = self._start(lock)
        finally:
            os.close(lock)  # the guard and the server hold it now
        if trouble := self._trouble(ready, within):
            self.stop()
            raise PartFailed(f"{self.name} {trouble}. {self.last_words()}")

    def stop(self) -> None:
        """Stops the server cleanly, or by force if it takes too long. Stopping it again does nothing."""
        if self._guard is None:
            return
        guard, self._guard = self._guard, None
        if guard.stdin:
            guard.stdin.close()
        guard.wait()

    def last_words(self) -> str:
        """The end of its log, as a sentence."""
        with suppress(FileNotFoundError):
            lines = self.log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
            return f"It said last ({self.log}):\n" + "\n".join(lines)
        return "It said nothing."

    def _trouble(self, ready: Callable[[], bool], within: float) -> str:
        deadline = time.monotonic() + within
        while not ready():
            if not self.running:
                return "stopped while starting"
            if time.monotonic() > deadline:
                return f"was not ready within {within:.0f} s"
            time.sleep(POLL_SECONDS)
        return ""

    def _start(self, lock: int) -> "subprocess.Popen[bytes]":
        facts = [str(lock), self._stop_signal.name, str(self._grace), self._user]
        with open(self.log, "ab", opener=_private) as log:
            return subprocess.Popen(  # noqa: S603 - the program comes from our own code
                [sys.executable, "-I", "-S", child_guard.__file__, *facts, *self._command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                env={**os.environ, **self._environment},
                # A terminal's Ctrl-C goes to all processes of its session; we stop our children in our own order.
                start_new_session=True,
            )


def take_lock(file: Path, name: str, *, patience: float) -> int:
    """Opens and locks `file`; returns its descriptor, which child processes can inherit.

    If another server holds the lock: waits `patience` seconds if its guard is running (and stopping it), then kills it.
    Raises PartFailed if that does not help.
    """
    lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if _locked(lock, 0):
        return lock
    guard, server = _holders(lock)
    if _locked(lock, patience if _lives(guard) else 0):
        return lock
    # The lock is held, so part of that server is running: the system cannot have reused its pid meanwhile.
    _kill(server)
    if _locked(lock, GRACE_SECONDS):
        return lock
    os.close(lock)
    raise PartFailed(f"Another {name} still uses {file.parent} (process {server}): stop it and try again.")


def free_port() -> int:
    """A free port on loopback."""
    with socket.create_server((LOOPBACK, 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def answers(port: int, say: bytes = b"", expect: bytes = b"", host: str = LOOPBACK) -> bool:
    """Whether a server accepts connections and answers `say` with something that starts with `expect`."""
    try:
        with socket.create_connection((host, port), timeout=1) as connection:
            if say:
                connection.sendall(say)
            return not expect or connection.recv(len(expect)) == expect
    except OSError:
        return False


def _locked(lock: int, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _holders(lock: int) -> tuple[int, int]:
    noted = os.pread(lock, 64, 0).decode().split()
    return (int(noted[0]), int(noted[1])) if len(noted) == 2 else (0, 0)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0) if pid else None
    except ProcessLookupError:
        return False
    return pid != 0


def _kill(group: int) -> None:
    if group:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
