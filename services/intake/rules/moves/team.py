"""Team: hand the ticket to a team, or to none. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.contract.event_data import Actor, Contact
from services.contract.events import TicketAssigned, TicketChanged
from services.contract.moves import Shown
from services.intake.history.line import HistoryLine, Line
from services.intake.history.stored import Stored
from services.intake.history.teller import Teller
from services.intake.rules.body import Input
from services.intake.rules.decision import moved
from services.intake.rules.move import SOLVED, WORKING, Many, Move, Order, Undo
from services.intake.rules.moves.assign import assigned, same_person
from services.intake.rules.ticket import Decision, Entry, TeamRef, Ticket


@dataclass(frozen=True)
class HandOver(Order):
    """Give the ticket to a team, or to none; `assignee` is the agent that the team's round robin chose, if any."""

    team: TeamRef | None
    assignee: Contact | None = None


class TeamIn(Input):
    """The team to hand the ticket to; null for none."""

    team_id: UUID | None


class TeamKept(Stored):
    """The team to hand tickets to; None for none."""

    team_id: UUID | None


class TeamBefore(Stored):
    """The team that had the ticket, and who was responsible."""

    team: TeamRef | None = None
    assignee: Contact | None = None


class HandedOver(Line):
    """Another team has the ticket, or none (None)."""

    TYPE: ClassVar[str] = "team"

    team: str | None = None

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Says who handed it to which team."""
        said = t.say("team", who=t.who(by), team=self.team) if self.team else t.say("no_team", who=t.who(by))
        return HistoryLine(said)


def hand_over(command: HandOver, ticket: Ticket, now: datetime) -> Decision:
    """Give the ticket to a team, or to none. The former assignee loses it, unless the team's round robin chose them."""
    if ticket.team == command.team:
        return Decision(ticket)
    entry = Entry(HandedOver(team=command.team.name if command.team else None), command.by, public=False)
    given = assigned(ticket, command.by, command.assignee, now)
    after = given.ticket.model_copy(update={"team": command.team})
    events = [event for event in given.events if isinstance(event, TicketAssigned)]
    renewed = [event.model_copy(update={"ticket": after.facts()}) for event in events]
    changed = TicketChanged(ticket=after.facts(), by=command.by, changed=("team",))
    others = moved(ticket, after, command.by)
    news = () if same_person(ticket.assignee, command.assignee) else tuple(renewed)
    history = given.history if news else ()
    return Decision(after, (changed, *news, *others), (entry, *history))


def _keep(_facts: TeamKept, before: Ticket, _after: Ticket) -> TeamBefore:
    return TeamBefore(team=before.team, assignee=before.assignee)


MOVE = Move(
    name="team",
    place=110,
    summary="Hand to a team",
    description="Support staff and services. Who had it has it no more; a team with round robin chooses "
    "who has it next.",
    command=HandOver,
    rule=hand_over,
    staff=WORKING | {SOLVED},
    body=TeamIn,
    lines=(HandedOver,),
    many=(Many("team", TeamKept, body=TeamIn, undo=Undo(TeamBefore, _keep)),),
    shown=Shown.ACTION,
    key="o",
    operation="hand_over",
)
