"""What happens next to ten thousand alerts at once, as JSON: each distinct case is worked out once.

Alerts of one storm have the same level, clock and owner: the columns that an answer depends on tell
whether it is known already.
"""

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime

from opsdash.cli.shapes import next_shape
from opsdash.domain.alert import AlertState
from opsdash.domain.maintenance import holding
from opsdash.domain.routing import PAGE_LABEL
from opsdash.domain.setup import Setup
from opsdash.domain.upcoming import next_step
from opsdash.roster import shown_since
from opsdash.store import alerts, climbs, maintenance, overrides

_NAMES_SCHEDULES = f'"{PAGE_LABEL}"'


def next_texts(
    connection: sqlite3.Connection, setup: Setup, now: datetime
) -> Callable[[alerts.Row], str]:
    """Return what gives a stored alert's `next` as JSON; `null` for one that has resolved."""
    setup = overrides.overridden(connection, setup, shown_since(now))
    windows = [w for w in maintenance.load_since(connection, now) if w.start <= now]
    known: dict[tuple[object, ...], str] = {}
    stored = climbs.load_open_rows(connection)
    by_labels = bool(windows)
    policies: dict[str, bool] = {}

    def text_of(row: alerts.Row) -> str:
        if row[3] == AlertState.RESOLVED.value:
            return "null"
        climb = stored.get(row[0])
        case = None if climb is None else climb[1:]
        labels = row[5] if by_labels or _NAMES_SCHEDULES in row[5] or picky(climb) else ""
        since = row[7:9] if by_labels else ()
        # State, severity, when it fires, mutes, who has it since when, level and since when.
        key = (row[3], row[4], row[9], row[12], row[13], row[16], row[17], row[19], row[20])
        key = (*key, labels, *since, case)
        found = known.get(key)
        if found is None:
            found = known[key] = worked_out(row, climb)
        return found

    def picky(climb: climbs.Row | None) -> bool:
        """Whether a climb's policy asks for labels."""
        if climb is None:
            return False
        body = climb[-1]
        if body not in policies:
            levels = climbs.from_row(climb).policy.levels
            policies[body] = any(level.matching for level in levels)
        return policies[body]

    def worked_out(row: alerts.Row, climb: climbs.Row | None) -> str:
        alert = alerts.from_row(row)
        held = holding(windows, alert, now)
        whole = None if climb is None else climbs.from_row(climb)
        return json.dumps(next_shape(next_step(alert, whole, setup, now, held)))

    return text_of
