"""Makes tickets for the bench with intake's own commands and store, many in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.intake.people.people import Person, find_by_email
from services.intake.rules.contracts import Terms
from services.intake.rules.decide import decide
from services.intake.rules.moves.ask import Ask
from services.intake.rules.moves.solve import Solve
from services.intake.rules.ticket import Decision, Ticket
from services.intake.tickets.access import Party
from services.intake.tickets.messages import Draft, message_of
from services.intake.tickets.store import create, load, next_number
from services.intake.tickets.use_cases import NewTicket, carry_out, submit
from services.platform.clock import wall_clock
from services.platform.database import transaction
from services.promises import standing

BATCH = 500
"""How many sleepers are made in one transaction."""
REQUESTER, AGENT = "marieke@devries.example", "daan@balie.example"
THOUGHT_FOR = timedelta(hours=1)
"""The time between a sleeper's opening and the question it waits for."""
_QUESTION = NewTicket("The printer is on fire", Draft("It smokes. What now?"))
_ASKED = Draft("Which printer is it?")


@dataclass(frozen=True)
class Sides:
    """The two sides of the tickets: a requester and an agent."""

    requester: Person
    agent: Party


async def sides(engine: AsyncEngine) -> Sides:
    """The requester and the agent of the demonstration."""
    async with engine.connect() as connection:
        requester, agent = [await find_by_email(connection, each) for each in (REQUESTER, AGENT)]
    if requester is None or agent is None:
        raise LookupError("The demonstration's people are missing.")
    return Sides(requester, Party(agent.actor(), agent))


async def submit_many(engine: AsyncEngine, who: Sides, count: int) -> list[int]:
    """Submit new tickets as the portal does, in one transaction; returns their numbers. Each waits for support, so its
    clock sleeps until the warning of its promise."""
    async with transaction(engine) as connection:
        return [(await _submitted(connection, who, wall_clock())).number for _ in range(count)]


async def solve_many(engine: AsyncEngine, who: Sides, numbers: Sequence[int]) -> None:
    """Solve each ticket, in one transaction. Their surveys come before the warnings that their clocks sleep until, so
    every clock must be told."""
    async with transaction(engine) as connection:
        for number in numbers:
            message = await message_of(connection, _ASKED, who.agent.uploader)
            await carry_out(
                connection,
                who.agent,
                number,
                Solve(who.agent.actor, who.agent.person.contact() if who.agent.person else None, message),
                wall_clock(),
            )


class Sleepers:
    """Makes tickets that wait for their requester, with all reminders due at the same instant."""

    def __init__(self, engine: AsyncEngine, pattern: Ticket, asked_at: datetime) -> None:
        self._engine, self._pattern, self._asked_at = engine, pattern, asked_at

    async def make(self, count: int) -> list[int]:
        """Make this many more; returns their numbers. They have no comments and no events, but all that a clock
        needs."""
        numbers: list[int] = []
        while len(numbers) < count:
            async with transaction(self._engine) as connection:
                for _ in range(min(BATCH, count - len(numbers))):
                    numbers.append(number := await next_number(connection))
                    await create(connection, Decision(self._numbered(number)))
        return numbers

    def _numbered(self, number: int) -> Ticket:
        like = self._pattern
        opened = standing.opened(number, like.priority, like.opened_at)
        return like.model_copy(update={"standing": standing.asked(opened, self._asked_at)})


async def sleepers(engine: AsyncEngine, who: Sides, due_at: datetime) -> Sleepers:
    """Tickets opened and asked about in the past, so that all their reminders are due at `due_at`."""
    asked_at = due_at - Terms().policy(due_at).reminder_after.length
    async with engine.connect() as connection:
        number = (await _submitted(connection, who, asked_at - THOUGHT_FOR)).number
        message = await message_of(connection, _ASKED, who.agent.uploader)
        asked = decide(await load(connection, number), Ask(who.agent.actor, message), asked_at).ticket
        await connection.rollback()
    return Sleepers(engine, asked, asked_at)


async def _submitted(connection: AsyncConnection, who: Sides, now: datetime) -> Ticket:
    party = Party(who.requester.actor(), who.requester)
    return await submit(connection, party, who.requester, _QUESTION, Terms(), now)
