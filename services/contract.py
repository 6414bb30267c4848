"""The contract with Temporal: the snapshot a ticket's clock runs on, and every name both sides use.

Nothing in here is personal: what a snapshot holds stays readable in workflow histories for years.
"""

from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.vocabulary import ClosedReason, DeadlineKind, Status
from services.working_time import Calendar, Span

TICKET_WORKFLOW = "Ticket"
SNAPSHOT_SIGNAL = "snapshot"
SNAPSHOT_QUERY = "known_snapshot"
MEET_DEADLINE_ACTIVITY = "meet_deadline"

WORKFLOW_TASK_QUEUE = "balie-workflows"
INTAKE_TASK_QUEUE = "balie-intake"

_ID_PREFIX = "ticket-"


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True)


class Policy(_Payload):
    """The desk's promises about one ticket, pinned in it: the defaults are design §4's.

    Survey and finalisation count from the solution, reminder and closure from the last question.
    """

    version: str = "default-1"
    reminder_after: Span = Span(length=timedelta(days=7))
    closure_after: Span = Span(length=timedelta(days=14))
    survey_after: Span = Span(length=timedelta(hours=24))
    finalisation_after: Span = Span(length=timedelta(hours=48))
    survey: bool = True
    calendar: Calendar = Calendar()


class Snapshot(_Payload):
    """All of a ticket that matters to its clock. `version` is the ticket's; the newest wins."""

    number: int
    version: int
    status: Status
    closed_reason: ClosedReason | None = None
    asked_at: AwareDatetime | None = None
    """When support last asked the requester something; set while pending."""
    reminded_at: AwareDatetime | None = None
    """When the requester was reminded of that question; None until then."""
    solved_at: AwareDatetime | None = None
    """When the ticket was last solved; set while solved."""
    surveyed_at: AwareDatetime | None = None
    """When the requester was asked for their satisfaction: once in a ticket's life."""
    policy: Policy = Policy()
    correlation_id: str = ""
    """Of the act that made it: what the clock does later is logged and mailed under it."""

    def same_clock(self, other: "Snapshot") -> bool:
        """Whether both let the clock do the same things, whatever their versions and whoever made them."""
        return self.model_copy(update={"version": other.version, "correlation_id": other.correlation_id}) == other


class Deadline(_Payload):
    """One thing the clock will do, and when."""

    kind: DeadlineKind
    due_at: AwareDatetime


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


def workflow_id(number: int) -> str:
    """The id of a ticket's workflow, the same for every run of its life."""
    return f"{_ID_PREFIX}{number}"


def ticket_number(workflow_id: str) -> int:
    """The inverse of `workflow_id`. Raises ValueError for an id that is no ticket's."""
    if not workflow_id.startswith(_ID_PREFIX):
        raise ValueError(f"{workflow_id!r} is not a ticket's workflow id")
    return int(workflow_id.removeprefix(_ID_PREFIX))
