"""Replan: pin the ticket to another policy, because its contract or calendar changed. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, computed_field

from services.contract import wording
from services.contract.event_data import Actor, EventData
from services.contract.events import TicketPostponed
from services.contract.vocabulary import DeadlineKind, Metric
from services.intake.history.line import HistoryLine, Line
from services.intake.history.reasons import calendars, reasoned
from services.intake.history.stored import Stored
from services.intake.history.teller import Teller
from services.intake.rules.decision import due, next_version
from services.intake.rules.deed import ANY_MOVE, Deed, Lived
from services.intake.rules.move import EVERYWHERE, Many, Move, Order
from services.intake.rules.ticket import Decision, Entry, Ticket
from services.promises.policy import Policy

CHANGES_NAMED_MAX = 6
"""If re-planning moved more deadlines than this, the rest are given as a number."""


@dataclass(frozen=True)
class Replan(Order):
    """Pin the ticket to another policy, because its contract or calendar changed. `because` says which, for history."""

    policy: Policy
    because: str


class BecauseKept(Stored):
    """Why tickets are re-planned, as one sentence."""

    because: str


class MovedDeadline(BaseModel):
    """A deadline that re-planning moved. None: there was or is none."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: DeadlineKind
    metric: Metric | None = None
    point: int = 0
    before: AwareDatetime | None = None
    after: AwareDatetime | None = None

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated property
    @property
    def deadline(self) -> str:
        """The deadline's name, as lines of version 1 had it and the API has shown it since."""
        return " ".join(str(part) for part in (self.kind, self.metric, self.point or None) if part)

    def told(self, t: Teller) -> str:
        """Says which deadline moved from when to when."""
        label = wording.deadline_label(self.kind, t.language)
        if self.metric:
            label = t.say("deadline_of", deadline=label, metric=t.say(f"metric.{self.metric}"))
        return t.say("change", deadline=label, before=t.short(self.before), after=t.short(self.after))


def _with_parts(facts: dict[str, Any]) -> dict[str, Any]:
    """Version 1 named a deadline `warning first_reply 50`."""

    def parted(change: dict[str, Any]) -> dict[str, Any]:
        kind, *about = change["deadline"].split(" ")
        metric, point = (about[0] if about else None), (int(about[1]) if len(about) > 1 else 0)
        return {"kind": kind, "metric": metric, "point": point, "before": change["before"], "after": change["after"]}

    return {**facts, "changes": [parted(each) for each in facts["changes"]]}


class Replanned(Line):
    """Other promises apply to the ticket."""

    TYPE: ClassVar[str] = "replanned"
    VERSION: ClassVar[int] = 2
    UPCASTS: ClassVar = {1: _with_parts}

    because: str
    policy_before: str
    policy: str
    """Versions of policies."""
    changes: tuple[MovedDeadline, ...] = ()

    @property
    def policies(self) -> tuple[str, ...]:
        """Before and after."""
        return self.policy_before, self.policy

    def told(self, t: Teller, _by: Actor) -> HistoryLine:
        """Says why; the evidence says which deadlines moved."""
        named = [each.told(t) for each in self.changes[:CHANGES_NAMED_MAX]]
        if more := len(self.changes) - len(named):
            named.append(t.say("more_changes", count=more))
        named += calendars(t, *self.policies)
        policies = t.say("policies", before=self.policy_before, after=self.policy)
        evidence = reasoned(t, policies, named) if t.inside else ""
        return HistoryLine(t.say("replanned", because=self.because), evidence)


def replan(command: Replan, ticket: Ticket, now: datetime) -> Decision:
    """Pin the ticket to another policy. Warnings and breaches announced already are not announced again.

    History keeps each deadline that changes, before and after; the requester hears only of another closing time.
    """
    if command.policy == ticket.policy:
        return Decision(ticket)
    after = next_version(ticket, now, policy=command.policy)
    line = Replanned(
        because=command.because,
        policy_before=ticket.policy.version,
        policy=command.policy.version,
        changes=_moved(ticket, after),
    )
    events: tuple[EventData, ...] = ()
    was, closes_at = due(ticket, DeadlineKind.CLOSURE), due(after, DeadlineKind.CLOSURE)
    if was != closes_at:
        events = (
            TicketPostponed(
                ticket=after.facts(), by=command.by, step=DeadlineKind.CLOSURE, until=closes_at, reason="replanned"
            ),
        )
    return Decision(after, events, (Entry(line, command.by, public=False),))


def _moved(ticket: Ticket, after: Ticket) -> tuple[MovedDeadline, ...]:
    before, now = (
        {(each.kind, each.metric, each.point): each.due_at for each in of.deadlines} for of in (ticket, after)
    )
    moved = [
        MovedDeadline(kind=kind, metric=metric, point=point, before=before.get(each), after=now.get(each))
        for each in before.keys() | now.keys()
        for kind, metric, point in (each,)
        if before.get(each) != now.get(each)
    ]
    return tuple(sorted(moved, key=lambda change: change.deadline))


def _relived(line: Replanned, _said: bool) -> Deed:
    def act(lived: Lived, _at: datetime) -> None:
        lived.policy = lived.policies[line.policy]

    return Deed(ANY_MOVE, True, act)


MOVE = Move(
    name="replan",
    place=600,
    command=Replan,
    rule=replan,
    staff=EVERYWHERE,
    inward=True,
    lines=(Replanned,),
    relived={Replanned: _relived},
    many=(Many("replan", BecauseKept),),
)
