"""The on-call screen on an engine at work: what is typed there holds everywhere at once, and can be undone."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.team import Team, config
from tests.kit.waiting import wait_for_equal, wait_until
from tests.terminal import Terminal


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """The demo's team, John on call whatever the day, on a story that stands still; an engine runs."""
    made = Team(tmp_path, config(tmp_path / "ops.db", speed=0.001))
    made.start_engine()
    yield made
    made.stop_engines()


def dashboard(team: Team) -> Terminal:
    """Start a dashboard beside the engine."""
    return Terminal([sys.executable, "-m", "opsdash"], columns=160, lines=45, env=team.environment)


def on_call(team: Team) -> list[str]:
    """Return who is on call now, as a shell says it."""
    told = json.loads(team.run("oncall", "now", "--format", "json").stdout)
    return [f"{one['schedule']} {one['person']}" for one in told]


def test_shifts_are_changed_taken_back_and_undone_on_the_screen(team: Team) -> None:
    """`O` puts Sarah in John's place, `x` takes that back, `u` makes it again: the engine's own header follows."""
    with dashboard(team) as screen:
        screen.wait_for("on call John")
        screen.send("o")
        screen.wait_for(lambda text: "On call" in text and "take it now" in text)
        screen.send("O")
        screen.wait_for("Override primary")
        screen.send("tab", "sarah for john", "tab", "tab", "3h", "tab", "dentist")
        screen.wait_for(lambda text: "John → Sarah" in text and "dentist" in text)
        assert on_call(team) == ["primary john"]
        screen.send("enter")
        screen.wait_for(lambda text: "override 1" in text and "“dentist” by" in text)
        wait_for_equal(lambda: on_call(team), ["primary sarah"])
        screen.send("j", "x")
        screen.wait_for("Remove override 1")
        screen.wait_for("Sarah → John")
        screen.send("enter")
        screen.wait_for(lambda text: "“dentist”" not in text and "Remove override" not in text)
        wait_for_equal(lambda: on_call(team), ["primary john"])
        screen.send("u")
        screen.wait_for("enter undoes it:")
        screen.send("enter")
        screen.wait_for("“dentist” by")
        wait_for_equal(lambda: on_call(team), ["primary sarah"])
        screen.send("T")
        screen.wait_for("Override primary")
        screen.send("alex for sarah", "tab", "tab", "tab", "she is ill")
        screen.wait_for(lambda text: "Sarah → Alex" in text and "she is ill" in text)
        screen.send("enter")
        screen.wait_for(lambda text: "override 2" in text and "“she is ill” by" in text)
        wait_for_equal(lambda: on_call(team), ["primary alex"])
        screen.send("escape")
        screen.wait_for("on call Alex")


def test_maintenance_is_begun_and_ended_on_the_screen(team: Team) -> None:
    """`D` holds a service's pages, its row says so, `x` ends it after saying whom that pages."""

    def windows() -> list[tuple[str, str]]:
        told = team.run("oncall", "maintenance", "list", "--format", "json").stdout
        return [(one["service"], one["reason"]) for one in json.loads(told)]

    with dashboard(team) as screen:
        screen.wait_for("on call John")
        screen.send("o")
        screen.wait_for("take it now")
        screen.send("D")
        screen.wait_for("enter begins it")
        screen.send("billing", "tab", "tab", "2h", "tab", "schema change")
        screen.wait_for(
            lambda text: "concerns no open alerts now" in text and "schema change" in text
        )
        assert windows() == []
        screen.send("enter")
        screen.wait_for(lambda text: "maintenance 1" in text and "“schema change” by" in text)
        wait_for_equal(windows, [("billing", "schema change")])
        screen.send("G", "x")
        screen.wait_for(
            lambda text: (
                "End maintenance 1" in text and "It holds no alert: nobody is paged" in text
            )
        )
        screen.send("enter")
        screen.wait_for(
            lambda text: "“schema change”" not in text and "End maintenance" not in text
        )
        wait_until(lambda: not windows())
