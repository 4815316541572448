"""Changes of alerts written down: occurrences numbered, entries told, people paged.

Everything here runs inside one transaction of the lease's holder.
"""

import sqlite3
from dataclasses import replace
from datetime import datetime

from opsdash import paging
from opsdash.domain.alert import Alert, AlertState, Severity
from opsdash.domain.incident import (
    incident_number,
)
from opsdash.domain.maintenance import holding
from opsdash.domain.merge import Changes
from opsdash.domain.page import PageKind
from opsdash.domain.reach import names_reached
from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.engine import mutes
from opsdash.engine.incident_book import IncidentBook
from opsdash.store import (
    alerts,
    changes,
    climbs,
    entries,
    maintenance,
    outbox,
    overrides,
    sightings,
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


class _Writing:
    """One transaction's worth of changes."""

    def __init__(
        self, connection: sqlite3.Connection, setup: Setup, now: datetime, change: int
    ) -> None:
        self.connection = connection
        self.setup = setup
        self.now = now
        self.change = change
        self.incidents = IncidentBook(connection, setup, now, change)
        self._storms: dict[str, Alert] = {}
        self._left_behind: dict[str, bool] = {}

    def open(self, alert: Alert) -> Alert:
        number = alerts.last_occurrence(self.connection, alert.fingerprint) + 1
        alert = replace(alert, id=f"{alert.fingerprint}/{number}", occurrence=number)
        alerts.insert(self.connection, alert, self.change)
        sightings.begin_occurrence(self.connection, alert.id, alert.fingerprint)
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
        # Only a source ends an alert; what a person ends is the incident, under their name.
        whose = (
            f"resolved by source {', '.join(current.sources)}" if current.sources else "resolved"
        )
        what = whose if alert.fired_at else "recovered before it fired,"
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
            self.incidents.resolve_if_over(id)

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
            alert, said = self.incidents.place(alert)
            if said:
                self._tell(alert, EntryKind.INCIDENT, said)
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
        if alert.state is not AlertState.FIRING:
            return
        if before.silenced_by:
            alerts.set_unsilenced(self.connection, alert.id, self.now, self.change)
        elif not self._was_kept_back(alert):
            return
        if alert.level > 0 and alert.needs_person and paging.pages(alert):
            again = 1 + outbox.repeats(self.connection, alert.id)
            level, text = alert.level, said.text
            paging.page_level(
                self.connection, self.setup, alert, level, self.now, text=text, repeat=again
            )

    def _was_kept_back(self, alert: Alert) -> bool:
        """Whether somebody's last page of an alert was dropped before it left: inhibited meanwhile."""
        told = outbox.load_of_key(self.connection, alert.id)
        last = {
            (one.destination.notifier, one.destination.address): one.state
            for one in told
            if one.page.kind is PageKind.TRIGGER
        }
        return outbox.LetterState.DROPPED in last.values()

    def _write(self, alert: Alert, kind: EntryKind, said: mutes.Said) -> None:
        number = incident_number(alert.incident)
        entry = Entry(self.now, said.by, kind, said.text, alert.id, claimed=said.claimed)
        entries.add(self.connection, entry, number)

    def _tell(self, alert: Alert, kind: EntryKind, text: str, at: datetime | None = None) -> None:
        number = incident_number(alert.incident)
        entry = Entry(at or self.now, _ENGINE, kind, clean(text), alert=alert.id)
        entries.add(self.connection, entry, number)

    def _why(self, alert: Alert, what: str) -> str:
        summary = alert.annotations.get("summary")
        return f"{what}: {summary}" if summary else what
