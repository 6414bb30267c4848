"""The ticket workflow: a ticket's clock. It keeps time; intake keeps the ticket."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import ClassVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

from services.contract import (
    INTAKE_TASK_QUEUE,
    MEET_DEADLINE_ACTIVITY,
    SNAPSHOT_QUERY,
    SNAPSHOT_SIGNAL,
    TICKET_WORKFLOW,
    Deadline,
    MeetDeadline,
    Snapshot,
)
from services.workflows.alarm import Alarm

MEET_TIMEOUT = timedelta(seconds=15)
"""For one try: one transaction of intake. A try lost with its worker is repeated after this long."""
MEET_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(minutes=5),
    maximum_attempts=0,
)
"""Never gives up: with intake down for a day, its deadlines are met the minutes after it is back."""


@workflow.defn(name=TICKET_WORKFLOW)
class TicketWorkflow:
    """Sleeps until the ticket's next deadline, has intake meet it, and ends when the ticket is closed.

    Started and told by signal-with-start only, so a ticket that is reopened gets its next run the same way.
    """

    HISTORY_EVENTS_MAX: ClassVar[int] = 4_000
    """The run starts afresh with this many events behind it: a replay reads them all."""

    @workflow.init
    def __init__(self, ticket: Snapshot) -> None:
        self._alarm = Alarm(ticket)
        self._say()

    @workflow.run
    async def run(self, _: Snapshot) -> Snapshot:
        """From the ticket as it was first heard of to the ticket as it was closed."""
        while not self._alarm.over:
            if self._history_is_long():
                workflow.continue_as_new(self._alarm.ticket)
            if deadline := self._alarm.due(workflow.now()):
                await self._meet(deadline)
            else:
                await self._sleep(self._alarm.rings_at)
        return self._alarm.ticket

    @workflow.signal(name=SNAPSHOT_SIGNAL)
    def hear(self, ticket: Snapshot) -> None:
        """The ticket has changed."""
        self._alarm.hear(ticket)
        self._say()

    @workflow.query(name=SNAPSHOT_QUERY)
    def known(self) -> Snapshot:
        """The ticket as its clock knows it."""
        return self._alarm.ticket

    async def _sleep(self, until: datetime | None) -> None:
        # A deadline moved later lets the timer run out and looks again: cheaper than arming a new one.
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._alarm.over or self._alarm.rings_before(until) or self._history_is_long(),
                timeout=until - workflow.now() if until else None,
            )

    async def _meet(self, deadline: Deadline) -> None:
        asked = MeetDeadline(
            number=self._alarm.ticket.number,
            version=self._alarm.ticket.version,
            deadline=deadline,
            met_at=max(workflow.now(), deadline.due_at),
            correlation_id=self._alarm.ticket.correlation_id,
        )
        meeting = workflow.start_activity(
            MEET_DEADLINE_ACTIVITY,
            asked,
            result_type=Snapshot,
            task_queue=INTAKE_TASK_QUEUE,
            start_to_close_timeout=MEET_TIMEOUT,
            retry_policy=MEET_RETRY,
            summary=deadline.kind,
        )
        # Intake may be down for a day: what is heard meanwhile counts, and may make the deadline moot.
        await workflow.wait_condition(
            lambda: meeting.done() or not self._alarm.owes(deadline) or self._history_is_long()
        )
        if not meeting.done():
            if self._history_is_long():
                return  # the run that continues this one asks again
            meeting.cancel()
        try:
            self._alarm.hear(await meeting)
        except ActivityError as error:
            if not is_cancelled_exception(error):
                workflow.logger.warning("Intake will not meet the %s: %s", deadline.kind, error.cause)
        if self._alarm.owes(deadline):
            self._alarm.snooze(workflow.now())
        self._say()

    def _say(self) -> None:
        # For a person who looks at the clock in Temporal's pages; costs neither an event nor an action.
        workflow.set_current_details(self._alarm.in_words())

    def _history_is_long(self) -> bool:
        info = workflow.info()
        return info.is_continue_as_new_suggested() or info.get_current_history_length() >= self.HISTORY_EVENTS_MAX
