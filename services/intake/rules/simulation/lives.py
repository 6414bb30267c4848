"""A ticket being replayed: its standing, its policy, and what its clock did in the replay. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.contract.vocabulary import DeadlineKind
from services.intake.rules.deed import ANY_MOVE, Deed
from services.intake.rules.outages import Outages
from services.intake.rules.registry import MOVES
from services.promises import standing
from services.promises.deadlines import Due, next_due, quiet_until
from services.promises.policy import Policy
from services.promises.standing import NO_TIME, Standing


@dataclass(slots=True)
class Life:
    """A ticket being replayed. `policies` gives the policy by version, as pinned or as changed."""

    stands: Standing
    policy: Policy
    policies: Mapping[str, Policy]
    outages: Outages
    now: datetime
    former: tuple[Standing, Standing] | None = None
    """The ticket's standing before and after it was last ended, for taking that back."""
    met: list[Due] = field(default_factory=list)
    """What the clock did; `at` of each is when it did it."""

    def pass_until(self, instant: datetime, *, inclusive: bool = True) -> None:
        """Let the clock do everything that is due until `instant`."""
        while self.stands.closed_reason is None and quiet_until(self.stands, self.policy) <= instant:
            due = next_due(self.stands, self.policy)
            if due is None or due.at > instant or (due.at == instant and not inclusive):
                return
            # A deadline that is overdue, because the promises changed, is met at once.
            at = self.now = max(due.at, self.now)
            if due.kind is DeadlineKind.CLOSURE and self._waits_for_mail(at):
                continue
            self.stands = standing.after_deadline(self.stands, due.kind, at, due.metric, due.point)
            self.met.append(due._replace(at=at))

    def suffer(self, deed: Deed, at: datetime) -> None:
        """Let a person do this at `at`; nothing happens if the ticket's status does not allow it then."""
        self.now = at
        before = self.stands
        if deed.move != ANY_MOVE:
            move = MOVES[deed.move]
            if (before.status, before.closed_reason) not in (move.staff if deed.staff else move.requester):
                return
        self.stands = deed.act(self, at) or before

    def _waits_for_mail(self, at: datetime) -> bool:
        since = self.stands.reminded_at or self.stands.asked_at
        down = self.outages.down(since, at) if since and self.outages.stretches else NO_TIME
        if down <= self.stands.mail_down:
            return False
        self.stands = standing.waited_for_mail(self.stands, down)
        return True
