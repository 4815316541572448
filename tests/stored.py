"""A store with alerts in it, written as the engine writes them, for tests of what people do with them."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from opsdash.domain.alert import Alert
from opsdash.domain.merge import Changes
from opsdash.domain.setup import Setup
from opsdash.engine import occurrences
from opsdash.store import engine


def put(
    connection: sqlite3.Connection, setup: Setup, now: datetime, *opened: Alert
) -> tuple[Alert, ...]:
    """Write alerts as new occurrences, with their incidents and first level."""
    engine.save_setup(connection, setup, now)
    return occurrences.apply(connection, Changes(opened=opened), setup, now)


def end(
    connection: sqlite3.Connection, setup: Setup, now: datetime, resolved: Sequence[Alert]
) -> None:
    """Write that alerts resolved."""
    from opsdash.domain.alert import AlertState

    ended = tuple(replace(alert, state=AlertState.RESOLVED, resolved_at=now) for alert in resolved)
    occurrences.apply(connection, Changes(resolved=ended), setup, now)


def ago(now: datetime, seconds: float) -> datetime:
    """Return the moment `seconds` before `now`."""
    return now - timedelta(seconds=seconds)
