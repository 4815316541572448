"""Short ways to make observations and alerts in tests of the rules."""

from datetime import UTC, datetime, timedelta

from opsdash.domain.alert import Acknowledgement, Alert, AlertState, Observation, severity_of
from opsdash.domain.sight import Sight
from opsdash.domain.text import SafeText, clean

NOON = datetime(2025, 12, 22, 14, 5, tzinfo=UTC)
"""The minute in which the guide's alert fires."""


def after(seconds: float) -> datetime:
    """Return the moment `seconds` after the guide's alert fired."""
    return NOON + timedelta(seconds=seconds)


def observed(
    fingerprint: str = "aa",
    state: AlertState = AlertState.FIRING,
    *,
    active_at: datetime | None = None,
    fired_at: datetime | None = None,
    fires_at: datetime | None = None,
    value: float | None = None,
    silenced_by: tuple[str, ...] = (),
    **labels: str,
) -> Observation:
    """Return what a source says of an alert."""
    named = {"alertname": fingerprint.upper(), "severity": "critical", **labels}
    return Observation(
        fingerprint=fingerprint,
        labels={name: clean(value) for name, value in named.items()},
        annotations={},
        state=state,
        active_at=active_at,
        fired_at=fired_at,
        fires_at=fires_at,
        value=value,
        silenced_by=silenced_by,
    )


def sight(*seen: Observation, restarted: bool = False, at: datetime | None = None) -> Sight:
    """Return what a source shows."""
    return Sight({one.fingerprint: one for one in seen}, restarted, at)


def an_alert(
    fingerprint: str = "aa",
    state: AlertState = AlertState.FIRING,
    *,
    sources: tuple[str, ...] = ("am",),
    fired_at: datetime | None = NOON,
    taken_by: str | None = None,
    level: int = 0,
    silenced_by: tuple[str, ...] = (),
    resolved_at: datetime | None = None,
    occurrence: int = 1,
    **labels: str,
) -> Alert:
    """Return an occurrence."""
    named = {"alertname": fingerprint.upper(), "severity": "critical", **labels}
    return Alert(
        id=f"{fingerprint}/{occurrence}",
        fingerprint=fingerprint,
        occurrence=occurrence,
        state=state,
        severity=severity_of(named),
        labels={name: clean(value) for name, value in named.items()},
        annotations={},
        active_at=NOON - timedelta(minutes=5),
        fired_at=None if state is AlertState.PENDING else fired_at,
        resolved_at=resolved_at,
        silenced_by=silenced_by,
        sources=sources,
        acknowledgement=Acknowledgement(SafeText(taken_by), NOON) if taken_by else None,
        level=level,
    )
