"""What the bench finds out, as plain figures: shown as tables and written as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from statistics import median

from tests.bench.processes import Machine


@dataclass(frozen=True)
class Pair:
    """The same work done directly and through us, one right after the other; in a second, each."""

    raw: float
    ours: float

    @property
    def ratio(self) -> float:
        """Ours as a part of what can be had."""
        return self.ours / self.raw


@dataclass(frozen=True)
class Rates:
    """Pairs of one kind; what counts is the middle of their ratios."""

    what: str
    pairs: tuple[Pair, ...]

    @property
    def raw(self) -> float:
        """The middle raw rate."""
        return median(pair.raw for pair in self.pairs)

    @property
    def ours(self) -> float:
        """Our middle rate."""
        return median(pair.ours for pair in self.pairs)

    @property
    def ratio(self) -> float:
        """The middle ratio."""
        return median(pair.ratio for pair in self.pairs)


@dataclass(frozen=True)
class Lateness:
    """How long after their instant deadlines were met, in seconds."""

    p50: float
    p99: float
    worst: float


@dataclass(frozen=True)
class Storm:
    """Many deadlines due at the same instant."""

    meeting: str
    deadlines: int
    asleep: int
    """Clocks that slept already when it struck: the others were told too late, and count as late."""
    met: int
    drained_seconds: float
    """From the instant until the last was met."""
    raw_starts: float
    """Workflows the same server starts in a second when asked directly; the middle of before and after the storm."""
    lateness: Lateness
    cpu_ms: dict[str, float]
    """Processor time of each program, a deadline."""
    disagreements: tuple[str, ...]
    """What the books say is wrong: must be none."""

    @property
    def rate(self) -> float:
        """Deadlines met in a second."""
        return self.met / self.drained_seconds

    @property
    def ratio(self) -> float:
        """Deadlines met for each workflow the server could start instead."""
        return self.rate / self.raw_starts


@dataclass(frozen=True)
class Recovery:
    """A program killed in mid-storm and started again at once."""

    killed: str
    met_before: int
    restarted_seconds: float
    """Until it was up again."""
    standstill_seconds: float
    """The longest time from then on in which no deadline was met; it is all that the storm lost."""


@dataclass(frozen=True)
class Killing:
    """A storm in which programs are killed, and its books."""

    meeting: str
    deadlines: int
    submitted: int
    """Tickets submitted, and acknowledged, while programs died."""
    drained_seconds: float
    recoveries: tuple[Recovery, ...]
    disagreements: tuple[str, ...]
    """What the books say is wrong: must be none."""


@dataclass(frozen=True)
class Asleep:
    """What so many sleeping tickets take."""

    tickets: int
    worker_mb: float
    server_mb: float
    file_mb: float
    """The server's state on disk."""
    worker_idle_percent: float
    server_idle_percent: float
    """Of one core, while nothing happens."""
    told_seconds: float
    """Until all that are new here slept."""


@dataclass
class Figures:
    """One run of the bench."""

    machine: Machine
    load_at_end: float = 0.0
    rates: list[Rates] = field(default_factory=list)
    storms: list[Storm] = field(default_factory=list)
    killings: list[Killing] = field(default_factory=list)
    asleep: list[Asleep] = field(default_factory=list)

    @property
    def disagreements(self) -> list[str]:
        """All that any books say is wrong."""
        storms: list[Storm | Killing] = [*self.storms, *self.killings]
        return [sentence for storm in storms for sentence in storm.disagreements]


def percentile(values: Sequence[float], percent: float) -> float:
    """The least of the values that so many percent of them do not exceed (nearest rank). Raises ValueError for none."""
    if not values:
        raise ValueError("no values, no percentile")
    return sorted(values)[max(ceil(len(values) * percent / 100), 1) - 1]


def lateness(seconds: Sequence[float]) -> Lateness:
    """In figures."""
    return Lateness(percentile(seconds, 50), percentile(seconds, 99), max(seconds))
