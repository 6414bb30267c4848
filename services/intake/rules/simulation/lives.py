"""A ticket that lives again: how it stands, under which promises, and what its clock did meanwhile. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from services.contract.vocabulary import DeadlineKind
from services.intake.rules.moves import REQUESTER_MOVES, STAFF_MOVES
from services.intake.rules.outages import Outages
from services.promises import standing
from services.promises.deadlines import Due, next_due, quiet_until
from services.promises.policy import Policy
from services.promises.standing import NO_TIME, Standing

ANY_MOVE = ""
"""Of what no status forbids."""


Act = Callable[["Life", datetime], Standing | None]
"""What a deed makes of a ticket, or None where it is impossible now."""


class Deed(NamedTuple):
    """What a person did, by the name the move has in `moves.py`."""

    move: str
    staff: bool
    act: Act


@dataclass(slots=True)
class Life:
    """A ticket that lives again. `policies` gives the promises of a version, changed or not."""

    stands: Standing
    policy: Policy
    policies: Mapping[str, Policy]
    outages: Outages
    now: datetime
    former: tuple[Standing, Standing] | None = None
    """How the ticket would stand if its ending had been a mistake, and how it stood when it had ended."""
    met: list[Due] = field(default_factory=list)
    """What the clock did, at the instants it did it."""

    def pass_until(self, instant: datetime, *, inclusive: bool = True) -> None:
        """Let the clock do what is due until then."""
        while self.stands.closed_reason is None and quiet_until(self.stands, self.policy) <= instant:
            due = next_due(self.stands, self.policy)
            if due is None or due.at > instant or (due.at == instant and not inclusive):
                return
            # What is overdue, because other promises were made, is due at once.
            at = self.now = max(due.at, self.now)
            if due.kind is DeadlineKind.CLOSURE and self._waits_for_mail(at):
                continue
            self.stands = standing.after_deadline(self.stands, due.kind, at, due.metric, due.point)
            self.met.append(due._replace(at=at))

    def suffer(self, deed: Deed, at: datetime) -> None:
        """Let somebody do this at this instant, if it is possible then."""
        self.now = at
        before = self.stands
        table = STAFF_MOVES if deed.staff else REQUESTER_MOVES
        if deed.move == ANY_MOVE or deed.move in table[before.status, before.closed_reason]:
            self.stands = deed.act(self, at) or before

    def _waits_for_mail(self, at: datetime) -> bool:
        since = self.stands.reminded_at or self.stands.asked_at
        down = self.outages.down(since, at) if since and self.outages.stretches else NO_TIME
        if down <= self.stands.mail_down:
            return False
        self.stands = standing.waited_for_mail(self.stands, down)
        return True
