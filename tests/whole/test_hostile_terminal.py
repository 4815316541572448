"""Hostile text in the bytes that the program itself writes to a terminal: no effect, no column lost."""

import base64
import codecs
import re
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from opsdash.domain.text import clean
from tests.faultserver import FaultServer
from tests.kit.hostile import HOSTILE, generated
from tests.terminal import Terminal
from tests.whole.hostileworld import HostileTeam

TEXTS = (*HOSTILE.values(), *generated(12, seed=7))

_CODE = r"(?:[0-9]|2[2-9]|[34]9|[34]8;2;\d+;\d+;\d+)"
OWN = re.compile(
    r"\x1b\[\d+(?:;\d+)?H"  # a position, always with its line
    r"|\x1b\[\d*C"  # a step to the right
    # A pen in true colour: attributes, their ends, colours of three parts. H27 asks for 31.
    rf"|\x1b\[(?:{_CODE}(?:;{_CODE})*)?m"
    r"|\x1b\[\?2026[hl]"  # the beginning and the end of a frame
    r"|\x1b\]22;default\x07"  # the mouse pointer's shape, which Textual sends
)
"""All that the screen is drawn with. None of it could erase, ask, name, copy or leave anything."""

COPIED = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/=]*)(?:\x07|\x1b\\)")
ENTERED = re.compile(r"(?:\x1b\[(?:\?\d+h|m|\?25l|\?7l|>\d+u|\?2026\$p))+")
BEGUN = re.compile(r"\x1b(?:\[[?\d;]*)?$")
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
SIZES = ((160, 45), (80, 24))


class Walk:
    """Terminals of several sizes that get the same keys, each screen of which is looked at."""

    def __init__(self, terminals: Sequence[Terminal]) -> None:
        self.terminals = terminals
        self.seen: list[set[str]] = [set() for _ in terminals]
        self.framed = 0

    def press(self, *keys: str) -> None:
        """Type keys everywhere, at once."""
        for terminal in self.terminals:
            terminal.send(*keys)

    def shows(self, title: str, there: bool = True) -> None:
        """Wait until a frame has this title everywhere, or none has; look at that screen."""
        wanted = re.compile(f"─ (?:NO ENGINE RUNS )?{title}")
        for terminal, seen in zip(self.terminals, self.seen, strict=True):
            lines = self._when(terminal, lambda text: bool(wanted.search(text)) == there, title)
            seen.update(lines)
            self._hold(terminal, title)

    def leaf(self, title: str) -> None:
        """Look at a whole list or page: its end, its beginning, and each page from there on."""
        for terminal, seen in zip(self.terminals, self.seen, strict=True):
            terminal.send("G")
            self.settled(terminal, title)
            end = _stable(terminal.text())
            terminal.send("g")
            for _ in range(30):
                self.settled(terminal, title)
                text = terminal.text()
                seen.update(text.splitlines())
                if _stable(text) == end:
                    break
                terminal.send("pagedown")

    def settled(self, terminal: Terminal, what: str) -> None:
        """Look at a screen once all that was typed is on it.

        ctrl+l draws every cell anew. A question takes its keys a moment after that: by the second
        time it has.
        """
        for _ in range(2):
            begun = len(terminal.chunks)
            terminal.send("ctrl+l")
            terminal.wait_until(partial(_redrawn, terminal, begun), what=f"all keys at {what}")
        terminal.settle(0.05, 2)
        self._hold(terminal, what)

    def _when(
        self, terminal: Terminal, condition: Callable[[str], bool], what: str
    ) -> Sequence[str]:
        """Return the lines of the screen once it is as wanted; look only when something came."""
        seen, until = -1, terminal.seconds + 60
        while terminal.seconds < until:
            size = len(terminal.chunks)
            if size != seen:
                seen = size
                text = terminal.text()
                if condition(text) and _whole(terminal):
                    return text.splitlines()
            time.sleep(0.01)
        raise AssertionError(f"{what}: {terminal.exit_code}\n{terminal.text()}")

    def _hold(self, terminal: Terminal, what: str) -> None:
        """Hold that every line that begins with a frame ends with one, in the last column."""
        framed: list[int] = []

        def kept() -> bool:
            size, edges = len(terminal.chunks), terminal.edges()
            framed[:] = [y for y, (left, _) in enumerate(edges) if left in "│╭╰├"]
            whole = size == len(terminal.chunks) and _whole(terminal)
            return whole and all(edges[y][1] in "│╮╯┤" for y in framed)

        terminal.wait_until(kept, 60, f"every column of {what}")
        assert terminal.exit_code is None, f"it ended at {what}\n{terminal.text()}"
        self.framed += len(framed)


def _redrawn(terminal: Terminal, begun: int) -> bool:
    """Whether as much was written since then as the screen has cells, and no half of a frame."""
    written = sum(len(chunk) for _, chunk in terminal.chunks[begun:])
    return written >= terminal.columns * terminal.lines and _whole(terminal)


def _whole(terminal: Terminal) -> bool:
    """Whether no frame is only half there."""
    late = b"".join(chunk for _, chunk in terminal.chunks[-60:])
    return late.rfind(b"\x1b[?2026h") <= late.rfind(b"\x1b[?2026l")


def _stable(text: str) -> str:
    """Return a screen without what time alone changes."""
    return re.sub(r"[\d%▁▂▃▄▅▆▇█]+[smhd]?", "#", text)


