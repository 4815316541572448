"""The expected alert: one that always fires, and whose absence says that the way to us is broken."""

from datetime import datetime, timedelta
from typing import Protocol

from opsdash.domain.alert import Alert, AlertState, Observation
from opsdash.domain.duration import format_duration
from opsdash.domain.labels import fingerprint
from opsdash.domain.text import SafeText, clean
from opsdash.sources.source import AlertReport

MISSING = "WatchdogMissing"
"""The alert that is raised when the expected one is not there."""


class Watched(Protocol):
    """Where the open alerts are found, by fingerprint."""

    open_alerts: dict[str, Alert]


class WatchdogSource:
    """An alert source of one alert: it fires while the expected one has been missing for too long.

    What fires is looked up in the engine's own picture.
    """

    id = "watchdog"
    kind = "watchdog"

    def __init__(self, name: str, within: timedelta, watched: Watched) -> None:
        self._name = name
        self._within = within
        self._watched = watched
        self._missing_since: datetime | None = None

    async def alerts(self, now: datetime) -> AlertReport:
        """Return the alert that says that the expected one is missing, or nothing."""
        known = self._watched.open_alerts.values()
        if any(a.name == self._name and a.state is AlertState.FIRING for a in known):
            self._missing_since = None
            return AlertReport()
        self._missing_since = self._missing_since or now
        labels = {
            "alertname": SafeText(MISSING),
            "severity": SafeText("critical"),
            "service": SafeText("opsdash"),
            "expected": clean(self._name),
        }
        fires_at = self._missing_since + self._within
        firing = now >= fires_at
        within = format_duration(self._within)
        summary = clean(f"{self._name} has not been seen for {within}: alerts may not reach us")
        missing = Observation(
            fingerprint=fingerprint(labels),
            labels=labels,
            annotations={"summary": summary},
            state=AlertState.FIRING if firing else AlertState.PENDING,
            active_at=self._missing_since,
            fired_at=fires_at if firing else None,
            fires_at=None if firing else fires_at,
        )
        return AlertReport((missing,))

    async def close(self) -> None:
        """Do nothing: there is no connection."""
