"""One source being read again and again: when it is due, what is in flight, and backing off."""

import asyncio
import random
import traceback
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Generic, TypeVar

from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText, clean
from opsdash.http.errors import RemoteError

T = TypeVar("T")

LONGEST_BACKOFF = 30.0
"""Seconds between tries of a source that keeps failing, unless it asks for more."""

LONGEST_RETRY_AFTER = 300.0
"""Seconds that a source's own `Retry-After` is honoured for at most."""

LONGEST_READ = 60.0
"""Seconds after which a read is given up: sources have deadlines of their own, this is for bugs."""

_CANCEL_PATIENCE = 1.0


@dataclass(frozen=True, slots=True)
class Result(Generic[T]):
    """What one read came to: a value, or the reason why there is none."""

    value: T | None
    reason: SafeText | None
    begun_at: datetime


class Poll(Generic[T]):
    """Reads one source at an interval, never twice at once, and backs off while it fails.

    Moments are seconds of a monotonic clock: a wall clock that jumps neither stops nor floods it.
    `ended_at` is when the newest read began whose result is recorded; the step that records sets it.
    `succeeded`, `failed` and `seconds` count its reads and the time they took.
    """

    def __init__(
        self,
        id: str,
        kind: str,
        interval: timedelta,
        read: Callable[[datetime], Awaitable[T]],
        longest_read: float = LONGEST_READ,
    ) -> None:
        self.id = id
        self.kind = kind
        self.interval = interval
        self.ended_at: datetime | None = None
        self.succeeded = 0
        self.failed = 0
        self.seconds = 0.0
        self._read = read
        self._longest_read = longest_read
        self._due = 0.0
        self._not_before = 0.0
        self._failures = 0
        self._begun_at: datetime | None = None
        self._begun = 0.0
        self._task: asyncio.Future[T] | None = None

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
            self._begun_at, self._begun = now, moment
            self._task = asyncio.ensure_future(self._read(now))

    def join(self, moment: float) -> None:
        """Let the next read begin with others that are due, half an interval early at the most."""
        early = self._due - moment
        idle = self._task is None and not self._failures
        if idle and early <= self.interval.total_seconds() / 2:
            self._due = min(self._due, moment)

    def hasten(self) -> None:
        """Make the next read due at once, or as soon as the source's `Retry-After` allows."""
        self._due = self._not_before

    def collect(self, moment: float) -> Result[T] | None:
        """Return what the read in flight came to, None while it has not ended."""
        task, begun_at = self._task, self._begun_at
        if task is None or begun_at is None:
            return None
        if not task.done():
            if moment - self._begun < self._longest_read:
                return None
            task.cancel()
            task.add_done_callback(_forget)
            self._task = None
            self._back_off(moment, None)
            return Result(None, clean(f"no answer within {self._longest_read:g} s"), begun_at)
        self._task = None
        self.seconds += moment - self._begun
        try:
            value = task.result()
        except RemoteError as error:
            self._back_off(moment, error.retry_after)
            return Result(None, error.reason, begun_at)
        except asyncio.CancelledError:
            return None
        except Exception as error:  # a bug in a source is that source's failure, not the engine's
            self._back_off(moment, None)
            return Result(None, clean(f"a bug in reading it: {_place(error)}", 200), begun_at)
        self._failures = 0
        self.succeeded += 1
        return Result(value, None, begun_at)

    async def cancel(self) -> None:
        """End the read in flight, if any; one that will not end is left behind."""
        task, self._task = self._task, None
        if task is not None:
            task.add_done_callback(_forget)
            task.cancel()
            await asyncio.wait({task}, timeout=_CANCEL_PATIENCE)

    def _back_off(self, moment: float, retry_after: timedelta | None) -> None:
        self._failures += 1
        self.failed += 1
        # The first failure is tried again at the ordinary beat: most are over by then.
        doubled = self.interval.total_seconds() * 2 ** min(self._failures - 1, 6)
        pause = min(doubled, max(LONGEST_BACKOFF, self.interval.total_seconds()))
        if retry_after is not None:
            asked = min(retry_after.total_seconds(), LONGEST_RETRY_AFTER)
            self._not_before = moment + asked
            pause = max(pause, asked)
        jitter = 1.0 if self._failures == 1 else random.uniform(0.85, 1.0)  # noqa: S311
        self._due = max(self._due, self._not_before, moment + pause * jitter)


def _place(error: Exception) -> str:
    """The kind of a bug and where it struck: its own text may carry an URL with a password."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


def _forget(task: asyncio.Future[T]) -> None:
    # Asked for, so that a read that nobody waits for any more says nothing when it fails.
    if not task.cancelled():
        task.exception()
