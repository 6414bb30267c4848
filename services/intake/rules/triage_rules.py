"""Rules of the desk's own work on a ticket: assigning, prioritising, correcting, merging, sharing. Pure."""

from collections.abc import Mapping
from datetime import datetime

from services.contract.errors import Invalid
from services.contract.event_data import Actor, Contact
from services.contract.events import (
    TicketAssigned,
    TicketChanged,
    TicketMerged,
    TicketPriorityChanged,
    TicketShared,
    TicketStatusChanged,
)
from services.contract.limits import TAGS_MAX
from services.contract.vocabulary import ClosedReason, Priority, Status
from services.intake.rules.commands import (
    Assign,
    Change,
    HandOver,
    LinkProblem,
    MarkSpam,
    Merge,
    Prioritise,
    Share,
    Tag,
    TakeBack,
    TakeIn,
)
from services.intake.rules.decision import closes_at, moved, moved_entry, next_version, with_message
from services.intake.rules.moves import must_allow
from services.intake.rules.ticket import Decision, Entry, Ticket
from services.promises import standing

RANK = {Priority.LOW: 0, Priority.MEDIUM: 1, Priority.HIGH: 2}


def assign(command: Assign, ticket: Ticket, now: datetime) -> Decision:
    """Make an agent responsible, or nobody (None). A new ticket becomes open when an agent takes it."""
    must_allow(ticket, "assign", staff=True)
    if _id(ticket.assignee) == _id(command.assignee):
        return Decision(ticket)
    return _assigned(ticket, command.by, command.assignee, now)


def hand_over(command: HandOver, ticket: Ticket, now: datetime) -> Decision:
    """Give the ticket to a team, or to none. The former assignee loses it, unless the team's round robin chose them."""
    must_allow(ticket, "team", staff=True)
    if ticket.team == command.team:
        return Decision(ticket)
    facts = {"team": command.team.name if command.team else None}
    entry = Entry("team", command.by, facts, public=False)
    assigned = _assigned(ticket, command.by, command.assignee, now)
    after = assigned.ticket.model_copy(update={"team": command.team})
    events = [event for event in assigned.events if isinstance(event, TicketAssigned)]
    renewed = [event.model_copy(update={"ticket": after.facts()}) for event in events]
    changed = TicketChanged(ticket=after.facts(), by=command.by, changed=("team",))
    others = moved(ticket, after, command.by)
    news = () if _id(ticket.assignee) == _id(command.assignee) else tuple(renewed)
    history = assigned.history if news else ()
    return Decision(after, (changed, *news, *others), (entry, *history))


def prioritise(command: Prioritise, ticket: Ticket, now: datetime) -> Decision:
    """Change the priority, with a reason that the requester reads. Lowered priorities are counted.

    Raises Invalid without a reason.
    """
    must_allow(ticket, "prioritise", staff=True)
    if not command.reason.strip():
        raise Invalid("Say why: the requester reads the reason.")
    if command.priority is ticket.priority:
        return Decision(ticket)
    lowered = RANK[command.priority] < RANK[ticket.priority]
    after = next_version(
        ticket,
        now,
        standing.reprioritised(ticket.standing, command.priority),
        lowered=ticket.lowered + lowered,
    )
    event = TicketPriorityChanged(
        ticket=after.facts(), by=command.by, priority_before=ticket.priority, reason=command.reason
    )
    facts = {"from": ticket.priority, "to": command.priority, "reason": command.reason}
    return Decision(after, (event,), (Entry("prioritised", command.by, facts),))


def tag(command: Tag, ticket: Ticket, now: datetime) -> Decision:
    """Add and remove tags. Tags are lower-case and kept sorted. Raises Invalid above `TAGS_MAX`."""
    must_allow(ticket, "tag", staff=True)
    wanted = {each.strip().lower() for each in command.add} - {""}
    gone = {each.strip().lower() for each in command.remove}
    tags = tuple(sorted((set(ticket.tags) | wanted) - gone))
    if len(tags) > TAGS_MAX:
        raise Invalid(f"A ticket has at most {TAGS_MAX} tags.")
    if tags == ticket.tags:
        return Decision(ticket)
    facts = {"added": sorted(set(tags) - set(ticket.tags)), "removed": sorted(set(ticket.tags) - set(tags))}
    return _changed(next_version(ticket, now, tags=tags), command.by, ("tags",), facts)


def change(command: Change, ticket: Ticket, now: datetime) -> Decision:
    """Correct what the ticket is about. The caller has checked the fields against the product's form."""
    must_allow(ticket, "change", staff=True)
    wanted = {
        name: getattr(command, name)
        for name in ("subject", "kind", "product", "fields")
        if getattr(command, name) is not None
    }
    new = {name: value for name, value in wanted.items() if value != getattr(ticket, name)}
    if not new:
        return Decision(ticket)
    facts = {name: value.name if name == "product" else value for name, value in new.items() if name != "fields"}
    return _changed(next_version(ticket, now, **new), command.by, tuple(sorted(new)), facts)


