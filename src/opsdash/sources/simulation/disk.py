"""The disk of the simulated database: it fills at one pace, until somebody makes room on it."""

_FULL_IN = 21 * 3600.0
_BEGAN = 8 * 3600.0
_AT_FIRST = 0.35
_ROOM_MADE_AT = 0.78

PACE = (1 - _AT_FIRST) / _FULL_IN
"""Share of the disk that is written a second: at 14:00 it is the guide's 35 % full, and full in 21 h."""


def used(elapsed: float) -> float:
    """Return the share in use, `elapsed` seconds after the story's first 14:00.

    It began to fill eight hours before. At 78 %, below the indicator's threshold, somebody makes room.
    """
    grown = max(elapsed, -_BEGAN) * PACE
    return _AT_FIRST + (grown if grown < 0 else grown % (_ROOM_MADE_AT - _AT_FIRST))


def full_in(share: float) -> float:
    """Return the seconds until a disk of which `share` is used is full, at this pace."""
    return (1 - share) / PACE
