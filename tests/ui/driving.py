"""The dashboard without a terminal: start it on a picture, press keys, read what it shows."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from textual.pilot import Pilot

from opsdash.snapshot import Snapshot
from opsdash.ui.app import OpsdashApp
from opsdash.ui.ports import Detail
from opsdash.ui.preferences import Preferences
from tests.kit.waiting import eventually
from tests.ui.hands import MemoryFeed, MemoryHand
from tests.ui.pictures import NOW


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        """Return the time."""
        return self.at

    def pass_by(self, **length: float) -> None:
        """Let time pass."""
        self.at += timedelta(**length)


@dataclass
class Driven:
    """A running dashboard and everything around it."""

    app: OpsdashApp
    pilot: Pilot[None]
    feed: MemoryFeed
    hand: MemoryHand
    clock: Clock
    copied: list[str] = field(default_factory=list)

    async def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        await self.pilot.press(*keys)

    def lines(self) -> list[str]:
        """Return the lines of the screen on top."""
        strips = self.app.screen._compositor.render_strips()
        return [strip.text.rstrip() for strip in strips]

    def text(self) -> str:
        """Return the whole screen on top."""
        return "\n".join(self.lines())

    async def shows(self, *words: str) -> str:
        """Wait until all the words are on the screen, and return it."""
        await eventually(lambda: all(w in self.text() for w in words), 60, f"{words} on screen")
        return self.text()

    async def shows_not(self, word: str) -> str:
        """Wait until the word is off the screen, and return it."""
        await eventually(lambda: word not in self.text(), 60, f"{word!r} off the screen")
        return self.text()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition."""
        await eventually(condition, 60)

    def row_of(self, word: str) -> int:
        """Return the number of the first line with the word."""
        return next(n for n, line in enumerate(self.lines()) if word in line)


@asynccontextmanager
async def driven(
    snapshot: Snapshot,
    size: tuple[int, int] = (160, 45),
    *,
    details: Mapping[str, Detail] | None = None,
    first: bool = True,
    crash_folder: Path | None = None,
    preferences: Preferences | None = None,
) -> AsyncIterator[Driven]:
    """Start the dashboard on a snapshot, which it has at once or, without `first`, must take."""
    clock = Clock()
    feed = MemoryFeed(snapshot, details)
    hand = MemoryHand(feed)
    app = OpsdashApp(
        feed,
        lambda: hand,
        preferences or Preferences(keys=snapshot.setup.keys),
        clock=clock,
        first=snapshot if first else None,
        crash_folder=crash_folder,
    )
    async with app.run_test(size=size) as pilot:
        found = Driven(app, pilot, feed, hand, clock)
        app.copy_to_clipboard = found.copied.append  # type: ignore[assignment,method-assign]
        await pilot.pause()
        yield found
