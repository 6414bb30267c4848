"""Renders a notification: subject, plain text and HTML, from one template per mail and language. Pure.

Text and HTML come from the same template; `parts.txt` and `parts.html` define how a paragraph or a button looks.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from services.contract import wording
from services.contract.event_data import TicketFacts
from services.contract.events import ArticleLink
from services.contract.vocabulary import Language, Priority
from services.contract.zones import DESK_ZONE, zone_read_in
from services.notify.rules.known import KnownTicket
from services.notify.rules.notices import FOR_STAFF, Notification, is_automatic
from services.notify.rules.notices import Template as Notice
from services.notify.truth import parking_stands, promise_stands
from services.platform.identity import (
    LINK_LIFETIME,
    PASSWORD_LINK,
    PASSWORD_LINK_LIFETIME,
    REMINDER_LINK,
    SURVEY_LINK,
    Signer,
    question,
)
from services.promises.standing import AT_WORK

SUBJECT_LINE_CHARACTERS_MAX = 200
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")

_LINKS = {
    Notice.SURVEY: (SURVEY_LINK, "survey", LINK_LIFETIME),
    Notice.REMINDER: (REMINDER_LINK, "tickets/{number}/answer", LINK_LIFETIME),
    Notice.PASSWORD_LINK: (PASSWORD_LINK, "password", PASSWORD_LINK_LIFETIME),
}
"""For each mail with a one-click link: the link's purpose, the path of its page, and how long it is valid."""


@dataclass(frozen=True)
class MailIdentity:
    """The sender of the mails, the address their links begin with, and the desk's time zone."""

    name: str
    address: str
    domain: str
    """The domain of Message-IDs."""
    public_url: str
    zone: str = DESK_ZONE
    """Of readers who have chosen none of their own."""


@dataclass(frozen=True)
class Known:
    """What is known when the mail is sent: the ticket's state by then, and the articles suggested for it."""

    ticket: KnownTicket | None = None
    articles: tuple[ArticleLink, ...] = ()


@dataclass(frozen=True)
class Rendered:
    """The subject and the two bodies of one mail."""

    subject: str
    text: str
    html: str


def render(notification: Notification, known: Known, desk: MailIdentity, signer: Signer, now: datetime) -> Rendered:
    """The mail's text as of `now`: dates that have passed, or may have changed since, are left out."""
    variables = _variables(notification, known, desk, signer, now)
    path = f"{notification.recipient.language}/{notification.template}.jinja"
    text = _module(_text().get_template(path), {**variables, "layout": "layout.txt"})
    html = _module(_html().get_template(path), {**variables, "layout": "layout.html"})
    return Rendered(_subject(notification, text), _BLANK_LINES.sub("\n\n", str(text)), str(html))


