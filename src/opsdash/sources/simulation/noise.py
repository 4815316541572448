"""Noise that is smooth, bounded and the same for the same seed at the same moment."""

import math
from random import Random

_PERIODS = (29.0, 83.0, 241.0, 701.0, 2003.0)
_WEIGHTS = (0.16, 0.20, 0.24, 0.22, 0.18)


class Noise:
    """A curve between -1 and 1: five waves from half a minute to half an hour long."""

    def __init__(self, seed: str) -> None:
        random = Random(seed)  # noqa: S311 (a believable curve, not a secret)
        self._waves = tuple(
            (weight, 2 * math.pi / (period * random.uniform(0.85, 1.15)), random.uniform(0, 6.28))
            for period, weight in zip(_PERIODS, _WEIGHTS, strict=True)
        )

    def at(self, seconds: float) -> float:
        """Return the noise at a moment in seconds."""
        return sum(w * math.sin(speed * seconds + phase) for w, speed, phase in self._waves)
