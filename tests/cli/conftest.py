"""A team's configuration with its own state, and opsdash run on it as people run it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.waiting import wait_until

CONFIG = """\
refresh = "1s"

[store]
url = "sqlite:///{store}"

[simulation]
speed = {speed}

[[person]]
id = "john"
name = "John"

[[person]]
id = "tech-lead"
name = "Maria"

[[person]]
id = "pm"
name = "Priya"

[[person]]
id = "ceo"
name = "Chen"

[[schedule]]
id = "primary"
timezone = "UTC"
handoff = "09:00"
weeks = [ {{ mon = "john" }} ]
"""


class Team:
    """One configuration and its store, and commands run on them in processes of their own."""

    def __init__(self, folder: Path, config: str) -> None:
        self.folder = folder
        self.config = folder / "opsdash.toml"
        self.config.write_text(config)
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "OPSDASH_CONFIG": str(self.config),
            "LANG": "C.UTF-8",
        }
        self._engines: list[subprocess.Popen[bytes]] = []

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "opsdash", *arguments],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start_engine(self) -> subprocess.Popen[bytes]:
        """Start an engine on this configuration; it ends with the test."""
        with open(self.folder / "engine.log", "ab") as log:
            engine = subprocess.Popen(
                [sys.executable, "-m", "opsdash", "engine"], env=self.environment, stderr=log
            )
        self._engines.append(engine)
        return engine

    def stop_engines(self) -> None:
        """Tell every engine that was started to end, and wait for it."""
        for engine in self._engines:
            engine.terminate()
        for engine in self._engines:
            engine.wait(timeout=10)

    def wait_for_alert(self, name: str, state: str = "firing") -> None:
        """Wait until `opsdash alerts` lists an alert of this name and state."""
        wait_until(
            lambda: any(
                name in line and state in line for line in self.run("alerts").stdout.splitlines()
            ),
            deadline=30,
        )


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """A team on the simulated application, its incident just begun; no engine runs yet."""
    made = Team(tmp_path, CONFIG.format(store=tmp_path / "ops.db", speed=3))
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
