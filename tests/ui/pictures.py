"""Hand-made snapshots: an evening with an incident, a quiet one, and a blind one."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from opsdash.domain.alert import Acknowledgement, Alert, AlertState, Severity, urgency
from opsdash.domain.climb import Climb
from opsdash.domain.escalation import DEFAULT_POLICY
from opsdash.domain.incident import Incident, IncidentState, ResponseStatus
from opsdash.domain.indicator import Indicator, Level, Pane, Reading, judge
from opsdash.domain.on_call import OnCall
from opsdash.domain.sample import Answer, Point
from opsdash.domain.schedule import Person
from opsdash.domain.setup import Setup
from opsdash.domain.source import EngineState, EngineView, SourceState, SourceView
from opsdash.domain.status import Status
from opsdash.domain.text import SafeText, clean
from opsdash.domain.ticket import Priority, Ticket, TicketStatus
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.presets import DEFAULT_PANES, UPTIME, USERS
from opsdash.roster import Roster
from opsdash.snapshot import Snapshot

NOW = datetime(2025, 12, 22, 14, 6, 12, tzinfo=UTC)
"""The moment of every picture: a Monday, eight minutes into the guide's incident."""

VALUES = {
    "p95": (0.318, 0.14),
    "error_ratio": (0.025, 0.0006),
    "transactions": (45.0, 47.0),
    "requests": (212.0, 180.0),
    "cpu": (0.98, 0.45),
    "memory": (0.62, 0.61),
    "disk": (0.35, 0.35),
    "database_p95": (0.18, 0.17),
    "pods": (2.0, 2.0),
    "success_ratio": (0.9998, 0.9999),
    "failed": (2.0, 1.0),
    "processing": (1.2, 1.1),
    "stripe": (1.0, 1.0),
    "uptime": (0.9998, 0.9999),
    "users": (2450.0, 2130.0),
}
"""Each indicator's value now, and what it was before the incident."""


def ago(**length: float) -> datetime:
    """Return the moment that long before `NOW`."""
    return NOW - timedelta(**length)


def history(value: float, before: float) -> tuple[Point, ...]:
    """Return an hour by the minute: calm, then eight minutes towards `value`."""
    points = []
    for minute in range(61):
        share = max(0.0, (minute - 52) / 8)
        wave = 1 + 0.03 * math.sin(minute / 3)
        points.append(Point(ago(minutes=60 - minute), (before + (value - before) * share) * wave))
    return tuple(points)


def reading(indicator: Indicator, age: timedelta = timedelta(seconds=2)) -> Reading:
    """Return a reading of an indicator as it is in the incident."""
    value, before = VALUES[indicator.id]
    return Reading(
        indicator,
        value=value,
        level=judge(indicator, Answer(value, NOW)),
        read_at=NOW - age,
        sampled_at=NOW - age - timedelta(seconds=1),
        compared=before if indicator.compare else None,
        history=history(value, before),
    )


def panes() -> tuple[Pane, ...]:
    """Return the three metric panes with their default indicators."""
    return tuple(
        Pane(setup.id, setup.title, tuple(reading(i) for i in setup.indicators))
        for setup in DEFAULT_PANES
    )


