"""The demo's team with its own state, and opsdash run on it as people run it."""

import os
import subprocess
import sys
from pathlib import Path

from opsdash.cli import demo
from tests.kit.waiting import wait_until


def config(store: Path, speed: float = 3) -> str:
    """Return the demo's configuration, read each second, with John on call whatever the day."""
    text = demo.CONFIG.format(theme="night-shift", store=store, speed=speed, seed=1)
    week = 'mon = "john", wed = "sarah", fri = "alex"'
    assert week in text and 'refresh = "2s"' in text
    return text.replace(week, 'mon = "john"').replace('refresh = "2s"', 'refresh = "1s"')


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
            timeout=120,
            check=False,
        )

    def start_engine(self) -> subprocess.Popen[bytes]:
        """Start an engine on this configuration; it ends with the test."""
        with open(self.folder / "engine.log", "ab") as log:
            engine = subprocess.Popen(
                [sys.executable, "-m", "opsdash", "engine"], env=self.environment, stderr=log
            )
        self.adopt(engine)
        return engine

    def adopt(self, engine: subprocess.Popen[bytes]) -> None:
        """Have an engine that a test has started in its own way end with the test."""
        self._engines.append(engine)

    def stop_engines(self) -> None:
        """Tell every engine that was started to end, and wait for it."""
        for engine in self._engines:
            engine.terminate()
        for engine in self._engines:
            try:
                engine.wait(timeout=60)
            finally:
                engine.kill()

    def wait_for_alert(self, name: str, state: str = "firing") -> None:
        """Wait until `opsdash alerts` lists an alert of this name and state."""
        wait_until(
            lambda: any(
                name in line and state in line for line in self.run("alerts").stdout.splitlines()
            ),
            deadline=90,
        )
