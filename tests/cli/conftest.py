"""A team's configuration with its own state, and opsdash run on it as people run it."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.team import Team, config
from tests.kit.waiting import wait_until

__all__ = ["Team"]


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """A team on the simulated application, its incident just begun; no engine runs yet."""
    # At half its pace the story has the same scene for a quarter of an hour, on the slowest machine.
    made = Team(tmp_path, config(tmp_path / "ops.db", speed=0.5))
    # The story begins when its configuration was written, and its alert fires 24 s later.
    begun = time.time() - 30
    os.utime(made.config, (begun, begun))
    yield made
    made.stop_engines()


@pytest.fixture
def live_team(team: Team) -> Team:
    """The same with an engine at work, the guide's alert firing and every figure there."""
    team.start_engine()
    team.wait_for_alert("HighErrorRate")
    wait_until(lambda: _is_whole(team), 180, "the whole picture")
    return team


def _is_whole(team: Team) -> bool:
    """Whether everything has come that an engine reads in its first moments, each thing in its turn."""
    shape = json.loads(team.run("status", "--format", "json").stdout)
    tiles = {i["id"]: i for pane in shape["panes"] for i in pane["indicators"]}
    batch = tiles["failed"]["failures"] if tiles else None
    return (
        shape["status"] == "critical"
        and shape["engine"]["state"] == "running"
        and all(tile["value"] is not None for tile in tiles.values())
        and (batch is not None and batch["count"] == 3)
        and bool(shape["incidents"] and shape["tickets"])
    )