def link_problem(command: LinkProblem, ticket: Ticket, now: datetime) -> Decision:
    """Make the ticket an incident of a problem, or of none. The caller has checked that the problem is at work."""
    must_allow(ticket, "link_problem", staff=True)
    if command.problem == ticket.problem:
        return Decision(ticket)
    if command.problem == ticket.number:
        raise Invalid("A ticket is no incident of itself; name another ticket.")
    after = next_version(ticket, now, problem=command.problem)
    return _changed(after, command.by, ("problem",), {"problem": command.problem})


def merge(command: Merge, ticket: Ticket, now: datetime) -> Decision:
    """Close the ticket as merged into another one. TicketMerged notifies people; the status event is marked as told."""
    must_allow(ticket, "merge", staff=True)
    if command.into == ticket.number:
        raise Invalid("A ticket cannot be merged into itself; name another ticket.")
    ended = standing.closed(ticket.standing, now, ClosedReason.MERGED)
    after = next_version(ticket, now, ended, merged_into=command.into, snoozed_by=None)
    event = TicketMerged(ticket=after.facts(), by=command.by, into=command.into)
    entry = Entry("merged", command.by, {"into": command.into})
    return with_message(ticket, after, command.by, None, also=(event,), entries=(entry,), announced=True)


def take_in(command: TakeIn, ticket: Ticket, now: datetime) -> Decision:
    """The other side of a merge: the merged ticket's requester and followers become followers of this ticket."""
    must_allow(ticket, "take_in", staff=True)
    known = {each.person_id for each in (ticket.requester, *ticket.followers)}
    new = tuple(each for each in (command.requester, *command.followers) if each.person_id not in known)
    after = next_version(ticket, now, followers=(*ticket.followers, *dict.fromkeys(new)))
    event = TicketChanged(ticket=after.facts(), by=command.by, changed=("merged",))
    return Decision(after, (event,), (Entry("took_in", command.by, {"merged": command.merged}),))


def mark_spam(command: MarkSpam, ticket: Ticket, now: datetime) -> Decision:
    """Close the ticket as spam, without notifying anybody."""
    must_allow(ticket, "spam", staff=True)
    after = next_version(ticket, now, standing.closed(ticket.standing, now, ClosedReason.SPAM), snoozed_by=None)
    return with_message(ticket, after, command.by, None, announced=True)


def take_back(command: TakeBack, ticket: Ticket, now: datetime) -> Decision:
    """Undo a solution or a mark as spam. This is not counted as a reopening.

    A solution was announced to the requester, so its undoing is too; a mark as spam was not.
    """
    must_allow(ticket, "reopen", staff=True)
    stands = standing.taken_back(ticket.standing, command.former, now)
    own = {"assignee": command.assignee, "snoozed_by": command.snoozed_by, "reopened": ticket.reopened}
    after = next_version(ticket, now, stands, **own)
    event = TicketStatusChanged(
        ticket=after.facts(),
        by=command.by,
        status_before=ticket.status,
        reopened=after.status in standing.AT_WORK,
        told=ticket.status is Status.CLOSED,
        closes_at=closes_at(after),
    )
    return Decision(after, (event,), moved_entry(ticket, after, command.by))


def share(command: Share, ticket: Ticket, now: datetime) -> Decision:
    """Share the ticket, notes included, with a colleague of another department; or stop sharing it."""
    must_allow(ticket, "share", staff=True)
    others = tuple(each for each in ticket.colleagues if each.person_id != command.colleague.person_id)
    if (len(others) < len(ticket.colleagues)) == command.shared:
        return Decision(ticket)
    after = next_version(ticket, now, colleagues=(*others, command.colleague) if command.shared else others)
    event = TicketShared(ticket=after.facts(), by=command.by, colleague=command.colleague, shared=command.shared)
    facts = {"colleague": command.colleague.name, "shared": command.shared}
    return Decision(after, (event,), (Entry("shared", command.by, facts, public=False),))


def _assigned(ticket: Ticket, by: Actor, assignee: Contact | None, now: datetime) -> Decision:
    up = standing.taken_up(ticket.standing, now) if assignee is not None else ticket.standing
    after = next_version(ticket, now, up, assignee=assignee)
    entry = Entry("assigned", by, {"assignee": assignee.name if assignee else None})
    event = TicketAssigned(ticket=after.facts(), by=by)
    return Decision(after, (event, *moved(ticket, after, by)), (entry, *moved_entry(ticket, after, by)))


def _changed(after: Ticket, by: Actor, changed: tuple[str, ...], facts: Mapping[str, object]) -> Decision:
    event = TicketChanged(ticket=after.facts(), by=by, changed=changed)
    return Decision(after, (event,), (Entry("changed", by, dict(facts), public=False),))


def _id(contact: Contact | None) -> object:
    return contact.person_id if contact else None
