"""The newest entries of an incident, read once however many of its alerts the cursor passes."""

import sqlite3

from opsdash.domain.timeline import Entry
from opsdash.store import entries


class Stories:
    """Remembers the incident that was asked for last, until anything is written in any timeline."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: tuple[tuple[int, int], tuple[Entry, ...]] | None = None

    def newest(self, connection: sqlite3.Connection, incident: int) -> tuple[Entry, ...]:
        """Return the entries written last of incident number `incident`, oldest first."""
        key = (incident, entries.last_id(connection))
        if self._known is None or self._known[0] != key:
            found = entries.load_newest_of_incident(connection, incident, self._limit)
            self._known = (key, found)
        return self._known[1]
