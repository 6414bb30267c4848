"""The bench's results as plain figures, to be shown as tables and written as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from statistics import median

from tests.bench.processes import Machine


@dataclass(frozen=True)
class Pair:
    """The rates of the same work done directly and through Balie, one right after the other; both per second."""

    raw: float
    ours: float

    @property
    def ratio(self) -> float:
        """Our rate as a share of the raw rate."""
        return self.ours / self.raw


@dataclass(frozen=True)
class Rates:
    """Pairs of one kind; the result is the median of their ratios."""

    what: str
    pairs: tuple[Pair, ...]

    @property
    def raw(self) -> float:
        """The median raw rate."""
        return median(pair.raw for pair in self.pairs)

    @property
    def ours(self) -> float:
        """Our median rate."""
        return median(pair.ours for pair in self.pairs)

    @property
    def ratio(self) -> float:
        """The median ratio."""
        return median(pair.ratio for pair in self.pairs)


@dataclass(frozen=True)
class Lateness:
    """How late deadlines were met, in seconds after they were due."""

    p50: float
    p99: float
    worst: float


@dataclass(frozen=True)
class Storm:
    """Many deadlines due at the same instant."""

    meeting: str
    deadlines: int
    asleep: int
    """How many clocks slept when the storm began; the others were told too late, and count as late."""
    met: int
    drained_seconds: float
    """From the due instant until the last deadline was met."""
    raw_starts: float
    """Workflows per second that the same server starts when asked directly; the mean of before and after the storm."""
    lateness: Lateness
    cpu_ms: dict[str, float]
    """Each program's processor time per deadline."""
    disagreements: tuple[str, ...]
    """What the books say is wrong: must be none."""

    @property
    def rate(self) -> float:
        """Deadlines met per second."""
        return self.met / self.drained_seconds

    @property
    def ratio(self) -> float:
        """Deadlines met per workflow that the server could have started directly in the same time."""
        return self.rate / self.raw_starts


@dataclass(frozen=True)
class Recovery:
    """A program that was killed during a storm and started again at once."""

    killed: str
    met_before: int
    restarted_seconds: float
    """How long until it was up again."""
    standstill_seconds: float
    """The longest time after the kill without a deadline met: what the kill cost the storm."""


@dataclass(frozen=True)
class Killing:
    """A storm in which programs are killed, and its books."""

    meeting: str
    deadlines: int
    submitted: int
    """How many tickets were submitted and acknowledged meanwhile."""
    drained_seconds: float
    recoveries: tuple[Recovery, ...]
    disagreements: tuple[str, ...]
    """What the books say is wrong: must be none."""


@dataclass(frozen=True)
class Asleep:
    """What a number of sleeping tickets costs."""

    tickets: int
    worker_mb: float
    server_mb: float
    file_mb: float
    """The size of the Temporal server's file on disk."""
    worker_idle_percent: float
    server_idle_percent: float
    """Processor time while nothing happens, as a percentage of one core."""
    told_seconds: float
    """How long until all clocks added in this step slept."""


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
        """All disagreements found in any storm."""
        storms: list[Storm | Killing] = [*self.storms, *self.killings]
        return [sentence for storm in storms for sentence in storm.disagreements]


def percentile(values: Sequence[float], percent: float) -> float:
    """The percentile by nearest rank: always one of the values. Raises ValueError if there are none."""
    if not values:
        raise ValueError("no values, no percentile")
    return sorted(values)[max(ceil(len(values) * percent / 100), 1) - 1]


def lateness(seconds: Sequence[float]) -> Lateness:
    """The percentiles of these latenesses."""
    return Lateness(percentile(seconds, 50), percentile(seconds, 99), max(seconds))
