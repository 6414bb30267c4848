"""What came of a simulation: how often the clock would have acted, before and after a change of policy. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contract.vocabulary import DeadlineKind

ACTS = {
    DeadlineKind.REMINDER: ("reminder", "reminders"),
    DeadlineKind.CLOSURE: ("closure", "closures"),
    DeadlineKind.SURVEY: ("survey", "surveys"),
    DeadlineKind.FINALISATION: ("finalisation", "finalisations"),
    DeadlineKind.WARNING: ("warning", "warnings"),
    DeadlineKind.BREACH: ("breach", "breaches"),
    DeadlineKind.ESCALATION: ("escalation", "escalations"),
}
"""The automatic acts that are counted, as one and as many. A snooze is nobody's promise."""
NO_ORGANISATION = "(no organisation)"
TOTAL = "All"
CSV_HEAD = ("organisation", "act", "recorded", "before", "after", "difference")


@dataclass
class Tally:
    """The automatic acts of some tickets: as they were recorded, and as two policies make them."""

    tickets: int = 0
    unlike: int = 0
    """Tickets whose recorded acts are not those that their own policy makes."""
    recorded: Counter[DeadlineKind] = field(default_factory=Counter)
    before: Counter[DeadlineKind] = field(default_factory=Counter)
    after: Counter[DeadlineKind] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Count the other's tickets too."""
        self.tickets += other.tickets
        self.unlike += other.unlike
        self.recorded += other.recorded
        self.before += other.before
        self.after += other.after

    def sentence(self) -> str:
        """What changes, as somebody would say it: "412 reminders instead of 380, 37 closures fewer"."""
        parts: list[str] = []
        for kind, names in ACTS.items():
            before, after = self.before[kind], self.after[kind]
            if before == after:
                continue
            if not parts:
                parts.append(f"{_so_many(after, names)} instead of {before:,}")
            else:
                parts.append(f"{_so_many(abs(after - before), names)} {'more' if after > before else 'fewer'}")
        return f"{', '.join(parts)}." if parts else "Nothing changes."

    def numbers(self) -> dict[str, dict[str, int]]:
        """By act, JSON-ready."""
        return {
            many: {
                "recorded": self.recorded[kind],
                "before": self.before[kind],
                "after": self.after[kind],
                "difference": self.after[kind] - self.before[kind],
            }
            for kind, (_, many) in ACTS.items()
        }


@dataclass(frozen=True)
class SimulationOutcome:
    """A whole simulation: by organisation in order of their names, those without one last."""

    since: datetime
    until: datetime
    organisations: tuple[tuple[UUID | None, str, Tally], ...]

    @property
    def total(self) -> Tally:
        """All organisations together."""
        total = Tally()
        for _, _, tally in self.organisations:
            total.add(tally)
        return total

    def truth(self) -> str:
        """How far the simulation of the pinned policies is from what was recorded: as far as it can be trusted."""
        total = self.total
        if not total.unlike:
            return f"The pinned policies, simulated, give what was recorded of every one of {total.tickets:,} tickets."
        differing = [
            f"{_so_many(total.before[kind], names)} simulated, {total.recorded[kind]:,} recorded"
            for kind, names in ACTS.items()
            if total.before[kind] != total.recorded[kind]
        ]
        return (
            f"Mind that the pinned policies, simulated, differ from what was recorded of {total.unlike:,} of"
            f" {total.tickets:,} tickets ({'; '.join(differing) or 'the same numbers in all'}): a clock that was late"
            " or away, or a policy that was not pinned yet."
        )

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        total = self.total
        return {
            "from": self.since.isoformat(),
            "to": self.until.isoformat(),
            "sentence": total.sentence(),
            "tickets": total.tickets,
            "tickets_unlike_recorded": total.unlike,
            "truth": self.truth(),
            "total": total.numbers(),
            "organisations": [
                {
                    "id": str(organisation_id) if organisation_id else None,
                    "name": name,
                    "tickets": tally.tickets,
                    "tickets_unlike_recorded": tally.unlike,
                    "sentence": tally.sentence(),
                    "acts": tally.numbers(),
                }
                for organisation_id, name, tally in self.organisations
            ],
        }

    def rows(self) -> Iterator[tuple[str, str, int, int, int, int]]:
        """A line for each organisation and act, as `CSV_HEAD` names them; the total last."""
        for name, tally in (*((name, tally) for _, name, tally in self.organisations), (TOTAL, self.total)):
            for act, numbers in tally.numbers().items():
                yield name, act, *(numbers[column] for column in CSV_HEAD[2:])  # type: ignore[misc]  # four of them


def merged(tallies: Iterable[dict[UUID | None, Tally]]) -> dict[UUID | None, Tally]:
    """The tallies of several processes as one."""
    whole: dict[UUID | None, Tally] = {}
    for part in tallies:
        for organisation_id, tally in part.items():
            whole.setdefault(organisation_id, Tally()).add(tally)
    return whole


def _so_many(number: int, names: tuple[str, str]) -> str:
    return f"{number:,} {names[number != 1]}"
