"""What a plan needs to know beyond its event: who works in support, and what was told before. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from services.contract.event_data import Contact, TicketFacts
from services.contract.vocabulary import AlertAudience, Role
from services.notify.rules.notices import Budget, Template, automatic_budget


@dataclass(frozen=True)
class Subscriber:
    """A member of staff and what they want to hear."""

    contact: Contact
    active: bool = True
    role: Role | None = None
    """None for one heard of before roles were told: they count as an agent."""
    muted: frozenset[str] = frozenset()
    """The notices they do not want, by template."""

    def wants(self, template: Template) -> bool:
        """Whether this notice goes to them."""
        return self.active and template not in self.muted


@dataclass(frozen=True)
class PlanFacts:
    """What a plan needs to know beyond the event."""

    own_address: str
    """The desk's own: a mail to it would come back as a ticket."""
    staff: tuple[Subscriber, ...] = ()
    team: frozenset[UUID] = frozenset()
    """Who is in the team that the event's ticket is with."""
    articles_known: bool = False
    """Whether the articles suggested for the event's ticket are there already."""
    closing_told: bool = False
    """Whether the requester was reminded, and so told when the ticket closes, of the question that stands."""
    budget: Budget = field(default_factory=automatic_budget)
    spent: Mapping[str, int] = field(default_factory=dict)
    """How many mails of that budget each mailbox got in the window before the event."""

    def subscribed(self, template: Template) -> list[Contact]:
        """All of support who want this notice."""
        return _wanting(self._active(), template)

    def to(self, who: Contact | None, template: Template) -> list[Contact]:
        """That person, where they want the notice and still work here."""
        return _wanting([self._as_known(who)], template) if who else []

    def responsible(self, who: Contact | None, template: Template) -> list[Contact]:
        """That person; all of support where there is none, or they have left."""
        return self.to(who, template) if self._is_here(who) else self.subscribed(template)

    def deciding(self, template: Template) -> list[Contact]:
        """Who decides on the product: its director, or the admins where there is none."""
        return _wanting(self._of_role(Role.DIRECTOR) or self._of_role(Role.ADMIN), template)

    def alerted(self, tell: Iterable[AlertAudience], ticket: TicketFacts, template: Template) -> list[Contact]:
        """Whom an alert names; all agents stand in for an assignee, a team or admins there are none of."""
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
        # Somebody nobody told us of yet (events come in any order) wants what everybody gets.
        known = (one for one in self.staff if one.contact.person_id == who.person_id)
        return next(known, Subscriber(who))

    def _active(self) -> list[Subscriber]:
        return [one for one in self.staff if one.active]

    def _of_role(self, *roles: Role | None) -> list[Subscriber]:
        return [one for one in self._active() if one.role in roles]


def asking(ticket: TicketFacts) -> list[Contact]:
    """Everybody of the requester's side who is told of the ticket."""
    return [ticket.requester, *ticket.followers]


def _wanting(subscribers: Iterable[Subscriber], template: Template) -> list[Contact]:
    return [one.contact for one in subscribers if one.wants(template)]
