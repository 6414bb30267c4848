"""The ticket workflow: a ticket's clock. It keeps time; intake keeps the ticket.

The life it keeps time for is drawn at the head of `services/promises/standing.py`.

Tickets sleep for weeks under code that changes meanwhile: read `docs/changing-a-workflow.md` before changing this file
or `alarm.py`.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import ClassVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception

from services.contract.temporal import (
    DEADLINE_REFUSED,
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

DIRECT_TIMEOUT = timedelta(seconds=5)
"""After eight seconds a workflow task would have to send Temporal a heartbeat, which costs events."""
DIRECT_RETRY = RetryPolicy(maximum_attempts=1)
"""The queue is the second try. Besides, the SDK (1.35) lets a first try's timeout run on into the second one."""
QUEUED_TIMEOUT = timedelta(seconds=15)
"""For one try: one transaction of intake. A try lost with its worker is repeated after this long."""
QUEUED_RETRY = RetryPolicy(
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
        order = MeetDeadline(
            number=self._alarm.ticket.number,
            version=self._alarm.ticket.version,
            deadline=deadline,
            met_at=max(workflow.now(), deadline.due_at),
            correlation_id=self._alarm.ticket.correlation_id,
        )
        try:
            if answer := await self._ask_directly(order) or await self._ask_by_queue(order):
                self._alarm.hear(answer)
        except FailureError as error:
            workflow.logger.warning("Intake will not meet the %s: %s", deadline.kind, error.cause or error)
        if self._alarm.owes(deadline):
            self._alarm.back_off(workflow.now())
        self._say()

    async def _ask_directly(self, order: MeetDeadline) -> Snapshot | None:
        # A quarter of what the queue costs Temporal. None where intake cannot be reached so: the queue waits for it.
        try:
            answer: Snapshot = await workflow.execute_local_activity(
                MEET_DEADLINE_ACTIVITY,
                order,
                result_type=Snapshot,
                start_to_close_timeout=DIRECT_TIMEOUT,
                retry_policy=DIRECT_RETRY,
            )
        except FailureError as error:
            # Unlike one of the queue, a local activity's error comes as it was raised, in no ActivityError.
            if isinstance(error, ApplicationError) and error.type == DEADLINE_REFUSED:
                raise
            return None
        return answer

    async def _ask_by_queue(self, order: MeetDeadline) -> Snapshot | None:
        # None where it is not worth waiting for any more.
        meeting = workflow.start_activity(
            MEET_DEADLINE_ACTIVITY,
            order,
            result_type=Snapshot,
            task_queue=INTAKE_TASK_QUEUE,
            start_to_close_timeout=QUEUED_TIMEOUT,
            retry_policy=QUEUED_RETRY,
            summary=order.deadline.kind,
        )
        # Intake may be down for a day: what is heard meanwhile counts, and may make the deadline moot.
        await workflow.wait_condition(
            lambda: meeting.done() or not self._alarm.owes(order.deadline) or self._history_is_long()
        )
        if not meeting.done():
            if self._history_is_long():
                return None  # the run that continues this one asks again
            meeting.cancel()
        try:
            answer: Snapshot = await meeting
        except ActivityError as error:
            if is_cancelled_exception(error):
                return None
            raise
        return answer

    def _say(self) -> None:
        # For a person who looks at the clock in Temporal's pages; costs neither an event nor an action.
        workflow.set_current_details(self._alarm.in_words())

    def _history_is_long(self) -> bool:
        info = workflow.info()
        return info.is_continue_as_new_suggested() or info.get_current_history_length() >= self.HISTORY_EVENTS_MAX
