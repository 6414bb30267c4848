"""Records the histories for the replay test of the ticket workflow: `python -m tests.workflows.record [shape ...]`.

On purpose only, and never over an older form: a history recorded by changed code no longer proves that the change lets
running tickets live (`docs/changing-a-workflow.md`).
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from services.contract.temporal import SNAPSHOT_FORM
from tests.workflows.costs import actions, events
from tests.workflows.shapes import SHAPES, lived

HISTORIES = Path(__file__).parent / "histories"
"""The folder of histories, with one folder for each form of snapshot: how runs that began with that form behave."""


async def record(names: list[str]) -> None:
    """Live each shape of life and save the history of every run as `<shape>-<run>.json`."""
    folder = HISTORIES / f"form_{SNAPSHOT_FORM}"
    folder.mkdir(exist_ok=True)
    for name in names:
        for old in folder.glob(f"{name}-*.json"):
            old.unlink()
        for number, run in enumerate(await lived(SHAPES[name]), start=1):
            (folder / f"{name}-{number}.json").write_text(json.dumps(_clean(run.to_json_dict())) + "\n")
            print(f"{name}-{number}: {events(run)} events, {actions(run)} actions")


def _clean(recorded: Any) -> Any:
    """The history without stack traces: they name folders of the recording machine, and a replay does not need them."""
    if isinstance(recorded, dict):
        return {name: _clean(each) for name, each in recorded.items() if name != "stackTrace"}
    return [_clean(each) for each in recorded] if isinstance(recorded, list) else recorded


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1:] or list(SHAPES)))
