"""Submit: what a new ticket is opened from. Pure."""

from dataclasses import dataclass, field
from uuid import UUID

from services.contract.event_data import Actor, Contact
from services.contract.vocabulary import Kind, Language, Priority
from services.intake.rules.ticket import Message, ProductRef, TeamRef
from services.promises.policy import Policy


@dataclass(frozen=True)
class Submit:
    """A requester opens a ticket; `by` is somebody else where an agent logs a phone call.

    A follow-up keeps the assignee of the ticket it follows. A ticket with an assignee begins as open, not as new.
    """

    number: int
    by: Actor
    requester: Contact
    organisation_id: UUID | None
    subject: str
    message: Message
    kind: Kind
    asked_priority: Priority
    priority: Priority
    """The priority that counts, by the contract's priority rule."""
    language: Language
    policy: Policy
    follow_up_of: int | None = None
    assignee: Contact | None = None
    team: TeamRef | None = None
    product: ProductRef | None = None
    fields: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
