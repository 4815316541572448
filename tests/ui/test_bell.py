"""The terminal as notifier: once for what is new, never a storm, nothing from outside but letters."""

import os
import re
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from opsdash.domain.alert import Acknowledgement, Alert, AlertState, Severity
from opsdash.domain.letter import Letters, LetterState
from opsdash.domain.page import PageKind
from opsdash.domain.setup import TerminalSetup
from opsdash.domain.text import SafeText, clean
from opsdash.registers import Registers
from opsdash.snapshot import Snapshot
from opsdash.ui.app import OpsdashApp
from opsdash.ui.bell import Bell
from opsdash.ui.preferences import Preferences
from opsdash.ui.rawmode import POP_TITLE, PUSH_TITLE
from tests.kit.waiting import eventually
from tests.terminal import Terminal
from tests.ui.driving import Clock, driven
from tests.ui.hands import MemoryFeed, MemoryHand
from tests.ui.pictures import NOW, alert, busy
from tests.ui.registers import letter

SECOND = timedelta(seconds=1)


class Ears:
    """A bell and what was heard of it."""

    def __init__(self, *names: str, term: str = "xterm-256color", ascii: bool = False) -> None:
        self.heard: list[str] = []
        self.tmux: list[str] = []
        self.bell = Bell(self.heard.append, self.tmux.append, names, term, ascii)
        self.now = NOW

    def look(self, snapshot: Snapshot, seconds: float = 60) -> str:
        """Let time pass and return what the snapshot made the terminal do."""
        self.now += seconds * SECOND
        before = len(self.heard)
        self.bell.look(snapshot, self.now)
        return "".join(self.heard[before:])


def firing(*alerts: Alert, letters: Letters | None = None, **terminal: bool) -> Snapshot:
    """Return a picture of these alerts."""
    setup = replace(busy().setup, terminal=TerminalSetup(**terminal))
    registers = Registers(letters=letters or Letters())
    return replace(busy(), setup=setup, alerts=alerts, incidents=(), registers=registers)


def test_what_fires_already_rings_nothing_and_what_begins_to_rings_once() -> None:
    """Attached to fifty critical alerts it is silent; the fifty-first rings once and names itself."""
    fifty = [alert(f"Storm{n}", id=f"storm{n}/1") for n in range(50)]
    ears = Ears()
    assert ears.look(firing(*fifty)) == ""
    rung = ears.look(firing(*fifty, alert("HighErrorRate")))
    assert rung == f"\a{PUSH_TITLE}\x1b]2;opsdash: HighErrorRate\x1b\\"
    assert ears.look(firing(*fifty, alert("HighErrorRate"))) == ""


def test_a_storm_is_one_ring() -> None:
    """Fifty at once say how many; more within ten seconds say nothing."""
    ears = Ears()
    ears.look(firing())
    fifty = [alert(f"Storm{n}", id=f"storm{n}/1") for n in range(50)]
    rung = ears.look(firing(*fifty))
    assert rung.count("\a") == 1
    assert "opsdash: Storm0 and 49 more" in rung
    assert ears.look(firing(*fifty, alert("X")), 3) == ""
    assert ears.look(firing(*fifty, alert("X"), alert("Y")), 20).count("\a") == 1


@pytest.mark.parametrize(
    "quiet",
    [
        {"severity": Severity.WARNING},
        {"state": AlertState.PENDING},
        {"silenced_by": ("S1",)},
        {"acknowledgement": Acknowledgement(SafeText("john"), NOW)},
    ],
)
def test_what_needs_no_person_at_once_rings_nothing(quiet: dict[str, object]) -> None:
    """A warning, a pending, a silenced and an owned alert do not."""
    ears = Ears()
    ears.look(firing())
    assert ears.look(firing(alert("Quiet", **quiet))) == ""


def test_a_page_for_the_person_at_the_terminal_rings() -> None:
    """A warning's page to John rings at John's, in whichever case his name is written, and nowhere else."""
    warning = alert("Slow", severity=Severity.WARNING)
    sent = letter(1, LetterState.SENT, alert=warning.id)
    note = letter(2, LetterState.SENT, alert=warning.id, kind=PageKind.NOTE)
    paged = firing(warning, letters=Letters((note, sent)))
    for names, rings in ((("JOHN",), 1), (("maria",), 0), ((), 0)):
        ears = Ears(*names)
        ears.look(firing(warning))
        rung = ears.look(paged)
        assert rung.count("\a") == rings
        assert ("opsdash: page: Slow" in rung) == bool(rings)


