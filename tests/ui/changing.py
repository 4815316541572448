"""A dashboard whose picture changes at random when a test asks for it, on a clock that stands still."""

import random
from dataclasses import replace
from pathlib import Path

from textual import events

from opsdash.domain.problem import Problem
from opsdash.domain.text import SafeText
from opsdash.snapshot import Snapshot
from opsdash.ui.app import OpsdashApp
from opsdash.ui.preferences import Preferences
from tests.ui.driving import Clock
from tests.ui.hands import MemoryFeed, MemoryHand
from tests.ui.pictures import NOW, alert, blind, busy, quiet

NAMES = ("CPUSaturated", "決済 API 遅延", "disk [/dev/sda1] full", "höhe", "e\u0301tat", "🚒 fire")


def at_random(dice: random.Random) -> Snapshot:
    """Return a picture with any number of alerts, tickets, problems and figures."""
    picture = dice.choice([busy, busy, busy, quiet, blind])()
    made = [
        alert(f"{dice.choice(NAMES)} {n}", value=dice.random() * 10 ** dice.randrange(5))
        for n in range(dice.choice([0, 1, 3, 9, 70]))
    ]
    shown = [*dice.sample(list(picture.alerts), dice.randrange(len(picture.alerts) + 1)), *made]
    dice.shuffle(shown)
    panes = tuple(
        replace(
            pane,
            readings=tuple(
                replace(one, value=dice.choice([None, 0.0, one.value, dice.random() * 1000]))
                for one in pane.readings
            ),
        )
        for pane in picture.panes
    )
    problems = tuple(
        Problem(f"p{n}", SafeText(f"{dice.choice(NAMES)} fails"), NOW)
        for n in range(dice.choice([0, 0, 1, 4]))
    )
    tickets = dice.sample(list(picture.tickets), dice.randrange(len(picture.tickets) + 1))
    return replace(
        picture, alerts=tuple(shown), panes=panes, problems=problems, tickets=tuple(tickets)
    )


class _Feed(MemoryFeed):
    def __init__(self, state: Path, dice: random.Random) -> None:
        super().__init__(busy())
        self._state, self._dice = state, dice
        self.number = 0

    async def changed(self) -> bool:
        wanted = self._state / "wanted"
        if wanted.exists() and int(wanted.read_text() or 0) > self.number:
            self.number += 1
            self.put(at_random(self._dice))
        return await super().changed()


class _Changing(OpsdashApp):
    _typed = 0

    def __init__(self, state: Path, feed: _Feed) -> None:
        super().__init__(
            feed,
            lambda: MemoryHand(feed),
            Preferences(),
            clock=Clock(),
            first=busy(),
            crash_folder=state,
        )
        self._changes = feed

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and event.key == "f12":
            self._typed += 1
            # Behind the keys before it, which a question takes from a queue of its own.
            self.screen.call_later(self._mark, f"typed {self._typed}")
        else:
            await super().on_event(event)

    def redraw(self) -> None:
        super().redraw()
        self._mark(f"drawn {self._changes.number}")

    def action_repaint(self) -> None:
        super().action_repaint()
        self._mark("repainted")

    def _mark(self, words: str) -> None:
        """Write words for the title behind what is being drawn: all of it has left when they arrive."""

        def write() -> None:
            self._write_raw(f"\x1b]2;{words}\x1b\\")

        self.call_after_refresh(lambda: self.call_after_refresh(write))


def changing(state: Path, seed: int) -> OpsdashApp:
    """Return the dashboard; `wanted` below `state` says how many pictures it is to take."""
    return _Changing(state, _Feed(state, random.Random(seed)))
