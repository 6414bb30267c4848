"""Makes events as intake and kb publish them, by functions with the desk's words, for the tests of notify."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from services.contract.event_data import Actor, CommentFacts, Contact, EventData, TicketFacts
from services.contract.events import (
    ArticleLink,
    ArticleSuggested,
    Event,
    PasswordLinkRequested,
    PersonChanged,
    SlaBreached,
    SlaEscalated,
    SlaWarned,
    TeamChanged,
    TicketAssigned,
    TicketMerged,
    TicketNoted,
    TicketPlanned,
    TicketPostponed,
    TicketPriorityChanged,
    TicketRated,
    TicketReminderDue,
    TicketReplied,
    TicketShared,
    TicketShipped,
    TicketSnoozeEnded,
    TicketStatusChanged,
    TicketSubmitted,
    TicketSurveyDue,
)
from services.contract.vocabulary import (
    AlertAudience,
    Channel,
    ClosedReason,
    DeadlineKind,
    Kind,
    Language,
    Metric,
    Priority,
    Role,
    Status,
)
from services.notify.rendering import MailIdentity
from tests.moved_clock import START

NOW = START
SECRET = "a secret that only these tests use, long enough"
DESK = MailIdentity("Balie", "support@balie.example", "balie.example", "https://balie.example")
_PEOPLE = UUID("0b6f2f52-3f0e-4a53-9d7c-53a6f1a8a1ce")


def person(name: str, language: Language = Language.ENGLISH, *, email: str | None = "") -> Contact:
    """A person; the address is made from the name unless given."""
    address = f"{name.lower().replace(' ', '.')}@example.org" if email == "" else email
    return Contact(person_id=uuid5(_PEOPLE, name), name=name, email=address, language=language)


JAN = person("Jan de Vries", Language.DUTCH)
"""The requester."""
LUCIA = person("Lucia Rossi", Language.ITALIAN)
"""An agent; tickets with an assignee are hers."""
EMMA = person("Emma Clark")
"""Another agent."""
PIA = person("Pia Smit", Language.ENGLISH)
"""A requester whose ticket was merged into Jan's."""
DIRK = person("Dirk de Boer", Language.DUTCH)
"""The product director."""
ADA = person("Ada Bianchi", Language.ITALIAN)
"""An admin."""
TEAM = uuid5(_PEOPLE, "the team")
CLOCK = Actor(kind="clock", name="clock")


def by(who: Contact, *, staff: bool = False) -> Actor:
    """The actor of an event."""
    return Actor(kind="person", name=who.name, person_id=who.person_id, staff=staff)


BY_JAN = by(JAN)
BY_LUCIA = by(LUCIA, staff=True)
BY_EMMA = by(EMMA, staff=True)
BY_DIRK = by(DIRK, staff=True)


def ticket(
    status: Status = Status.NEW,
    *,
    number: int = 12,
    version: int = 1,
    subject: str = "The printer is on fire",
    requester: Contact = JAN,
    assignee: Contact | None = None,
    closed_reason: ClosedReason | None = None,
    channel: Channel = Channel.WEB,
    follow_up_of: int | None = None,
    priority: Priority = Priority.MEDIUM,
    team_id: UUID | None = None,
    followers: tuple[Contact, ...] = (),
) -> TicketFacts:
    """A ticket as it is after the event."""
    return TicketFacts(
        number=number,
        version=version,
        subject=subject,
        status=status,
        closed_reason=closed_reason,
        priority=priority,
        kind=Kind.INCIDENT,
        channel=channel,
        language=requester.language,
        requester=requester,
        assignee=assignee,
        organisation_id=None,
        follow_up_of=follow_up_of,
        team_id=team_id,
        followers=followers,
    )


def comment(
    text: str, author: Actor, *, attachments: tuple[str, ...] = (), message_id: str | None = None
) -> CommentFacts:
    """The facts of a comment."""
    return CommentFacts(comment_id=uuid4(), author=author, text=text, attachments=attachments, message_id=message_id)


def happened(data: EventData, at: datetime = NOW, *, id: UUID | None = None, correlation_id: str = "corr-1") -> Event:
    """An event with this data."""
    return Event.of(data, id=id or uuid4(), source="/balie/intake", time=at, correlation_id=correlation_id)


