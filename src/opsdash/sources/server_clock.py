"""A server's clock beside this host's: how far it is ahead, and when that has to be asked again."""

import asyncio
from datetime import datetime, timedelta

from opsdash.domain.duration import format_duration
from opsdash.domain.text import SafeText, clean
from opsdash.http.errors import RemoteError
from opsdash.sources.divide import QueryFaultError
from opsdash.sources.query_api import QueryApi, moment_of
from opsdash.sources.wire import read_epoch

SKEW_TOLERATED = timedelta(seconds=2)
"""Clock difference up to which the server's timestamps are taken as they are."""

_HOLDS = 60.0
"""Seconds for which a difference between the clocks holds without being looked at again."""


class ServerClock:
    """`skew` is how far the server's clock is ahead of ours, None while nobody has looked."""

    def __init__(self) -> None:
        self.skew: timedelta | None = None
        self._seen_at = 0.0
        self._meeting = asyncio.Lock()

    @property
    def shift(self) -> timedelta:
        """How far the server's clock is ahead, where that is far enough to matter."""
        off = self.skew or timedelta()
        return off if abs(off) > SKEW_TOLERATED else timedelta()

    def warnings(self, origin: str) -> tuple[SafeText, ...]:
        """Return what people should know where the clock of the server at `origin` is off.

        In whole seconds, and of a clock that is far off in minutes: what changes with each read
        would be news each time.
        """
        if not self.shift:
            return ()
        way = "ahead of" if self.shift > timedelta() else "behind"
        off = abs(self.shift)
        coarse = timedelta(seconds=1) if off < timedelta(minutes=1) else timedelta(minutes=1)
        said = format_duration(off // coarse * coarse)
        return (
            clean(
                f"the clock of {origin} is {said} {way} this host's; "
                "its own decides what is asked of it, this host's who is paged when"
            ),
        )

    def compare(self, clock: datetime, sent: datetime, began: float) -> None:
        """Note what the server's clock said, compared with ours in the middle of its answer.

        `sent` is when it was asked by our clock, `began` the same by the event loop's, in seconds.
        """
        self._seen_at = asyncio.get_running_loop().time()
        self.skew = clock - sent - timedelta(seconds=(self._seen_at - began) / 2)

    async def meet(self, api: QueryApi, now: datetime) -> None:
        """Ask for the time unless it is known; raise RemoteError if it is not told.

        What reads of indicators tell every few seconds holds for a minute; an older difference
        holds as long as the server does not tell another.
        """
        async with self._meeting:
            began = asyncio.get_running_loop().time()
            if self.skew is not None and began - self._seen_at < _HOLDS:
                return
            try:
                clock = read_epoch(moment_of(await api.ask({"query": "time()"}, None)))
            except (RemoteError, QueryFaultError) as error:
                if self.skew is None:
                    raise RemoteError(error.reason) from None
                return
            if clock is None:
                raise RemoteError(SafeText("it does not say what time it is"))
            self.compare(clock, now, began)
