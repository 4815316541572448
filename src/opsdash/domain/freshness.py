"""Freshness: when a value is live, stale, or no longer worth showing."""

from datetime import datetime, timedelta
from enum import StrEnum

STALE_AFTER = 2
"""Refreshes after which a value is stale and carries its age."""

GONE_AFTER = 10
"""Refreshes after which a value is shown as `no data`."""

SAMPLE_STALE = timedelta(seconds=60)
"""The least age at which the sample under a freshly read value counts as stale."""


ENGINE_DOWN_AFTER = timedelta(seconds=12)
"""How long after its last heartbeat an engine counts as dead or hung."""

SILENT_AFTER = timedelta(seconds=30)
"""The least time without an answer after which a source that was well counts as silent."""


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


def picture_age(now: datetime, refresh: timedelta, as_of: datetime | None) -> timedelta | None:
    """Return how old a picture is whose last whole cycle ended at `as_of`; None while it is live."""
    age = None if as_of is None else abs(now - as_of)
    return age if age is not None and age > STALE_AFTER * refresh else None


def engine_is_down(now: datetime, heartbeat_at: datetime, released: bool) -> bool:
    """Return whether nobody acts: the engine gave its lease back, or is silent for too long.

    A heartbeat far ahead is one from before the clock was set back.
    """
    return released or abs(now - heartbeat_at) > ENGINE_DOWN_AFTER


def is_silent(now: datetime, refresh: timedelta, last_success: datetime) -> bool:
    """Return whether nothing is known of what a source shows now, well as it was."""
    return abs(now - last_success) > max(GONE_AFTER * refresh, SILENT_AFTER)
