"""Starts the small apps of `terminalapps` in a terminal."""

import sys
from pathlib import Path
from typing import Any

from tests.kit.source_tree import ROOT
from tests.terminal import Terminal


def start(name: str, state: Path, *options: str, **settings: Any) -> Terminal:
    """Return a terminal in which the app `name` was started."""
    command = [sys.executable, "-m", "tests.ui.terminalapps", name, str(state), *options]
    return Terminal(command, cwd=ROOT, **settings)


def shown(name: str, state: Path, *options: str, **settings: Any) -> Terminal:
    """Return a terminal in which the app `name` has drawn its first frame."""
    terminal = start(name, state, *options, **settings)
    terminal.wait_for("steps: 1")
    return terminal
