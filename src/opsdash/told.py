"""What the engine told of what it read: set-up, sources, figures, who is on call; read when that moved."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from opsdash.domain.frozen import dataclass
from opsdash.domain.indicator import Indicator, Pane, Reading
from opsdash.domain.on_call import OnCall
from opsdash.domain.override import Override
from opsdash.domain.problem import Problem
from opsdash.domain.sample import Point
from opsdash.domain.setup import Setup
from opsdash.domain.source import SourceView
from opsdash.roster import shown_since
from opsdash.store import engine, failures, overrides, readings

HISTORY_SHOWN = timedelta(hours=1)
"""How much of the minute series a snapshot carries for the sparklines."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one snapshot has of the engine; `uptime` and `users` are the header's figures."""

    setup: Setup
    sources: tuple[SourceView, ...]
    panes: tuple[Pane, ...]
    uptime: Reading | None
    users: Reading | None
    warnings: tuple[Problem, ...]
    on_call: tuple[OnCall, ...]

    def readings(self) -> Iterator[Reading]:
        """Yield every figure, the header's first."""
        yield from (r for r in (self.uptime, self.users) if r is not None)
        for pane in self.panes:
            yield from pane.readings


def take_told(
    connection: sqlite3.Connection, now: datetime, before: Told | None, told_anew: bool
) -> Told:
    """Return what the engine told by `now`; of the one `before`, what still holds.

    `told_anew` says that it may have read something since. `before` is None where the series were
    filled anew since, or the day is another.
    """
    if before is not None and not told_anew and not _history_aged(before, now):
        return before
    text = engine.load_setup_text(connection)
    current = overrides.load_current(connection, shown_since(now))
    setup = Setup() if text is None else _setup(text, current)
    panes, uptime, users = _panes(connection, setup, now, before)
    return Told(
        setup,
        engine.load_sources(connection),
        panes,
        uptime,
        users,
        engine.load_problems(connection),
        engine.load_on_call(connection),
    )


def _history_aged(before: Told, now: datetime) -> bool:
    """Whether a point of a sparkline has left the hour that is shown."""
    since = now - HISTORY_SHOWN
    return any(r.history and r.history[0].at < since for r in before.readings())


@lru_cache(maxsize=2)
def _setup(text: str, current: tuple[Override, ...]) -> Setup:
    return overrides.with_overrides(engine.decode_setup(text), current)


def _panes(
    connection: sqlite3.Connection, setup: Setup, now: datetime, before: Told | None
) -> tuple[tuple[Pane, ...], Reading | None, Reading | None]:
    stored = readings.load(connection)
    watched = any(indicator.investigate for indicator in setup.indicators)
    batches = failures.load_open(connection) if watched else {}
    known = {r.indicator.id: r for r in before.readings()} if before else {}

    def read(indicator: Indicator) -> Reading:
        history = _history(connection, indicator.id, known.get(indicator.id), now)
        batch = batches.get(indicator.id) if indicator.investigate else None
        return readings.reading(indicator, stored.get(indicator.id), history, batch)

    panes = tuple(
        Pane(pane.id, pane.title, tuple(read(i) for i in pane.indicators)) for pane in setup.panes
    )
    uptime = read(setup.uptime) if setup.uptime else None
    users = read(setup.users) if setup.users else None
    return panes, uptime, users


def _history(
    connection: sqlite3.Connection, id: str, before: Reading | None, now: datetime
) -> tuple[Point, ...]:
    since = now - HISTORY_SHOWN
    if before is None or not before.history:
        return readings.points(connection, id, readings.MINUTE, since)
    # The newest minute may still be written to; everything before it is final.
    newest = before.history[-1].at
    kept = tuple(p for p in before.history if since <= p.at < newest)
    return kept + readings.points(connection, id, readings.MINUTE, max(newest, since))
