"""`alerts --format json`, written by rows, says what the whole picture says, in ASCII."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta

from opsdash.cli.listing import alert_lines
from opsdash.cli.shapes import alert_shape
from opsdash.snapshot import take_snapshot
from tests.cli.conftest import Team


def test_it_lists_what_the_whole_picture_holds_in_its_order(live_team: Team) -> None:
    """Firing, pending, muted, taken, resolved, never fired, with other scripts' text: equal shapes."""
    alert = json.loads(live_team.run("alerts", "--format", "json").stdout)[0]
    assert live_team.run("ack", alert["id"], "--comment", "ß → \u2028").returncode == 0
    live_team.stop_engines()
    connection = sqlite3.connect(live_team.folder / "ops.db", isolation_level=None)
    now = datetime.now(UTC)
    resolved = int((now - timedelta(minutes=5)).timestamp() * 1000)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(alert)")]
    changes = {
        "a": {"state": "'pending'", "fired_at": "NULL"},
        "b": {"silenced_by": "'[\"ü\"]'", "severity": "'info'"},
        "c": {"state": "'resolved'", "resolved_at": str(resolved)},
        "d": {"state": "'resolved'", "resolved_at": str(resolved), "fired_at": "NULL"},
        "e": {"labels": '\'{"alertname": "Ünï → \\" code"}\'', "value": "1e300"},
        "f": {"state": "'resolved'", "resolved_at": str(resolved - 7_200_000)},
    }
    for letter, changed in changes.items():
        copied = {name: changed.get(name, name) for name in columns}
        copied |= {"id": f"'{letter * 16}/1'", "fingerprint": f"'{letter * 16}'"}
        connection.execute(
            f"INSERT INTO alert ({', '.join(columns)}) SELECT {', '.join(copied.values())}"
            " FROM alert WHERE id = ?",
            (alert["id"],),
        )
    whole = take_snapshot(connection, now)
    lines = alert_lines(connection, now)
    wanted = [alert_shape(a, whole.setup.policy, whole.next_step(a)) for a in whole.alerts]
    assert [json.loads(line) for line in lines] == json.loads(json.dumps(wanted))
    assert {line["id"][0] for line in map(json.loads, lines)} >= set("abce")
    assert all(line.isascii() and line.isprintable() for line in lines)
