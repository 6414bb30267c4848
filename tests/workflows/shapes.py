"""The shapes of life a ticket can have, as played on the time-skipping server: recorded, replayed and counted."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from temporalio import workflow
from temporalio.client import WorkflowHistory

from services.contract import TICKET_WORKFLOW, MeetDeadline, Snapshot
from services.vocabulary import Status
from services.workflows.ticket import TicketWorkflow
from tests.workflows.life import Life, away, failure, living, server_of_our_own, well


@workflow.defn(name=TICKET_WORKFLOW)
class ForgetfulTicketWorkflow(TicketWorkflow):
    """Starts afresh after a handful of events, where the real one does so after thousands."""

    HISTORY_EVENTS_MAX = 20

    @workflow.init
    def __init__(self, ticket: Snapshot) -> None:
        super().__init__(ticket)

    @workflow.run
    async def run(self, ticket: Snapshot) -> Snapshot:
        """As the real one."""
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
    """Asked, and never heard of again."""
    await life.opens()
    await life.waits(hours=1)
    await life.asks()
    await life.ends()


async def reopened(life: Life) -> None:
    """Solved, surveyed, not solved after all, solved again."""
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
    """Signals twice, late and in the wrong order."""
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
    """Intake says of a deadline that it does not stand, of a version older than the clock's; then it is mended."""
    await life.opens()
    await life.asks()
    pending = life.desk.snapshot

    async def put_back(_: MeetDeadline) -> None:
        life.desk.restores(pending.model_copy(update={"version": 1, "asked_at": await life.now()}))

    life.before_meeting = put_back
    await life.waits(days=7, hours=3)
    life.before_meeting = well
    life.desk.restores(pending)
    await life.ends()


async def closed_asleep(life: Life) -> None:
    """Closed by somebody else while the clock sleeps."""
    await life.opens()
    await life.asks()
    closed = life.desk.snapshot.model_copy(update={"status": Status.CLOSED, "version": 3})
    await life.signals(closed)
    await life.ends()


@dataclass(frozen=True)
class Shape:
    """A life, and the workflow that lives it."""

    life: Callable[[Life], Awaitable[None]]
    workflow: type = TicketWorkflow


SHAPES = {
    "typical": Shape(typical),
    "silent": Shape(silent),
    "reopened": Shape(reopened),
    "chatty": Shape(chatty),
    "muddled": Shape(muddled),
    "intake_down": Shape(intake_down),
    "not_met": Shape(not_met),
    "closed_asleep": Shape(closed_asleep),
    "continued": Shape(typical, workflow=ForgetfulTicketWorkflow),
}


async def lived(shape: Shape) -> list[WorkflowHistory]:
    """Live it on a server of its own; the history of each run, oldest first."""
    async with server_of_our_own() as server, living(server, workflow=shape.workflow) as life:
        await shape.life(life)
        return await life.histories()
