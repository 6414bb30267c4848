"""The models that event data is made of: contacts, actors, the state of the ticket, comments. Pure."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.contract.vocabulary import Channel, ClosedReason, Kind, Language, Priority, Status


class Fact(BaseModel):
    """Base of all models in events. Frozen, because an event that was sent cannot be changed."""

    model_config = ConfigDict(frozen=True)


class Contact(Fact):
    """A person as others need to know them. `email` is None for somebody who only ever phoned."""

    person_id: UUID
    name: str
    email: str | None
    language: Language
    zone: str | None = None
    """The time zone they chose, as in `Europe/Amsterdam`; None: they read in the desk's."""


class Actor(Fact):
    """Who did it: a person, another service, or the clock (then `person_id` is None)."""

    kind: Literal["person", "service", "clock"]
    name: str
    person_id: UUID | None = None
    staff: bool = False

    def speaks_for(self, requester_id: UUID) -> bool:
        """Whether they act on this requester's side: anybody but staff, or an agent who is the requester themselves.

        The clock never does.
        """
        return self.kind != "clock" and (not self.staff or self.person_id == requester_id)


class TicketFacts(Fact):
    """The ticket as it stands after the event."""

    number: int
    version: int
    subject: str
    status: Status
    closed_reason: ClosedReason | None
    priority: Priority
    kind: Kind
    channel: Channel
    language: Language
    requester: Contact
    assignee: Contact | None
    organisation_id: UUID | None
    follow_up_of: int | None = None
    team_id: UUID | None = None
    tags: tuple[str, ...] = ()
    merged_into: int | None = None
    followers: tuple[Contact, ...] = ()
    """The requesters of tickets that were merged into this one: they get the same mails as the requester."""


class CommentFacts(Fact):
    """One message on a ticket; `text` is plain text."""

    comment_id: UUID
    author: Actor
    text: str
    attachments: tuple[str, ...] = ()
    """File names only; a client that may see the files fetches them from intake."""
    message_id: str | None = None
    """The RFC 5322 Message-ID it arrived with, for threading; None unless it came by e-mail."""


class EventData(Fact):
    """Base of every event's data. `TYPE` is the event's type, which ends with its version (`ticket.replied.v1`)."""

    TYPE: ClassVar[str]


class TicketEventData(EventData):
    """An event about one ticket."""

    ticket: TicketFacts
    by: Actor
