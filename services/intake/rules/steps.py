"""The automatic steps that people may move, cancel or carry out now, and the line of history about that. Pure."""

from datetime import datetime, timedelta
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from services.contract.errors import Invalid
from services.contract.event_data import Actor
from services.contract.events import TicketPostponed
from services.contract.temporal import Deadline
from services.contract.vocabulary import STEPS, DeadlineKind
from services.intake.history.line import HistoryLine, Line
from services.intake.history.teller import Teller
from services.intake.rules.body import Input
from services.intake.rules.decision import next_version
from services.intake.rules.deed import Act, Lived
from services.intake.rules.move import PENDING, SOLVED, at
from services.intake.rules.ticket import Decision, Entry, Ticket
from services.promises import standing
from services.promises.deadlines import coming
from services.promises.standing import Standing

WITH_STEPS = at(PENDING, SOLVED)
"""Where automatic steps are coming."""


class StepIn(Input):
    """One of the automatic steps that are coming."""

    step: DeadlineKind


class Postponed(Line):
    """An automatic step comes at another instant (`until`), or not at all (None)."""

    TYPE: ClassVar[str] = "postponed"

    deadline: DeadlineKind
    due_at: AwareDatetime
    until: AwareDatetime | None = None
    reason: Literal["asked", "skipped", "mail_down"]
    down_seconds: int | None = None
    """How long mail could not come in, if that is the reason."""

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Says which step was moved, from when to when, or cancelled; or that it waits for mail."""
        step, due = t.say(f"step.{self.deadline}"), t.short(self.due_at)
        if self.reason == "mail_down":
            down = t.length(timedelta(seconds=self.down_seconds or 0))
            return HistoryLine(t.say("waits_for_mail", step=step, until=t.short(self.until), down=down))
        if self.until is None:
            return HistoryLine(t.say("skipped", who=t.who(by), step=step, due=due))
        return HistoryLine(t.say("postponed", who=t.who(by), step=step, due=due, until=t.short(self.until)))


def moved_step(
    ticket: Ticket,
    deadline: Deadline,
    until: datetime | None,
    by: Actor,
    now: datetime,
    reason: Literal["asked", "skipped"],
) -> Decision:
    """The ticket with this automatic step at another instant, or without it (None)."""
    after = next_version(ticket, now, standing.moved_step(ticket.standing, deadline.kind, until))
    line = Postponed(deadline=deadline.kind, due_at=deadline.due_at, until=until, reason=reason)
    event = TicketPostponed.model_validate(
        {"ticket": after.facts(), "by": by, "step": deadline.kind, "until": until, "reason": reason}
    )
    return Decision(after, (event,), (Entry(line, by, public=deadline.kind in STEPS),))


def step_coming(ticket: Ticket, kind: DeadlineKind) -> Deadline:
    """The automatic step of this kind that is coming. Raises Invalid where none is."""
    steps = [each for each in ticket.deadlines if each.kind in STEPS]
    found = next((each for each in steps if each.kind is kind), None)
    if found is None:
        instead = f"coming are: {', '.join(each.kind for each in steps)}" if steps else "none is coming"
        raise Invalid(f"No {kind} of ticket {ticket.number} is coming; {instead}.")
    return found


def relived_step(line: Postponed) -> Act:
    """For `simulate`: the step is moved, if it is coming in the life that is lived again."""

    def act(lived: Lived, _at: datetime) -> Standing | None:
        return standing.moved_step(lived.stands, line.deadline, line.until) if is_coming(lived, line.deadline) else None

    return act


def is_coming(lived: Lived, kind: DeadlineKind) -> bool:
    """Whether a deadline of this kind is coming in the life that is lived again."""
    return any(each.kind is kind for each in coming(lived.stands, lived.policy))
