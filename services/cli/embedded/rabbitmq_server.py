"""A private RabbitMQ node from the system's own package, on loopback, for tests and `balie demo --parts rabbitmq`."""

import shutil
from pathlib import Path

from services.cli.embedded.child_process import LOOPBACK, ChildProcess, PartMissing, answers, free_port

# The original script: the one on the path is Debian's wrapper, which runs the machine's own node as another user.
SCRIPTS = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/opt/rabbitmq/sbin")
INSTALL = "apt-get install rabbitmq-server"
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = b"\x01"

_CONFIGURATION = """\
listeners.tcp.1 = {host}:{port}
log.file.level = warning
# A node for a test run has no need of the half gigabyte a quorum queue's log may take by default.
raft.wal_max_size_bytes = 33554432
"""


class RabbitmqServer:
    """A RabbitMQ node with its data in `folder`; it and its name server share nothing with the machine's own node."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._names: ChildProcess | None = None
        self._process: ChildProcess | None = None
        self.url = ""
        """amqp://…, once started."""

    @property
    def running(self) -> bool:
        """Whether it is running."""
        return self._process is not None and self._process.running

    def start(self) -> None:
        """Returns once it answers in AMQP. Raises PartMissing or PartFailed."""
        server, epmd = _program("rabbitmq-server"), _epmd()
        self._folder.mkdir(parents=True, exist_ok=True)
        port, names_port = free_port(), free_port()
        names = ["-port", str(names_port), "-address", LOOPBACK]
        self._names = ChildProcess("epmd", [epmd, *names], self._folder)
        self._names.start(lambda: answers(names_port))
        self._process = ChildProcess(
            "rabbitmq", [server], self._folder, environment=self._environment(port, names_port), grace=30
        )
        self._process.start(lambda: answers(port, PROTOCOL_HEADER, METHOD_FRAME))
        self.url = f"amqp://guest:guest@{LOOPBACK}:{port}/"

    def stop(self) -> None:
        """Stops the node, then its name server."""
        for process in (self._process, self._names):
            if process:
                process.stop()

    def _environment(self, port: int, names_port: int) -> dict[str, str]:
        configuration, plugins = self._folder / "rabbitmq.conf", self._folder / "enabled_plugins"
        configuration.write_text(_CONFIGURATION.format(host=LOOPBACK, port=port))
        plugins.write_text("[].\n")
        on_loopback = "{" + LOOPBACK.replace(".", ",") + "}"
        return {
            "HOME": str(self._folder),  # Erlang keeps its cookie there
            "ERL_EPMD_PORT": str(names_port),
            "RABBITMQ_NODENAME": "balie@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_CONFIG_FILE": str(configuration),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-kernel inet_dist_use_interface {on_loopback}",
        }


def _program(name: str) -> Path:
    folder = next((Path(folder) for folder in SCRIPTS if (Path(folder) / name).exists()), None)
    if folder is None:
        raise PartMissing(f"RabbitMQ is missing. Install it with: {INSTALL}")
    return folder / name


def _epmd() -> str:
    if found := shutil.which("epmd"):
        return found
    raise PartMissing(f"Erlang's epmd, which RabbitMQ needs, is missing. Install it with: {INSTALL}")
