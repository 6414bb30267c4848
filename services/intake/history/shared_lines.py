"""The lines of history that several moves write: what was said, another status, a deadline met. Pure."""

from typing import ClassVar

from pydantic import AwareDatetime, Field

from services.contract import wording
from services.contract.event_data import Actor
from services.contract.vocabulary import Channel, ClosedReason, DeadlineKind, Kind, Metric, Status
from services.intake.history.because import Because
from services.intake.history.line import HistoryLine, Line
from services.intake.history.reasons import punctual, reasoned, reasons
from services.intake.history.teller import Teller


class Submitted(Line):
    """Somebody opened the ticket."""

    TYPE: ClassVar[str] = "submitted"

    channel: Channel
    follow_up_of: int | None = None

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Says by which channel, and what it follows."""
        sentence = t.say("submitted", who=t.who(by), channel=wording.channel_label(self.channel, t.language))
        original = self.follow_up_of
        return HistoryLine(t.say("follow_up", sentence=sentence, number=original) if original else sentence)


class Said(Line):
    """Somebody wrote a message; the message itself is beside the line and is shown in its place.

    `asks`: it is a question, from which the times until reminder and closure count. Lines written before version
    0.1.0 do not say so: there, a question asked while the ticket was pending already counts as a reply.
    """

    TYPE: ClassVar[str] = "comment"

    asks: bool = False

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Says who wrote it, for a reader who is not shown the message."""
        return HistoryLine(t.say("other", who=t.who(by), type=self.TYPE))


class StatusChanged(Line):
    """The ticket has another status."""

    TYPE: ClassVar[str] = "status_changed"

    before: Status = Field(alias="from")
    after: Status = Field(alias="to")
    reopened: bool = False
    """Whether this is counted as a reopening."""
    spam: bool = False

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Says the new status, in the reader's words for it."""
        if self.reopened:
            return HistoryLine(t.say("reopened", who=t.who(by)))
        if not t.inside:
            return HistoryLine(t.say("status", status=wording.requester_status_label(self.after, t.language)))
        if self.spam:
            return HistoryLine(t.say("spam", who=t.who(by)))
        return HistoryLine(t.say("moved", who=t.who(by), status=wording.status_label(self.after, t.language)))


class DeadlineMet(Line):
    """A deadline was met, by the clock or because somebody did the step at once; with the evidence."""

    TYPE: ClassVar[str] = "deadline_met"
    INSIDE: ClassVar[frozenset[str]] = frozenset({"policy", "because"})

    deadline: DeadlineKind
    metric: Metric | None = None
    point: int = 0
    policy: str
    """The version of the policy it was due under."""
    due_at: AwareDatetime
    met_at: AwareDatetime
    before: Status = Field(alias="from")
    after: Status = Field(alias="to")
    closed_reason: ClosedReason | None = None
    because: tuple[Because, ...] = ()
    """What the due time is made of."""

    @property
    def policies(self) -> tuple[str, ...]:
        """The one it was due under."""
        return (self.policy,)

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Says what was done; the evidence says when it was due and why not earlier."""
        about = t.say(f"metric.{self.metric}") if self.metric else ""
        how = "met" if by.kind == "clock" else "brought_about"
        sentence = t.say(f"{how}.{self.deadline}", who=t.who(by), metric=about, point=self.point)
        if not t.inside:
            return HistoryLine(sentence)
        met = punctual(t, self.due_at, self.met_at)
        under = t.say("under", due=t.short(self.due_at), met=met, policy=self.policy)
        return HistoryLine(
            sentence, reasoned(t, under, reasons(t, self.deadline, self.metric, self.because, self.policy))
        )


class Changed(Line):
    """What the ticket is about was corrected: its tags, its problem, its subject and so on. Facts left out stayed."""

    TYPE: ClassVar[str] = "changed"
    INSIDE: ClassVar[frozenset[str]] = frozenset({"problem"})

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    """Tags."""
    problem: int | None = None
    """The problem's ticket it was linked to; None, where it is given, that it is linked no more."""
    subject: str | None = None
    kind: Kind | None = None
    product: str | None = None

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Says what was corrected, and to what."""
        given = self.model_fields_set
        if "problem" in given:
            return HistoryLine(t.say("linked" if self.problem else "unlinked", who=t.who(by), number=self.problem))
        tags = [t.say(key, tags=t.listed(f"“{tag}”" for tag in self._tags(key))) for key in _TAGS if self._tags(key)]
        if tags or given & set(_TAGS):
            return HistoryLine(t.say("changed", who=t.who(by), what=t.listed(tags)))
        what = t.listed(self._corrected(t) or [t.say("changed_fields")])
        return HistoryLine(t.say("changed", who=t.who(by), what=what))

    def _tags(self, key: str) -> tuple[str, ...]:
        return self.added if key == "added" else self.removed

    def _corrected(self, t: Teller) -> list[str]:
        parts = []
        if self.subject is not None:
            parts.append(t.say("changed_subject", subject=self.subject))
        if self.kind is not None:
            parts.append(t.say("changed_kind", kind=wording.kind_label(self.kind, t.language)))
        if self.product is not None:
            parts.append(t.say("changed_product", product=self.product))
        return parts


_TAGS = ("added", "removed")
