"""A worked example of a change of the ticket workflow, for `docs/changing-a-workflow.md`. No release has it.

The change: a deadline that is due waits another minute before intake is asked to meet it, so that an answer that is
just coming in makes it moot. That is one timer more at the same point, which no run that is under way has in its
history.
"""

from datetime import timedelta

from temporalio import workflow

from services.contract.temporal import TICKET_WORKFLOW, Deadline, Snapshot
from services.workflows.ticket import TicketWorkflow

GRACE = timedelta(minutes=1)
CHANGE = "a-minute-of-grace"
"""Says what changed. It is written into the history of each run that takes the new step."""


@workflow.defn(name=TICKET_WORKFLOW)
class Unguarded(TicketWorkflow):
    """The change as nobody may release it: a ticket that slept under the code before cannot go on."""

    @workflow.init
    def __init__(self, ticket: Snapshot) -> None:
        super().__init__(ticket)

    @workflow.run
    async def run(self, ticket: Snapshot) -> Snapshot:
        """As the real one."""
        return await super().run(ticket)

    async def _meet(self, deadline: Deadline) -> None:
        await self._let_answers_in(deadline)

    async def _let_answers_in(self, deadline: Deadline) -> None:
        await workflow.sleep(GRACE)
        if self._alarm.owes(deadline):
            await super()._meet(deadline)


@workflow.defn(name=TICKET_WORKFLOW)
class Guarded(Unguarded):
    """Step 1, the change as it is released: a run that came by this point before goes on as it began."""

    @workflow.init
    def __init__(self, ticket: Snapshot) -> None:
        super().__init__(ticket)

    @workflow.run
    async def run(self, ticket: Snapshot) -> Snapshot:
        """As the real one."""
        return await super().run(ticket)

    async def _meet(self, deadline: Deadline) -> None:
        if workflow.patched(CHANGE):
            await self._let_answers_in(deadline)
        else:
            await TicketWorkflow._meet(self, deadline)


@workflow.defn(name=TICKET_WORKFLOW)
class ForgetfulGuarded(Guarded):
    """The same for runs that were recorded with a short history."""

    HISTORY_EVENTS_MAX = 20

    @workflow.init
    def __init__(self, ticket: Snapshot) -> None:
        super().__init__(ticket)

    @workflow.run
    async def run(self, ticket: Snapshot) -> Snapshot:
        """As the real one."""
        return await super().run(ticket)


@workflow.defn(name=TICKET_WORKFLOW)
class Deprecated(Unguarded):
    """Step 2, once no run from before the change is open: the old way is gone, and markers of step 1 are understood."""

    @workflow.init
    def __init__(self, ticket: Snapshot) -> None:
        super().__init__(ticket)

    @workflow.run
    async def run(self, ticket: Snapshot) -> Snapshot:
        """As the real one."""
        return await super().run(ticket)

    async def _meet(self, deadline: Deadline) -> None:
        workflow.deprecate_patch(CHANGE)
        await self._let_answers_in(deadline)
