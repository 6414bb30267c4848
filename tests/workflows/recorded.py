"""The recorded lives of tickets, and what replays them."""

from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from services.workflows.worker import SANDBOX
from tests.workflows.record import HISTORIES
from tests.workflows.shapes import SHAPES, Shape

RECORDED = sorted(HISTORIES.glob("form_*/*.json"))


def name_of(path: Path) -> str:
    """As in form_2/silent-1."""
    return f"{path.parent.name}/{path.stem}"


def shape_of(path: Path) -> Shape:
    """The life that was recorded there."""
    return SHAPES[life_of(path)]


def life_of(path: Path) -> str:
    """The name of that life."""
    return path.stem.rpartition("-")[0]


def replayer(workflow: type) -> Replayer:
    """Replays as the worker runs: in the sandbox."""
    return Replayer(workflows=[workflow], workflow_runner=SANDBOX, data_converter=pydantic_data_converter)


def history_of(path: Path) -> WorkflowHistory:
    """As Temporal kept it."""
    return WorkflowHistory.from_json(path.stem, path.read_text())
