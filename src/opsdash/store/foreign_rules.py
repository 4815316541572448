"""Rules that a source evaluates itself, as the rules screen shows them: one row a source."""

import json
import sqlite3
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.rules.view import RuleState, RuleView
from opsdash.domain.text import SafeText
from opsdash.store import changes

_MS = timedelta(milliseconds=1)


def save(connection: sqlite3.Connection, source: str, views: Iterable[RuleView]) -> None:
    """Store how the rules of a source stand."""
    connection.execute(
        "INSERT INTO foreign_rules (source, body) VALUES (?, ?)"
        " ON CONFLICT (source) DO UPDATE SET body = excluded.body",
        (source, json.dumps(list(map(_row, views)), ensure_ascii=False)),
    )
    changes.note_rules(connection)


def keep_only(connection: sqlite3.Connection, sources: Iterable[str]) -> None:
    """Forget the rules of sources that are configured no longer."""
    kept = set(sources)
    for (source,) in connection.execute("SELECT source FROM foreign_rules").fetchall():
        if source not in kept:
            connection.execute("DELETE FROM foreign_rules WHERE source = ?", (source,))
            changes.note_rules(connection)


def load_views(connection: sqlite3.Connection) -> tuple[RuleView, ...]:
    """Return the rules of all sources, in the order in which each lists them."""
    rows = connection.execute("SELECT source, body FROM foreign_rules ORDER BY source")
    return tuple(
        _view(f"{source}:{number}", source, row)
        for source, body in rows
        for number, row in enumerate(json.loads(body))
    )


def _row(view: RuleView) -> list[Any]:
    return [
        view.group,
        view.name,
        view.file,
        view.expr,
        view.hold // _MS,
        view.interval // _MS,
        view.state.value,
        view.severity,
        view.value,
        view.threshold,
        view.pending,
        view.firing,
        None if view.evaluated_at is None else to_ms(view.evaluated_at),
        None if view.duration is None else view.duration // timedelta(microseconds=1),
        view.error,
    ]


def _view(id: str, source: str, row: list[Any]) -> RuleView:
    (
        group, name, file, expr, hold, interval, state, severity, value, threshold, pending, firing,
        at, duration, error,
    ) = row  # fmt: skip
    return RuleView(
        id,
        SafeText(group),
        SafeText(name),
        SafeText(file),
        0,
        SafeText(expr),
        hold * _MS,
        interval * _MS,
        RuleState(state),
        SafeText(severity),
        value,
        SafeText(threshold),
        pending,
        firing,
        None if at is None else from_ms(at),
        None if duration is None else timedelta(microseconds=duration),
        0,
        None if error is None else SafeText(error),
        source=SafeText(source),
    )