def test_the_title_is_given_back_when_nobody_is_needed() -> None:
    """And when the dashboard ends; a terminal without titles gets none."""
    ears = Ears()
    ears.look(firing())
    ears.look(firing(alert("A")))
    assert ears.look(firing()) == POP_TITLE
    assert ears.look(firing()) == ""
    ears.look(firing(alert("B")))
    ears.bell.close()
    assert ears.heard[-1] == POP_TITLE
    console = Ears(term="linux")
    console.look(firing())
    assert console.look(firing(alert("A"))) == "\a"


def test_each_way_is_a_matter_of_configuration() -> None:
    """OSC 9 and tmux only where they are asked for, the bell unless it is refused."""
    ears = Ears()
    ears.look(firing())
    rung = ears.look(firing(alert("A"), bell=False, title=False, osc9=True, tmux=True))
    assert rung == "\x1b]9;opsdash: A\x1b\\"
    assert ears.tmux == ["opsdash: A"]
    off = Ears()
    off.look(firing())
    assert off.look(firing(alert("A"), bell=False, title=False)) == ""


@pytest.mark.parametrize(
    "evil", ["\x1b]0;x\x07", "#(touch /tmp/x)", "#{pane_id}%H", "a\x9cb\x07c", "\u202eabc", "名前"]
)
def test_hostile_names_end_no_sequence_and_run_nothing(evil: str) -> None:
    """The title's text holds no control; tmux gets no format."""
    made = alert("A", labels={"alertname": clean(evil), "severity": SafeText("critical")})
    ears = Ears(ascii=True)
    ears.look(firing())
    rung = ears.look(firing(made, osc9=True, tmux=True))
    inside = re.sub(r"\x1b\][29];([^\x1b]*)\x1b\\", r"\1", rung.replace(PUSH_TITLE, "")[1:])
    assert inside.isascii()
    assert not re.search("[\x00-\x1f\x7f-\x9f]", inside)
    assert not set("#%{}$`'\"\\;&|<>") & set(ears.tmux[0])


async def test_the_dashboard_rings_for_what_comes_while_it_is_open() -> None:
    """The bell goes to the terminal beside the picture, and a pause keeps it still."""
    quiet = replace(busy(), alerts=(), incidents=())
    async with driven(quiet) as board:
        heard: list[str] = []
        board.app.ringer._write = heard.append
        await board.until(lambda: board.app.ringer._seen is not None)
        board.feed.put(replace(quiet, alerts=(alert("HighErrorRate"),)))
        await board.until(lambda: heard)
        assert heard[0].startswith("\a")


async def test_what_comes_before_the_first_reading_rings_too() -> None:
    """An alert that fires while a dashboard opens on an older picture was not there before."""
    quiet = replace(busy(), alerts=(), incidents=())
    feed = MemoryFeed(replace(quiet, alerts=(alert("HighErrorRate"),)))
    app = OpsdashApp(feed, lambda: MemoryHand(feed), Preferences(), clock=Clock(), first=quiet)
    heard: list[str] = []
    app.ringer._write = heard.append
    async with app.run_test():
        await eventually(lambda: heard)
    assert heard[0].startswith("\a")


def bells(written: bytes) -> int:
    """Return how often it rang; a BEL that ends a sequence rings nothing."""
    return re.sub(rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)", b"", written).count(b"\a")


def test_a_real_terminal_hears_one_bell(tmp_path: Path) -> None:
    """The demo's incident rings when it fires; quitting gives the title back."""
    environment = {
        **os.environ,
        "XDG_STATE_HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path),
        "TERM": "xterm-256color",
    }
    command = [sys.executable, "-m", "opsdash", "demo", "--speed", "10"]
    with Terminal(command, columns=100, lines=30, env=environment) as terminal:
        terminal.wait_until(lambda: bells(terminal.raw), 60, "a bell")
        assert PUSH_TITLE.encode() + b"\x1b]2;opsdash: HighErrorRate" in terminal.raw
        assert bells(terminal.raw) == 1
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert POP_TITLE.encode() in terminal.raw
