"""Who may see and do what with tickets: staff and services all, requesters their own and their organisation's,
colleagues of other departments besides what is shared with them, and followers what their ticket was merged into.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from services.errors import NotFound
from services.event_data import Actor
from services.identity import Caller
from services.intake.people import Person
from services.intake.sessions import must_be_valid_service, who_calls
from services.intake.tables import participant, ticket
from services.intake.tickets import Ticket


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
    def uploader(self) -> str:
        """Whose the files are that this party uploads."""
        return str(self.person.id) if self.person else f"service:{self.actor.name}"

    def may_see(self, of: Ticket) -> bool:
        """Staff see all; others their own, those of their organisation, and those they take part in."""
        if self.is_staff:
            return True
        if self.person is None:
            return False
        same = self.person.organisation is not None and self.person.organisation.id == of.organisation_id
        people = (of.requester, *of.followers, *of.colleagues)
        return same or self.person.id in {each.person_id for each in people}

    def sees_notes(self, of: Ticket) -> bool:
        """Staff, and colleagues the ticket is shared with; never on a ticket of one's own."""
        if self.person is not None and self.person.id == of.requester.person_id:
            return self.is_staff
        return self.is_staff or self._is_colleague(of)

    def _is_colleague(self, of: Ticket) -> bool:
        return self.person is not None and self.person.id in {each.person_id for each in of.colleagues}

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
        theirs = self.person.organisation
        ways = [own, ticket.c.number.in_(part), *([ticket.c.organisation_id == theirs.id] if theirs else [])]
        return or_(*ways)


async def party_of(connection: AsyncConnection, caller: Caller) -> Party:
    """Who calls, as they are now: a role taken away or a session ended counts at once.

    Raises NotAuthenticated for an ended session or a revoked token.
    """
    if caller.person_id is None:
        await must_be_valid_service(connection, caller)
        return Party(Actor(kind="service", name=caller.name, staff=True), None)
    person = await who_calls(connection, caller)
    return Party(person.actor(), person)
