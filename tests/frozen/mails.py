"""Every mail that notify plans for the events of the lived tickets, with its text in every language."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from textwrap import indent
from uuid import UUID

from services.contract.event_data import TicketEventData
from services.contract.events import Event, PasswordLinkRequested
from services.contract.vocabulary import Language, Role
from services.notify.mail import compose
from services.notify.rendering import Known, render
from services.notify.rules.facts import PlanFacts, Subscriber
from services.notify.rules.known import KnownTicket, is_closing_told, learn
from services.notify.rules.notices import Budget, Notification, Template, automatic_budget
from services.notify.rules.plan import budget_of, budgeted, mailbox, may_tell_staff, plan
from services.notify.truth import why_untrue
from services.platform.identity import Signer
from tests.frozen.lived import Lived, lived
from tests.frozen.published import published
from tests.intake.ticket_life import DAAN
from tests.model.acts import ZERO
from tests.notify.happenings import ADA, DESK, DIRK, EMMA, JAN, LUCIA, SECRET, article, happened

SIGNER = Signer(SECRET)
AUTOMATIC = replace(automatic_budget(1), window=timedelta(days=60))
"""So small that some lives use it up."""
LATE = timedelta(hours=1)
STAFF = (
    Subscriber(DAAN, role=Role.AGENT),
    Subscriber(EMMA, role=Role.AGENT, muted=frozenset({Template.NEW_TICKET, Template.REPLY})),
    Subscriber(LUCIA, role=Role.AGENT, active=False),
    Subscriber(DIRK, role=Role.DIRECTOR, muted=frozenset({Template.NEW_TICKET})),
    Subscriber(ADA, role=Role.ADMIN, muted=frozenset({Template.NEW_TICKET, Template.REPLY})),
)
TEAM = frozenset({DAAN.person_id, EMMA.person_id})
ARTICLES = (article(), article("<Second> & last"))


@dataclass
class Notifier:
    """What notify knows of one ticket, and the mails it planned."""

    articles: bool
    known: KnownTicket | None = None
    planned: list[Notification] = field(default_factory=list)

    def hears(self, event: Event, data: TicketEventData) -> list[Notification]:
        """Plan the mails for an event, as notify's consumer does, without a database."""
        facts = self._facts(event, data)
        self.known = learn(self.known, data)
        new = plan(event, data, facts, event.time)
        self.planned += new
        return new

    def _facts(self, event: Event, data: TicketEventData) -> PlanFacts:
        budget, staff = budget_of(data, AUTOMATIC), may_tell_staff(data)
        return PlanFacts(
            DESK.address,
            staff=STAFF if staff else (),
            team=TEAM if staff and data.ticket.team_id else frozenset(),
            articles_known=self.articles,
            closing_told=is_closing_told(self.known, data),
            budget=budget,
            spent={each: self._spent(each, budget, event.time) for each in budgeted(data)},
        )

    def _spent(self, box: str, budget: Budget, at: datetime) -> int:
        return sum(
            mailbox(one.recipient.address) == box
            and at - budget.window < one.happened_at <= at
            and one.template in budget.templates
            and not one.suppressed
            for one in self.planned
        )


def mails() -> str:
    """The mails of all lives, one after the other. Raises AssertionError if a template is never used."""
    notifiers = [(one, Notifier(articles=one.number % 2 == 0)) for one in lived()]
    lines = [line for one, notifier in notifiers for line in _of_life(one, notifier)]
    lines += _of_account()
    planned = {mail.template for _, notifier in notifiers for mail in notifier.planned}
    missing = set(Template) - planned - {Template.PASSWORD_LINK}
    assert not missing, missing
    assert any(mail.suppressed for _, notifier in notifiers for mail in notifier.planned)
    return "".join(f"{line}\n" for line in lines)


def _of_life(one: Lived, notifier: Notifier) -> Iterator[str]:
    for event, data in published(one):
        yield f"# {event.time.isoformat()} {event.type} of {event.subject}, version {data.ticket.version}"
        for mail in notifier.hears(event, data):
            yield from _planned(mail, Known(notifier.known, ARTICLES if notifier.articles else ()))
    yield from (f"# {line}" for mail in notifier.planned for line in _late(mail, Known(notifier.known)))


def _of_account() -> Iterator[str]:
    data = PasswordLinkRequested(person=JAN, about=f"{JAN.person_id}:1")
    event = happened(data, ZERO, id=UUID(int=1))
    yield f"# {event.type}"
    for mail in plan(event, data, PlanFacts(DESK.address), event.time):
        yield from _planned(mail, Known())


def _planned(mail: Notification, known: Known) -> Iterator[str]:
    to = mail.recipient
    yield f"## {mail.template} to {to.name} <{to.address}>, in {to.language}, due {mail.due_at.isoformat()}, {mail.id}"
    if mail.suppressed:
        yield f"suppressed: {mail.suppressed}"
    headers = compose(mail, known, DESK, SIGNER, mail.due_at, mail.due_at)
    yield from (f"{name}: {value}" for name, value in headers.items())
    for language in Language:
        words = render(_in(language, mail), known, DESK, SIGNER, mail.due_at)
        yield f"### {language}: {words.subject}"
        yield indent(words.text, "    ")
        yield f"html: {_digest(words.html)}"


def _late(mail: Notification, known: Known) -> Iterator[str]:
    """The mail if it were sent after the ticket's whole life: why it would be suppressed, or a digest of its text."""
    now = mail.happened_at + LATE
    reason = why_untrue(mail, known.ticket, now)
    words = render(mail, known, DESK, SIGNER, now)
    yield f"late: {mail.template} {mail.id} {reason or 'goes'} {_digest(words.text)} {_digest(words.html)}"


def _in(language: Language, mail: Notification) -> Notification:
    return mail.model_copy(update={"recipient": mail.recipient.model_copy(update={"language": language})})


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
