"""The step that reads calendars: layers of schedules that are iCalendar files, read again each minute."""

import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText
from opsdash.engine.engine import Engine
from opsdash.sources.calendars import has_calendars, with_calendars
from opsdash.store import engine, lease

EVERY = 60.0
"""Seconds between two reads."""

READ_WITHIN = 5.0
"""Seconds that a read may take until it is called one that hangs, as a file on a lost share does."""

SOURCE = "calendars"
"""What their problems are called by."""

_HANGS = SafeText(
    f"not read within {READ_WITHIN:.0f} s: who they name is as read before; look at the disk they are on"
)


async def read_calendars(engine_: Engine) -> None:
    """Bring the schedules to what their calendars say now, for the engine and for every screen."""
    hung = engine_.calendars
    if hung is not None and not hung.done():
        return  # A second one would hang as well, and there are few threads.
    # What a read that hung brings at last is of then, so it is read again at once.
    engine_.calendars = None
    if hung is None and not engine_.is_due(SOURCE, EVERY):
        return
    said = await engine_.store.read(engine.load_warnings, SOURCE)
    if not has_calendars(engine_.setup) and not said:
        return
    now = engine_.clock.now()
    # A file on a share that hangs must not hold the loop.
    reading = asyncio.ensure_future(asyncio.to_thread(with_calendars, engine_.setup, now))
    await asyncio.wait({reading}, timeout=READ_WITHIN)
    if reading.done():
        setup, problems = reading.result()
    else:
        engine_.calendars, setup, problems = reading, engine_.setup, (_HANGS,)
    changed = setup != engine_.setup
    engine_.setup = setup
    await engine_.store.write(_keep, engine_.held, setup if changed else None, problems, now)


def _keep(
    connection: sqlite3.Connection,
    epoch: int,
    setup: Setup | None,
    problems: Sequence[str],
    now: datetime,
) -> None:
    lease.require(connection, epoch)
    if setup is not None:
        engine.save_setup(connection, setup, now)
    if tuple(sorted(problems)) != engine.load_warnings(connection, SOURCE):
        engine.record_warnings(connection, SOURCE, problems, now)
