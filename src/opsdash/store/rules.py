"""Rules: how each stands for the rules screen, and its alerts for an engine that takes over."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.rules.evaluate import ActiveAlert, Memory
from opsdash.domain.rules.rule import AlertRule, RuleGroup, RuleState
from opsdash.domain.text import clean
from opsdash.store.changes import note_rules
from opsdash.store.rule_views import load_views

__all__ = ["keep_only", "load_memories", "load_views", "save"]

_MS = timedelta(milliseconds=1)


def keep_only(
    connection: sqlite3.Connection, groups: Iterable[RuleGroup], thresholds: Mapping[str, str]
) -> None:
    """Bring the list of rules to `groups`: new ones wait, others keep how they stand, the rest goes."""
    kept: list[str] = []
    for group in groups:
        for rule in group.rules:
            _describe(connection, group, rule, len(kept), thresholds.get(rule.id, ""))
            kept.append(rule.id)
    known = set(kept)
    for (id,) in connection.execute("SELECT id FROM rule").fetchall():
        if id not in known:
            connection.execute("DELETE FROM rule_alert WHERE rule = ?", (id,))
            connection.execute("DELETE FROM rule WHERE id = ?", (id,))
    note_rules(connection)


def _describe(
    connection: sqlite3.Connection,
    group: RuleGroup,
    rule: AlertRule,
    position: int,
    threshold: str,
) -> None:
    severity = rule.labels.get("severity")
    connection.execute(
        "INSERT INTO rule (id, position, grp, name, file, line, expr, hold_ms, interval_ms,"
        " severity, threshold, state, missed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
        " ON CONFLICT (id) DO UPDATE SET position = excluded.position, line = excluded.line,"
        " expr = excluded.expr, hold_ms = excluded.hold_ms, interval_ms = excluded.interval_ms,"
        " severity = excluded.severity, threshold = excluded.threshold",
        (
            rule.id,
            position,
            group.name,
            rule.name,
            rule.file,
            rule.line,
            rule.expr,
            rule.hold // _MS,
            group.interval // _MS,
            "" if severity is None else severity.text,
            threshold,
            RuleState.WAITING.value,
        ),
    )


def save(
    connection: sqlite3.Connection,
    id: str,
    before: Memory,
    after: Memory,
    duration: timedelta,
    missed: int,
    threshold: str | None = None,
) -> None:
    """Store how a rule stands after an evaluation, and what changed of its alerts.

    `threshold` is what its figure was held against, None where that is what it was.
    """
    connection.execute(
        "UPDATE rule SET state = ?, value = ?, evaluated_at = ?, duration_us = ?, missed = ?,"
        " error = ?, error_since = ?, threshold = COALESCE(?, threshold) WHERE id = ?",
        (
            after.state.value,
            after.value,
            _ms(after.at),
            duration // timedelta(microseconds=1),
            missed,
            after.error,
            _ms(after.error_since),
            threshold,
            id,
        ),
    )
    note_rules(connection)
    gone = [(id, key) for key in before.active if key not in after.active]
    connection.executemany("DELETE FROM rule_alert WHERE rule = ? AND fingerprint = ?", gone)
    changed = [
        _row(id, key, alert)
        for key, alert in after.active.items()
        if before.active.get(key) != alert
    ]
    connection.executemany(
        "INSERT INTO rule_alert (rule, fingerprint, labels, annotations, active_at, fired_at,"
        " kept_since, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (rule, fingerprint)"
        " DO UPDATE SET annotations = excluded.annotations, active_at = excluded.active_at,"
        " fired_at = excluded.fired_at, kept_since = excluded.kept_since, value = excluded.value",
        changed,
    )


def load_memories(connection: sqlite3.Connection) -> dict[str, Memory]:
    """Return what each rule remembers, by its id: an engine that takes over goes on from there."""
    active: dict[str, dict[str, ActiveAlert]] = {}
    for rule, key, *row in connection.execute(
        "SELECT rule, fingerprint, labels, annotations, active_at, fired_at, kept_since, value"
        " FROM rule_alert"
    ):
        active.setdefault(rule, {})[key] = _alert(row)
    rows = connection.execute("SELECT id, evaluated_at, state, value, error, error_since FROM rule")
    return {
        id: Memory(
            active.get(id, {}),
            _moment(at),
            RuleState(state),
            value,
            None if error is None else clean(error),
            _moment(since),
        )
        for id, at, state, value, error, since in rows
    }


def _row(id: str, key: str, alert: ActiveAlert) -> tuple[object, ...]:
    return (
        id,
        key,
        json.dumps(dict(alert.labels), ensure_ascii=True),
        json.dumps(dict(alert.annotations), ensure_ascii=True),
        to_ms(alert.active_at),
        _ms(alert.fired_at),
        _ms(alert.kept_since),
        # SQLite keeps no NaN: it would read back as nothing.
        repr(alert.value),
    )


def _alert(row: list[Any]) -> ActiveAlert:
    labels, annotations, active_at, fired_at, kept_since, value = row
    return ActiveAlert(
        json.loads(labels),
        json.loads(annotations),
        from_ms(active_at),
        float(value),
        _moment(fired_at),
        _moment(kept_since),
    )


def _ms(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)


def _moment(value: int | None) -> datetime | None:
    return None if value is None else from_ms(value)
