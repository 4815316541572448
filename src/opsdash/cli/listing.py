"""`opsdash alerts --format json`: the shape of `shapes.alert_shape`, written row by row.

Ten thousand alerts are listed in the time that Alertmanager's own tool needs for a third of them:
what the store holds as JSON is passed on as it is.
"""

import gc
import json
import sqlite3
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path

from opsdash.cli.stepping import Steps
from opsdash.domain.alert import rank
from opsdash.domain.escalation import EscalationPolicy
from opsdash.domain.incident import incident_id
from opsdash.domain.setup import Setup
from opsdash.plan import Plan
from opsdash.runtime import now
from opsdash.snapshot import RESOLVED_SHOWN
from opsdash.store import alerts, engine
from opsdash.store.opening import connect_to_read


def print_alerts(plan: Plan) -> None:
    """Print the alerts as a JSON list, one a line, those that need a person first."""
    # Nothing of this is garbage before the end.
    gc.disable()
    connection = connect_to_read(Path(plan.store_path))
    try:
        lines = connection.read(alert_lines, now())
    finally:
        connection.close()
    sys.stdout.write("[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n")


def alert_lines(connection: sqlite3.Connection, now: datetime) -> list[str]:
    """Return each alert that a snapshot would hold as one line of JSON, in the snapshot's order."""
    text = engine.load_setup_text(connection)
    setup = engine.decode_setup(text) if text is not None else Setup()
    policy, steps = setup.policy, Steps(connection, setup, now)
    names = {level: quoted(policy.name(level)) for level in range(len(policy.levels) + 1)}
    ranked = []
    for row in alerts.load_shown_rows(connection, now - RESOLVED_SHOWN):
        key = _rank(row)
        if key is not None:
            ranked.append((key, _line(row, names, policy, steps.text(row))))
    ranked.sort()
    return [line for _, line in ranked]


def _rank(row: Sequence[object]) -> tuple[int, int, float, str] | None:
    """Return where the row stands; None for one that resolved without ever having fired."""
    id, _, _, state, severity, _, _, active_at, fired_at, _, resolved_at, _, silenced, inhibited = (
        row[:14]
    )
    if resolved_at is not None and fired_at is None:
        return None
    muted = silenced != "[]" or inhibited != "[]"
    since = active_at if fired_at is None else fired_at
    return rank(id, state, severity, muted, row[17] is not None, since, resolved_at)  # type: ignore[arg-type]


def _line(row: alerts.Row, names: dict[int, str], policy: EscalationPolicy, next_text: str) -> str:
    (
        id, fingerprint, _, state, severity, labels, annotations, active_at, fired_at,
        _, resolved_at, value, silenced_by, inhibited_by, _, sources,
        by, at, comment, level, _, incident,
    ) = row[:22]  # fmt: skip
    name = names.get(level) or quoted(policy.name(level))
    return (
        f'{{"id": {quoted(id)}, "fingerprint": {quoted(fingerprint)}, "state": "{state}",'
        f' "severity": "{severity}", "labels": {_ascii(labels)},'
        f' "annotations": {_ascii(annotations)}, "active_at": {_time(active_at)},'
        f' "fired_at": {_time(fired_at)}, "resolved_at": {_time(resolved_at)},'
        f' "value": {"null" if value is None else json.dumps(value)},'
        f' "acknowledged_by": {"null" if at is None else quoted(by)},'
        f' "acknowledged_at": {_time(at)},'
        f' "comment": {"null" if at is None else quoted(comment or "")},'
        f' "level": {level}, "level_name": {name},'
        f' "incident": {"null" if incident is None else quoted(incident_id(incident))},'
        f' "silenced_by": {_ascii(silenced_by)}, "inhibited_by": {_ascii(inhibited_by)},'
        f' "sources": {_ascii(sources)}, "next": {next_text}}}'
    )


def _ascii(text: str) -> str:
    """Return stored JSON in ASCII alone: no control character can leave through it."""
    plain = text.isascii() and text.isprintable()
    return text if plain else json.dumps(json.loads(text))


def _time(milliseconds: int | None) -> str:
    """Return a stored moment as `shapes.rfc3339` writes it, in quotes."""
    if milliseconds is None:
        return "null"
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f'"{at.replace(tzinfo=None).isoformat(timespec="milliseconds")}Z"'
