"""Freshness: when a value is live, stale, or no longer worth showing."""

from datetime import datetime, timedelta
from enum import StrEnum

STALE_AFTER = 2
"""Refreshes after which a value is stale and carries its age."""

GONE_AFTER = 10
"""Refreshes after which a value is shown as `no data`."""

SAMPLE_STALE = timedelta(seconds=60)
"""The least age at which the sample under a freshly read value counts as stale."""


class Freshness(StrEnum):
    """Live, stale (dimmed, with its age), or no data."""

    LIVE = "live"
    STALE = "stale"
    NO_DATA = "no data"


def freshness(
    now: datetime, refresh: timedelta, read_at: datetime | None, sampled_at: datetime | None = None
) -> Freshness:
    """Return how fresh a value is that was read at `read_at` from a sample taken at `sampled_at`.

    Past two refreshes without a new read a value is stale, past ten it is no data. A sample older
    than a minute (or four refreshes, if longer) is stale however recently it was read, and no data
    past five times that: a server answers with samples up to five minutes old. A read in the future
    is one from before the clock was set back: as far off as it lies ahead.
    """
    if read_at is None:
        return Freshness.NO_DATA
    behind = abs(now - read_at)
    sample_limit = max(SAMPLE_STALE, 4 * refresh)
    sample_behind = max(now - sampled_at, timedelta()) if sampled_at else timedelta()
    if behind > GONE_AFTER * refresh or sample_behind > 5 * sample_limit:
        return Freshness.NO_DATA
    if behind > STALE_AFTER * refresh or sample_behind > sample_limit:
        return Freshness.STALE
    return Freshness.LIVE
