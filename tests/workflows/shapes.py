"""Typical lives of a ticket on the time-skipping server, to record and replay their histories and count their costs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.client import WorkflowHistory

from services.contract.temporal import TICKET_WORKFLOW, MeetDeadline, Snapshot
from services.contract.vocabulary import DeadlineKind, Status
from services.promises.policy import Policy
from services.workflows.ticket import TicketWorkflow
from tests.workflows.desk import PLAIN
from tests.workflows.life import Life, away, failure, living, server_of_our_own, unknown, well

STANDARD = Policy().pinned("standard")


@workflow.defn(name=TICKET_WORKFLOW)
class ForgetfulTicketWorkflow(TicketWorkflow):
    """Continues as new after a few events; the real workflow does so after thousands."""

    HISTORY_EVENTS_MAX = 20

    @workflow.init
    def __init__(self, ticket: Snapshot) -> None:
        super().__init__(ticket)

    @workflow.run
    async def run(self, ticket: Snapshot) -> Snapshot:
        """Run like the real workflow."""
        return await super().run(ticket)


async def typical(life: Life) -> None:
    """Asked, reminded, answered, taken over by a colleague, solved, surveyed, finalised."""
    await life.opens()
    await life.waits(hours=1)
    await life.asks()
    await life.waits(days=7, hours=1)
    await life.replies()
    await life.waits(hours=1)
    await life.assigns()
    await life.waits(hours=1)
    await life.solves()
    await life.ends()


async def silent(life: Life) -> None:
    """Asked, and the requester never answers."""
    await life.opens()
    await life.waits(hours=1)
    await life.asks()
    await life.ends()


async def reopened(life: Life) -> None:
    """Solved, surveyed, reopened, solved again."""
    await life.opens()
    await life.waits(hours=1)
    await life.solves()
    await life.waits(hours=30)
    await life.replies()
    await life.waits(hours=1)
    await life.solves()
    await life.ends()


async def chatty(life: Life) -> None:
    """Twenty questions and answers, then solved."""
    await life.opens()
    for _ in range(20):
        await life.waits(hours=1)
        await life.asks()
        await life.waits(hours=1)
        await life.replies()
    await life.solves()
    await life.ends()


async def muddled(life: Life) -> None:
    """Signals arrive twice, late and in the wrong order."""
    await life.opens()
    first = life.desk.snapshot
    await life.asks()
    second = life.desk.snapshot
    life.desk.replies(await life.now())
    life.desk.wire.clear()
    await life.solves()
    for late in (second, first, second, life.desk.snapshot):
        await life.signals(late)
    await life.ends()


async def intake_down(life: Life) -> None:
    """Intake fails for a day; the requester answers meanwhile, is asked again, and an answer of intake is lost."""
    await life.opens()
    await life.asks()

    async def lost(_: MeetDeadline) -> None:
        life.after_meeting = well
        raise failure("the answer got lost on its way")

    life.before_meeting = away
    await life.waits(days=7, hours=12)
    await life.replies()
    await life.waits(hours=12)
    life.before_meeting, life.after_meeting = well, lost
    await life.asks()
    await life.ends()


async def not_met(life: Life) -> None:
    """Intake answers that the ticket, in a version older than the clock's, has no such deadline; then it is mended."""
    await life.opens()
    await life.asks()
    pending = life.desk.ticket

    async def put_back(_: MeetDeadline) -> None:
        life.desk.restores(pending, asked_at=await life.now())

    life.before_meeting = put_back
    await life.waits(days=7, hours=3)
    life.before_meeting = well
    life.desk.mends(pending)
    await life.ends()


async def refused(life: Life) -> None:
    """For three hours, intake answers that there is no such ticket."""
    await life.opens()
    await life.asks()
    life.before_meeting = unknown
    await life.waits(days=7, hours=3)
    life.before_meeting = well
    await life.ends()


async def overdue(life: Life) -> None:
    """Support does nothing for a week: warned, breached, then solved."""
    await life.opens()
    await life.waits(days=7)
    await life.solves()
    await life.ends()


async def paused(life: Life) -> None:
    """The promise is paused while the requester is asked, resumed, and a warning comes once its time is used up."""
    await life.opens()
    await life.waits(hours=30)
    await life.asks()
    await life.waits(days=5)
    await life.replies()
    await life.waits(days=4)
    await life.solves()
    await life.ends()


async def snoozed(life: Life) -> None:
    """Snoozed for two days while the requester is asked."""
    await life.opens()
    await life.asks()
    await life.snoozes(timedelta(days=2))
    await life.ends()


async def postponed(life: Life) -> None:
    """The reminder is postponed; the closure is then moved to an earlier time than that would give."""
    await life.opens()
    await life.asks()
    await life.postpones(DeadlineKind.REMINDER, timedelta(days=10))
    await life.waits(days=11)
    await life.postpones(DeadlineKind.CLOSURE, timedelta(days=1))
    await life.ends()


async def merged(life: Life) -> None:
    """Merged into another ticket."""
    await life.opens()
    await life.asks()
    await life.waits(days=1)
    await life.merges()
    await life.ends()


async def shipped(life: Life) -> None:
    """Parked for a change of the software, planned, shipped."""
    await life.opens()
    await life.waits(hours=4)
    await life.parks()
    await life.waits(days=40)
    await life.plans()
    await life.waits(days=20)
    await life.ships()
    await life.ends()


async def closed_asleep(life: Life) -> None:
    """Closed by somebody else while the clock sleeps."""
    await life.opens()
    await life.asks()
    closed = life.desk.snapshot.model_copy(update={"status": Status.CLOSED, "next_deadline": None, "version": 3})
    await life.signals(closed)
    await life.ends()


@dataclass(frozen=True)
class Shape:
    """A life of a ticket, its policy, and the workflow class to use."""

    life: Callable[[Life], Awaitable[None]]
    policy: Policy = STANDARD
    workflow: type = TicketWorkflow


SHAPES = {
    "typical": Shape(typical),
    "silent": Shape(silent),
    "reopened": Shape(reopened),
    "chatty": Shape(chatty),
    "overdue": Shape(overdue),
    "paused": Shape(paused),
    "snoozed": Shape(snoozed),
    "postponed": Shape(postponed),
    "merged": Shape(merged),
    "shipped": Shape(shipped),
    "muddled": Shape(muddled),
    "intake_down": Shape(intake_down),
    "not_met": Shape(not_met, PLAIN),
    "refused": Shape(refused, PLAIN),
    "closed_asleep": Shape(closed_asleep),
    "continued": Shape(typical, workflow=ForgetfulTicketWorkflow),
}


async def lived(shape: Shape, *, thrifty: bool = False) -> list[WorkflowHistory]:
    """Live it on its own server; returns the history of each run, oldest first. `thrifty` is as in `Desk`."""
    async with server_of_our_own() as server, living(server, policy=shape.policy, workflow=shape.workflow) as life:
        life.desk.thrifty = thrifty
        await shape.life(life)
        return await life.histories()
