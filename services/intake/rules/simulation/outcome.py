"""The result of a simulation: how often the clock acts, before and after a change of policy. Pure."""

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
"""The automatic acts that are counted, each in singular and plural. Snoozes do not depend on a policy."""
NO_ORGANISATION = "(no organisation)"
TOTAL = "All"
CSV_HEAD = ("organisation", "act", "recorded", "before", "after", "difference")


@dataclass
class Tally:
    """Counts of the automatic acts of some tickets: as recorded, and as simulated before and after the change."""

    tickets: int = 0
    unlike: int = 0
    """Number of tickets whose recorded acts differ from those simulated under their own policy."""
    recorded: Counter[DeadlineKind] = field(default_factory=Counter)
    before: Counter[DeadlineKind] = field(default_factory=Counter)
    after: Counter[DeadlineKind] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Add the counts of `other` to these."""
        self.tickets += other.tickets
        self.unlike += other.unlike
        self.recorded += other.recorded
        self.before += other.before
        self.after += other.after

    def sentence(self) -> str:
        """What changes, as a sentence: "412 reminders instead of 380, 37 closures fewer."."""
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
        """The counts by act, JSON-ready."""
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
    """The result of a whole simulation. Organisations are ordered by name; tickets without one come last."""

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
        """A sentence that says how far the simulation of the pinned policies differs from what was recorded.

        The smaller the difference, the more the simulation can be trusted.
        """
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
        """The whole result, JSON-ready."""
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
        """One CSV row for each organisation and act, with the columns of `CSV_HEAD`; the total comes last."""
        for name, tally in (*((name, tally) for _, name, tally in self.organisations), (TOTAL, self.total)):
            for act, numbers in tally.numbers().items():
                yield name, act, *(numbers[column] for column in CSV_HEAD[2:])  # type: ignore[misc]  # four of them


def merged(tallies: Iterable[dict[UUID | None, Tally]]) -> dict[UUID | None, Tally]:
    """The tallies of several processes, added up by organisation."""
    whole: dict[UUID | None, Tally] = {}
    for part in tallies:
        for organisation_id, tally in part.items():
            whole.setdefault(organisation_id, Tally()).add(tally)
    return whole


def _so_many(number: int, names: tuple[str, str]) -> str:
    return f"{number:,} {names[number != 1]}"
