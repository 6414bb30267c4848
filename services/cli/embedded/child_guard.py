"""Runs one program and outlives its starter just long enough to stop it: a program of its own, standard library only.

    python child_guard.py LOCK_FD STOP_SIGNAL GRACE_SECONDS USER PROGRAM ARGUMENT…

Its standard input is a pipe whose other end the starter holds. The pipe ends when the starter lets go of it or dies,
`kill -9` included; then the program gets STOP_SIGNAL and, GRACE_SECONDS later, SIGKILL, with all it started.
The program inherits LOCK_FD: as long as anything of it lives, the lock on that file is held.
"""

import os
import pwd
import signal
import subprocess
import sys
import threading
from typing import Any


def main(arguments: list[str]) -> int:
    """Run the program until it ends or the starter is gone; its exit code."""
    lock, stop_signal, grace, user, *command = arguments
    program = subprocess.Popen(  # noqa: S603 - the starter chose the program
        command, stdin=subprocess.DEVNULL, pass_fds=(int(lock),), process_group=0, umask=0o077, **identity(user)
    )
    _note(int(lock), program.pid)
    # A terminal's Ctrl-C and a supervisor's SIGTERM are the starter's to answer: it closes the pipe when it is ready.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(
        target=_stop_when_alone, args=(program, signal.Signals[stop_signal], float(grace)), daemon=True
    ).start()
    code = program.wait()
    _kill(program)
    return code


def identity(user: str) -> dict[str, Any]:
    """The arguments by which `subprocess` runs something as `user`, with that user's rights alone; none for ""."""
    if not user:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _note(lock: int, pid: int) -> None:
    # Whoever finds the lock held reads here who waits for whom, and what to kill where nobody waits any more.
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
        return  # nothing of it is left, which is what was wanted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
