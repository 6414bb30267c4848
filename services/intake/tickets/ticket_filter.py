"""The filter of tickets, used as query parameters of a list and in the body of a bulk command."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.contract.errors import Invalid
from services.contract.vocabulary import Status, View
from services.intake.rules.body import Input, ReleaseName, TicketNumber
from services.intake.rules.moves.tag import TagName
from services.intake.tickets.access import Party
from services.intake.tickets.input import Search
from services.intake.tickets.queries import Filter

Nobody = Literal["none"]
Assignee = Annotated[UUID | Literal["me"] | Nobody, Field(description="`me`, `none` or an id")]
Requester = Annotated[UUID | Literal["me"], Field(description="`me` or an id")]
Team = Annotated[UUID | Nobody, Field(description="`none` or an id")]
Words = Annotated[Search, Field(description="Words in subject or messages, a number, a name.")]
Release = Annotated[ReleaseName, Field(description="Parked tickets planned in it.")]


class TicketFilter(Input):
    """Tickets for which all of this holds."""

    view: View | None = None
    status: Status | None = None
    assignee: Assignee | None = None
    requester: Requester | None = None
    q: Words | None = None
    team: Team | None = None
    tag: TagName | None = None
    product: UUID | None = None
    organisation: UUID | None = None
    problem: TicketNumber | None = None
    release: Release | None = None

    def chosen_by(self, party: Party) -> Filter:
        """The filter for queries, with `me` replaced by this party's id.

        Raises Invalid for `me` from a service, and for the parts of the filter that only staff may use.
        """
        # Others do not see tags and problems; by filtering on them they could find out which ones their tickets have.
        if not party.is_staff and (self.tag or self.problem or self.view == "snoozed"):
            raise Invalid("Tags, problems and what is snoozed are for support; leave them out.")
        facts = self.model_dump(exclude={"assignee", "requester"})
        return Filter(**facts, assignee=_me(self.assignee, party), requester=_requester(self.requester, party))


def _requester(who: UUID | Literal["me"] | None, party: Party) -> UUID | None:
    found = _me(who, party)
    return found if isinstance(found, UUID) else None


def _me(who: UUID | str | None, party: Party) -> UUID | str | None:
    if who != "me":
        return who
    if party.person is None:
        raise Invalid("A service is nobody: 'me' means nothing here.")
    return party.person.id
