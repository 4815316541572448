"""A real dashboard in a real tmux: detached, attached at another size, stopped and continued."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.team import Team, config
from tests.kit.tmux import Tmux
from tests.kit.waiting import wait_until
from tests.notifiers.receivers import PagerDutyServer
from tests.terminal import Terminal
from tests.ui.test_bell import bells

OPSDASH = f"{sys.executable} -m opsdash"
GIVEN_BACK = {"alternate_on": "0", "cursor_flag": "1"}
BARE = {"status": "off", "window-size": "latest"}


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """A team whose alert will fire in about a quarter of a minute; no engine runs yet."""
    # In the story's own pace it fires for eight minutes, which is enough for the slowest machine.
    made = Team(tmp_path, config(tmp_path / "ops.db", speed=1))
    yield made
    made.stop_engines()


@pytest.fixture
def tmux(team: Team, tmp_path: Path) -> Iterator[Tmux]:
    """A session whose window is as large as the terminal that was attached last."""
    with Tmux(tmp_path, shell="bash --norc", env=team.environment, options=BARE) as tmux:
        yield tmux


def attached(tmux: Tmux, columns: int, lines: int) -> Terminal:
    """A terminal that the session is attached to, and the pane of that size."""
    terminal = Terminal(tmux.attach_command, columns=columns, lines=lines)
    size = {"pane_width": str(columns), "pane_height": str(lines)}
    wait_until(lambda: tmux.says(*size) == size, what=f"a pane of {columns}x{lines}")
    return terminal


def memory(team: Team) -> float | None:
    """Return the figure of the memory as a command has it, None where it is not live."""
    shape = json.loads(team.run("status", "--format", "json").stdout)
    tiles = {i["id"]: i["value"] for pane in shape["panes"] for i in pane["indicators"]}
    found: float | None = tiles["memory"]
    return found


def process_of(team: Team) -> int:
    """Return the process id of the dashboard that has a terminal."""
    (note,) = (team.folder / "run" / "opsdash" / "terminals").iterdir()
    return int(note.read_text().split()[1])


def test_detached_it_goes_on_and_attached_it_has_the_new_size_without_a_bell(
    tmux: Tmux, team: Team
) -> None:
    """What fired meanwhile is drawn at the new size, rings nothing, and keys work (F55)."""
    with attached(tmux, 100, 30) as first:
        # The story begins when its configuration was written: the alert fires in 44 s.
        begins = time.time() + 20
        os.utime(team.config, (begins, begins))
        tmux.type(f"exec {OPSDASH}", "Enter")
        first.wait_for(lambda text: re.search("PEND +(crit +)?HighErrorRate", text) is not None)
        assert len(max(first.text().splitlines(), key=len)) <= 100
        tmux.detach()
        assert first.wait_exit() == 0
    tmux.wait_for(lambda text: re.search("CRIT +HighErrorRate", text) is not None, 120)
    with attached(tmux, 160, 45) as second:
        second.wait_for(lambda text: re.search("CRIT +HighErrorRate", text) is not None)
        second.wait_for(lambda text: len(max(text.splitlines(), key=len)) > 150)
        tmux.type("?")
        second.wait_for("acknowledge: it is mine")
        tmux.type("", "Escape")
        second.wait_for(
            lambda text: "acknowledge: it is mine" not in text and "HighErrorRate" in text
        )
        assert bells(second.raw) == 0
        tmux.detach()
        second.wait_exit()
    with attached(tmux, 10, 3) as third:
        third.wait_for("1 CRIT")
        assert bells(third.raw) == 0
    with attached(tmux, 160, 45) as again:
        again.wait_for(lambda text: re.search("CRIT +HighErrorRate", text) is not None)
        tmux.type("q")
        assert again.wait_exit() == 0


def test_ctrl_z_is_no_key_and_stops_nothing(tmux: Tmux, team: Team) -> None:
    """Typed by habit it neither stops the dashboard nor changes what it shows."""
    tmux.type(OPSDASH, "Enter")
    tmux.wait_for("Performance")
    tmux.type("", "C-z")
    tmux.type("?")
    tmux.wait_for("acknowledge: it is mine")
    assert "Stopped" not in tmux.text()


def test_continued_after_a_stop_it_shows_no_old_figure_as_live(tmux: Tmux, team: Team) -> None:
    """`kill -TSTP`, then `fg` in bash, no engine alive meanwhile: what is drawn says its age (F49)."""
    team.config.write_text(team.config.read_text() + "\n[engine]\nautostart = false\n")
    engine = team.start_engine()
    tmux.type(OPSDASH, "Enter")
    tmux.wait_for(lambda text: re.search(r"Memory +62 % +ok", text) is not None)
    os.kill(process_of(team), signal.SIGTSTP)
    tmux.wait_for("Stopped")
    assert tmux.says(*GIVEN_BACK) == GIVEN_BACK
    engine.terminate()
    engine.wait(timeout=60)
    wait_until(lambda: memory(team) is None, what="a figure that is not live any more")
    tmux.type("fg", "Enter")
    drawn: list[str] = []

    def is_drawn(text: str) -> bool:
        drawn[:] = [text]
        return "Performance" in text and "Memory" in text

    tmux.wait_for(is_drawn)
    assert not re.search(r"Memory +62 % +ok", drawn[0]), drawn[0]
    team.start_engine()
    tmux.wait_for(lambda text: re.search(r"Memory +62 % +ok", text) is not None)
    tmux.type("q")
    tmux.wait_for(lambda text: "Performance" not in text)
    assert tmux.says(*GIVEN_BACK) == GIVEN_BACK


def test_a_page_is_seen_in_the_status_line_of_tmux(team: Team, tmp_path: Path) -> None:
    """Who works in another window reads that a page is for them: tmux shows it over its status line."""
    config = team.config.read_text().replace('name = "John"', 'name = "John"\nnotify = ["pd"]')
    pager = PagerDutyServer()
    key = tmp_path / "pd.key"
    key.write_text(pager.routing_key)
    key.chmod(0o600)
    told = "\n[terminal]\ntmux = true\n" if "[terminal]" not in config else ""
    table = f'[[notifier]]\nid = "pd"\nkind = "pagerduty"\nurl = "{pager.url}/v2"\n'
    team.config.write_text(config + told + table + 'routing_key_file = "pd.key"\n')
    env = {**team.environment, "OPSDASH_USER": "john"}
    options = {"status": "on", "window-size": "latest"}
    with (
        pager,
        Tmux(tmp_path, shell="bash --norc", env=env, options=options) as tmux,
        Terminal(tmux.attach_command, columns=100, lines=30) as terminal,
    ):
        tmux.type(OPSDASH, "Enter")
        terminal.wait_for("Performance")
        tmux.command("new-window")
        terminal.wait_for(lambda text: "Performance" not in text)
        done = team.run("drill", "--yes", "--wait", "90")
        assert done.returncode == 0, done.stderr
        terminal.wait_for(
            lambda text: any("opsdash: page: A drill by" in line for line in text.splitlines()[29:])
        )
        assert "opsdash: page: A drill by" in tmux.command("show-messages")
    assert pager.wrong == []
