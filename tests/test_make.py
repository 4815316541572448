"""What README tells people to type, typed: make, from a terminal."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kit.source_tree import ROOT
from tests.terminal import Terminal

_STAMPED = ("Makefile", "pyproject.toml")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the Makefile and an environment that is up to date, as after the first run."""
    for name in _STAMPED:
        shutil.copy2(ROOT / name, tmp_path / name)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for stamp in (".installed", ".installed-dev", "bin/python"):
        (tmp_path / ".venv" / stamp).touch()
    return tmp_path


def _make(folder: Path, *arguments: str, path: Path | None = None) -> str:
    env = os.environ | ({"PATH": str(path)} if path else {})
    done = subprocess.run(
        [shutil.which("make") or "make", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=env,
    )
    return done.stdout + done.stderr


def test_make_demo_shows_the_simulation_and_quits(tmp_path: Path) -> None:
    """`make demo` draws the dashboard, says that it is simulated, and `q` leaves it."""
    command = ["make", "-o", ".venv/.installed", "demo"]  # installs nothing in the middle of a test
    env = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    with Terminal(command, columns=120, lines=35, env=env, cwd=ROOT) as terminal:
        terminal.wait_for("SIMULATED", 60)
        terminal.send("q")
        assert terminal.wait_exit(15) == 0
        assert terminal.restored


def test_nothing_is_installed_twice(checkout: Path) -> None:
    """With an environment as new as pyproject.toml make installs nothing; a change makes it."""
    assert "pip" not in _make(checkout, "-n", "demo")
    os.utime(checkout / "pyproject.toml")
    assert "pip --disable-pip-version-check --quiet install --editable ." in _make(
        checkout, "-n", "demo"
    )


def test_without_a_python_make_says_what_is_needed(checkout: Path, tmp_path: Path) -> None:
    """A machine with no Python of 3.11 or newer gets one line that says so."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "sh").symlink_to("/bin/sh")
    old = tools / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    (checkout / ".venv" / "bin" / "python").unlink()
    said = _make(checkout, ".venv/bin/python", path=tools)
    assert "opsdash needs Python 3.11 or newer: install it, then run make again" in said


def test_make_help_names_every_command() -> None:
    """`make` alone lists what can be made, each with what it does."""
    said = _make(ROOT)
    for name in ("demo", "test", "check", "bench", "format"):
        assert any(line.startswith(f"{name} ") and len(line) > 20 for line in said.splitlines())
