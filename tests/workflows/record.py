"""Record the histories that the replay test holds workflow code to: `python -m tests.workflows.record [shape ...]`.

On purpose only: a history recorded by changed code no longer proves that the change lets running tickets live.
"""

import asyncio
import json
import sys
from pathlib import Path

from tests.workflows.costs import actions, events
from tests.workflows.shapes import SHAPES, lived

HISTORIES = Path(__file__).parent / "histories"


async def record(names: list[str]) -> None:
    """Live each shape of life and keep the history of every run, as `<shape>-<run>.json`."""
    for name in names:
        for old in HISTORIES.glob(f"{name}-*.json"):
            old.unlink()
        for number, run in enumerate(await lived(SHAPES[name]), start=1):
            (HISTORIES / f"{name}-{number}.json").write_text(json.dumps(run.to_json_dict()) + "\n")
            print(f"{name}-{number}: {events(run)} events, {actions(run)} actions")


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1:] or list(SHAPES)))
