"""The step that tells the team's channel each week who is on call, and edits that when it changes.

From the configured hour of a Monday on the week is told once. Every week that was told and is not over
is made to say what the schedules say now.
"""

import contextlib
import sqlite3
from datetime import datetime, time, timedelta

from opsdash.domain.feed import feed_keys
from opsdash.domain.frozen import dataclass
from opsdash.domain.publication import CORRECTION_PACE, Slot
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean
from opsdash.domain.week import Week, week_at
from opsdash.domain.week_rota import week_rota
from opsdash.engine.engine import Engine
from opsdash.engine.poll import Poll
from opsdash.engine.publishing import Telling, publish
from opsdash.http.errors import RemoteError
from opsdash.notifiers.board import Board
from opsdash.store import engine, feeds, lease, overrides, publications
from opsdash.store.errors import StoreError

EVERY = timedelta(seconds=15)
"""How often it is looked whether what was told still holds."""

SOURCE = "on-call week"
"""What its problems are called by."""

DEFAULT_CHANNEL = "#oncall"
"""The channel that is told where none is named."""

_OVERRIDES_OF = timedelta(days=10)
_ASK_AGAIN = timedelta(minutes=5)
"""How long what only a person can mend is left alone."""


@dataclass(slots=True)
class Publishing:
    """The channel that is told, through which notifier, from which hour of a Monday on."""

    board: Board
    notifier: str
    channel: str
    at: time
    poll: Poll[None] | None = None


def begin(engine_: Engine) -> None:
    """Make the poll of the lease's new holder."""
    if engine_.publishing is not None:
        engine_.publishing.poll = _poll(engine_, engine_.publishing)


def _poll(engine_: Engine, publishing: Publishing) -> Poll[None]:
    async def tell(now: datetime) -> None:
        """Tell what is due; raise RemoteError with what a person has to mend."""
        # The store and the lease are everybody's trouble, and told by the loop.
        with contextlib.suppress(StoreError, lease.LeaseLost):
            await tell_due(now)

    async def tell_due(now: datetime) -> None:
        keys = feed_keys(engine_.setup)
        if keys and await engine_.store.read(feeds.untried, keys):
            # What nobody has read yet would be told as if nobody were on call.
            return
        since = now - _OVERRIDES_OF
        setup = await engine_.store.read(overrides.overridden, engine_.setup, since)
        for week in await engine_.store.read(_due, publishing, setup, now):
            slot = Slot(week, publishing.notifier, publishing.channel)
            telling = Telling(
                slot,
                week_rota(setup, week),
                engine_.holder,
                engine_.held,
                pace=CORRECTION_PACE,
            )
            told = await publish(engine_.store, publishing.board, telling, engine_.clock)
            if told.failed:
                wait = told.retry_after or (_ASK_AGAIN if told.asks else None)
                raise RemoteError(clean(f"{publishing.channel}: {told.why}"), wait)

    return Poll(SOURCE, "publishing", EVERY, tell)


def _due(
    connection: sqlite3.Connection, publishing: Publishing, setup: Setup, now: datetime
) -> list[Week]:
    """The week that it is, once its hour has come, and those that were told before their time."""
    current = week_at(now, setup.timezone)
    known = publications.load_since(connection, publishing.notifier, publishing.channel, current)
    weeks = {one.slot.week for one in known}
    if setup.schedules and now >= current.begins(publishing.at, setup.timezone):
        weeks.add(current)
    return sorted(weeks, key=str)


async def publish_week(engine_: Engine) -> None:
    """Write what telling the week came to, and tell it again where something has changed."""
    publishing = engine_.publishing
    if publishing is None or publishing.poll is None:
        return
    moment, now = engine_.clock.monotonic(), engine_.clock.now()
    result = publishing.poll.collect(moment)
    publishing.poll.begin(now, moment)
    if result is None:
        return
    trouble = () if result.reason is None else (result.reason,)
    if trouble != await engine_.store.read(engine.load_warnings, SOURCE):
        await engine_.store.write(_note, engine_.held, trouble, now)


def _note(
    connection: sqlite3.Connection, epoch: int, trouble: tuple[SafeText, ...], now: datetime
) -> None:
    lease.require(connection, epoch)
    engine.record_warnings(connection, SOURCE, trouble, now)