def submitted(
    facts: TicketFacts | None = None,
    *,
    text: str = "It burns since this morning.",
    by: Actor = BY_JAN,
    attachments: tuple[str, ...] = (),
    message_id: str | None = None,
    auto_generated: bool = False,
) -> TicketSubmitted:
    """A requester submitted a new ticket."""
    said = comment(text, BY_JAN, attachments=attachments, message_id=message_id)
    return TicketSubmitted(ticket=facts or ticket(), by=by, comment=said, auto_generated=auto_generated)


def replied(
    by: Actor,
    status: Status,
    before: Status,
    *,
    facts: TicketFacts | None = None,
    version: int = 2,
    text: str = "Have you tried water?",
    attachments: tuple[str, ...] = (),
    assignee: Contact | None = LUCIA,
    auto_generated: bool = False,
) -> TicketReplied:
    """Somebody wrote; if the ticket now waits or is solved, with the dates of the clock's next steps."""
    dates = {
        Status.PENDING: (NOW + timedelta(days=7), NOW + timedelta(days=14)),
        Status.SOLVED: (None, NOW + timedelta(hours=48)),
    }
    reminder_at, closes_at = dates.get(status, (None, None))
    return TicketReplied(
        ticket=facts or ticket(status, version=version, assignee=assignee),
        by=by,
        comment=comment(text, by, attachments=attachments),
        status_before=before,
        reminder_at=reminder_at,
        closes_at=closes_at,
        auto_generated=auto_generated,
    )


def moved(
    by: Actor,
    status: Status,
    before: Status,
    *,
    version: int = 2,
    closed_reason: ClosedReason | None = None,
    reopened: bool = False,
    told: bool = False,
    assignee: Contact | None = LUCIA,
    followers: tuple[Contact, ...] = (),
) -> TicketStatusChanged:
    """The ticket changed its status; `told` means that a message goes with it."""
    return TicketStatusChanged(
        ticket=ticket(status, version=version, closed_reason=closed_reason, assignee=assignee, followers=followers),
        by=by,
        status_before=before,
        reopened=reopened,
        told=told,
        closes_at=NOW + timedelta(hours=48) if status is Status.SOLVED else None,
    )


def assigned(by: Actor, assignee: Contact | None, *, version: int = 2) -> TicketAssigned:
    """The ticket was assigned to somebody, or to nobody."""
    return TicketAssigned(ticket=ticket(Status.OPEN, version=version, assignee=assignee), by=by)


def noted(by: Actor, facts: TicketFacts | None = None) -> TicketNoted:
    """An internal note."""
    return TicketNoted(ticket=facts or ticket(Status.OPEN, version=2, assignee=LUCIA), by=by, comment_id=uuid4())


def reminder_due(*, version: int = 3, closes: bool = True, followers: tuple[Contact, ...] = ()) -> TicketReminderDue:
    """The requester was asked seven days ago and has not answered."""
    return TicketReminderDue(
        ticket=ticket(Status.PENDING, version=version, assignee=LUCIA, followers=followers),
        by=CLOCK,
        asked_at=NOW - timedelta(days=7),
        closes_at=NOW + timedelta(days=7) if closes else None,
    )


def postponed(
    by: Actor = CLOCK,
    reason: str = "mail_down",
    *,
    step: DeadlineKind = DeadlineKind.CLOSURE,
    version: int = 4,
    days: int | None = 10,
) -> TicketPostponed:
    """An automatic step was postponed by some days, or skipped."""
    return TicketPostponed.model_validate(
        {
            "ticket": ticket(Status.PENDING, version=version, assignee=LUCIA),
            "by": by,
            "step": step,
            "until": NOW + timedelta(days=days) if days else None,
            "reason": reason,
        }
    )


def prioritised(
    after: Priority = Priority.LOW,
    before: Priority = Priority.HIGH,
    *,
    version: int = 3,
    reason: str = "It is cosmetic.",
) -> TicketPriorityChanged:
    """Lucia changed the priority."""
    facts = ticket(Status.OPEN, version=version, assignee=LUCIA, priority=after)
    return TicketPriorityChanged(ticket=facts, by=BY_LUCIA, priority_before=before, reason=reason)


def planned_in(release: str = "5.2", *, version: int = 4) -> TicketPlanned:
    """Dirk planned the ticket in a release."""
    facts = ticket(Status.PARKED, version=version, assignee=LUCIA)
    return TicketPlanned(ticket=facts, by=BY_DIRK, release=release)


