"""The enumerations that all services share: statuses, priorities, roles, deadline kinds, languages and so on."""

from enum import StrEnum
from typing import Literal, get_args


class Language(StrEnum):
    """A language Balie speaks, as an ISO 639-1 code."""

    DUTCH = "nl"
    ITALIAN = "it"
    ENGLISH = "en"


class Status(StrEnum):
    """Where a ticket stands. The moves between them are in `intake/rules/moves/`."""

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
    """What a person may do: requesters see their organisation's tickets, agents all, admins also people.

    A colleague is of another department: a requester who also sees what support shares with them, notes included. The
    product director is support staff who decides on parked tickets.
    """

    REQUESTER = "requester"
    COLLEAGUE = "colleague"
    AGENT = "agent"
    DIRECTOR = "director"
    ADMIN = "admin"


STAFF = frozenset({Role.AGENT, Role.DIRECTOR, Role.ADMIN})
DECIDES_ON_PRODUCT = frozenset({Role.DIRECTOR, Role.ADMIN})
"""The roles that may plan, decline and ship parked tickets."""


class DeadlineKind(StrEnum):
    """What the clock does to a ticket (`docs/design.md §4`, the clock)."""

    REMINDER = "reminder"
    CLOSURE = "closure"
    SURVEY = "survey"
    FINALISATION = "finalisation"
    SNOOZE = "snooze"
    WARNING = "warning"
    BREACH = "breach"
    ESCALATION = "escalation"


STEPS = frozenset({DeadlineKind.REMINDER, DeadlineKind.CLOSURE, DeadlineKind.SURVEY, DeadlineKind.FINALISATION})
"""The automatic steps, which people may postpone, skip or do now."""
ALERTS = frozenset({DeadlineKind.WARNING, DeadlineKind.BREACH, DeadlineKind.ESCALATION})
"""What tells staff of a promise; the requester never hears of them."""


class Metric(StrEnum):
    """What a contract promises a time for, each as Zendesk defines it."""

    # When each starts and stops counting: `promises/sla.py`.

    FIRST_REPLY = "first_reply"
    NEXT_REPLY = "next_reply"
    REQUESTER_WAIT = "requester_wait"
    AGENT_WORK = "agent_work"
    RESOLUTION = "resolution"


class AlertAudience(StrEnum):
    """Whom an escalation step tells. Where there is no assignee or team, all agents are told instead."""

    ASSIGNEE = "assignee"
    TEAM = "team"
    AGENTS = "agents"
    ADMINS = "admins"


class Effort(StrEnum):
    """How much work a change of the software looks like, as support or the product director guess."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class BulkState(StrEnum):
    """Where a bulk stands: one command carried out on many tickets. See `intake/rules/bulk.py` for its moves."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


BULKS_AT_WORK = frozenset({BulkState.RUNNING, BulkState.UNDOING})
"""The states in which a bulk works on its tickets."""


class TaskState(StrEnum):
    """What became of a bulk's command on one ticket."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"
    UNDONE = "undone"
    KEPT = "kept"
    """Done, but not undone with the others, because somebody changed the ticket since."""


View = Literal["unassigned", "mine", "new", "open", "pending", "parked", "solved", "closed", "snoozed"]
VIEWS: tuple[View, ...] = get_args(View)
"""The views of the desk's queue, in the order shown: one for each status, and three others."""


class FieldKind(StrEnum):
    """What may be filled in at a question of a product's form."""

    TEXT = "text"
    CHOICE = "choice"
    EMAIL = "email"
    NUMBER = "number"


class FieldProblem(StrEnum):
    """Why the answer to such a question is refused; pages have their own words for each."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    NO_CHOICE = "no_choice"
    NO_EMAIL = "no_email"
    NO_NUMBER = "no_number"


class ArticleKind(StrEnum):
    """What a knowledge-base article is."""

    HOW_TO = "how_to"
    RELEASE_NOTE = "release_note"
    ANNOUNCEMENT = "announcement"
    SYSTEM_REQUIREMENT = "system_requirement"
    HELP = "help"
