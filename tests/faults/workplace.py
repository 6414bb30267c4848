"""A copy of the tree in which faults are seeded, with servers of its own: nothing outside of it changes."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

from tests import parts
from tests.faults.fault import Fault, file_of, seeded

COPIED = ("services", "tests", "deploy", "pyproject.toml")
TEST_SECONDS_MAX = 90
"""A test that a fault makes hang fails after this; longer than `tests.patience`, which says what did not happen."""
RUN_SECONDS_MAX = 300
BASELINE_SECONDS_MAX = 1800
PASSED, FAILED = 0, 1
"""What pytest exits with; anything else is no verdict."""
FAILED_WORD, ERROR_WORD = "FAILED ", "ERROR "
LINES_SHOWN = 30
_SERVERS = {
    parts.POSTGRES_URL: parts.postgres,
    parts.RABBITMQ_URL: parts.rabbitmq,
    parts.TEMPORAL_ADDRESS: parts.temporal,
}


@dataclass(frozen=True)
class Run:
    """How a run of pytest ended. `exit_code` is None where it had to be killed."""

    exit_code: int | None
    said: str

    @property
    def failed(self) -> list[str]:
        """The tests that failed by themselves."""
        return self._named(FAILED_WORD)

    @property
    def erred(self) -> list[str]:
        """The tests that could not be prepared or cleared away: that says nothing of what they test."""
        return self._named(ERROR_WORD)

    @property
    def last_words(self) -> str:
        """Its end, for a person."""
        return "\n".join(self.said.splitlines()[-LINES_SHOWN:])

    def _named(self, word: str) -> list[str]:
        lines = (line for line in self.said.splitlines() if line.startswith(word) and "::" in line)
        return [line.removeprefix(word).split(" - ")[0].strip() for line in lines]


class Workplace:
    """One copy; runs one thing at a time."""

    def __init__(self, root: Path, addresses: Mapping[str, str]) -> None:
        self.root = root
        # Before the editable installation, which knows the original, and for the programs that tests start as well.
        self._environment = {**os.environ, **addresses, "PYTHONPATH": str(root), "COLUMNS": "400"}
        self._running: subprocess.Popen[bytes] | None = None

    def must_be_imported(self) -> None:
        """Raises RuntimeError where a program started here, in any folder, would import another copy of the code."""
        words = [sys.executable, "-c", "import services, tests; print(services.__file__, tests.__file__)"]
        for folder in (self.root, Path("/")):
            found = subprocess.run(words, cwd=folder, env=self._environment, capture_output=True, text=True, check=True)
            if [Path(file).parent.parent for file in found.stdout.split()] != [self.root] * 2:
                raise RuntimeError(f"the code that is tested would not be the copy's: {found.stdout.strip()}")

    def baseline(self, tests: Sequence[str]) -> Run:
        """The tests on the code as it is, all of them."""
        return self._pytest([*tests], BASELINE_SECONDS_MAX)

    def tried(self, fault: Fault, tests: Sequence[str]) -> Run:
        """The tests with the fault in, up to the first that fails."""
        with self._seeded(fault):
            return self._pytest(["-x", "--timeout", str(TEST_SECONDS_MAX), *tests], RUN_SECONDS_MAX)

    def stop(self) -> None:
        """End what runs."""
        if self._running and self._running.poll() is None:
            os.killpg(self._running.pid, signal.SIGKILL)

    @contextmanager
    def _seeded(self, fault: Fault) -> Iterator[None]:
        file = file_of(fault, self.root / "services")
        text = file.read_text()
        _write(file, seeded(fault, text))
        try:
            yield
        finally:
            _write(file, text)

    def _pytest(self, words: list[str], seconds: int) -> Run:
        usual = ["-q", "-rfE", "-p", "no:cacheprovider", "--numprocesses", "0", "--hypothesis-seed", "3"]
        # Into a file: a server that outlived its test would keep a pipe open, and us waiting for its end.
        log = self.root / "pytest.log"
        with log.open("wb") as out:
            self._running = subprocess.Popen(
                [sys.executable, "-m", "pytest", *usual, *words],
                cwd=self.root,
                env=self._environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                exit_code: int | None = self._running.wait(seconds)
            except subprocess.TimeoutExpired:
                self.stop()
                self._running.wait()
                exit_code = None
        return Run(exit_code, log.read_text(errors="replace"))


@contextmanager
def workplace(origin: Path, folder: Path, *, with_servers: bool) -> Iterator[Workplace]:
    """A copy of `origin` in `folder`. `with_servers` starts what tests need once; else each run starts its own."""
    root = folder.resolve() / "copy"
    root.mkdir(parents=True)
    for name in COPIED:
        _copy(origin / name, root / name)
    with ExitStack() as stack:
        servers = _SERVERS if with_servers else {}
        addresses = {name: stack.enter_context(start(folder / name)) for name, start in servers.items()}
        made = Workplace(root, addresses)
        made.must_be_imported()
        yield made


def shared_servers() -> bool:
    """Whether addresses in the environment name servers; only one process at a time may test on those."""
    return any(name in os.environ for name in _SERVERS)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    else:
        shutil.copy(source, target)


def _write(file: Path, text: str) -> None:
    file.write_text(text)
    # Python knows an outdated one by size and second of writing, and a fault may change neither.
    Path(cache_from_source(str(file))).unlink(missing_ok=True)
