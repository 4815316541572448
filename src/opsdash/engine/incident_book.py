"""Incidents that the engine opens, joins, opens again and resolves with the alerts that belong to them."""

import sqlite3
from dataclasses import replace
from datetime import datetime

from opsdash.domain.alert import Alert
from opsdash.domain.incident import (
    Incident,
    IncidentState,
    ResponseStatus,
    incident_id,
    incident_number,
)
from opsdash.domain.opening import Joins, Opens, place
from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.store import alerts, changes, entries, incidents

_ENGINE = SafeText("engine")


class IncidentBook:
    """The incidents of one transaction, written under one change number."""

    def __init__(
        self, connection: sqlite3.Connection, setup: Setup, now: datetime, change: int
    ) -> None:
        self.connection = connection
        self.setup = setup
        self.now = now
        self.change = change
        self.open_numbers = incidents.open_numbers(connection)

    def place(self, alert: Alert) -> tuple[Alert, str]:
        """Give a firing alert its incident; return it so, and what its timeline is told, "" for nothing."""
        where = place(alert, self.open_numbers)
        before = self._own_incident(alert) if isinstance(where, Opens) else None
        if before is not None:
            number = before
            self._reopen(number)
            said = f"{incident_id(number)} reopened: {alert.name} fires again"
        elif isinstance(where, Opens):
            number = self._open(alert, where.service)
            said = f"{incident_id(number)} opened, severity {alert.severity}"
        elif isinstance(where, Joins):
            number = where.number
            said = f"{alert.name} joined {incident_id(number)}"
        else:
            return alert, ""
        alerts.set_incident(self.connection, alert.id, number, self.change)
        return replace(alert, incident=incident_id(number)), said

    def resolve_if_over(self, id: str) -> None:
        """Resolve an incident none of whose alerts is open."""
        number = incident_number(id)
        if number is None or incidents.has_open_alerts(self.connection, number):
            return
        current = incidents.load_state(self.connection, number)
        if current is None or current[0] is IncidentState.RESOLVED:
            return
        incidents.set_state(
            self.connection,
            number,
            IncidentState.RESOLVED,
            ResponseStatus.RESOLVED,
            self.now,
            self.change,
        )
        took = format_span(self.now - current[2])
        text = clean(f"{id} resolved after {took}: none of its alerts is left")
        entry = Entry(self.now, _ENGINE, EntryKind.STATUS, text)
        entries.add(self.connection, entry, number)
        self.open_numbers = incidents.open_numbers(self.connection)

    def _own_incident(self, alert: Alert) -> int | None:
        """Return the incident that this alert's last occurrence left resolved a moment ago.

        An alert that flaps is one incident, and not one more each time.
        """
        last = next(iter(alerts.load_earlier(self.connection, alert, 1)), None)
        lately = self.now - self.setup.paging.flap_window
        if last is None or last.incident is None or (last.resolved_at or self.now) < lately:
            return None
        number = incident_number(last.incident)
        current = None if number is None else incidents.load_state(self.connection, number)
        return number if current is not None and current[1] is ResponseStatus.RESOLVED else None

    def _reopen(self, number: int) -> None:
        incidents.set_state(
            self.connection,
            number,
            IncidentState.TRIGGERED,
            ResponseStatus.INVESTIGATING,
            None,
            self.change,
        )
        self.open_numbers = incidents.open_numbers(self.connection)

    def _open(self, alert: Alert, service: str) -> int:
        number = changes.next_incident(self.connection)
        title = alert.annotations.get("summary") or alert.name
        incident = Incident(
            id=incident_id(number),
            title=SafeText(title),
            severity=alert.severity,
            state=IncidentState.TRIGGERED,
            response=ResponseStatus.INVESTIGATING,
            opened_at=self.now,
            impact_at=alert.active_at,
            opened_by=_ENGINE,
        )
        incidents.insert(self.connection, number, incident, service, self.change)
        self.open_numbers[service] = number
        return number
