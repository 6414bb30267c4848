"""The routes of moves: one POST for each move that takes a body, which answers with the ticket after it.

They are made from the moves in `rules/moves/`. Written out are only those that touch more than one ticket.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Response

from services.intake.api.ticket_resources import TicketOut
from services.intake.api.tickets import Number
from services.intake.api.unit_of_work import StaffWork, TheWork
from services.intake.bulk.fan_outs import solve_incidents
from services.intake.rules.body import Input, MessageIn
from services.intake.rules.move import Move
from services.intake.rules.moves.merge import MergeIn
from services.intake.rules.moves.solve import SolveIn
from services.intake.rules.registry import MOVES, must_allow
from services.intake.rules.ticket import Ticket
from services.intake.tickets.makers import Making, asked, draft_of
from services.intake.tickets.use_cases import merge, reply

router = APIRouter(prefix="/api/v1")


async def _made(work: TheWork, move: Move, number: int, wanted: Input) -> Ticket:
    ticket = await work.lock(number)
    work.party.must_be_let(move, ticket)
    # Before the command is made: choosing a member of a team changes whose turn it is.
    must_allow(ticket, move, staff=move.is_staffs(work.party.actor, ticket))
    who = work.party.person.contact() if work.party.person else None
    making = Making(work.connection, work.party.actor, who, work.desk.standard, work.now)
    return await work.carry_out(ticket, await asked(making, work.party, move, wanted, ticket))


async def _reply(number: Number, wanted: MessageIn, work: TheWork) -> Response:
    said, desk = draft_of(work.party, wanted), work.desk
    ticket = await reply(work.connection, work.party, number, said, desk.standard, work.now, work.version)
    return await work.answer_ticket(ticket, status=201 if ticket.version == 1 else 200)


async def _solve(number: Number, wanted: SolveIn, work: StaffWork) -> Response:
    ticket = await _made(work, MOVES["solve"], number, wanted)
    if wanted.incidents:
        await solve_incidents(work.connection, work.party, ticket, wanted.text, work.now)
    return await work.answer_ticket(ticket)


async def _merge(number: Number, wanted: MergeIn, work: StaffWork) -> Response:
    ticket = await merge(work.connection, work.party, number, wanted.into, work.now, work.version)
    return await work.answer_ticket(ticket)


def _alone(move: Move) -> Callable[..., Awaitable[Response]]:
    """The route of a move that touches its ticket only."""

    async def route(number: int, wanted: Input, work: TheWork) -> Response:
        return await work.answer_ticket(await _made(work, move, number, wanted))

    who = TheWork if move.requester or move.colleagues else StaffWork
    taken: dict[str, Any] = {"number": Number, "wanted": move.body, "work": who}
    parameters = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation)
        for name, annotation in taken.items()
    ]
    # FastAPI reads what a route takes from here.
    route.__signature__ = inspect.Signature(parameters, return_annotation=Response)  # type: ignore[attr-defined]
    return route


_WRITTEN_OUT: dict[str, Callable[..., Awaitable[Response]]] = {"reply": _reply, "solve": _solve, "merge": _merge}

for _move in MOVES.values():
    if _move.body is not None:
        router.add_api_route(
            f"/tickets/{{number}}/{_move.name}",
            _WRITTEN_OUT.get(_move.name) or _alone(_move),
            methods=["POST"],
            name=_move.operation or _move.name,
            summary=_move.summary,
            description=_move.description,
            response_model=TicketOut,
            tags=["product" if _move.directors else "moves"],
        )
