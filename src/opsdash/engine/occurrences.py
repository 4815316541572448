"""Changes of alerts written down: occurrences numbered, entries told, incidents opened and resolved.

Everything here runs inside one transaction of the lease's holder.
"""

import sqlite3
from dataclasses import replace
from datetime import datetime

from opsdash import paging
from opsdash.domain.alert import Alert, AlertState, Severity
from opsdash.domain.incident import (
    Incident,
    IncidentState,
    ResponseStatus,
    incident_id,
    incident_number,
)
from opsdash.domain.maintenance import holding
from opsdash.domain.merge import Changes
from opsdash.domain.opening import Joins, Opens, place
from opsdash.domain.page import PageKind
from opsdash.domain.reach import names_reached
from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.engine import mutes
from opsdash.store import (
    alerts,
    changes,
    climbs,
    entries,
    incidents,
    maintenance,
    outbox,
    overrides,
)

_ENGINE = SafeText("engine")


def apply(
    connection: sqlite3.Connection, found: Changes, setup: Setup, now: datetime
) -> tuple[Alert, ...]:
    """Write all of `found`; return the opened occurrences with their ids."""
    change = changes.next_change(connection)
    setup = overrides.overridden(connection, setup, now)
    writing = _Writing(connection, setup, now, change)
    for alert in found.resolved:
        writing.resolve(alert)
    writing.follow_resolved()
    opened = tuple(writing.open(alert) for alert in found.opened)
    for alert in found.updated:
        writing.update(alert)
    return opened


def respond(connection: sqlite3.Connection, setup: Setup, alert: Alert, now: datetime) -> None:
    """Put an open alert before people that was kept from them until now."""
    change = changes.next_change(connection)
    _Writing(connection, overrides.overridden(connection, setup, now), now, change)._respond(alert)


def tell(connection: sqlite3.Connection, entry: Entry) -> bool:
    """Write one entry of the demo's story, whose `alert` is a fingerprint, on its newest occurrence.

    False where there is no such occurrence yet.
    """
    fingerprint = entry.alert or ""
    number = alerts.last_occurrence(connection, fingerprint)
    alert = alerts.load(connection, f"{fingerprint}/{number}")
    if alert is None or (alert.resolved_at is None and alert.active_at > entry.at):
        return False
    incident = None if alert.incident is None else incident_number(alert.incident)
    entries.add(connection, replace(entry, alert=alert.id), incident)
    response = _RESPONSE.get(entry.kind)
    current = None if incident is None else incidents.load_state(connection, incident)
    if response is not None and current is not None and incident is not None:
        state, _, _ = current
        if state is not IncidentState.RESOLVED:
            change = changes.next_change(connection)
            incidents.set_state(connection, incident, state, response, None, change)
    return True


_RESPONSE = {
    EntryKind.CLASSIFY: ResponseStatus.INVESTIGATING,
    EntryKind.ROOT_CAUSE: ResponseStatus.IDENTIFIED,
    EntryKind.DECISION: ResponseStatus.MITIGATING,
    EntryKind.ACTION: ResponseStatus.MONITORING,
}


