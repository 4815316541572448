"""The simulation's clock: real moments to simulated seconds since the demo began, and back."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

DEFAULT_SPEED = 3.0
"""Simulated seconds in a real one: the guide's eight-minute incident in under three minutes.

At 1 the story takes the guide's own minutes; at any speed it opens 72 simulated seconds before
the alert fires, so that a newcomer sees it rise, fire and page at once.
"""


@dataclass(frozen=True, slots=True)
class SimulatedClock:
    """Simulated time, running `speed` times as fast as real time since `start`.

    Before `start` it runs at real speed, so that the past has its usual length on every chart.
    Raises ValueError for a speed that is not a positive number.
    """

    start: datetime
    speed: float = DEFAULT_SPEED

    def __post_init__(self) -> None:
        if not (self.speed > 0 and math.isfinite(self.speed)):
            raise ValueError(f"speed {self.speed:g} is not a positive number; write 1, 3 or 10")

    def elapsed(self, at: datetime) -> float:
        """Return the simulated seconds from the start to the real moment `at`, negative before."""
        seconds = (at - self.start).total_seconds()
        return seconds * self.speed if seconds > 0 else seconds

    def moment(self, elapsed: float) -> datetime:
        """Return the real moment at which `elapsed` simulated seconds have passed."""
        return self.start + timedelta(seconds=elapsed / self.speed if elapsed > 0 else elapsed)
