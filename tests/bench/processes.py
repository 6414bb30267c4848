"""The programs the bench runs on: each is measured from /proc, can be killed as by `kill -9`, and starts again."""

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
# Fields of /proc/PID/stat, counted behind the name in brackets, which may hold blanks.
_PARENT, _OWN_TIME, _WITH_CHILDREN = 1, slice(11, 13), slice(11, 15)


@dataclass(frozen=True)
class Usage:
    """What a program has taken so far: seconds of processor, bytes of memory now."""

    cpu_seconds: float
    rss_bytes: int


class Startable(Protocol):
    """What our classes that start a program have in common."""

    @property
    def running(self) -> bool:
        """Whether it lives."""

    def stop(self) -> None:
        """Stop it cleanly."""


class Program:
    """A program under the guard of a `ChildProcess`, whichever of our classes starts it."""

    def __init__(self, name: str, folder: Path, start: Callable[[], Startable]) -> None:
        """`start` starts it and gives it. Its `ChildProcess` keeps its lock and log in `folder`."""
        self.name = name
        self._lock_file, self._log = folder / f"{name}.lock", folder / f"{name}.log"
        self._start = start
        self._started: Startable | None = None

    @property
    def running(self) -> bool:
        """Whether it was started, and neither stopped nor killed since."""
        return self._started is not None

    def start(self) -> None:
        """Start it, or start it again. Raises PartFailed."""
        self._started = self._start()

    def must_live(self) -> None:
        """Raises PartFailed, with what it said last, where it ended although nobody told it to."""
        if self._started and not self._started.running:
            said = "\n".join(self._log.read_text(errors="replace").splitlines()[-LINES_SHOWN:])
            raise PartFailed(f"{self.name} stopped by itself. It said last:\n{said}")

    def stop(self) -> None:
        """Stop it cleanly; does nothing where it does not run."""
        if self._started:
            started, self._started = self._started, None
            started.stop()

    def kill(self) -> None:
        """`kill -9`; gone when this returns."""
        os.kill(self._pid(), signal.SIGKILL)
        self.stop()

    def usage(self) -> Usage:
        """What it and the processes it keeps have taken; of children that ended, the processor only."""
        pid = self._pid()
        own, children = _stat(pid), _children(pid)
        ticks = sum(map(int, own[_WITH_CHILDREN])) + sum(sum(map(int, each[_OWN_TIME])) for each in children.values())
        return Usage(ticks / _TICKS, sum(_rss(each) for each in (pid, *children)))

    def _pid(self) -> int:
        # The guard's own id comes first (services/cli/embedded/child_guard.py).
        return int(self._lock_file.read_text().split()[1])


@dataclass(frozen=True)
class Machine:
    """Where figures come from; they compare within one run only."""

    cores: int
    processor: str
    memory_gb: float
    system: str
    python: str
    load: tuple[float, float, float]
    """Over 1, 5 and 15 minutes, before the run began: what others did meanwhile."""


def this_machine() -> Machine:
    """As it is now."""
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
