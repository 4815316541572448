"""`opsdash status`: one shot, honest about age, with an exit status for scripts."""

import json

import pytest

from opsdash.cli.status import print_text
from tests.cli.conftest import Team
from tests.ui import pictures


def test_text_says_the_status_and_each_figure(live_team: Team) -> None:
    """A firing critical alert makes the status critical, exit 2, with every tile and the alert below."""
    done = live_team.run("status")
    assert done.returncode == 2
    assert done.stdout.splitlines()[0].startswith("Payment App Production: critical, as of ")
    for title in ("Response p95", "Error rate", "CPU", "Memory", "Disk", "Stripe"):
        assert title in done.stdout
    assert "HighErrorRate" in done.stdout


def test_the_figures_of_the_header_are_figures_too(live_team: Team) -> None:
    """Uptime and users stand first, and a disk's figure says which filesystem is the fullest."""
    lines = live_team.run("status").stdout.splitlines()
    first = next(at for at, words in enumerate(lines) if words.startswith("  Uptime 24h"))
    assert lines[first + 1].startswith("  Active users")
    assert next(words for words in lines if words.startswith("  Disk")).endswith("  (/var)")


def test_a_figure_comes_with_what_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    """By how much users changed since yesterday, and what a share was at yesterday's peak."""
    print_text(pictures.busy())
    lines = capsys.readouterr().out.splitlines()
    users = next(words for words in lines if words.startswith("  Active users"))
    assert users.endswith("  (+15%, was 2,130 1d ago)")
    cpu = next(words for words in lines if words.startswith("  CPU"))
    assert cpu.endswith("  (was 45 % 1d ago)")


def test_json_has_the_documented_shape(live_team: Team) -> None:
    """The JSON of `status` holds status, panes, alerts, incidents, tickets, problems and engine."""
    shape = json.loads(live_team.run("status", "--format", "json").stdout)
    assert set(shape) == {
        "status", "as_of", "panes", "alerts", "incidents", "tickets", "problems", "engine",
    }  # fmt: skip
    assert shape["status"] == "critical"
    assert [pane["id"] for pane in shape["panes"]] == [
        "header", "performance", "infrastructure", "payments",
    ]  # fmt: skip
    tiles = {i["id"]: i for pane in shape["panes"] for i in pane["indicators"]}
    assert set(tiles["cpu"]) == {
        "id", "title", "value", "at_least", "numerator", "denominator", "unit", "level", "age_seconds", "reason", "compared", "labels", "failures",
    }  # fmt: skip
    assert tiles["cpu"]["failures"] is None
    failed = tiles["failed"]["failures"]
    assert (failed["id"], failed["state"], failed["indicator"]) == ("F2", "new", "failed")
    assert 0 < tiles["cpu"]["value"] <= 1, "values are in base units: a ratio, not a percentage"
    assert tiles["p95"]["unit"] == "seconds"
    assert tiles["cpu"]["age_seconds"] < 10
    assert shape["incidents"][0]["id"] == "INC-001"
    assert len(shape["tickets"]) == 8
    assert shape["engine"]["state"] == "running"


def test_tmux_is_one_line_with_a_colour(live_team: Team) -> None:
    """The tmux line names the status and how many alerts nobody has, and nothing from outside."""
    line = live_team.run("status", "--format", "tmux").stdout
    assert line.startswith("#[fg=red]CRITICAL 1 crit")
    assert line.endswith("#[default]\n")
    assert line.count("\n") == 1


def test_an_engine_that_ended_is_named(live_team: Team) -> None:
    """When no engine holds the lease any more the problems say ENGINE DOWN, and who it was."""
    live_team.stop_engines()
    shape = json.loads(live_team.run("status", "--format", "json").stdout)
    assert shape["engine"]["state"] == "down"
    assert shape["problems"][0]["id"] == "engine"
    assert shape["problems"][0]["text"].startswith("ENGINE DOWN: engine on ")


def test_without_a_store_it_says_what_to_start(team: Team) -> None:
    """Before any engine ran, the command says so in one line and exits 2."""
    done = team.run("status")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "does not exist yet: start `opsdash`" in done.stderr


def test_live_asks_the_sources_and_writes_nothing(team: Team) -> None:
    """`--live` answers from the sources themselves without making the store."""
    done = team.run("status", "--live", "--format", "json")
    tiles = {i["id"]: i for pane in json.loads(done.stdout)["panes"] for i in pane["indicators"]}
    assert tiles["p95"]["value"] is not None
    assert not (team.folder / "ops.db").exists()
