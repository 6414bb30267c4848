"""The contract with Temporal: the snapshot a ticket's clock runs on, and every name both sides use.

Nothing in here is personal: what a snapshot holds stays readable in workflow histories for years.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationInfo, model_validator

from services.contract.vocabulary import BulkState, DeadlineKind, Metric, Status

TICKET_WORKFLOW = "Ticket"
SNAPSHOT_SIGNAL = "snapshot"
SNAPSHOT_QUERY = "known_snapshot"
MEET_DEADLINE_ACTIVITY = "meet_deadline"
MEET_DEADLINE_PATH = "/internal/v1/deadlines"
"""Of intake's API: the same by HTTP, without Temporal in between."""
DEADLINE_REFUSED = "DeadlineRefused"
"""The type of the error with which a meeting ends that intake answered, and refused for good."""

BULK_WORKFLOW = "Bulk"
BULK_SIGNAL = "changed"
CARRY_OUT_BULK_ACTIVITY = "carry_out_bulk"
BULK_REFUSED = "BulkRefused"
"""The type of the error with which a step of a bulk ends that intake will never carry out."""

RECONCILE_WORKFLOW = "Reconcile"
RECONCILE_SCHEDULE = "balie-reconcile"
RECONCILE_ACTIVITY = "reconcile"

WORKFLOW_TASK_QUEUE = "balie-workflows"
INTAKE_TASK_QUEUE = "balie-intake"
INTAKE_BULK_TASK_QUEUE = "balie-intake-bulk"
"""Apart, so that a bulk never holds up a deadline."""

SNAPSHOT_FORM = 2
"""How snapshots are written down; another form is refused. 1 was never released, a higher one is a newer Balie's."""

_ID_PREFIX = "ticket-"
_BULK_ID_PREFIX = "bulk-"


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True)


class Deadline(_Payload):
    """One thing the clock will do, and when. `metric` is the SLA metric it is about, where it is about one."""

    kind: DeadlineKind
    due_at: AwareDatetime
    metric: Metric | None = None
    point: int = 0
    """Of a warning, the percent of the target; of an escalation, the number of the step."""


class Snapshot(_Payload):
    """All of a ticket that matters to its clock. `version` is the ticket's; the newest wins.

    Intake computes the deadline (`services/promises/deadlines.py`), the clock only keeps it: rules and calendars may
    change without changing the workflow, and no running ticket moves before intake sends it a new snapshot.
    """

    number: int
    version: int
    status: Status
    next_deadline: Deadline | None = None
    """The earliest one; None where only a person can move the ticket."""
    correlation_id: str = ""
    """Of the act that made it: what the clock does later is logged and mailed under it."""
    form: int = SNAPSHOT_FORM

    @model_validator(mode="before")
    @classmethod
    def _of_this_form(cls, data: Any, info: ValidationInfo) -> Any:
        # What was written down names its form, but for the first one; what is made here is of today's.
        unnamed = 1 if info.mode == "json" else SNAPSHOT_FORM
        if isinstance(data, dict) and (form := data.get("form", unnamed)) != SNAPSHOT_FORM:
            raise ValueError(
                f"This snapshot is of form {form}, and this Balie reads form {SNAPSHOT_FORM} only. If a newer Balie"
                " wrote it, run that one. If an unreleased one did, terminate the clock that holds it (`temporal"
                f" workflow terminate --workflow-id {workflow_id(data.get('number', 0))}`): the reconciler starts a new"
                " one."
            )
        return data

    def in_time_for(self, row: "Snapshot") -> bool:
        """Whether a clock that knows this meets the next deadline of what the ticket's `row` says, untold.

        One that wakes up too early asks intake, hears that nothing is due yet, and goes on sleeping.
        """
        if Status.CLOSED in (self.status, row.status):
            return self.status == row.status
        if row.next_deadline is None:
            return True
        return self.next_deadline is not None and self.next_deadline.due_at <= row.next_deadline.due_at


class MeetDeadline(_Payload):
    """What the clock asks of intake: meet this deadline of this ticket, if it still stands."""

    number: int
    version: int
    """The snapshot version the clock saw; evidence only, the deadline itself decides."""
    deadline: Deadline
    met_at: AwareDatetime
    """The workflow's own time when it asked: in a time-skipping test it is not the wall clock's."""
    correlation_id: str = ""
    """Of the act that set the deadline."""

    def tried_at(self, instant: datetime) -> "MeetDeadline":
        """The same, met at `instant` where that is later: intake may have been away since it was asked.

        In the activity, `instant` is `activity.info().started_time`, the server's clock as `met_at` is.
        """
        return self.model_copy(update={"met_at": max(self.met_at, instant)})


class BulkOrder(_Payload):
    """Which bulk to carry out. Everything else is intake's: a bulk is told of a change, and asks what it is."""

    bulk_id: UUID
    correlation_id: str = ""
    """Of the act that asked for it: what it does to each ticket is logged and mailed under it."""


class BulkStep(_Payload):
    """What became of a bulk by one step of it, in numbers."""

    state: BulkState
    tried: int
    """How many tickets this step took up."""
    per_second: int
    """How many may be, at the most."""
    total: int
    waiting: int
    """How many tickets are yet to be carried out, or undone."""


class Reconciliation(_Payload):
    """What a comparison of tickets and clocks came to, and where the next one goes on."""

    begun_at: AwareDatetime
    turn: int = 0
    """The last ticket whose clock was asked merely because it was its turn."""
    tickets: int = 0
    asked: int = 0
    overdue: int = 0
    healed: int = 0


def bulk_workflow_id(bulk_id: UUID) -> str:
    """The id of a bulk's workflow, the same for every run of it."""
    return f"{_BULK_ID_PREFIX}{bulk_id}"


def workflow_id(number: int) -> str:
    """The id of a ticket's workflow, the same for every run of its life."""
    return f"{_ID_PREFIX}{number}"


def ticket_number(workflow_id: str) -> int:
    """The inverse of `workflow_id`. Raises ValueError for an id that is no ticket's."""
    if not workflow_id.startswith(_ID_PREFIX):
        raise ValueError(f"{workflow_id!r} is not a ticket's workflow id")
    return int(workflow_id.removeprefix(_ID_PREFIX))