@pytest.fixture
def walk(tmp_path: Path, fault_server: FaultServer) -> Iterator[Walk]:
    """A dashboard of each size on a team whose every text is hostile."""
    team = HostileTeam(tmp_path, fault_server, TEXTS)
    command = [sys.executable, "-m", "opsdash"]
    environment = {**team.environment, "COLORTERM": "truecolor"}
    with ExitStack() as ends:
        ends.callback(team.stop_engines)
        team.fill()
        yield Walk(
            [
                ends.enter_context(Terminal(command, columns=x, lines=y, env=environment))
                for x, y in SIZES
            ]
        )


def test_the_bytes_of_every_screen_are_the_programs_own(walk: Walk) -> None:
    """Lists, pages, sheets and questions at two sizes: an allow-list of sequences, every column kept."""
    _lists(walk)
    _screens(walk)
    _questions(walk)
    for terminal in walk.terminals:
        assert foreign(_written(terminal)) == [], terminal.columns
    _acts(walk)
    for terminal in walk.terminals:
        written = _written(terminal)
        assert foreign(COPIED.sub("", written)) == [], terminal.columns
        copied = [base64.b64decode(one).decode() for one in COPIED.findall(written)]
        assert len(copied) >= 3
        assert not [text for text in copied if text == "hi" or any(map(_unseen, text))]
        terminal.send("q")
        assert terminal.wait_exit(60) == 0
        assert terminal.restored
    assert walk.framed > 5_000
    for seen, (columns, _) in zip(walk.seen, SIZES, strict=True):
        every = "\n".join(seen)
        words = {w[:6] for raw in TEXTS for w in clean(raw, 60).replace("…", "").split()[:1]}
        assert {word for word in words if word not in every} == set(), columns


@pytest.mark.parametrize("raw", [raw for raw in TEXTS if clean(raw) != raw[:2000]])
def test_the_allow_list_lets_none_of_them_through(raw: str) -> None:
    """The judge of the bytes is not blind: each text is found that is not as it was after the gate."""
    frame = "\x1b[?1049h\x1b[m\x1b[2;5H\x1b[1;38;2;1;2;3m{}\x1b[m\x1b[12C"
    assert foreign(frame.format("✖ CRIT")) == []
    harmless = not any(map(_unseen, raw))
    assert harmless or foreign(frame.format(raw)) != []


def foreign(written: str) -> list[str]:
    """Return what was written beside the program's own sequences and visible text."""
    entered = ENTERED.match(written)
    assert entered, repr(written[:80])
    # What is being written may be there by half.
    rest = BEGUN.sub("", OWN.sub("", written[entered.end() :]))
    odd = re.finditer(r"[^\x20-\x7e]", rest)
    return [rest[m.start() : m.start() + 12] for m in odd if _unseen(m[0])]


def _written(terminal: Terminal) -> str:
    """Return what was written so far; a letter that is there by half is left out."""
    return codecs.getincrementaldecoder("utf-8")().decode(terminal.raw)


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in UNSEEN


def _lists(walk: Walk) -> None:
    """Go through panes and lists, and open what each row is about."""
    for terminal in walk.terminals:
        terminal.wait_for("unack", 60)
    for pane, title, rows in (
        ("1", "Indicator", 2), ("2", "Indicator", 2), ("3", "Indicator", 2),
        ("4", r"(?:Alert|INC-\d)", len(TEXTS) // 3), ("5", "Ticket #", len(TEXTS) // 6),
    ):  # fmt: skip
        walk.press(pane)
        for _ in range(rows):
            walk.press("enter")
            walk.shows(title)
            walk.press("escape")
            walk.shows(title, there=False)
            # Each text is in eight neighbours, a different field of each.
            walk.press("j", "j", "j")
    walk.press("4", "g", "z")
    walk.leaf("the list")
    walk.press("5", "g")
    walk.leaf("tickets")
    walk.press("z", "4", "g")


def _screens(walk: Walk) -> None:
    """Leaf through every screen and page that a key opens, and one message."""
    for key, title in (
        ("o", "On call"), ("S", "Silences"), ("v", "Alert rules"), ("N", "Notifications"), ("H", "Handoff"), ("i", r"INC-\d"),
        ("enter", "Alert"), (":", "Commands"), ("?", "Keys"),
    ):  # fmt: skip
        walk.press(key)
        walk.shows(title)
        if key == "N":
            walk.press("enter")
            walk.shows("Message")
            walk.leaf("a message")
            walk.press("escape")
            walk.shows("Message", there=False)
        if key not in ":?":
            walk.leaf(title)
        walk.press("escape")
        walk.shows(title, there=False)


def _questions(walk: Walk) -> None:
    """Open every question and form about a hostile row, and leave it unanswered."""
    for key, title in (
        ("e", "Escalate"), ("E", "To which level"), ("s", "Silence"), ("Z", "Put off"), ("O", "Override"), ("D", "Maintenance"),
        ("W", "Who would be"), ("h", "Give it to"),
    ):  # fmt: skip
        walk.press(key)
        walk.shows(title)
        walk.press("escape")
        walk.shows(title, there=False)


def _acts(walk: Walk) -> None:
    """Take rows, and copy them and the addresses of their runbooks."""
    for terminal in walk.terminals:
        for number in range(1, 4):
            terminal.send("j", "a", "y", "R")
            terminal.wait_until(partial(_has_copied, terminal, number), 60, "a copy")
            walk.settled(terminal, "an act")


def _has_copied(terminal: Terminal, times: int) -> bool:
    return terminal.raw.count(b"\x1b]52;") >= times
