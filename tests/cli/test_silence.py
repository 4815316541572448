"""`silence add`, `list`, `edit` and `expire`: what the keys do, from a shell."""

import getpass
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.cli.conftest import Team
from tests.kit.waiting import wait_until


def _silences(team: Team, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        team.run("silence", "list", "--format", "json", *options).stdout
    )
    return found


def _alert(team: Team) -> dict[str, Any]:
    listed = json.loads(team.run("alerts", "--format", "json").stdout)
    return next(a for a in listed if a["labels"]["alertname"] == "HighErrorRate")


def test_a_silence_from_the_shell_hides_and_ends(live_team: Team) -> None:
    """Made by the person, listed in the documented shape, extended, and ended by its prefix."""
    dry = live_team.run("silence", "add", "HighErrorRate", "--dry-run")
    assert dry.returncode == 0
    assert "it matches 1 of the" in dry.stdout
    assert _silences(live_team) == []
    made = live_team.run(
        "silence", "add", "alertname=HighErrorRate", "job=~pay.*", "--for", "2h", "--comment", "CH"
    )
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith("silenced S1 until ")
    assert "it matches 1 of the" in made.stdout
    wait_until(lambda: _alert(live_team)["silenced_by"] == ["S1"])
    (listed,) = _silences(live_team)
    ends_at = datetime.fromisoformat(listed.pop("ends_at"))
    assert timedelta(minutes=118) < ends_at - datetime.now(UTC) < timedelta(hours=2)
    starts_at = datetime.fromisoformat(listed.pop("starts_at"))
    assert ends_at - starts_at == timedelta(hours=2)
    assert listed == {
        "id": "S1",
        "state": "active",
        "matchers": [
            {"name": "alertname", "op": "=", "value": "HighErrorRate"},
            {"name": "job", "op": "=~", "value": "pay.*"},
        ],
        "created_by": getpass.getuser(),
        "comment": "CH",
        "ended_by": None,
        "alerts": 1,
        "source": "opsdash",
        "alertmanager_id": None,
        "error": None,
    }
    longer = live_team.run("silence", "edit", "S1", "--for", "4h")
    assert longer.returncode == 0, longer.stderr
    text = live_team.run("silence", "list").stdout
    assert re.search(r"S1  active  3h5\dm", text), text
    ended = live_team.run("silence", "expire", "S1")
    assert (ended.returncode, ended.stdout) == (0, "ended S1\n")
    wait_until(lambda: _alert(live_team)["silenced_by"] == [])
    assert _silences(live_team) == []
    (over,) = _silences(live_team, "--expired")
    assert (over["state"], over["ended_by"]) == ("expired", getpass.getuser())
    again = live_team.run("silence", "expire", "S1")
    assert again.returncode == 2
    assert "S1: it ended" in again.stderr


def test_what_is_wrong_is_one_line(team: Team) -> None:
    """What cannot be is refused with what is wrong and what to do, and nothing is written."""
    for arguments, said in (
        (["X"], "a reason is needed"),
        (["x=~(", "--comment", "c"], "not a regular expression: missing closing )"),
        (["x=~(a+)+b", "--for", "soon", "--comment", "c"], "'soon' is not a duration"),
        (["x=~.*", "--comment", "c"], "it would hide everything"),
        (["x=y", "--for", "60d", "--comment", "c"], "lasts at most 30 days"),
        (['x="y', "--comment", "c"], "does not end"),
    ):
        done = team.run("silence", "add", *arguments)
        assert done.returncode == 2, arguments
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert team.run("silence", "list").stdout == "no silences\n"
    assert "no silence has the id" in team.run("silence", "expire", "S9").stderr
    assert "nothing to change" in team.run("silence", "edit", "S9").stderr


def test_a_silence_ahead_of_time_matches_nothing_yet(team: Team) -> None:
    """With no open alert it says so, and no sum of nothing."""
    done = team.run("silence", "add", "HighErrorRate", "--dry-run")
    assert "no alert is open\n" in done.stdout


def test_hostile_text_leaves_no_control_character(team: Team) -> None:
    """What came in by arguments goes out as visible text."""
    evil = "\x1b]0;x\x07[red]\u202e"
    made = team.run("silence", "add", f'x="{evil}"', "--comment", evil)
    assert made.returncode == 0, made.stderr
    for form in ("text", "json"):
        out = team.run("silence", "list", "--format", form).stdout
        assert not set(out) & {"\x1b", "\x07", "\u202e"}
        assert "[red]" in out
