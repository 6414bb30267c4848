"""A desk with many tickets on a real database, on which bulks are carried out step by step."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.event_data import Actor, Contact
from services.contract.temporal import BulkStep
from services.contract.vocabulary import BulkState, Effort, Kind, Priority
from services.intake.bulk.bulks import move_bulk, read_bulk, sent_facts, start_bulk
from services.intake.bulk.steps import take_step
from services.intake.people.people import Person, find_by_email
from services.intake.rules.bulk import PER_SECOND, Bulk
from services.intake.rules.contracts import Terms
from services.intake.rules.decide import Command, decide, open_ticket
from services.intake.rules.moves.ask import Ask
from services.intake.rules.moves.assign import Assign
from services.intake.rules.moves.note import Note
from services.intake.rules.moves.park import Park
from services.intake.rules.moves.plan import Plan
from services.intake.rules.moves.reply import Reply
from services.intake.rules.moves.solve import Solve
from services.intake.rules.registry import MANY
from services.intake.rules.submit import Submit
from services.intake.rules.ticket import Message, Ticket
from services.intake.tables.bulk_tables import bulk_task
from services.intake.tables.tables import ticket, timeline
from services.intake.tickets.access import Party
from services.intake.tickets.store import create, load, lock, next_number, save
from services.platform.database import transaction
from tests.intake.api_desk import add_people
from tests.moved_clock import MovedClock

STANDARD = Terms()
AT_WORK = (BulkState.RUNNING, BulkState.UNDOING)


@dataclass
class BulkDesk:
    """A desk on which Marieke has many tickets, and Daan, an agent, gives commands."""

    engine: AsyncEngine
    clock: MovedClock
    marieke: Person
    daan: Person
    steps: list[BulkStep] = field(default_factory=list)

    @property
    def agent(self) -> Actor:
        return self.daan.actor()

    @property
    def party(self) -> Party:
        return Party(self.agent, self.daan)

    async def opens(
        self, count: int = 1, *, priority: Priority = Priority.MEDIUM, problem: int | None = None
    ) -> list[int]:
        """Open this many tickets; returns their numbers."""
        async with transaction(self.engine) as connection:
            numbers = [await next_number(connection) for _ in range(count)]
            for number in numbers:
                submit = Submit(
                    number=number,
                    by=self.marieke.actor(),
                    requester=self.marieke.contact(),
                    organisation_id=self.marieke.organisation.id if self.marieke.organisation else None,
                    subject=f"Printer {number} is on fire",
                    message=said("It burns."),
                    kind=Kind.INCIDENT,
                    asked_priority=priority,
                    priority=priority,
                    language=self.marieke.language,
                    policy=STANDARD.policy(self.clock()),
                )
                await create(connection, open_ticket(submit, self.clock()))
            if problem is not None:
                await connection.execute(update(ticket).where(ticket.c.number.in_(numbers)).values(problem=problem))
        return numbers

    async def asks(self, *numbers: int) -> None:
        await self.does(Ask(self.agent, said("Which?")), *numbers)

    async def solves(self, *numbers: int) -> None:
        await self.does(Solve(self.agent, self.daan.contact()), *numbers)

    async def notes(self, *numbers: int) -> None:
        await self.does(Note(self.agent, said("Third one this week.")), *numbers)

    async def assigns(self, assignee: Contact | None, *numbers: int) -> None:
        await self.does(Assign(self.agent, assignee), *numbers)

    async def answers(self, *numbers: int) -> None:
        await self.does(Reply(self.marieke.actor(), said("The one in the hall.")), *numbers)

    async def parks(self, *numbers: int, release: str | None = None) -> None:
        await self.does(Park(self.agent, workaround=False, effort=Effort.SMALL, note=""), *numbers)
        if release:
            await self.does(Plan(self.agent, release), *numbers)

    async def does(self, command: Command, *numbers: int) -> None:
        """Give a command to each ticket, as a person does."""
        for number in numbers:
            async with transaction(self.engine) as connection:
                before = await lock(connection, number)
                fresh = _with_own_message(command)
                await save(connection, before, decide(before, fresh, self.clock()), self.clock())

    async def starts(self, command: str, numbers: Sequence[int], *, per_second: int = PER_SECOND, **facts: Any) -> UUID:
        async with transaction(self.engine) as connection:
            many = MANY.get(command)
            known = many.facts.model_validate(facts) if many and not many.body else sent_facts(command, facts)
            return await start_bulk(
                connection, self.agent, command, known, numbers, self.clock(), per_second=per_second
            )

    async def step(self, bulk_id: UUID) -> BulkStep:
        self.steps.append(await take_step(self.engine, STANDARD, self.clock, bulk_id, lambda: None))
        return self.steps[-1]

    async def carries_out(self, bulk_id: UUID) -> Bulk:
        """Carry out steps until the bulk has no more tickets to process."""
        while (await self.step(bulk_id)).state in AT_WORK:
            assert self.steps[-1].tried, "a step took up nothing"
        return await self.bulk(bulk_id)

    async def does_to_all(self, command: str, numbers: Sequence[int], **facts: Any) -> Bulk:
        return await self.carries_out(await self.starts(command, numbers, **facts))

    async def moves(self, bulk_id: UUID, move: str) -> Bulk:
        async with transaction(self.engine) as connection:
            return await move_bulk(connection, bulk_id, move, self.agent, self.clock())

    async def undoes(self, bulk: Bulk) -> Bulk:
        await self.moves(bulk.id, "undo")
        return await self.carries_out(bulk.id)

    async def bulk(self, bulk_id: UUID) -> Bulk:
        async with self.engine.connect() as connection:
            return await read_bulk(connection, bulk_id)

    async def ticket(self, number: int) -> Ticket:
        async with self.engine.connect() as connection:
            return await load(connection, number)

    async def tickets(self, numbers: Sequence[int]) -> list[Ticket]:
        return [await self.ticket(number) for number in numbers]

    async def tasks(self, bulk_id: UUID) -> dict[int, Row[Any]]:
        """The bulk's tasks, by ticket number."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(select(bulk_task).where(bulk_task.c.bulk_id == bulk_id))
            return {row.ticket_number: row for row in rows}

    async def listed(self, bulk_id: UUID, state: str) -> list[int]:
        return sorted(number for number, task in (await self.tasks(bulk_id)).items() if task.state == state)

    async def sentences(self, bulk_id: UUID) -> dict[int, str]:
        """For each ticket that was refused or kept, the sentence that says why."""
        return {number: task.sentence for number, task in (await self.tasks(bulk_id)).items() if task.sentence}

    async def history(self, number: int, type_: str) -> list[Row[Any]]:
        """The ticket's history entries of this type, oldest first."""
        lines = select(timeline).where(timeline.c.ticket_number == number, timeline.c.type == type_)
        async with self.engine.connect() as connection:
            return list(await connection.execute(lines.order_by(timeline.c.id)))


async def bulk_desk(engine: AsyncEngine, clock: MovedClock) -> BulkDesk:
    """A desk with the demonstration people."""
    await add_people(engine, clock)
    async with engine.connect() as connection:
        marieke = await find_by_email(connection, "marieke@devries.example")
        daan = await find_by_email(connection, "daan@balie.example")
    assert marieke is not None
    assert daan is not None
    return BulkDesk(engine, clock, marieke, daan)


def said(text: str) -> Message:
    return Message(comment_id=uuid4(), text=text)


def _with_own_message(command: Command) -> Command:
    message = getattr(command, "message", None)
    return replace(command, message=said(message.text)) if isinstance(message, Message) else command  # type: ignore[call-arg]  # it has one
