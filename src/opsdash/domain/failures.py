"""Failure batches: failures that a person looks into, from being counted to being investigated.

A count over a window rises with each failure and falls when one leaves the window: only what rises
is news. new -> investigating -> investigated, by a person at each step.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText

SETTLED = timedelta(minutes=2)
"""How long a count must have been lower before it is: extrapolation makes counts waver, replicas
of a server with gaps of their own answer in turn, and neither is a failure."""


class BatchState(StrEnum):
    """What a person has done about a batch."""

    NEW = "new"
    INVESTIGATING = "investigating"
    INVESTIGATED = "investigated"


@dataclass(frozen=True, slots=True)
class FailureBatch:
    """Failures of one indicator that are looked into as one thing.

    `count` is how many joined it, the first at `opened_at`, the newest at `grown_at`. `by` and `at`
    are who brought it into its state and when, empty for a new one; `note` is what they found.
    `ended_at` is when its failures left the window, or newer ones came after it was investigated.
    """

    number: int
    indicator: str
    state: BatchState
    count: int
    opened_at: datetime
    grown_at: datetime
    by: SafeText = SafeText("")
    at: datetime | None = None
    note: SafeText = SafeText("")
    ended_at: datetime | None = None

    @property
    def id(self) -> str:
        """The name by which people and the timeline know it, as `F12`."""
        return f"F{self.number}"

    @property
    def standing(self) -> tuple[BatchState, str, datetime | None]:
        """What a person decides on: whoever acts on another one saw something else."""
        return self.state, self.by, self.at


@dataclass(frozen=True, slots=True)
class Tally:
    """How far the count of an indicator has been followed.

    `height` is what it must pass for there to be failures. While it is below that, `below_since`
    says since when, and `below` is the highest that it was meanwhile.
    """

    height: int
    below_since: datetime | None = None
    below: int = 0


def follow(tally: Tally | None, count: int, now: datetime) -> tuple[Tally, int]:
    """Return the tally after a read of `count`, and how many failures are new.

    The first read finds all of them new. A count that falls and is back within `SETTLED` has never
    been lower. A clock that was set back settles it too.
    """
    if tally is None or count >= tally.height:
        return Tally(count), count - (tally.height if tally else 0)
    if tally.below_since is None:
        return Tally(tally.height, now, count), 0
    highest = max(tally.below, count)
    if abs(now - tally.below_since) < SETTLED:
        return Tally(tally.height, tally.below_since, highest), 0
    return (Tally(highest) if count == highest else Tally(highest, now, count)), 0


def failures(count: int) -> str:
    """Return a number of failures in words."""
    return f"{count:,} failure{'' if count == 1 else 's'}"
