"""What a host that slept says when it wakes: on every screen for an hour, and on what waited meanwhile.

The time asleep is known from two clocks: one that stands still while the host sleeps and one that
does not. A wall clock that somebody set is no sleep.
"""

import logging
import sqlite3
from datetime import datetime, timedelta

from opsdash.domain.frozen import dataclass
from opsdash.domain.incident import incident_number
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.engine.climb import BootClock
from opsdash.engine.engine import Engine
from opsdash.store import alerts, climbs, engine, entries, lease

log = logging.getLogger("opsdash.engine")

ASLEEP = timedelta(seconds=15)
"""A sleep that is worth a word."""

SHOWN = timedelta(hours=1)
"""How long every screen says that the host slept."""

_MOST = 500
"""Alerts on whose timeline it is written: more waited at once in a storm alone."""

_ENGINE = SafeText("engine")


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clock that stands still in sleep and the one that goes on, of one boot."""

    boot: str
    since_boot: timedelta
    awake: timedelta


def notice(engine_: Engine) -> None:
    """Compare the clocks with those of the last beat, as leader or standing by."""
    source = engine_.clock
    if not isinstance(source, BootClock):
        return
    boot, since_boot = source.since_boot()
    now = Clocks(boot, since_boot, timedelta(seconds=source.monotonic()))
    before, engine_.clocks = engine_.clocks, now
    if not isinstance(before, Clocks) or not boot or before.boot != boot:
        return
    slept = (now.since_boot - before.since_boot) - (now.awake - before.awake)
    if slept > ASLEEP:
        log.warning("awake after %s asleep", format_span(slept))
        engine_.slept += slept


async def tell_sleep(engine_: Engine) -> None:
    """Say on every screen that the host slept, and let it be over after an hour."""
    if engine_.slept:
        slept, now = engine_.slept, engine_.clock.now()
        await engine_.store.write(_tell, engine_.held, slept, now)
        engine_.slept = timedelta()
    elif engine_.is_due("sleep", 60.0):
        await engine_.store.write(_forget, engine_.held, engine_.clock.now() - SHOWN)


def _tell(connection: sqlite3.Connection, epoch: int, slept: timedelta, now: datetime) -> None:
    lease.require(connection, epoch)
    length = format_span(slept)
    said = f"awake after {length} asleep: nothing was read and nobody was paged meanwhile"
    engine.add_notice(connection, said, now)
    for id in climbs.overdue(connection, now, _MOST):
        alert = alerts.load(connection, id)
        if alert is not None and alert.open:
            number = incident_number(alert.incident)
            text = clean(f"the host was asleep for {length}: what was due meanwhile is done now")
            entries.add(connection, Entry(now, _ENGINE, EntryKind.NOTE, text, id), number)


def _forget(connection: sqlite3.Connection, epoch: int, before: datetime) -> None:
    lease.require(connection, epoch)
    engine.forget_notices(connection, before)
