"""Makes commands that refer to a product, another ticket or a person, after checking what they refer to."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Invalid, NotFound
from services.intake.agreements.products import corrected
from services.intake.people.people import get_person
from services.intake.rules.commands import Change, LinkProblem, Share
from services.intake.rules.ticket import Ticket
from services.intake.tickets.access import COLLEAGUES, Party
from services.intake.tickets.move_resources import ChangeIn
from services.intake.tickets.store import load
from services.promises.standing import ENDED


async def correction(connection: AsyncConnection, party: Party, ticket: Ticket, wanted: ChangeIn) -> Change:
    """The command that corrects what a ticket is about.

    Raises Invalid for a product that cannot be chosen, and for fields its form refuses.
    """
    product, fields = await corrected(connection, ticket.product, wanted.product_id, wanted.fields)
    return Change(party.actor, wanted.subject, wanted.kind, product, fields)


async def linking(connection: AsyncConnection, party: Party, problem: int | None) -> LinkProblem:
    """The command that makes a ticket an incident of this problem, or of none.

    Raises Invalid where the problem is no ticket, has ended, or is an incident itself: chains and circles of problems
    are not allowed.
    """
    if problem is not None:
        try:
            found = await load(connection, problem)
        except NotFound as error:
            raise Invalid(f"{error.detail} Name the ticket of the problem.") from error
        if found.status in ENDED:
            raise Invalid(f"Ticket {problem} is {found.status}: a problem with incidents is one still at work.")
        if found.problem is not None:
            raise Invalid(f"Ticket {problem} is an incident of {found.problem} itself; name that one.")
    return LinkProblem(party.actor, problem)


async def sharing(connection: AsyncConnection, party: Party, person_id: UUID, *, shared: bool) -> Share:
    """The command that shares a ticket with a colleague, or stops sharing it.

    Raises NotFound for an unknown person, and Invalid for a person who is not a colleague (any more).
    """
    colleague = await get_person(connection, person_id)
    if shared and (colleague.role not in COLLEAGUES or not colleague.active):
        raise Invalid(f"{colleague.name} is no colleague (any more): a ticket with its notes stays in the house.")
    return Share(party.actor, colleague.contact(), shared)
