"""The desk's words: every closed list of values that services share, and the languages it speaks."""

from enum import StrEnum


class Language(StrEnum):
    """A language Balie speaks, as an ISO 639-1 code."""

    DUTCH = "nl"
    ITALIAN = "it"
    ENGLISH = "en"


class Status(StrEnum):
    """Where a ticket stands. The moves between them are the table in `intake/moves.py`."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    PARKED = "parked"
    SOLVED = "solved"
    CLOSED = "closed"


class ClosedReason(StrEnum):
    """Why a closed ticket ended."""

    FINALISED = "finalised"
    NO_RESPONSE = "no_response"
    MERGED = "merged"
    SPAM = "spam"


class Priority(StrEnum):
    """How much the requester is hindered; the definitions are shown wherever it is chosen."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Kind(StrEnum):
    """What the requester brings: a question, an incident, or a wish (which is no issue)."""

    QUESTION = "question"
    INCIDENT = "incident"
    ENHANCEMENT = "enhancement"


class Channel(StrEnum):
    """How a message reached the desk."""

    WEB = "web"
    EMAIL = "email"
    PHONE = "phone"
    API = "api"


class Role(StrEnum):
    """What a person may do: requesters see their organisation's tickets, agents all, admins also people."""

    REQUESTER = "requester"
    AGENT = "agent"
    ADMIN = "admin"


STAFF = frozenset({Role.AGENT, Role.ADMIN})


class DeadlineKind(StrEnum):
    """What the clock does to a ticket (design §4, 'The clock')."""

    REMINDER = "reminder"
    CLOSURE = "closure"
    SURVEY = "survey"
    FINALISATION = "finalisation"


class ArticleKind(StrEnum):
    """What a knowledge-base article is."""

    HOW_TO = "how_to"
    RELEASE_NOTE = "release_note"
    ANNOUNCEMENT = "announcement"
    SYSTEM_REQUIREMENT = "system_requirement"
    HELP = "help"
