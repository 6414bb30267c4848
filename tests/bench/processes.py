"""The programs that the bench runs: each can be measured from /proc, killed as by `kill -9`, and started again."""

import os
import platform
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.cli.embedded.child_process import PartFailed

PROC = Path("/proc")
LINES_SHOWN = 15
_TICKS = os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat, counted after the name in brackets, because the name may contain spaces.
_PARENT, _OWN_TIME, _WITH_CHILDREN = 1, slice(11, 13), slice(11, 15)


@dataclass(frozen=True)
class Usage:
    """A program's processor time so far in seconds, and its memory now in bytes."""

    cpu_seconds: float
    rss_bytes: int


class Startable(Protocol):
    """The interface that our classes for starting a program share."""

    @property
    def running(self) -> bool:
        """Whether the program runs."""

    def stop(self) -> None:
        """Stop it cleanly."""


class Program:
    """A program that runs as a `ChildProcess`, whichever of our classes starts it."""

    def __init__(self, name: str, folder: Path, start: Callable[[], Startable]) -> None:
        """`start` starts the program and returns it. Its `ChildProcess` keeps lock and log files in `folder`."""
        self.name = name
        self._lock_file, self._log = folder / f"{name}.lock", folder / f"{name}.log"
        self._start = start
        self._started: Startable | None = None

    @property
    def running(self) -> bool:
        """Whether it was started, and not stopped or killed since."""
        return self._started is not None

    def start(self) -> None:
        """Start it, or start it again. Raises PartFailed."""
        self._started = self._start()

    def must_live(self) -> None:
        """Raises PartFailed, with the end of its log, if it ended by itself."""
        if self._started and not self._started.running:
            said = "\n".join(self._log.read_text(errors="replace").splitlines()[-LINES_SHOWN:])
            raise PartFailed(f"{self.name} stopped by itself. It said last:\n{said}")

    def stop(self) -> None:
        """Stop it cleanly; does nothing if it does not run."""
        if self._started:
            started, self._started = self._started, None
            started.stop()

    def kill(self) -> None:
        """Kill it as by `kill -9`; it has ended when this returns."""
        os.kill(self._pid(), signal.SIGKILL)
        self.stop()

    def usage(self) -> Usage:
        """The usage of the program and its running children; of ended children, only the processor time."""
        pid = self._pid()
        own, children = _stat(pid), _children(pid)
        ticks = sum(map(int, own[_WITH_CHILDREN])) + sum(sum(map(int, each[_OWN_TIME])) for each in children.values())
        return Usage(ticks / _TICKS, sum(_rss(each) for each in (pid, *children)))

    def _pid(self) -> int:
        # The first number in the file is the id of the guard process (services/cli/embedded/child_guard.py).
        return int(self._lock_file.read_text().split()[1])


@dataclass(frozen=True)
class Machine:
    """The machine that the figures come from; compare figures within one run only."""

    cores: int
    processor: str
    memory_gb: float
    system: str
    python: str
    load: tuple[float, float, float]
    """The load average over 1, 5 and 15 minutes before the run: the work of other programs."""


def this_machine() -> Machine:
    """This machine as it is now."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    one, five, fifteen = (round(each, 2) for each in os.getloadavg())
    return Machine(
        cores=os.cpu_count() or 0,
        processor=_processor(),
        memory_gb=round(memory, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        load=(one, five, fifteen),
    )


def _processor() -> str:
    for line in (PROC / "cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _stat(pid: int) -> list[str]:
    return (PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()


def _children(parent: int) -> dict[int, list[str]]:
    found = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError):  # it ended while we looked
                stat = _stat(int(folder.name))
                if int(stat[_PARENT]) == parent:
                    found[int(folder.name)] = stat
    return found


def _rss(pid: int) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in (PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0
