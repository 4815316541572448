"""Shifts: one person's turns, half open, and what is left of them where others are laid over."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from opsdash.domain.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Shift:
    """One person's turn, half open: from `start` until just before `end`.

    `override` is the id of the override that made it, None where it is the rotation's own; `beside`
    says that it was added beside whoever else is on call.
    """

    schedule: str
    person: str
    start: datetime
    end: datetime
    override: int | None = None
    beside: bool = False

    def covers(self, at: datetime) -> bool:
        """Whether `at` lies in it; the boundary belongs to whoever takes over."""
        return self.start <= at < self.end

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether it shares a moment with the time from `start` until just before `end`."""
        return self.start < end and start < self.end


def outside(shift: Shift, start: datetime, end: datetime) -> list[Shift]:
    """Return what is left of `shift` outside the time from `start` to `end`: none, one or two parts."""
    if not shift.overlaps(start, end):
        return [shift]
    parts = []
    if shift.start < start:
        parts.append(replace(shift, end=start))
    if end < shift.end:
        parts.append(replace(shift, start=end))
    return parts


def inside(shift: Shift, start: datetime, end: datetime) -> Shift | None:
    """Return the part of `shift` from `start` to `end`, None where they share no moment."""
    if not shift.overlaps(start, end):
        return None
    return replace(shift, start=max(shift.start, start), end=min(shift.end, end))


def left_by(under: Iterable[Shift], over: Sequence[Shift]) -> list[Shift]:
    """Return what is left of the shifts `under` where those `over` are laid on top of them."""
    left = list(under)
    for top in over:
        left = [part for shift in left for part in outside(shift, top.start, top.end)]
    return left
