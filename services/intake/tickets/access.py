"""Who may see tickets, and what they may do with them.

Staff and services see all tickets. Others see their own, those of their organisation, and those they follow because
their ticket was merged into them; colleagues of other departments also see what is shared with them.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, any_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import NotAllowed, NotFound
from services.contract.event_data import Actor
from services.contract.vocabulary import DECIDES_ON_PRODUCT, STAFF, ClosedReason, Role
from services.intake.people.people import Person
from services.intake.people.sessions import must_be_valid_service, who_calls
from services.intake.rules.move import Move
from services.intake.rules.registry import MOVES, allowed
from services.intake.rules.ticket import Ticket
from services.intake.tables.tables import participant, ticket
from services.platform.identity import Caller

COLLEAGUES = STAFF | {Role.COLLEAGUE}
"""Roles with whom a ticket may be shared. A person who loses these roles no longer sees shared tickets."""


@dataclass(frozen=True)
class Party:
    """Who calls or acts. `person` is None for another service, which may do what an agent may."""

    actor: Actor
    person: Person | None

    @property
    def is_staff(self) -> bool:
        """Whether they are staff, who see all tickets and internal notes."""
        return self.actor.staff

    @property
    def is_admin(self) -> bool:
        """Whether they are an administrator. A service is not."""
        return self.person is not None and self.person.role is Role.ADMIN

    @property
    def decides_on_product(self) -> bool:
        """Whether they may plan, decline and ship parked tickets."""
        return self.person is not None and self.person.role in DECIDES_ON_PRODUCT

    @property
    def uploader(self) -> str:
        """The owner recorded for files that this party uploads."""
        return str(self.person.id) if self.person else f"service:{self.actor.name}"

    def may_see(self, of: Ticket) -> bool:
        """Whether they may see the ticket: staff may see all; others theirs, their organisation's and shared ones."""
        return self.is_staff or self.asks(of) or self._is_colleague(of)

    def asks(self, of: Ticket) -> bool:
        """Whether they are on the requester's side: the ticket is theirs or their organisation's, or they follow it."""
        if self.person is None:
            return False
        same = self.person.organisation is not None and self.person.organisation.id == of.organisation_id
        return same or self.person.id in {each.person_id for each in (of.requester, *of.followers)}

    def must_ask(self, of: Ticket) -> None:
        """Check that they may write public messages: staff or the requester's side. Raises NotAllowed."""
        if not self.is_staff and not self.asks(of):
            raise NotAllowed("The ticket was shared with you: write an internal note, which support reads.")

    def sees_notes(self, of: Ticket) -> bool:
        """Whether they may read internal notes: staff, and colleagues the ticket is shared with.

        A colleague does not see the notes of a ticket of their own.
        """
        if self.person is not None and self.person.id == of.requester.person_id:
            return self.is_staff
        return self.is_staff or self._is_colleague(of)

    @property
    def is_shared_with(self) -> bool:
        """Whether they still have a role with whom tickets may be shared."""
        return self.person is not None and self.person.role in COLLEAGUES

    def _is_colleague(self, of: Ticket) -> bool:
        known = {each.person_id for each in of.colleagues}
        return self.is_shared_with and self.person is not None and self.person.id in known

    def must_be_admin(self) -> None:
        """Check that they are an administrator. Raises NotAllowed."""
        if not self.is_admin:
            raise NotAllowed("Only an administrator may change this.")

    def must_decide_on_product(self) -> None:
        """Check that they are the product director or an admin. Raises NotAllowed."""
        if not self.decides_on_product:
            raise NotAllowed("Only the product director may do this.")

    def must_be_let(self, move: Move, of: Ticket) -> None:
        """Check that they may ever make this move on the ticket, which they see. Raises NotAllowed."""
        if move.directors:
            self.must_decide_on_product()
        if move.requester:
            self.must_ask(of)
            if not move.staff and not of.is_requesters(self.actor):
                raise NotAllowed("Only the requester's side says so; support solves the ticket.")
        if move.colleagues and not self.sees_notes(of):
            raise NotAllowed("Only support and colleagues the ticket is shared with write internal notes.")

    def moves(self, of: Ticket) -> tuple[str, ...]:
        """The names of the moves this party may make with the ticket now."""
        own = self.person is not None and self.person.id == of.requester.person_id
        if self.is_staff and not own:
            offered = (move for move in allowed(of, staff=True) if not move.inward)
            found = tuple(move.name for move in offered if self.decides_on_product or not move.directors)
        else:
            found = tuple(move.name for move in allowed(of, staff=False)) if self.asks(of) else ()
            if self.sees_notes(of) and not self.is_staff:
                found += tuple(each.name for each in MOVES.values() if each.colleagues and each.allowed(of, staff=True))
        # A merged ticket allows no reply itself, but `reply` passes it on to the ticket it was merged into.
        answered = of.closed_reason is ClosedReason.MERGED and (self.is_staff or self.asks(of))
        return (*found, "reply") if answered else found

    def must_see(self, of: Ticket) -> None:
        """Check that they may see the ticket. Raises NotFound, so that nobody can find out which numbers exist."""
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
        # An array, computed once: with `in (select …)` in the `or`, PostgreSQL could use no index for any part of it.
        among = ticket.c.number == any_(func.array(part.scalar_subquery()))
        return or_(own, among, *([ticket.c.organisation_id == theirs.id] if theirs else []))


async def party_of(connection: AsyncConnection, caller: Caller) -> Party:
    """The party behind a caller, read from the database: a lost role or an ended session counts at once.

    Raises NotAuthenticated for an ended session or a revoked token.
    """
    if caller.person_id is None:
        await must_be_valid_service(connection, caller)
        return Party(Actor(kind="service", name=caller.name, staff=True), None)
    person = await who_calls(connection, caller)
    return Party(person.actor(), person)
