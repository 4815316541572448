"""The guide's incident as a script: when what happens, on a clock whose zero is 14:00 UTC.

At 14:00 the impact begins: the error rate passes 1 %. At 14:05 `for: 5m` is over and the alert
fires. The whole story repeats every ninety minutes, as a new occurrence.
"""

from bisect import bisect_right

from opsdash.domain.frozen import dataclass
from opsdash.domain.timeline import EntryKind

LOOP = 5400.0
"""Seconds from one incident to the next."""

LEAD = 600.0
"""Seconds before its 14:00 at which a loop takes over from the one before."""

DEPLOYED, FIRED, SCALED, RESOLVED, FIXED, SHRUNK = -120.0, 300.0, 720.0, 780.0, 2100.0, 2700.0
"""Seconds after 14:00: bad version out, alert fired, 2 to 4 pods, resolved, good version, 2 pods."""

INTRODUCED = -3 * 86400.0
"""When the version before the first bad one was deployed, in seconds after the first 14:00."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A moment of the story: which repetition, and the seconds since its 14:00."""

    loop: int
    seconds: float

    @property
    def pods(self) -> int:
        """Replicas of the payment service."""
        return 4 if SCALED <= self.seconds < SHRUNK else 2

    @property
    def version(self) -> str:
        """The version of the payment service that runs: each loop ships a bad one and its fix."""
        shipped = (self.seconds >= DEPLOYED) + (self.seconds >= FIXED)
        return f"v1.4.{1 + 2 * self.loop + shipped}"

    @property
    def deployed(self) -> float:
        """Seconds after the first 14:00 at which that version was deployed."""
        if self.seconds >= FIXED:
            return moment_of(self.loop, FIXED)
        if self.seconds >= DEPLOYED:
            return moment_of(self.loop, DEPLOYED)
        return moment_of(self.loop - 1, FIXED) if self.loop else moment_of(0, INTRODUCED)


def scene(elapsed: float) -> Scene:
    """Return where the story is, `elapsed` seconds after its first 14:00.

    Before the first loop there is only the quiet past.
    """
    loop = max(0, int((elapsed + LEAD) // LOOP))
    return Scene(loop, elapsed - loop * LOOP)


def moment_of(loop: int, seconds: float) -> float:
    """Return the seconds after the first 14:00 of a moment of the script."""
    return loop * LOOP + seconds


class Curve:
    """A smooth line through (second, weight) points, flat outside of them."""

    def __init__(self, *points: tuple[float, float]) -> None:
        self._seconds = [second for second, _ in points]
        self._weights = [weight for _, weight in points]

    def at(self, second: float) -> float:
        """Return the weight at a second of the script."""
        index = bisect_right(self._seconds, second)
        if index == 0 or index == len(self._seconds):
            return self._weights[max(0, index - 1)]
        start, end = self._seconds[index - 1 : index + 1]
        low, high = self._weights[index - 1 : index + 1]
        part = (second - start) / (end - start)
        return low + (high - low) * part * part * (3 - 2 * part)


ERRORS = Curve(
    (-120, 0), (30, 0.43), (228, 0.55), (300, 1), (745, 1), (780, 0.098), (810, 0.09), (900, 0)
)
LATENCY = Curve((-120, 0), (30, 0.2), (228, 0.3), (318, 1), (725, 1), (785, 0.06), (900, 0))
CPU = Curve((-120, 0), (228, 0.35), (310, 1), (725, 1), (780, 0.12), (900, 0))
DATABASE = Curve((300, 0), (338, 1), (455, 1), (500, 0), (2095, 0), (2136, 1), (2235, 1), (2280, 0))
QUEUE = Curve((240, 0), (480, 1), (725, 1), (840, 0))
FAILURES = Curve((240, 0), (295, 1), (1045, 1), (1110, 0))
"""How far each figure is on its way from its idle value (0) to its worst (1)."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One timeline entry of the script; `{begun}` and `{ended}` stand for the disruption's times."""

    seconds: float
    by: str
    kind: EntryKind
    text: str


SCRIPT = (
    Beat(303, "engine", EntryKind.PAGE, "Paged John: error rate 2.5% > 1% (simulated page)"),
    Beat(
        304,
        "engine",
        EntryKind.OBSERVATION,
        "Recent deployment: payment-service {version} 4e91c0a “retry loop”, 7 minutes before",
    ),
    Beat(360, "john", EntryKind.JOIN, "Joined war room, Slack #incidents"),
    Beat(375, "john", EntryKind.OBSERVATION, "Dashboards open, logs gathered from ELK"),
    Beat(420, "john", EntryKind.ROOT_CAUSE, "Payment service consuming 100% CPU"),
    Beat(425, "john", EntryKind.HYPOTHESIS, "Recent code change causing infinite loop"),
    Beat(480, "john", EntryKind.CLASSIFY, "Severity: CRITICAL"),
    Beat(481, "john", EntryKind.STATUS, "Status: INVESTIGATING. ETA: 15 minutes"),
    Beat(600, "john", EntryKind.OPTION, "Option A: Rollback code change (5 min)"),
    Beat(601, "john", EntryKind.OPTION, "Option B: Scale payment service (3 min)"),
    Beat(602, "john", EntryKind.DECISION, "Choice: Option B (quicker, safer)"),
    Beat(720, "john", EntryKind.ACTION, "Scale payment service. Increase pods: 2 → 4"),
    Beat(780, "engine", EntryKind.OBSERVATION, "Error rate drops from 2.5% → 0.3%"),
    Beat(
        782,
        "john",
        EntryKind.STATUS,
        "Status: RESOLVED. Incident resolved in 8 minutes, system returned to normal",
    ),
    Beat(
        1200,
        "john",
        EntryKind.COMMS,
        "“Brief service disruption {begun}-{ended} UTC. "
        "All payments were queued and processed successfully”",
    ),
    Beat(3600, "john", EntryKind.REVIEW, "Root cause: Code change lacked load testing"),
    Beat(
        3601,
        "john",
        EntryKind.REVIEW,
        "Action items: review code change (why not caught in testing?), "
        "add performance test to CI/CD, update deployment process",
    ),
)
"""The guide's walk-through of INC-001, in its own words where they fit on a line."""
