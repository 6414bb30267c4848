"""The policy of a ticket: what is promised about it, and when its automatic steps come. Pure.

A ticket keeps the policy that was pinned to it, so changing a contract does not move the deadlines of open tickets.
"""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from services.contract.vocabulary import AlertAudience, DeadlineKind, Metric, Priority, Status
from services.promises.working_time import Calendar, Counted, Span

STANDARD = "standard"
"""The name of the policy for requesters without a contract."""
SURVEY_SPREAD = timedelta(minutes=5)
TARGETS_MAX = 20
STEPS_MAX = 10
_DIGEST_CHARACTERS = 8


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Target(_Part):
    """A promise: the metric ends within this time. `priority` None stands for all without one of their own."""

    metric: Metric
    within: Annotated[Span, Field(description="Counted in working time or in calendar time.")]
    priority: Priority | None = None


class Pause(_Part):
    """A status in which a metric's time does not count, by contract."""

    metric: Metric
    status: Status


class Escalation(_Part):
    """Who is told, and how long after the breach, as the target is counted; the first step is the breach."""

    after: timedelta = Field(default=timedelta(0), ge=timedelta(0))
    tell: tuple[AlertAudience, ...] = (AlertAudience.ASSIGNEE,)


class Promises(_Part):
    """What a desk promises; the defaults are those of `docs/design.md §4`.

    Survey and finalisation count from the solution, reminder and closure from the last question.
    """

    reminder_after: Span = Span(length=timedelta(days=7))
    closure_after: Span = Span(length=timedelta(days=14))
    survey_after: Span = Span(length=timedelta(hours=24))
    survey_spread: timedelta = Field(default=SURVEY_SPREAD, ge=timedelta(0), le=timedelta(hours=1))
    """Each survey is delayed by up to this much, so that a release does not send the surveys of all its tickets at
    once."""
    finalisation_after: Span = Span(length=timedelta(hours=48))
    survey: bool = True
    targets: tuple[Target, ...] = Field(
        default=(Target(metric=Metric.RESOLUTION, within=Span(length=timedelta(hours=48), counted=Counted.WORKING)),),
        max_length=TARGETS_MAX,
    )
    pauses: tuple[Pause, ...] = (
        Pause(metric=Metric.RESOLUTION, status=Status.PENDING),
        Pause(metric=Metric.RESOLUTION, status=Status.PARKED),
    )
    warn_at: tuple[Annotated[int, Field(ge=1, le=99)], ...] = Field(default=(75,), max_length=STEPS_MAX)
    """Percent of a target at which staff are warned."""
    escalations: tuple[Escalation, ...] = Field(default=(Escalation(),), max_length=STEPS_MAX)
    """In order of time; without any, a breach is recorded but nobody is told."""

    @classmethod
    def kept(cls, body: Mapping[str, Any]) -> Self:
        """The promises as some Balie wrote them down, to be read back.

        One that only a newer Balie knows is left out: while that is rolled out, this one goes on reading tickets.
        """
        return cls.model_validate({name: value for name, value in body.items() if name in cls.model_fields})

    def step_after(self, kind: DeadlineKind) -> Span:
        """The time promised until this automatic step. Raises KeyError for a kind that comes after no promised time."""
        return {
            DeadlineKind.REMINDER: self.reminder_after,
            DeadlineKind.CLOSURE: self.closure_after,
            DeadlineKind.SURVEY: self.survey_after,
            DeadlineKind.FINALISATION: self.finalisation_after,
        }[kind]


class Policy(Promises):
    """The promises about one ticket."""

    version: str = ""
    """`<name>-<digest of the content>`: the same promises have the same version, and a version never changes."""
    calendar: Calendar = Calendar()

    def __hash__(self) -> int:
        # The same version means the same content. Hashing the whole content would cost more than our caches save.
        return hash(self.version) if self.version else super().__hash__()

    def target(self, metric: Metric, priority: Priority) -> Span | None:
        """The time promised for this metric at this priority; None if nothing is promised."""
        own = {each.priority: each.within for each in self.targets if each.metric is metric}
        return own.get(priority, own.get(None))

    def pinned(self, name: str) -> Self:
        """A copy with its `version` set from `name` and the content. `name` is the contract's, or `STANDARD`."""
        content = self.model_copy(update={"version": ""}).model_dump_json()
        digest = sha256(content.encode()).hexdigest()[:_DIGEST_CHARACTERS]
        return self.model_copy(update={"version": f"{name}-{digest}"})
