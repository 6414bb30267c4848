"""`plan`: makes the notifications an event calls for, from the event and known facts. Pure."""

from datetime import datetime, timedelta
from uuid import UUID

from services.contract.event_data import Contact, EventData, TicketEventData
from services.contract.events import Event, PasswordLinkRequested, event_id
from services.notify.rules.facts import PlanFacts, asking
from services.notify.rules.notices import PASSWORD_BUDGET, Budget, Notification, Recipient, Template
from services.notify.rules.telling import TOLD_TO_STAFF, Notice, tell

SUGGESTION_WAIT = timedelta(seconds=10)
"""How long a confirmation waits for the articles that may already answer the ticket."""


def budget_of(data: EventData, automatic: Budget) -> Budget:
    """The budget that limits the mails to requesters about this event."""
    return PASSWORD_BUDGET if isinstance(data, PasswordLinkRequested) else automatic


def budgeted(data: EventData) -> tuple[str, ...]:
    """The requesters' mailboxes whose budget `plan` may need for this event, sorted."""
    people: list[Contact] = []
    if isinstance(data, TicketEventData):
        people = asking(data.ticket)
    elif isinstance(data, PasswordLinkRequested):
        people = [data.person]
    return tuple(sorted({mailbox(one.email) for one in people if one.email}))


def may_tell_staff(data: EventData) -> bool:
    """Whether the event may cause mails to staff, so that `plan` needs to know who works in support."""
    return isinstance(data, TOLD_TO_STAFF)


def plan(event: Event, data: EventData, facts: PlanFacts, now: datetime) -> list[Notification]:
    """The mails that `event` calls for, including suppressed ones with their reason; `data` is its data.

    At most one mail per person. Nobody gets a mail about their own action, except a confirmation; people without an
    address get none.
    """
    notices: dict[UUID, Notice] = {}
    for notice in tell(data, facts):
        if notice.to.email and not _is_own_act(notice, data):
            notices.setdefault(notice.to.person_id, notice)
    return [_notification(event, notice, facts, now) for notice in notices.values()]


def mailbox(address: str) -> str:
    """The form of an address under which its mails are counted: lower case."""
    return address.casefold()


def _is_own_act(notice: Notice, data: EventData) -> bool:
    """Whether the mail would tell people what they did themselves. A confirmation is allowed: it says "it arrived"."""
    if notice.template is Template.CONFIRMATION or not isinstance(data, TicketEventData):
        return False
    return notice.to.person_id == data.by.person_id


def _notification(event: Event, notice: Notice, facts: PlanFacts, now: datetime) -> Notification:
    held = notice.template is Template.CONFIRMATION and not facts.articles_known
    to = notice.to
    return Notification(
        id=event_id(event.id, to.person_id, notice.template),
        event_id=event.id,
        happened_at=event.time,
        template=notice.template,
        recipient=Recipient(
            person_id=to.person_id, name=to.name, address=to.email or "", language=to.language, zone=to.zone
        ),
        content=notice.content,
        correlation_id=event.correlationid,
        due_at=now + SUGGESTION_WAIT if held else now,
        suppressed=_why_suppressed(notice, facts),
    )


def _why_suppressed(notice: Notice, facts: PlanFacts) -> str:
    address = notice.to.email or ""
    if _untagged(address) == _untagged(facts.own_address):
        return "The recipient is the desk's own address: it would answer itself."
    if notice.template in facts.budget.templates and facts.spent.get(mailbox(address), 0) >= facts.budget.most:
        minutes = round(facts.budget.window.total_seconds() / 60)
        return f"The address got {facts.budget.most} automatic mails within {minutes} minutes: this looks like a loop."
    return ""


def _untagged(address: str) -> str:
    """An address without its tag: support+12@… becomes support@…."""
    local, _, domain = address.casefold().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