def one_line(text: str) -> str:
    """`text` on one line, for a header: text that came by mail may hold line breaks and control characters."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _module(template: Template, variables: Mapping[str, Any]) -> Any:
    return template.make_module(dict(variables))


def _subject(notification: Notification, text: Any) -> str:
    ticket = notification.content.ticket
    # One subject for all mails of a ticket: some mail programs group them only then.
    subject = f"[Balie #{ticket.number}] {ticket.subject}" if ticket else str(text.subject)
    return one_line(subject)[:SUBJECT_LINE_CHARACTERS_MAX]


def _variables(
    notification: Notification, known: Known, desk: MailIdentity, signer: Signer, now: datetime
) -> dict[str, Any]:
    content, language = notification.content, notification.recipient.language
    zone = zone_read_in(notification.recipient.zone, desk.zone)
    stands = promise_stands(notification, known.ticket)
    status = known.ticket.status if known.ticket else None
    return {
        "language": language.value,
        "name": one_line(notification.recipient.name),
        "desk": desk.name,
        "automatic": is_automatic(notification.template),
        "for_staff": notification.template in FOR_STAFF,
        "ticket": content.ticket,
        "number": notification.number,
        "author": one_line(content.by.name) if content.by else "",
        "text": content.text,
        "is_cut": content.is_cut,
        "attachments": [one_line(name) for name in content.attachments],
        "reopened": content.reopened,
        "parked": content.parked and parking_stands(notification, known.ticket),
        "priority_before": content.priority_before,
        "release": one_line(content.release),
        "into": content.into,
        "into_url": f"{desk.public_url}/tickets/{content.into}",
        "metric": content.metric,
        "percent": content.percent,
        "breach_at": content.breach_at if stands or notification.template is not Notice.SLA_WARNED else None,
        "calendar_zone": content.calendar_zone if content.calendar_zone != zone else None,
        "responsible": _responsible(content.ticket, known.ticket),
        "follows": _follows(notification),
        "closes_ever": content.closes_at is not None,
        "template": notification.template.value,
        "untouched": status is None or status in AT_WORK,
        "asked_at": content.asked_at,
        "reminder_at": _coming(content.reminder_at, now) if stands else None,
        "closes_at": _coming(content.closes_at, now) if stands else None,
        "articles": known.articles,
        "ticket_url": _ticket_url(notification, desk),
        **_link(notification, desk, signer),
        **_said(language, zone),
    }


def _coming(at: datetime | None, now: datetime) -> datetime | None:
    return at if at is not None and now < at else None


def _ticket_url(notification: Notification, desk: MailIdentity) -> str:
    folder = "desk/tickets" if notification.template in FOR_STAFF else "tickets"
    return f"{desk.public_url}/{folder}/{notification.number}" if notification.number else desk.public_url


def _responsible(ticket: TicketFacts | None, known: KnownTicket | None) -> str:
    """The assignee's name; empty if there is none, or the ticket has another assignee by now."""
    if ticket is None or ticket.assignee is None:
        return ""
    still = known is None or known.assignee_id == ticket.assignee.person_id
    return one_line(ticket.assignee.name) if still else ""


def _follows(notification: Notification) -> bool:
    """Whether the recipient's own ticket was merged into this one."""
    ticket = notification.content.ticket
    return ticket is not None and any(one.person_id == notification.recipient.person_id for one in ticket.followers)


def _link(notification: Notification, desk: MailIdentity, signer: Signer) -> dict[str, Any]:
    about = _linked_about(notification)
    if notification.template not in _LINKS or not about:
        return {"link": ""}
    purpose, path, lifetime = _LINKS[notification.template]
    # Count the lifetime from the closing date, however far away that is.
    lifetime += max(
        (notification.content.closes_at or notification.happened_at) - notification.happened_at, timedelta()
    )
    # Sign while rendering, with the event's time: no valid link is in the database, and a repeat has the same link.
    code = signer.link(purpose, about, notification.happened_at, lifetime)
    url = f"{desk.public_url}/{path.format(number=notification.number)}?code={code}"
    return {"link": url, "link_ends_at": notification.happened_at + lifetime}


def _linked_about(notification: Notification) -> str:
    content = notification.content
    if content.ticket is None or content.asked_at is None:
        return content.about
    # Only the requester may answer by link: mails to followers have none.
    is_requester = notification.recipient.person_id == content.ticket.requester.person_id
    return question(content.ticket.number, content.asked_at) if is_requester else ""


def _said(language: Language, zone: str) -> dict[str, Any]:
    return {
        "moment": partial(wording.moment, language=language, zone=zone),
        "day": partial(wording.day, language=language, zone=zone),
        "status_label": partial(wording.status_label, language=language),
        "priority_label": partial(wording.priority_label, language=language),
        "meanings": [
            (wording.priority_label(one, language), wording.priority_meaning(one, language)) for one in Priority
        ],
        "metric_label": partial(wording.metric_label, language=language),
        "kind_label": partial(wording.kind_label, language=language),
        "channel_label": partial(wording.channel_label, language=language),
    }


@cache
def _text() -> Environment:
    return _environment("parts.txt", autoescape=False)


@cache
def _html() -> Environment:
    return _environment("parts.html", autoescape=True)


def _environment(parts: str, *, autoescape: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("services.notify"),
        autoescape=autoescape,  # noqa: S701 - off for plain text only
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(flat=_flat, lines=_lines, listed=_listed)
    environment.globals["part"] = environment.get_template(parts).module
    return environment


def _flat(text: str) -> str:
    """`text` on one line, whatever line breaks the template has; keeps its type (Markup stays Markup)."""
    return text.__class__(" ".join(text.split()))


def _lines(text: str) -> Markup:
    """Plain text as HTML, with its line breaks."""
    return Markup("<br>\n").join(escape(line) for line in text.splitlines())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