class _Writing:
    """One transaction's worth of changes."""

    def __init__(
        self, connection: sqlite3.Connection, setup: Setup, now: datetime, change: int
    ) -> None:
        self.connection = connection
        self.setup = setup
        self.now = now
        self.change = change
        self.open_incidents = incidents.open_numbers(connection)
        self._storms: dict[str, Alert] = {}
        self._left_behind: dict[str, bool] = {}

    def open(self, alert: Alert) -> Alert:
        number = alerts.last_occurrence(self.connection, alert.fingerprint) + 1
        alert = replace(alert, id=f"{alert.fingerprint}/{number}", occurrence=number)
        alerts.insert(self.connection, alert, self.change)
        if alert.state is AlertState.FIRING:
            self._fire(alert)
        else:
            self._tell(alert, EntryKind.PENDING, self._why(alert, "pending"))
        if alert.muted:
            self._mute(alert)
        return alert

    def update(self, alert: Alert) -> None:
        before = alerts.load(self.connection, alert.id)
        if before is None or not before.open:
            return
        alerts.update_observed(self.connection, alert, self.change)
        # What people decided is theirs: the engine's picture of an alert does not have it.
        alert = replace(
            alert,
            incident=before.incident,
            level=before.level,
            acknowledgement=before.acknowledgement,
        )
        if alert.muted and not before.muted:
            self._mute(alert)
        elif before.muted and not alert.muted:
            self._unmute(before, alert)
        if before.state is AlertState.PENDING and alert.state is AlertState.FIRING:
            self._fire(alert)
        elif before.muted and not alert.muted and alert.state is AlertState.FIRING:
            self._respond(alert)

    def resolve(self, alert: Alert) -> None:
        current = alerts.load(self.connection, alert.id)
        if current is None or not current.open:
            return
        alerts.update_observed(self.connection, alert, self.change)
        began = alert.fired_at or alert.active_at
        what = "resolved" if alert.fired_at else "recovered before it fired,"
        alert = replace(alert, incident=current.incident)
        self._tell(alert, EntryKind.RESOLVED, f"{what} after {format_span(self.now - began)}")
        traces = paging.page_resolved(self.connection, self.setup, alert, self.now)
        self._storms |= dict.fromkeys(traces.bundles, alert)
        if current.incident is not None:
            led = self._left_behind.get(current.incident, False)
            self._left_behind[current.incident] = led or traces.led

    def follow_resolved(self) -> None:
        """Bring along what hangs on many alerts: asked once, and not of each of thousands."""
        for key, last in self._storms.items():
            paging.page_storm_resolved(self.connection, self.setup, key, last, self.now)
        for id, led in self._left_behind.items():
            if led:
                number = incident_number(id) or 0
                paging.page_left_behind(self.connection, self.setup, number, self.now)
            self._resolve_incident(id)

    def _fire(self, alert: Alert) -> None:
        waited = (alert.fired_at or self.now) - alert.active_at
        after = f"firing after {format_span(waited)}" if waited.total_seconds() >= 1 else "firing"
        self._tell(alert, EntryKind.FIRING, self._why(alert, after), alert.fired_at)
        if not alert.muted:
            self._respond(alert)

    def _respond(self, alert: Alert) -> None:
        """Put a firing alert that nothing mutes before people: its incident, its first level.

        One that people have moved or taken already, while it was pending or muted, stays so.
        """
        if self._is_held(alert):
            return
        if alert.incident is None:
            alert = self._place(alert)
        level = self.setup.policy_for(alert.labels).level(1)
        taken = alert.acknowledgement is not None or alert.level > 0
        if alert.severity is Severity.INFO or level is None or taken:
            return
        alerts.set_level(self.connection, alert.id, 1, self.now, self.change)
        reached = names_reached(self.setup, level, self.now)
        whom = f": {reached}" if reached else ""
        self._tell(alert, EntryKind.ESCALATE, f"level 1 {level.name}{whom}")
        paging.page_firing(self.connection, self.setup, alert, self.now)

    def _is_held(self, alert: Alert) -> bool:
        """Whether a maintenance window keeps an alert from people; the climb begins when it ends."""
        windows = maintenance.load_since(self.connection, self.now)
        window = holding(windows, alert, self.now)
        if window is None or not paging.pages(alert) or alert.level > 0:
            return False
        policy = self.setup.policy_for(alert.labels)
        climbs.begin(self.connection, alert, policy, None, due_at=window.until)
        until = format_span(window.until - self.now)
        text = f"not paged: maintenance by {window.by} for another {until}: {window.reason}"
        self._tell(alert, EntryKind.PAGE, text)
        return True

    def _mute(self, alert: Alert) -> None:
        """Tell what hides an alert, and let nothing leave for it that has not left."""
        said = mutes.said_of_mute(self.connection, alert, self.now)
        self._write(alert, EntryKind.SILENCED, said)
        if alert.silenced_by:
            alerts.set_unsilenced(self.connection, alert.id, None, self.change)
            kinds = (PageKind.TRIGGER, PageKind.NOTE)
            outbox.drop_waiting(self.connection, alert.id, kinds, said.text)

    def _unmute(self, before: Alert, alert: Alert) -> None:
        """Tell why an alert is shown again; one that was paged and fires on is paged again."""
        said = mutes.said_of_unmute(self.connection, before, self.now)
        self._write(alert, EntryKind.UNSILENCED, said)
        if not before.silenced_by or alert.state is not AlertState.FIRING:
            return
        alerts.set_unsilenced(self.connection, alert.id, self.now, self.change)
        if alert.level > 0 and alert.needs_person and paging.pages(alert):
            again = 1 + outbox.repeats(self.connection, alert.id)
            level, text = alert.level, said.text
            paging.page_level(
                self.connection, self.setup, alert, level, self.now, text=text, repeat=again
            )

    def _write(self, alert: Alert, kind: EntryKind, said: mutes.Said) -> None:
        number = None if alert.incident is None else incident_number(alert.incident)
        entry = Entry(self.now, said.by, kind, said.text, alert.id, claimed=said.claimed)
        entries.add(self.connection, entry, number)

    def _place(self, alert: Alert) -> Alert:
        where = place(alert, self.open_incidents)
        before = self._own_incident(alert) if isinstance(where, Opens) else None
        if before is not None:
            number = before
            self._reopen_incident(number)
            said = f"{incident_id(number)} reopened: {alert.name} fires again"
        elif isinstance(where, Opens):
            number = self._open_incident(alert, where.service)
            said = f"{incident_id(number)} opened, severity {alert.severity}"
        elif isinstance(where, Joins):
            number = where.number
            said = f"{alert.name} joined {incident_id(number)}"
        else:
            return alert
        alerts.set_incident(self.connection, alert.id, number, self.change)
        alert = replace(alert, incident=incident_id(number))
        self._tell(alert, EntryKind.INCIDENT, said)
        return alert

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

    def _reopen_incident(self, number: int) -> None:
        incidents.set_state(
            self.connection,
            number,
            IncidentState.TRIGGERED,
            ResponseStatus.INVESTIGATING,
            None,
            self.change,
        )
        self.open_incidents = incidents.open_numbers(self.connection)

    def _open_incident(self, alert: Alert, service: str) -> int:
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
        self.open_incidents[service] = number
        return number

    def _resolve_incident(self, id: str) -> None:
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
        self.open_incidents = incidents.open_numbers(self.connection)

    def _tell(self, alert: Alert, kind: EntryKind, text: str, at: datetime | None = None) -> None:
        number = None if alert.incident is None else incident_number(alert.incident)
        entry = Entry(at or self.now, _ENGINE, kind, clean(text), alert=alert.id)
        entries.add(self.connection, entry, number)

    def _why(self, alert: Alert, what: str) -> str:
        summary = alert.annotations.get("summary")
        return f"{what}: {summary}" if summary else what
