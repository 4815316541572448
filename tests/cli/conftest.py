"""A team's configuration with its own state, and opsdash run on it as people run it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.team import Team, config

__all__ = ["Team"]


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """A team on the simulated application, its incident just begun; no engine runs yet."""
    made = Team(tmp_path, config(tmp_path / "ops.db"))
    # The story begins when its configuration was written, and its alert fires 24 s later.
    begun = time.time() - 30
    os.utime(made.config, (begun, begun))
    yield made
    made.stop_engines()


@pytest.fixture
def live_team(team: Team) -> Team:
    """The same with an engine at work and the guide's alert firing."""
    team.start_engine()
    team.wait_for_alert("HighErrorRate")
    return team