def alert(name: str, **changes: object) -> Alert:
    """Return a critical alert that has fired for 72 seconds and that nobody has."""
    fingerprint = f"{sum(map(ord, name)):016x}"
    words = {"severity": "critical", "job": "payments-api", "alertname": name}
    made = Alert(
        id=f"{fingerprint}/1",
        fingerprint=fingerprint,
        occurrence=1,
        state=AlertState.FIRING,
        severity=Severity.CRITICAL,
        labels={key: clean(value) for key, value in words.items()},
        annotations={"summary": clean(f"{name} in payments")},
        active_at=ago(seconds=372),
        fired_at=ago(seconds=72),
        sources=("prometheus",),
        level=1,
        level_at=changes.get("fired_at", ago(seconds=72)),  # type: ignore[arg-type]
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def alerts() -> tuple[Alert, ...]:
    """Return one alert of every kind, in the order of urgency."""
    warning = Severity.WARNING
    found = (
        alert(
            "HighErrorRate",
            labels=_words(
                alertname="HighErrorRate", job="payments-api", severity="critical", page="primary"
            ),
            annotations=_words(
                summary="High error rate detected in payments API",
                description="2.5% > 1% of requests answered 5xx, over 5m",
                runbook_url="https://runbooks.example.com/payments/HighErrorRate",
            ),
            incident="INC-001",
        ),
        alert(
            "CPUSaturated",
            severity=warning,
            fired_at=ago(seconds=58),
            labels=_words(alertname="CPUSaturated", pod="payments-1", severity="warning"),
            annotations=_words(description="98% > 90%"),
            incident="INC-001",
        ),
        alert(
            "DatabasePerformanceDegraded",
            state=AlertState.PENDING,
            active_at=ago(seconds=40),
            fired_at=None,
            fires_at=ago(seconds=-260),
            level=0,
            labels=_words(alertname="DatabasePerformanceDegraded", job="payments-db"),
            annotations=_words(description="p95 512ms > 500ms per query, over 5m"),
        ),
        alert(
            "DiskWillFill",
            severity=warning,
            fired_at=ago(hours=3, minutes=2),
            acknowledgement=Acknowledgement(
                SafeText("john"), ago(hours=2, minutes=3), SafeText("vacuum running")
            ),
            labels=_words(alertname="DiskWillFill", instance="payments-db", severity="warning"),
            annotations=_words(description="full in 21h"),
        ),
        alert(
            "CertExpiresSoon",
            severity=warning,
            fired_at=ago(days=2, hours=4),
            silenced_by=("a1b2c3d4e5f60718",),
            level=0,
            labels=_words(alertname="CertExpiresSoon", instance="edge"),
            annotations=_words(description="13 days"),
        ),
        alert(
            "ReplicaLag",
            state=AlertState.RESOLVED,
            fired_at=ago(minutes=68),
            resolved_at=ago(minutes=6),
            level=1,
            labels=_words(alertname="ReplicaLag", instance="payments-db-2"),
            annotations=_words(description="was 34s > 30s"),
        ),
    )
    return tuple(sorted(found, key=urgency))


def _words(**words: str) -> dict[str, SafeText]:
    return {name: clean(value) for name, value in words.items()}


def entries() -> tuple[Entry, ...]:
    """Return the timeline of HighErrorRate."""
    id = alert("HighErrorRate").id
    told = (
        (72, "engine", EntryKind.FIRING, "firing after 5m: 2.5% > 1%"),
        (72, "engine", EntryKind.INCIDENT, "INC-001 opened, severity critical"),
        (71, "engine", EntryKind.ESCALATE, "level 1 On-call engineer (John)"),
        (14, "engine", EntryKind.JOIN, "CPUSaturated joined INC-001"),
    )
    return tuple(
        Entry(ago(seconds=s), clean(by), kind, clean(text), alert=id, id=n)
        for n, (s, by, kind, text) in enumerate(told, 1)
    )


def tickets() -> tuple[Ticket, ...]:
    """Return three open tickets, in order."""
    return (
        Ticket(
            131,
            SafeText("No one can pay with Apple Pay"),
            SafeText("ops@example.com"),
            ago(minutes=48),
            Priority.P1,
            TicketStatus.OPEN,
            category=SafeText("Payment issue"),
            description=SafeText("Every Apple Pay payment fails since noon."),
        ),
        Ticket(
            128,
            SafeText("Payment failures for EU cards"),
            SafeText("shop@example.com"),
            ago(hours=17),
            Priority.P2,
            TicketStatus.OPEN,
            responded_at=ago(hours=16, minutes=29),
        ),
        Ticket(
            130,
            SafeText("Receipt shows the wrong time zone"),
            SafeText("user7@example.com"),
            ago(hours=21),
            Priority.P3,
            TicketStatus.PENDING,
            responded_at=ago(hours=19),
        ),
    )


def sources() -> tuple[SourceView, ...]:
    """Return two sources that answer."""
    return (
        SourceView("prometheus", "prometheus", SourceState.OK, ago(hours=5), ago(seconds=2)),
        SourceView("alertmanager", "alertmanager", SourceState.OK, ago(hours=5), ago(seconds=3)),
    )


def incident() -> Incident:
    """Return INC-001."""
    return Incident(
        "INC-001",
        SafeText("High error rate detected in payments API"),
        Severity.CRITICAL,
        IncidentState.TRIGGERED,
        ResponseStatus.INVESTIGATING,
        ago(seconds=72),
        ago(seconds=372),
        SafeText("engine"),
        alerts=(alert("HighErrorRate").id, alert("CPUSaturated").id),
    )


SETUP = Setup(
    panes=DEFAULT_PANES,
    uptime=UPTIME,
    users=USERS,
    people=(
        Person("john", SafeText("John")),
        Person("tech-lead", SafeText("Maria")),
        Person("pm", SafeText("Pat")),
        Person("ceo", SafeText("Chris")),
    ),
)


def climbs(found: Sequence[Alert]) -> dict[str, Climb]:
    """Return how far each open alert that fires is on the default policy, by the alert's id."""
    return {
        a.id: Climb(
            a.id,
            DEFAULT_POLICY,
            began_at=(a.level_at or a.active_at) - DEFAULT_POLICY.after(a.level),
            level=a.level,
            acknowledged=a.acknowledgement is not None,
        )
        for a in found
        if a.state is AlertState.FIRING and a.level
    }


def climbing(*found: Alert) -> Snapshot:
    """Return the evening with these alerts instead, each on its way up the default policy."""
    return replace(busy(), alerts=found, roster=Roster(climbs(found)))


def busy() -> Snapshot:
    """Return the evening of the incident."""
    return Snapshot(
        taken_at=NOW,
        setup=SETUP,
        status=Status.CRITICAL,
        engine=EngineView(
            EngineState.RUNNING, SafeText("engine on host, pid 7"), 1, ago(seconds=1)
        ),
        panes=panes(),
        uptime=reading(UPTIME),
        users=reading(USERS),
        alerts=alerts(),
        roster=Roster(climbs(alerts())),
        incidents=(incident(),),
        tickets=tickets(),
        sources=sources(),
        on_call=(OnCall("primary", SafeText("John"), NOW + timedelta(days=1, hours=19)),),
        as_of=ago(seconds=2),
    )


def quiet() -> Snapshot:
    """Return an evening on which nothing fires and everything answers."""
    calm = tuple(
        replace(
            pane,
            readings=tuple(
                replace(r, value=VALUES[r.indicator.id][1], level=Level.OK) for r in pane.readings
            ),
        )
        for pane in panes()
    )
    return replace(busy(), status=Status.HEALTHY, panes=calm, alerts=(), incidents=(), tickets=())


def blind() -> Snapshot:
    """Return an evening on which nothing fires because nothing answers."""
    silent = tuple(
        replace(
            source,
            state=SourceState.FAILING,
            since=ago(minutes=4),
            last_success=ago(minutes=4),
            reason=SafeText("connection refused"),
        )
        for source in sources()
    )
    old = tuple(
        replace(
            pane,
            readings=tuple(reading(r.indicator, timedelta(minutes=4)) for r in pane.readings),
        )
        for pane in panes()
    )
    return replace(
        quiet(),
        status=Status.UNKNOWN,
        panes=old,
        sources=silent,
        uptime=reading(UPTIME, timedelta(minutes=4)),
        users=reading(USERS, timedelta(minutes=4)),
    )


def named(snapshot: Snapshot, ids: Sequence[str]) -> list[str]:
    """Return the names of alerts by id."""
    names = {a.id: str(a.name) for a in snapshot.alerts}
    return [names.get(id, id) for id in ids]
