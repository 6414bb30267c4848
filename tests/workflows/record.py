"""Record the histories that the replay test holds workflow code to: `python -m tests.workflows.record [shape ...]`.

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
"""A folder for each form of snapshot: runs that began with it behave as its histories say."""


async def record(names: list[str]) -> None:
    """Live each shape of life and keep the history of every run, as `<shape>-<run>.json`."""
    folder = HISTORIES / f"form_{SNAPSHOT_FORM}"
    folder.mkdir(exist_ok=True)
    for name in names:
        for old in folder.glob(f"{name}-*.json"):
            old.unlink()
        for number, run in enumerate(await lived(SHAPES[name]), start=1):
            (folder / f"{name}-{number}.json").write_text(json.dumps(_clean(run.to_json_dict())) + "\n")
            print(f"{name}-{number}: {events(run)} events, {actions(run)} actions")


def _clean(recorded: Any) -> Any:
    """Without stack traces: they name folders of the machine it was recorded on, and no replay looks at them."""
    if isinstance(recorded, dict):
        return {name: _clean(each) for name, each in recorded.items() if name != "stackTrace"}
    return [_clean(each) for each in recorded] if isinstance(recorded, list) else recorded


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1:] or list(SHAPES)))
