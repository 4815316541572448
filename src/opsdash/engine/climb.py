"""The step that climbs: what `policy_step` says is due is done, each in the transaction of its timeline entry.

Nothing sleeps: a climb is a row compared with the clock, here or in the engine that takes over. A wall
clock that somebody sets moves what is timed by elapsed time along with it; a host that slept has
lost no time.
"""

import logging
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.engine import tend
from opsdash.engine.climbing import Climbing
from opsdash.engine.engine import Climbed, Engine
from opsdash.store import alerts, climbs, clock, lease, overrides
from opsdash.store.climbs import Look

log = logging.getLogger("opsdash.engine")

AT_ONCE = 200
"""Climbs followed in one transaction: a storm must not keep a person's hand waiting."""

SOURCES_PATIENCE = 30.0
"""Seconds that the sources are waited for after a time asleep: a dead one must not stop the climb."""


_Clocks = tuple[str, timedelta]
"""A boot of the machine, and the time since then."""


@runtime_checkable
class BootClock(Protocol):
    """A clock that also counts the time since the machine was started, sleep included."""

    def since_boot(self) -> tuple[str, timedelta]:
        """Return the name of this boot, empty where it has none, and the time since then."""
        ...


def begin(engine_: Engine) -> None:
    """Look at every climb anew, as the lease's new holder."""
    engine_.climbed = Climbed()
    wait_for_sources(engine_)


def wait_for_sources(engine_: Engine) -> None:
    """Climb nothing until every source of alerts has been asked once, or has had its time."""
    engine_.climbed.ask_since = engine_.clock.now()
    engine_.climbed.patience_until = engine_.clock.monotonic() + SOURCES_PATIENCE


async def climb(engine_: Engine) -> None:
    """Do what is due of every alert on its way up its policy."""
    clocks, now = _clocks(engine_), engine_.clock.now()
    look = await engine_.store.read(_look, engine_.climbed.look, clocks, now)
    if look is None and clocks is not None:
        await _follow_clock(engine_, clocks, now)
        look = await engine_.store.read(climbs.look, now, engine_.climbed.look)
    if look is None or not _sources_are_asked(engine_):
        return
    for begun in range(0, len(look.alerts), AT_ONCE):
        part = look.alerts[begun : begun + AT_ONCE]
        before = engine_.climbed.look
        await engine_.store.write(_climb, engine_.held, engine_.setup, part, before, now)
        if len(look.alerts) > AT_ONCE:
            await tend.renew_lease(engine_)
    # What is written after this look, by others or here, is looked at at the next beat.
    engine_.climbed.look = look
    if engine_.is_due("prune climbs", 600.0):
        await engine_.store.write(_prune, engine_.held)


def _sources_are_asked(engine_: Engine) -> bool:
    since = engine_.climbed.ask_since
    if since is None:
        return True
    asked = all(p.ended_at is not None and p.ended_at >= since for p in engine_.alert_polls)
    judged = all(poll.evaluated for poll in engine_.rule_polls)
    if (asked and judged) or engine_.clock.monotonic() >= engine_.climbed.patience_until:
        engine_.climbed.ask_since = None
        return True
    return False


def _clocks(engine_: Engine) -> _Clocks | None:
    source = engine_.clock
    boot, since_boot = source.since_boot() if isinstance(source, BootClock) else ("", timedelta())
    return (boot, since_boot) if boot else None


def _look(
    connection: sqlite3.Connection, before: Look, clocks: _Clocks | None, now: datetime
) -> Look | None:
    """Return what is to be looked at, None where the wall clock is to be followed before."""
    if clocks is not None and not clock.agree(connection, now, *clocks):
        return None
    return climbs.look(connection, now, before)


async def _follow_clock(engine_: Engine, clocks: _Clocks, now: datetime) -> None:
    """Move the climbs along with a wall clock that was set since the clocks were last compared."""
    step, count = await engine_.store.write(_shift, engine_.held, clocks, now)
    if step:
        ahead = "ahead" if step > timedelta() else "back"
        span = format_span(abs(step))
        log.warning("the clock was set %s by %s: moved %d climbs along", ahead, span, count)


def _shift(
    connection: sqlite3.Connection, epoch: int, clocks: _Clocks, now: datetime
) -> tuple[timedelta, int]:
    lease.require(connection, epoch)
    step = clock.moved(connection, now, *clocks)
    clock.write(connection, now, *clocks)
    if not step:
        return step, 0
    clock.move_messages(connection, step)
    return step, climbs.shift(connection, step)


def _prune(connection: sqlite3.Connection, epoch: int) -> None:
    lease.require(connection, epoch)
    climbs.prune(connection)


def _climb(
    connection: sqlite3.Connection,
    epoch: int,
    setup: Setup,
    ids: Sequence[str],
    before: Look,
    now: datetime,
) -> None:
    lease.require(connection, epoch)
    climbing = Climbing(connection, overrides.overridden(connection, setup, now), now, before)
    for id in ids:
        alert, known = alerts.load(connection, id), climbs.load(connection, id)
        if alert is not None and known is not None:
            climbing.follow(alert, known)
