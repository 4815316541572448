"""The moment at which a picture is drawn, which also learns when the picture would next change."""

from datetime import UTC, datetime, timedelta, tzinfo

from opsdash.domain.freshness import GONE_AFTER, SAMPLE_STALE, STALE_AFTER, Freshness, freshness
from opsdash.domain.indicator import Reading
from opsdash.ui.format import age, age_step, age_unit, short_age


def zone_of(name: str) -> tzinfo:
    """Return the zone of an IANA name, UTC for one that this system does not know."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


class Moment:
    """`now` for one drawing. `changes_at` is when the first text that it gave would read otherwise.

    A screen that is drawn again only then, or for a new snapshot, writes nothing in between.
    `moves_at` is when time alone changes it, `stale_at` when something would have to be read again:
    that one moves on with each read that brings nothing new.
    """

    def __init__(self, now: datetime, zone: tzinfo = UTC) -> None:
        self.now = now
        self.zone = zone
        self.moves_at = self.stale_at = datetime.max.replace(tzinfo=UTC)

    @property
    def changes_at(self) -> datetime:
        """When the first text that was given would read otherwise."""
        return min(self.moves_at, self.stale_at)

    def expect(self, at: datetime) -> None:
        """Note that something drawn changes at `at`."""
        if self.now < at < self.moves_at:
            self.moves_at = at

    def expect_stale(self, at: datetime) -> None:
        """Note that something drawn is too old at `at`, unless it has been read again by then."""
        if self.now < at < self.stale_at:
            self.stale_at = at

    def age(self, since: datetime) -> str:
        """Return how long ago `since` is: `1m12s`."""
        length = max(self.now - since, timedelta())
        self.expect(self.now + age_step(length))
        return age(length)

    def short_age(self, since: datetime) -> str:
        """Return how long ago `since` is in one unit: `2h`."""
        length = max(self.now - since, timedelta())
        for unit in (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)):
            if length >= unit:
                break
        else:
            unit = timedelta(seconds=1)
        self.expect(self.now + unit - length % unit)
        return short_age(length)

    def rough_age(self, since: datetime) -> str:
        """Return how long ago `since` is, for what stands on the screen twenty times: `<10s`, `40s`.

        Twenty ages that tick each second would be what a dead server writes to a thin link.
        """
        length = max(self.now - since, timedelta())
        if length >= timedelta(minutes=1):
            return self.short_age(since)
        tens = length // timedelta(seconds=10)
        self.expect(since + (tens + 1) * timedelta(seconds=10))
        return f"{tens}0s" if tens else "<10s"

    def left(self, until: datetime) -> str:
        """Return how long it is to `until`, rounded up so that `0s` means now: `3m48s`."""
        rest = until - self.now
        shown = max(-(-rest // timedelta(seconds=1)), 0) * timedelta(seconds=1)
        if shown:
            reads_until = shown - (shown % age_unit(shown)) - timedelta(seconds=1)
            self.expect(self.now + rest - reads_until)
        return age(shown)

    def clock(self, at: datetime, seconds: bool = False) -> str:
        """Return the time of day in the person's zone: `14:06`, `14:06:12`."""
        return at.astimezone(self.zone).strftime("%H:%M:%S" if seconds else "%H:%M")

    def date_clock(self, at: datetime) -> str:
        """Return the time of day, with the weekday or date where it is not today's: `Wed 09:00`."""
        local, today = at.astimezone(self.zone), self.now.astimezone(self.zone)
        if local.date() == today.date():
            return local.strftime("%H:%M")
        near = abs(local.date() - today.date()) < timedelta(days=7)
        return local.strftime("%a %H:%M" if near else "%Y-%m-%d %H:%M")

    def freshness(self, reading: Reading, refresh: timedelta) -> Freshness:
        """Return how fresh a reading is, noting when that would change without a new one."""
        sample_limit = max(SAMPLE_STALE, 4 * refresh)
        for start, limits in (
            (reading.read_at, (STALE_AFTER * refresh, GONE_AFTER * refresh)),
            (reading.sampled_at, (sample_limit, 5 * sample_limit)),
        ):
            if start is not None:
                for limit in limits:
                    self.expect_stale(start + limit + timedelta(milliseconds=1))
        return freshness(self.now, refresh, reading.read_at, reading.sampled_at)

    def freshness_of(self, last: datetime | None, interval: timedelta) -> Freshness:
        """Return how fresh a source is that answered at `last` and is asked each `interval`."""
        if last is not None:
            self.expect_stale(last + STALE_AFTER * interval + timedelta(milliseconds=1))
            self.expect_stale(last + GONE_AFTER * interval + timedelta(milliseconds=1))
        return freshness(self.now, interval, last)
