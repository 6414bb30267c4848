"""`python -m tests.faults`: seeds each fault in a copy and runs the tests that must catch it.

Exits 1 where one is not caught, or where nobody can tell.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Annotated

import typer

from tests.faults.fault import Fault, complaints, read_faults
from tests.faults.named_tests import NodeIds, known_tests, node_id, node_ids, unknown_tests
from tests.faults.workplace import FAILED, PASSED, Run, Workplace, shared_servers, workplace

ROOT = Path(__file__).parent.parent.parent
WORKPLACES = 2
SERVERS_FROM = 5
"""With fewer faults than this, each run starts only the servers it needs; with more, starting all of them once pays."""


def main(
    ids: Annotated[list[str] | None, typer.Argument(help="The faults to try; all of them where none is named.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Faults whose id holds this.")] = None,
    check: Annotated[bool, typer.Option(help="Only see that each snippet and each test is there.")] = False,
    baseline: Annotated[bool, typer.Option(help="First see that the tests pass on the code as it is.")] = True,
) -> None:
    """Seed faults in a copy of the code and see that a test catches each."""
    faults, known = _chosen(read_faults(), ids or [], only or []), known_tests(ROOT)
    wrong = [*complaints(faults, ROOT / "services"), *unknown_tests(faults, known)]
    if wrong or check:
        print("\n".join([*wrong, f"{len(faults)} faults looked at, {len(wrong)} complaints"]))
        raise typer.Exit(1 if wrong else 0)
    began = time.monotonic()
    with _workplaces(faults) as places:
        if baseline and not _is_green(places, node_ids(faults, known)):
            raise typer.Exit(1)
        caught = sum(_tried(places, faults, known))
    print(f"It took {time.monotonic() - began:.0f} seconds.")
    print(f"{caught} passed, {len(faults) - caught} failed")
    raise typer.Exit(0 if caught == len(faults) else 1)


def _chosen(faults: Sequence[Fault], ids: Sequence[str], parts: Sequence[str]) -> list[Fault]:
    if unknown := set(ids) - {fault.id for fault in faults}:
        raise typer.BadParameter(f"no fault is called {', '.join(sorted(unknown))}")
    if not ids and not parts:
        return list(faults)
    chosen = [fault for fault in faults if fault.id in ids or any(part in fault.id for part in parts)]
    if not chosen:
        raise typer.BadParameter(f"no fault's id holds {' or '.join(parts)}")
    return chosen


@contextmanager
def _workplaces(faults: Sequence[Fault]) -> Iterator[list[Workplace]]:
    count = 1 if shared_servers() else min(WORKPLACES, len(faults))
    with ExitStack() as stack:
        made_for_us = tempfile.TemporaryDirectory(prefix="balie-faults-", ignore_cleanup_errors=True)
        folder, with_servers = Path(stack.enter_context(made_for_us)), len(faults) >= SERVERS_FROM

        def make(number: int) -> Workplace:
            return stack.enter_context(workplace(ROOT, folder / str(number), with_servers=with_servers))

        with ThreadPoolExecutor(count) as threads:
            made = list(threads.map(make, range(count)))
        for each in made:
            stack.callback(each.stop)
        yield made


def _is_green(places: Sequence[Workplace], tests: Sequence[str]) -> bool:
    shares = [tests[number :: len(places)] for number in range(len(places))]
    with ThreadPoolExecutor(len(places)) as threads:
        runs = list(threads.map(lambda place, share: place.baseline(share), places, shares))
    for run in runs:
        if run.exit_code != PASSED:
            print(f"Without any fault the tests do not pass:\n{run.last_words}")
    return all(run.exit_code == PASSED for run in runs)


def _tried(places: Sequence[Workplace], faults: Sequence[Fault], known: NodeIds) -> Iterator[bool]:
    """Whether each was caught, in their order; each is told as soon as it is known."""
    free: SimpleQueue[Workplace] = SimpleQueue()
    for each in places:
        free.put(each)

    def one(fault: Fault) -> bool:
        place, began = free.get(), time.monotonic()
        try:
            run = place.tried(fault, [node_id(test, known) for test in fault.tests])
        finally:
            free.put(place)
        print(f"{fault.id}: {_verdict(fault, run)} ({time.monotonic() - began:.0f} s)", flush=True)
        return _is_caught(run)

    threads = ThreadPoolExecutor(len(places))
    try:
        yield from threads.map(one, faults)
    finally:
        # Ctrl-C: nothing further begins, and what runs ends.
        threads.shutdown(wait=False, cancel_futures=True)
        for each in places:
            each.stop()
        threads.shutdown()


def _is_caught(run: Run) -> bool:
    return run.exit_code == FAILED and bool(run.failed)


def _verdict(fault: Fault, run: Run) -> str:
    if _is_caught(run):
        return f"caught by {run.failed[0]}"
    if run.exit_code == PASSED:
        return f"NOT CAUGHT: {fault.breaks}"
    why = "it took too long" if run.exit_code is None else f"pytest exited with {run.exit_code}"
    return f"BROKEN RUN, {why}{''.join(f', error at {each}' for each in run.erred[:1])}:\n{run.last_words}"


if __name__ == "__main__":
    typer.run(main)
