"""The simulation's clock: real moments to seconds of the story, and back."""

import math
from datetime import datetime, timedelta

from opsdash.domain.frozen import dataclass
from opsdash.sources.simulation.story import DEPLOYED, FIRED

DEFAULT_SPEED = 3.0
"""Seconds of the story in a real one: the guide's eight-minute incident in under three minutes."""

CURTAIN = 24.0
"""Real seconds from the demo's start until the alert fires, at any speed up to seventeen.

A newcomer sees the figures rise, the pending alert count down, and the page.
"""


@dataclass(frozen=True, slots=True)
class SimulatedClock:
    """The story's time, running `speed` times as fast as real time since `start`.

    At speed 1 it takes the guide's own minutes. Before `start` it always runs at real speed, so
    that the past has its usual length on every chart. Raises ValueError for a speed that is not a
    positive number.
    """

    start: datetime
    speed: float = DEFAULT_SPEED

    def __post_init__(self) -> None:
        if not (self.speed > 0 and math.isfinite(self.speed)):
            raise ValueError(f"speed {self.speed:g} is not a positive number; write 1, 3 or 10")

    @property
    def opening(self) -> float:
        """Seconds after 14:00 at which the demo opens: before the alert fires, never too early."""
        return max(FIRED - CURTAIN * self.speed, DEPLOYED)

    def elapsed(self, at: datetime) -> float:
        """Return the story's seconds since its first 14:00 at the real moment `at`."""
        seconds = (at - self.start).total_seconds()
        return self.opening + (seconds * self.speed if seconds > 0 else seconds)

    def moment(self, elapsed: float) -> datetime:
        """Return the real moment at which the story is `elapsed` seconds past its first 14:00."""
        seconds = elapsed - self.opening
        return self.start + timedelta(seconds=seconds / self.speed if seconds > 0 else seconds)
