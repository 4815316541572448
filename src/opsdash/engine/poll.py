"""One source being read again and again: when it is due, what is in flight, and backing off."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from opsdash.domain.text import SafeText, clean
from opsdash.sources.source import SourceError

T = TypeVar("T")

LONGEST_BACKOFF = 30.0
"""Seconds between tries of a source that keeps failing, unless it asks for more."""

LONGEST_RETRY_AFTER = 300.0
"""Seconds that a source's own `Retry-After` is honoured for at most."""


@dataclass(frozen=True, slots=True)
class Result(Generic[T]):
    """What one read came to: a value, or the reason why there is none."""

    value: T | None
    reason: SafeText | None
    begun_at: datetime


class Poll(Generic[T]):
    """Reads one source at an interval, never twice at once, and backs off while it fails.

    Moments are seconds of a monotonic clock: a wall clock that jumps neither stops nor floods it.
    """

    def __init__(
        self,
        id: str,
        kind: str,
        interval: timedelta,
        read: Callable[[datetime], Awaitable[T]],
    ) -> None:
        self.id = id
        self.kind = kind
        self.interval = interval
        self._read = read
        self._due = 0.0
        self._failures = 0
        self._begun_at: datetime | None = None
        self._task: asyncio.Future[T] | None = None
        self.ended_at: datetime | None = None

    @property
    def task(self) -> asyncio.Future[T] | None:
        """The read in flight, for the loop to wait on."""
        return self._task

    @property
    def due(self) -> float:
        """When the next read should begin, in monotonic seconds."""
        return self._due

    def begin(self, now: datetime, moment: float) -> None:
        """Start a read if one is due and none is in flight."""
        if self._task is None and moment >= self._due:
            # Fixed beats, not a fixed pause: a slow answer does not slow the refresh.
            self._due = moment + self.interval.total_seconds()
            self._begun_at = now
            self._task = asyncio.ensure_future(self._read(now))

    def hasten(self) -> None:
        """Make the next read due at once."""
        self._due = 0.0

    def collect(self, moment: float) -> Result[T] | None:
        """Return what the read in flight came to, None while it has not ended."""
        task, begun_at = self._task, self._begun_at
        if task is None or begun_at is None or not task.done():
            return None
        self._task = None
        self.ended_at = begun_at
        try:
            value = task.result()
        except SourceError as error:
            self._back_off(moment, error.retry_after)
            return Result(None, error.reason, begun_at)
        except asyncio.CancelledError:
            return None
        except Exception as error:  # a bug in a source is that source's failure, not the engine's
            self._back_off(moment, None)
            text = f"reading it failed unexpectedly: {type(error).__name__}: {error}"
            return Result(None, clean(text, 200), begun_at)
        self._failures = 0
        return Result(value, None, begun_at)

    async def cancel(self) -> None:
        """End the read in flight, if any."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def _back_off(self, moment: float, retry_after: timedelta | None) -> None:
        self._failures += 1
        # The first failure is tried again at the ordinary beat: most are over by then.
        doubled = self.interval.total_seconds() * 2 ** min(self._failures - 1, 6)
        pause = min(doubled, max(LONGEST_BACKOFF, self.interval.total_seconds()))
        if retry_after is not None:
            pause = max(pause, min(retry_after.total_seconds(), LONGEST_RETRY_AFTER))
        jitter = 1.0 if self._failures == 1 else random.uniform(0.85, 1.0)  # noqa: S311
        self._due = max(self._due, moment + pause * jitter)
