"""The guard: a script that runs one program, and stops it when the process that started the guard ends.

    python child_guard.py LOCK_FD STOP_SIGNAL GRACE_SECONDS USER PROGRAM ARGUMENT…

Uses the standard library only. Its standard input is a pipe whose other end the starter holds. The pipe ends when the
starter closes it or dies, even by `kill -9`. Then the program gets STOP_SIGNAL; if it is still running GRACE_SECONDS
later, it gets SIGKILL, together with all processes that it started. The program inherits LOCK_FD: the lock on that file
is held as long as the program or a process that it started is running.
"""

import os
import pwd
import signal
import subprocess
import sys
import threading
from typing import Any


def main(arguments: list[str]) -> int:
    """Runs the program until it ends or the starter is gone; returns its exit code."""
    lock, stop_signal, grace, user, *command = arguments
    program = subprocess.Popen(  # noqa: S603 - the starter chose the program
        command, stdin=subprocess.DEVNULL, pass_fds=(int(lock),), process_group=0, umask=0o077, **identity(user)
    )
    _note(int(lock), program.pid)
    # Ignore a terminal's Ctrl-C and a supervisor's SIGTERM: the starter reacts to them, and closes the pipe when ready.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(
        target=_stop_when_alone, args=(program, signal.Signals[stop_signal], float(grace)), daemon=True
    ).start()
    code = program.wait()
    _kill(program)
    return code


def identity(user: str) -> dict[str, Any]:
    """The arguments with which `subprocess` runs a program as `user`, with only that user's rights; none for ""."""
    if not user:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _note(lock: int, pid: int) -> None:
    # A process that finds the lock held reads the guard's and the program's pid here; it kills the program if the guard
    # is gone.
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()} {pid}\n".encode(), 0)


def _stop_when_alone(program: "subprocess.Popen[bytes]", stop_signal: signal.Signals, grace: float) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    program.send_signal(stop_signal)
    try:
        program.wait(grace)
    except subprocess.TimeoutExpired:
        _kill(program)


def _kill(program: "subprocess.Popen[bytes]") -> None:
    try:
        os.killpg(program.pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # all of it has ended already


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
