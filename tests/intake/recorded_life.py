"""Tickets that live by the real rules, with their history in a real database and a clock that is always on time."""

from datetime import datetime, timedelta
from random import Random

from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import BalieError
from services.contract.vocabulary import AlertAudience, DeadlineKind, Effort, Kind, Language, Metric, Priority, Status
from services.intake.rules.deadline_due import Meet
from services.intake.rules.decide import Command, decide, open_ticket
from services.intake.rules.moves.ask import Ask
from services.intake.rules.moves.assign import Assign
from services.intake.rules.moves.confirm_solved import ConfirmSolved
from services.intake.rules.moves.decline import Decline
from services.intake.rules.moves.do_now import DoNow
from services.intake.rules.moves.keep_open import KeepOpen
from services.intake.rules.moves.merge import Merge
from services.intake.rules.moves.note import Note
from services.intake.rules.moves.park import Park
from services.intake.rules.moves.plan import Plan
from services.intake.rules.moves.postpone import Postpone
from services.intake.rules.moves.prioritise import Prioritise
from services.intake.rules.moves.reopen import Reopen
from services.intake.rules.moves.replan import Replan
from services.intake.rules.moves.reply import Reply
from services.intake.rules.moves.ship import Ship
from services.intake.rules.moves.skip import Skip
from services.intake.rules.moves.snooze import Snooze
from services.intake.rules.moves.solve import Solve
from services.intake.rules.moves.spam import MarkSpam
from services.intake.rules.moves.tag import Tag
from services.intake.rules.moves.take_back import TakeBack
from services.intake.rules.outages import Outages
from services.intake.rules.submit import Submit
from services.intake.rules.ticket import Decision, Ticket
from services.intake.tickets.store import create, save
from services.promises.deadlines import Due, next_due
from services.promises.policy import Escalation, Pause, Policy, Target
from services.promises.standing import NO_TIME, support_replied
from services.promises.working_time import Calendar, Span
from tests.intake.ticket_life import AGENT, DAAN, MARIEKE, PLAIN, REQUESTER, message
from tests.promises.calendars import OFFICE_WEEK, working

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OFFICE = Calendar(zone="Europe/Rome", week=OFFICE_WEEK)
STRICT = Policy(
    targets=(
        Target(metric=Metric.FIRST_REPLY, within=working(4 * HOUR), priority=Priority.HIGH),
        Target(metric=Metric.FIRST_REPLY, within=working(8 * HOUR)),
        Target(metric=Metric.NEXT_REPLY, within=Span(length=6 * HOUR)),
        Target(metric=Metric.REQUESTER_WAIT, within=working(30 * HOUR)),
        Target(metric=Metric.AGENT_WORK, within=Span(length=3 * DAY)),
    ),
    pauses=(Pause(metric=Metric.REQUESTER_WAIT, status=Status.PARKED),),
    warn_at=(50, 90),
    escalations=(Escalation(), Escalation(after=4 * HOUR, tell=(AlertAudience.TEAM,)), Escalation(after=DAY)),
    closure_after=working(60 * HOUR),
    survey_after=Span(length=3 * HOUR),
    calendar=OFFICE,
).pinned("strict")
POLICIES = (PLAIN.pinned("plain"), Policy().pinned("standard"), STRICT)
GAPS = (timedelta(minutes=1), timedelta(minutes=50), 5 * HOUR, 26 * HOUR, 3 * DAY, 8 * DAY)


class RecordedLife:
    """One ticket; `met` lists the deadlines that its clock met."""

    def __init__(self, connection: AsyncConnection, outages: Outages, ticket: Ticket) -> None:
        self.ticket = ticket
        self.met: list[Due] = []
        self._connection, self._outages = connection, outages
        self._now = ticket.opened_at
        self._former: TakeBack | None = None

    async def pass_until(self, instant: datetime) -> None:
        """Let time pass; the clock meets all deadlines until then."""
        while (due := next_due(self.ticket.standing, self.ticket.policy)) is not None and due.at <= instant:
            at = max(due.at, self._now)
            since = self.ticket.reminded_at or self.ticket.asked_at
            down = self._outages.down(since, at) if since and due.kind is DeadlineKind.CLOSURE else NO_TIME
            decision = decide(self.ticket, Meet(due.deadline(), down), at)
            if any(entry.type == "deadline_met" for entry in decision.history):
                self.met.append(due._replace(at=at))
                self._former = None  # a command cannot be taken back after the clock changed the ticket
            await self._save(decision, at)

    async def does(self, command: Command, at: datetime) -> bool:
        """Give a command; returns False if the rules refuse it."""
        await self.pass_until(at)
        self._now = at
        before = self.ticket
        try:
            decision = decide(before, command, at)
        except BalieError:
            return False
        await self._save(decision, at)
        self._former = None
        if isinstance(command, Solve | MarkSpam):
            said = isinstance(command, Solve) and command.message
            stood = support_replied(before.standing, at) if said else before.standing
            self._former = TakeBack(AGENT, stood, before.assignee, None)
        return True

    async def lives(self, chance: Random, acts: int) -> None:
        """Give this many random commands."""
        at = self._now
        for _ in range(acts):
            at += chance.choice(GAPS) * chance.uniform(0.5, 1.5)
            await self.pass_until(at)
            await self.does(self._command(chance, at), at)

    async def _save(self, decision: Decision, at: datetime) -> None:
        await save(self._connection, self.ticket, decision, at)
        self.ticket = decision.ticket

    def _command(self, chance: Random, at: datetime) -> Command:
        said = message() if chance.random() < 0.5 else None
        step = chance.choice([DeadlineKind.REMINDER, DeadlineKind.CLOSURE, DeadlineKind.SURVEY])
        possible: list[Command] = [
            Assign(AGENT, chance.choice([DAAN, None])),
            *[Reply(AGENT, message())] * 2,
            *[Reply(REQUESTER, message())] * 3,
            *[Ask(AGENT, message())] * 3,
            *[Solve(AGENT, DAAN, said)] * 2,
            Reopen(AGENT, said),
            Note(AGENT, message()),
            Park(AGENT, workaround=True, effort=Effort.SMALL, note="", message=said),
            Plan(AGENT, "2.0"),
            Decline(AGENT, message()),
            Ship(AGENT, "2.0"),
            Prioritise(AGENT, chance.choice(list(Priority)), "It is so."),
            Tag(AGENT, add=(str(at),)),
            Snooze(AGENT, DAAN, at + chance.choice(GAPS)),
            KeepOpen(REQUESTER),
            ConfirmSolved(REQUESTER),
            Postpone(AGENT, step, at + chance.choice(GAPS)),
            Skip(AGENT, step),
            DoNow(AGENT, step),
            Replan(AGENT, chance.choice(POLICIES), "the contract changed"),
            *([self._former] * 8 if self._former else []),
            *([MarkSpam(AGENT), Merge(AGENT, into=1)] if chance.random() < 0.3 else []),
        ]
        return chance.choice(possible)


async def opened(
    connection: AsyncConnection, number: int, at: datetime, policy: Policy, outages: Outages = Outages()
) -> RecordedLife:
    """Marieke's ticket, just submitted. She and Daan must be in the database."""
    submit = Submit(
        number=number,
        by=REQUESTER,
        requester=MARIEKE,
        organisation_id=None,
        subject="The printer is on fire",
        message=message(),
        kind=Kind.INCIDENT,
        asked_priority=Priority.HIGH,
        priority=Priority.HIGH,
        language=Language.DUTCH,
        policy=policy,
    )
    decision = open_ticket(submit, at)
    await create(connection, decision)
    return RecordedLife(connection, outages, decision.ticket)
