"""Who may see and do what with tickets: staff and services all, requesters their own and their organisation's,
colleagues of other departments besides what is shared with them, and followers what their ticket was merged into.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, any_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import NotAllowed, NotFound
from services.contract.event_data import Actor
from services.contract.vocabulary import DECIDES_ON_PRODUCT, STAFF, ClosedReason, Role
from services.intake.people.people import Person
from services.intake.people.sessions import must_be_valid_service, who_calls
from services.intake.rules import moves
from services.intake.rules.ticket import Ticket
from services.intake.tables.tables import participant, ticket
from services.platform.identity import Caller

COLLEAGUES = STAFF | {Role.COLLEAGUE}
"""With whom a ticket may be shared; who is none of them any more sees no longer what was."""


@dataclass(frozen=True)
class Party:
    """Who acts. `person` is None for another service, which may do what an agent may."""

    actor: Actor
    person: Person | None

    @property
    def is_staff(self) -> bool:
        """Whether internal notes and everybody's tickets may be seen."""
        return self.actor.staff

    @property
    def decides_on_product(self) -> bool:
        """Whether they plan, decline and ship what is parked."""
        return self.person is not None and self.person.role in DECIDES_ON_PRODUCT

    @property
    def uploader(self) -> str:
        """Whose the files are that this party uploads."""
        return str(self.person.id) if self.person else f"service:{self.actor.name}"

    def may_see(self, of: Ticket) -> bool:
        """Staff see all; others their own, those of their organisation, and those they take part in."""
        return self.is_staff or self.asks(of) or self._is_colleague(of)

    def asks(self, of: Ticket) -> bool:
        """Whether they speak for the requester's side: it is their own, or their organisation's, or they follow it."""
        if self.person is None:
            return False
        same = self.person.organisation is not None and self.person.organisation.id == of.organisation_id
        return same or self.person.id in {each.person_id for each in (of.requester, *of.followers)}

    def must_ask(self, of: Ticket) -> None:
        """Raises NotAllowed for whoever may see the ticket, but speaks for nobody on it."""
        if not self.is_staff and not self.asks(of):
            raise NotAllowed("The ticket was shared with you: write an internal note, which support reads.")

    def sees_notes(self, of: Ticket) -> bool:
        """Staff, and colleagues the ticket is shared with; never on a ticket of one's own."""
        if self.person is not None and self.person.id == of.requester.person_id:
            return self.is_staff
        return self.is_staff or self._is_colleague(of)

    @property
    def is_shared_with(self) -> bool:
        """Whether what was shared with them still is: they have not left the house."""
        return self.person is not None and self.person.role in COLLEAGUES

    def _is_colleague(self, of: Ticket) -> bool:
        known = {each.person_id for each in of.colleagues}
        return self.is_shared_with and self.person is not None and self.person.id in known

    def must_decide_on_product(self) -> None:
        """Raises NotAllowed for all but the product director and admins."""
        if not self.decides_on_product:
            raise NotAllowed("Only the product director may do this.")

    def moves(self, of: Ticket) -> tuple[str, ...]:
        """What this party may do with the ticket now."""
        own = self.person is not None and self.person.id == of.requester.person_id
        if self.is_staff and not own:
            hidden = moves.INWARD if self.decides_on_product else moves.INWARD | moves.DIRECTORS_MOVES
            found = tuple(move for move in moves.moves(of, staff=True) if move not in hidden)
        else:
            found = moves.moves(of, staff=False) if self.asks(of) else ()
            found += ("note",) if self.sees_notes(of) and not self.is_staff else ()
        # A merged ticket takes no message itself: what is said to it goes on to the one it was merged into.
        answered = of.closed_reason is ClosedReason.MERGED and (self.is_staff or self.asks(of))
        return (*found, "reply") if answered else found

    def must_see(self, of: Ticket) -> None:
        """Raises NotFound, as for a ticket that does not exist, so that numbers tell nothing."""
        if not self.may_see(of):
            raise NotFound(f"There is no ticket {of.number}.")

    def visible(self) -> ColumnElement[bool]:
        """`may_see` as a condition on the ticket table."""
        if self.is_staff:
            return true()
        if self.person is None:
            raise NotFound("There are no tickets.")
        own = ticket.c.requester_id == self.person.id
        part = select(participant.c.ticket_number).where(participant.c.person_id == self.person.id)
        if not self.is_shared_with:
            part = part.where(participant.c.part == "follower")
        theirs = self.person.organisation
        # An array, read once: with `in (select …)` among the ways, no index could answer any of them.
        among = ticket.c.number == any_(func.array(part.scalar_subquery()))
        return or_(own, among, *([ticket.c.organisation_id == theirs.id] if theirs else []))


async def party_of(connection: AsyncConnection, caller: Caller) -> Party:
    """Who calls, as they are now: a role taken away or a session ended counts at once.

    Raises NotAuthenticated for an ended session or a revoked token.
    """
    if caller.person_id is None:
        await must_be_valid_service(connection, caller)
        return Party(Actor(kind="service", name=caller.name, staff=True), None)
    person = await who_calls(connection, caller)
    return Party(person.actor(), person)
