"""Crashes and hostile text in a real terminal."""

import re
import stat
from pathlib import Path

import pytest

from tests.ui.running import shown

WITHIN = 60.0


@pytest.mark.parametrize("key", ["b", "w", "d"], ids=["handler", "worker", "thread"])
def test_a_crash_leaves_a_private_trace_and_a_whole_terminal(tmp_path: Path, key: str) -> None:
    """Whoever fails: code 70, one line, a redacted file of mode 0600, no locals anywhere."""
    with shown("board", tmp_path / "state") as terminal:
        drawn = len(terminal.raw)
        terminal.send(key)
        assert terminal.wait_exit(WITHIN) == 70
        assert terminal.restored
        (path,) = (tmp_path / "state").glob("crash-*")
        said = terminal.text().replace("\n", "")
        assert said == f"opsdash crashed (ValueError); the trace, without secrets, is in {path}"
        written = terminal.raw[drawn:].decode()
    trace = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "terminalapps.py" in trace and "ValueError" in trace
    for secret in ("pa55", "hunter2"):
        assert f"{secret}@" not in trace and f"={secret}" not in trace
        assert secret not in written
    assert "Traceback" not in written


@pytest.mark.parametrize("output", ["board", "stock"])
def test_hostile_text_reaches_the_terminal_without_its_controls(
    tmp_path: Path, output: str
) -> None:
    """Through lines, tables, stock widgets and notifications: no control byte, no effect.

    The stock output stage shows that the guard alone is enough.
    """
    with shown(output, tmp_path) as terminal:
        terminal.settle()
        drawn = len(terminal.raw)
        terminal.send("v")
        terminal.wait_for("hostile shown")
        terminal.settle(0.3)
        written = terminal.raw[drawn:].decode()
    text = re.sub(r"\x1b\[[0-9;]*[mHC]", "", written)
    if output == "stock":
        text = text.replace("\r\n", "")
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "52;c;cHduZWQ=" in text
