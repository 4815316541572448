"""What happens next to ten thousand alerts at once, as JSON: each distinct case is worked out once.

Alerts of one storm have the same level, clock and owner: the columns that an answer depends on tell
whether it is known already.
"""

import json
import sqlite3
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


class Steps:
    """The next steps of what a store holds at `now`."""

    def __init__(self, connection: sqlite3.Connection, setup: Setup, now: datetime) -> None:
        self._setup = overrides.overridden(connection, setup, shown_since(now))
        self._now = now
        windows = maintenance.load_since(connection, now)
        self._windows = [window for window in windows if window.start <= now]
        self._climbs = climbs.load_open_rows(connection)
        self._policies = climbs.load_policies(connection)
        self._picky = {
            key for key, policy in self._policies.items() if any(x.matching for x in policy.levels)
        }
        self._known: dict[tuple[object, ...], str] = {}

    def text(self, row: alerts.Row) -> str:
        """Return the `next` of a stored alert as JSON; `null` for one that has resolved."""
        if row[3] == AlertState.RESOLVED.value:
            return "null"
        climb = self._climbs.get(row[0])
        labels, since = "", ()
        if self._windows:
            labels, since = row[5], row[7:9]
        elif _NAMES_SCHEDULES in row[5] or (climb and (climb[-1], climb[1]) in self._picky):
            labels = row[5]
        # State, severity, when it fires, mutes, who has it since when, level and since when.
        own = (row[3], row[4], row[9], row[12], row[13], row[16], row[17], row[19], row[20])
        key = (*own, labels, *since, climb and climb[1:])
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._worked_out(row, climb, bool(labels))
        return found

    def _worked_out(self, row: alerts.Row, climb: climbs.Row | None, by_labels: bool) -> str:
        alert = alerts.from_row(row) if by_labels else alerts.without_words(row)
        held = holding(self._windows, alert, self._now)
        whole = None
        if climb is not None:
            whole = climbs.from_row(climb, self._policies[climb[-1], climb[1]])
        return json.dumps(next_shape(next_step(alert, whole, self._setup, self._now, held)))
