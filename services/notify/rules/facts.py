"""The facts that `plan` needs besides the event: who works in support, and which mails were sent before. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from services.contract.event_data import Contact, TicketFacts
from services.contract.vocabulary import AlertAudience, Role
from services.notify.rules.notices import Budget, Template, automatic_budget


@dataclass(frozen=True)
class Subscriber:
    """A member of staff, and which notices they want."""

    contact: Contact
    active: bool = True
    role: Role | None = None
    """None if the last event about them came before events had roles: they count as an agent."""
    muted: frozenset[str] = frozenset()
    """The templates of the notices they do not want."""

    def wants(self, template: Template) -> bool:
        """Whether this notice goes to them."""
        return self.active and template not in self.muted


@dataclass(frozen=True)
class PlanFacts:
    """The facts that `plan` needs besides the event."""

    own_address: str
    """The desk's own address: a mail to it would come back as a ticket."""
    staff: tuple[Subscriber, ...] = ()
    team: frozenset[UUID] = frozenset()
    """The members of the ticket's team."""
    articles_known: bool = False
    """Whether the knowledge base has already suggested articles for the ticket, or said that there are none."""
    closing_told: bool = False
    """Whether the requester has been told when the ticket closes, by the reminder of the current question or later."""
    budget: Budget = field(default_factory=automatic_budget)
    spent: Mapping[str, int] = field(default_factory=dict)
    """How many mails of that budget each mailbox got in the window before the event."""

    def subscribed(self, template: Template) -> list[Contact]:
        """All active staff who want this notice."""
        return _wanting(self._active(), template)

    def to(self, who: Contact | None, template: Template) -> list[Contact]:
        """That person, if they want the notice and still work here; else nobody."""
        return _wanting([self._as_known(who)], template) if who else []

    def responsible(self, who: Contact | None, template: Template) -> list[Contact]:
        """That person, if they want the notice; all staff who want it if there is no such person or they have left."""
        return self.to(who, template) if self._is_here(who) else self.subscribed(template)

    def deciding(self, template: Template) -> list[Contact]:
        """Who decides on the product: the directors, or the admins if there is no director."""
        return _wanting(self._of_role(Role.DIRECTOR) or self._of_role(Role.ADMIN), template)

    def alerted(self, tell: Iterable[AlertAudience], ticket: TicketFacts, template: Template) -> list[Contact]:
        """The people an alert is for; where an audience has nobody (no assignee, for example), all agents."""
        return [contact for whom in tell for contact in _wanting(self._named(whom, ticket), template)]

    def _named(self, whom: AlertAudience, ticket: TicketFacts) -> list[Subscriber]:
        named: list[Subscriber] = []
        match whom:
            case AlertAudience.ASSIGNEE if ticket.assignee and self._is_here(ticket.assignee):
                named = [self._as_known(ticket.assignee)]
            case AlertAudience.TEAM if ticket.team_id:
                named = [one for one in self._active() if one.contact.person_id in self.team]
            case AlertAudience.ADMINS:
                named = self._of_role(Role.ADMIN)
        return named or self._of_role(Role.AGENT, None) or self._active()

    def _is_here(self, who: Contact | None) -> bool:
        return who is not None and self._as_known(who).active

    def _as_known(self, who: Contact) -> Subscriber:
        # Events come in any order: a person we have not heard of yet gets every notice.
        known = (one for one in self.staff if one.contact.person_id == who.person_id)
        return next(known, Subscriber(who))

    def _active(self) -> list[Subscriber]:
        return [one for one in self.staff if one.active]

    def _of_role(self, *roles: Role | None) -> list[Subscriber]:
        return [one for one in self._active() if one.role in roles]


def asking(ticket: TicketFacts) -> list[Contact]:
    """The people on the requester's side who get mails about the ticket: the requester and the followers."""
    return [ticket.requester, *ticket.followers]


def _wanting(subscribers: Iterable[Subscriber], template: Template) -> list[Contact]:
    return [one.contact for one in subscribers if one.wants(template)]
