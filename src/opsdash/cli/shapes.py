"""The JSON shapes that commands print: documented, in base units, times in RFC 3339."""

from datetime import datetime
from typing import Any

from opsdash.domain.alert import Alert, AlertState
from opsdash.domain.deployment import Deployment
from opsdash.domain.escalation import EscalationPolicy
from opsdash.domain.failures import FailureBatch
from opsdash.domain.freshness import Freshness, freshness
from opsdash.domain.incident import Incident, Reported
from opsdash.domain.indicator import Indicator, Level, Pane, Reading, Unit
from opsdash.domain.next_step import NextStep
from opsdash.domain.rules.view import RuleView
from opsdash.domain.silence import Silence
from opsdash.domain.text import SafeText, clean
from opsdash.domain.ticket import Ticket
from opsdash.snapshot import Snapshot


def status_shape(snapshot: Snapshot) -> dict[str, Any]:
    """Return the shape of `opsdash status --format json`."""
    policy = snapshot.setup.policy
    return {
        "status": snapshot.status,
        "as_of": rfc3339(snapshot.as_of),
        "panes": [
            {
                "id": pane.id,
                "title": pane.title,
                "indicators": [indicator_shape(r, snapshot) for r in pane.readings],
            }
            for pane in all_panes(snapshot)
        ],
        "alerts": [
            alert_shape(alert, policy, snapshot.next_step(alert))
            for alert in snapshot.alerts
            if alert.open
        ],
        "incidents": [incident_shape(incident) for incident in snapshot.incidents],
        "tickets": [ticket_shape(ticket) for ticket in snapshot.tickets if ticket.open],
        "problems": [
            {"id": p.id, "text": p.text, "since": rfc3339(p.since)} for p in snapshot.problems
        ],
        "engine": {
            "state": snapshot.engine.state,
            "holder": snapshot.engine.holder,
            "epoch": snapshot.engine.epoch,
            "heartbeat_at": rfc3339(snapshot.engine.heartbeat_at),
        },
    }


BOUND = "beyond the largest bucket of the histogram: at least this"
"""The reason beside a quantile of which only a lower bound is known."""


def indicator_shape(reading: Reading, snapshot: Snapshot) -> dict[str, Any]:
    """Return one indicator; a value that is no longer live is null, its age and reason say why."""
    now = snapshot.taken_at
    fresh = freshness(now, snapshot.setup.refresh, reading.read_at, reading.sampled_at)
    seen_at = reading.sampled_at or reading.read_at
    live = fresh is not Freshness.NO_DATA and reading.failed_at is None
    reason = reading.reason
    if fresh is Freshness.NO_DATA and reading.read_at is not None:
        reason = reason or "no data for too long"  # type: ignore[assignment]
    if reading.at_least and live:
        reason = reason or BOUND  # type: ignore[assignment]
    value, unit = _in_base_unit(reading.indicator, reading.value)
    compared, _ = _in_base_unit(reading.indicator, reading.compared)
    return {
        "id": reading.indicator.id,
        "title": reading.indicator.title,
        "value": value if live else None,
        "at_least": live and reading.at_least,
        "numerator": reading.numerator if live else None,
        "denominator": reading.denominator if live else None,
        "unit": unit,
        "level": reading.level if live and fresh is Freshness.LIVE else Level.UNKNOWN,
        "age_seconds": None if seen_at is None else round((now - seen_at).total_seconds(), 3),
        "reason": reason,
        "compared": compared if live else None,
        "labels": {name: clean(label) for name, label in reading.labels.items()} if live else {},
        "failures": None if reading.batch is None else failures_shape(reading.batch),
    }


def _in_base_unit(indicator: Indicator, value: float | None) -> tuple[float | None, Unit]:
    """Return a value and its unit as scripts get them: a query in percent is a ratio too."""
    if indicator.unit is not Unit.PERCENT:
        return value, indicator.unit
    return None if value is None else value / 100, Unit.RATIO


def failures_shape(batch: FailureBatch) -> dict[str, Any]:
    """Return one failure batch as `opsdash failures list --format json` lists it."""
    return {
        "id": batch.id,
        "indicator": batch.indicator,
        "state": batch.state,
        "count": batch.count,
        "opened_at": rfc3339(batch.opened_at),
        "grown_at": rfc3339(batch.grown_at),
        "by": batch.by or None,
        "at": rfc3339(batch.at),
        "note": batch.note or None,
        "ended_at": rfc3339(batch.ended_at),
    }


def alert_shape(alert: Alert, policy: EscalationPolicy, step: NextStep) -> dict[str, Any]:
    """Return one alert as `opsdash alerts --format json` lists it; `step` is what happens next."""
    taken = alert.acknowledgement
    return {
        "id": alert.id,
        "fingerprint": alert.fingerprint,
        "state": alert.state,
        "severity": alert.severity,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "active_at": rfc3339(alert.active_at),
        "fired_at": rfc3339(alert.fired_at),
        "resolved_at": rfc3339(alert.resolved_at),
        "value": alert.value,
        "acknowledged_by": taken.by if taken else None,
        "acknowledged_at": rfc3339(taken.at) if taken else None,
        "comment": taken.comment if taken else None,
        "level": alert.level,
        "level_name": policy.name(alert.level),
        "incident": alert.incident,
        "silenced_by": list(alert.silenced_by),
        "inhibited_by": list(alert.inhibited_by),
        "sources": list(alert.sources),
        "next": next_shape(step) if alert.open else None,
    }


