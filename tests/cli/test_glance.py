"""The status line's short way: it says what the whole picture says, or leaves the word to it."""

import sqlite3
from datetime import timedelta

import pytest

from opsdash.cli.glance import config_of
from opsdash.cli.tmux import line, line_of
from opsdash.domain.record import from_ms
from opsdash.snapshot import take_snapshot
from opsdash.store import changes, engine
from opsdash.store.summary import summarise
from tests.cli.conftest import Team


def test_it_says_what_the_whole_picture_says(live_team: Team) -> None:
    """Live, past every limit of freshness, muted, acknowledged and without a setup: the same line."""
    live_team.stop_engines()
    connection = sqlite3.connect(live_team.folder / "ops.db", isolation_level=None)
    # However busy the machine was while the engine wrote and ended, all of it is of one moment.
    (heartbeat,) = connection.execute("SELECT heartbeat_at FROM lease").fetchone()
    connection.execute("UPDATE lease SET cycle_at = ?", (heartbeat,))
    connection.execute("UPDATE reading SET read_at = ?, sampled_at = NULL", (heartbeat,))
    connection.execute("UPDATE source SET last_success = ?", (heartbeat,))
    now = from_ms(heartbeat)
    changed = (
        "SELECT 1",
        "UPDATE lease SET expires_at = heartbeat_at + 6000",
        "UPDATE alert SET silenced_by = '[\"x\"]' WHERE severity = 'critical'",
        "UPDATE reading SET level = 'ok'",
        "DELETE FROM alert WHERE severity = 'warning'",
        "UPDATE reading SET level = 'warn' WHERE indicator = 'cpu'",
        "UPDATE source SET state = 'failing'",
        "DELETE FROM reading WHERE indicator = 'cpu'",
        "DELETE FROM lease",
        "DELETE FROM setup",
    )
    said, aged = set(), False
    for statement in changed:
        connection.execute(statement)
        changes.note_read(connection)
        for seconds in (0, 1, 5, 14, 33, 120):
            moment = now + timedelta(seconds=seconds)
            whole = line_of(take_snapshot(connection, moment))
            assert line(*summarise(connection, moment)) == whole, (statement, seconds)
            aged |= whole.endswith(f"{seconds}s old#[default]")
            said.add(whole.partition("]")[2].split()[0].partition("#")[0])
    assert said >= {"CRITICAL", "UNKNOWN", "HEALTHY", "DEGRADED"}
    assert aged, "what is not live any more says how old it is"
    assert engine.load_setup_text(connection) is None


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("--format tmux", (True, None)),
        ("--format=tmux --config a.toml", (True, "a.toml")),
        ("--config=a.toml --format tmux", (True, "a.toml")),
        ("--format tmux --format json", (False, None)),
        ("--format", (False, None)),
        ("--format tmux --live", (False, None)),
        ("--help", (False, None)),
        ("", (False, None)),
    ],
)
def test_only_the_plain_line_goes_the_short_way(typed: str, found: tuple[bool, str | None]) -> None:
    """Whatever else is asked for is the command's own affair, its errors included."""
    assert config_of(typed.split()) == found


def test_a_store_of_another_version_is_left_to_the_command(live_team: Team) -> None:
    """A newer schema is refused in words, never read as if it were known."""
    assert live_team.run("status", "--format", "tmux").returncode == 2
    live_team.stop_engines()
    connection = sqlite3.connect(live_team.folder / "ops.db")
    connection.execute("PRAGMA user_version = 9999")
    connection.close()
    done = live_team.run("status", "--format", "tmux")
    assert (done.returncode, done.stdout) == (2, "")
    assert "upgrade opsdash" in done.stderr
