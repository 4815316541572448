"""Rules that opsdash evaluates, as the rules screen shows them."""

import sqlite3
from datetime import datetime, timedelta
from typing import Any

from opsdash.domain.record import from_ms
from opsdash.domain.rules.view import RuleState, RuleView
from opsdash.domain.text import clean

_MS = timedelta(milliseconds=1)

_VIEWS = (
    "SELECT rule.id, rule.grp, rule.name, rule.file, rule.line, rule.expr, rule.hold_ms,"
    " rule.interval_ms, rule.state, rule.severity, rule.value, rule.threshold,"
    " count(rule_alert.rule) - count(rule_alert.fired_at), count(rule_alert.fired_at),"
    " rule.evaluated_at, rule.duration_us, rule.missed, rule.error, rule.error_since"
    " FROM rule LEFT JOIN rule_alert ON rule_alert.rule = rule.id"
    " GROUP BY rule.id ORDER BY rule.position"
)


def load_views(connection: sqlite3.Connection) -> tuple[RuleView, ...]:
    """Return every rule in the order of the files."""
    return tuple(map(_view, connection.execute(_VIEWS)))


def _view(row: tuple[Any, ...]) -> RuleView:
    (
        id, group, name, file, line, expr, hold, interval, state, severity, value, threshold,
        pending, firing, evaluated_at, duration, missed, error, error_since,
    ) = row  # fmt: skip
    return RuleView(
        id=id,
        group=clean(group),
        name=clean(name),
        file=clean(file),
        line=line,
        expr=clean(expr),
        hold=hold * _MS,
        interval=interval * _MS,
        state=RuleState(state),
        severity=clean(severity),
        value=value,
        threshold=clean(threshold),
        pending=pending,
        firing=firing,
        evaluated_at=_moment(evaluated_at),
        duration=None if duration is None else timedelta(microseconds=duration),
        missed=missed,
        error=None if error is None else clean(error),
        error_since=_moment(error_since),
    )


def _moment(value: int | None) -> datetime | None:
    return None if value is None else from_ms(value)