def next_shape(step: NextStep) -> dict[str, Any]:
    """Return what happens next to an alert: what, in words, whom it reaches, and when."""
    return {
        "what": step.kind,
        "text": step.text,
        "whom": list(step.who),
        "at": rfc3339(step.at),
    }


def silence_shape(silence: Silence, now: datetime, hidden: int) -> dict[str, Any]:
    """Return one silence; `hidden` is how many open alerts it matches."""
    return {
        "id": silence.id,
        "state": silence.state(now),
        "matchers": [
            {"name": m.name, "op": m.op.value, "value": m.value} for m in silence.matchers
        ],
        "starts_at": rfc3339(silence.starts_at),
        "ends_at": rfc3339(silence.until),
        "created_by": silence.author,
        "comment": silence.comment,
        "ended_by": silence.ended_by,
        "alerts": hidden,
        "source": "opsdash" if silence.own else "alertmanager",
        "alertmanager_id": silence.remote,
        "error": silence.error,
    }


def incident_shape(incident: Incident) -> dict[str, Any]:
    """Return one incident."""
    return {
        "id": incident.id,
        "title": incident.title,
        "severity": incident.severity,
        "state": incident.state,
        "response": incident.response,
        "opened_at": rfc3339(incident.opened_at),
        "impact_at": rfc3339(incident.impact_at),
        "resolved_at": rfc3339(incident.resolved_at),
        "opened_by": incident.opened_by,
        "alerts": list(incident.alerts),
        "report": reported_shape(incident.reported),
        "owes_report": incident.owes_report,
    }


def reported_shape(reported: Reported | None) -> dict[str, Any] | None:
    """Return who said when that a report is written, and where it is; None where nobody did."""
    if reported is None:
        return None
    return {
        "by": reported.by,
        "at": rfc3339(reported.at),
        "url": reported.url or None,
        "note": reported.note or None,
    }


def ticket_shape(ticket: Ticket) -> dict[str, Any]:
    """Return one ticket."""
    return {
        "number": ticket.number,
        "subject": ticket.subject,
        "customer": ticket.customer,
        "priority": ticket.priority,
        "status": ticket.status,
        "created_at": rfc3339(ticket.created_at),
        "responded_at": rfc3339(ticket.responded_at),
        "resolved_at": rfc3339(ticket.resolved_at),
    }


def deployment_shape(deployment: Deployment) -> dict[str, Any]:
    """Return one deployment as `opsdash deploy list --format json` lists it."""
    return {
        "service": deployment.service,
        "version": deployment.version,
        "commit": deployment.commit,
        "author": deployment.author,
        "url": deployment.url,
        "at": rfc3339(deployment.at),
        "kind": deployment.kind,
        "source": deployment.source,
        "commits": [
            {"id": c.id, "author": c.author, "subject": c.subject, "at": rfc3339(c.at)}
            for c in deployment.commits
        ],
        "commit_count": deployment.commit_count,
        "note": deployment.note,
    }


def rule_shape(view: RuleView) -> dict[str, Any]:
    """Return one alert rule as `opsdash rules --format json` lists it."""
    took = view.duration
    return {
        "name": view.name,
        "group": view.group,
        "file": view.file or None,
        "line": view.line or None,
        "state": view.state,
        "severity": view.severity or None,
        "expr": view.expr,
        "value": view.value,
        "figure": view.figure,
        "threshold": view.threshold,
        "for_seconds": view.hold.total_seconds(),
        "interval_seconds": view.interval.total_seconds(),
        "pending": view.pending,
        "firing": view.firing,
        "evaluated_at": rfc3339(view.evaluated_at),
        "duration_seconds": None if took is None else took.total_seconds(),
        "missed": view.missed,
        "error": view.error,
        "error_since": rfc3339(view.error_since),
        "source": view.source or "opsdash",
    }


def alert_words(alert: Alert) -> str:
    """Return how an alert stands in one word or two, as the screen says it."""
    if alert.state is AlertState.RESOLVED:
        return "resolved"
    if alert.silenced_by:
        return "silenced"
    if alert.inhibited_by:
        return "inhibited"
    return alert.state


def rfc3339(at: datetime | None) -> str | None:
    """Return a moment in RFC 3339 with milliseconds, in UTC."""
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def all_panes(snapshot: Snapshot) -> tuple[Pane, ...]:
    """Return the metric panes, before them what the header has of figures: uptime and users."""
    found = tuple(r for r in (snapshot.uptime, snapshot.users) if r is not None)
    header = (Pane("header", SafeText("Header"), found),) if found else ()
    return (*header, *snapshot.panes)