def shipped(release: str = "5.2", note: str = "Printers are fireproof.", *, version: int = 5) -> TicketShipped:
    """The release was shipped."""
    facts = ticket(Status.SOLVED, version=version, assignee=LUCIA)
    closes_at = NOW + timedelta(hours=48)
    return TicketShipped(ticket=facts, by=BY_DIRK, release=release, note=note, closes_at=closes_at)


def merged(into: int = 10, *, version: int = 4) -> TicketMerged:
    """The ticket was merged into another one."""
    facts = ticket(Status.CLOSED, version=version, closed_reason=ClosedReason.MERGED, assignee=LUCIA)
    return TicketMerged(ticket=facts, by=BY_LUCIA, into=into)


def shared(colleague: Contact, *, version: int = 3, with_them: bool = True) -> TicketShared:
    """The ticket was shared with a colleague of another department, or is no longer shared."""
    facts = ticket(Status.OPEN, version=version, assignee=LUCIA)
    return TicketShared(ticket=facts, by=BY_LUCIA, colleague=colleague, shared=with_them)


def snooze_ended(who: Contact = EMMA) -> TicketSnoozeEnded:
    """A snooze has ended."""
    return TicketSnoozeEnded(ticket=ticket(Status.OPEN, version=3, assignee=LUCIA), by=CLOCK, snoozed_by=who)


def warned(*tell: AlertAudience, facts: TicketFacts | None = None, metric: Metric = Metric.RESOLUTION) -> SlaWarned:
    """75 % of the promised time is spent; six hours are left."""
    return SlaWarned(**_alert(tell, facts, metric, timedelta(hours=6)), percent=75)


def breached(*tell: AlertAudience, facts: TicketFacts | None = None, metric: Metric = Metric.RESOLUTION) -> SlaBreached:
    """The promised time is over."""
    return SlaBreached(**_alert(tell, facts, metric, timedelta(0)))


def escalated(
    *tell: AlertAudience, facts: TicketFacts | None = None, metric: Metric = Metric.RESOLUTION
) -> SlaEscalated:
    """The promised time has been over for four hours."""
    return SlaEscalated(**_alert(tell, facts, metric, -timedelta(hours=4)), step=1)


def _alert(
    tell: tuple[AlertAudience, ...], facts: TicketFacts | None, metric: Metric, left: timedelta
) -> dict[str, Any]:
    return {
        "ticket": facts or ticket(Status.OPEN, version=3, assignee=LUCIA),
        "by": CLOCK,
        "metric": metric,
        "breach_at": NOW + left,
        "tell": tell or (AlertAudience.ASSIGNEE,),
    }


def team_changed(*members: Contact, team_id: UUID = TEAM) -> TeamChanged:
    """The team has these members."""
    return TeamChanged(team_id=team_id, name="Printers", members=tuple(one.person_id for one in members))


def survey_due(*, version: int = 3) -> TicketSurveyDue:
    """The ticket has been solved for a day, so the survey is due."""
    facts = ticket(Status.SOLVED, version=version, assignee=LUCIA)
    return TicketSurveyDue(ticket=facts, by=CLOCK, solved_at=NOW - timedelta(days=1))


def rated(good: bool, said: str = "", *, assignee: Contact | None = LUCIA) -> TicketRated:
    """The requester answered the survey."""
    return TicketRated(ticket=ticket(Status.SOLVED, version=4, assignee=assignee), by=BY_JAN, good=good, comment=said)


def changed(who: Contact, role: Role = Role.AGENT, *, active: bool = True) -> PersonChanged:
    """A person was added or changed."""
    return PersonChanged(person=who, role=role, active=active)


def link_requested(who: Contact = JAN) -> PasswordLinkRequested:
    """A person asked for a password link."""
    return PasswordLinkRequested(person=who, about=f"{who.person_id}:1")


def article(title: str = "Putting out a printer") -> ArticleLink:
    """An article of the help centre."""
    return ArticleLink(
        slug="fire",
        title=title,
        summary="Water, sand, and when to run.",
        language=Language.DUTCH,
        url="https://balie.example/help/fire?lang=nl",
    )


def suggested(*articles: ArticleLink, number: int = 12) -> ArticleSuggested:
    """The articles that may already answer a ticket."""
    return ArticleSuggested(ticket_number=number, articles=articles)
