"""A dashboard without a terminal that is given new figures again and again: does it grow?"""

import asyncio
import json
import os
import sys
from dataclasses import replace
from datetime import timedelta

from tests.ui import pictures
from tests.ui.hands import MemoryFeed, MemoryHand

from bench.watch import resident
from opsdash.domain.sample import Point
from opsdash.snapshot import Snapshot
from opsdash.ui.app import OpsdashApp
from opsdash.ui.preferences import preferences_of

SETTLED = 2_000
"""Refreshes after which growth is counted: what is remembered of drawing has filled by then."""


def moved(snapshot: Snapshot, number: int) -> Snapshot:
    """Return the picture `number` seconds later, every figure another."""
    at = pictures.NOW + timedelta(seconds=number)
    panes = tuple(
        replace(
            pane,
            readings=tuple(
                replace(
                    reading,
                    value=(reading.value or 0.1) * (1 + number % 7 / 100),
                    read_at=at,
                    sampled_at=at,
                    history=(*reading.history[1:], Point(at, number % 9)),
                )
                for reading in pane.readings
            ),
        )
        for pane in snapshot.panes
    )
    return replace(snapshot, taken_at=at, panes=panes)


async def soak(refreshes: int) -> float:
    """Return the megabytes by which the process grew over so many refreshes, once it had settled."""
    first = pictures.busy()
    feed = MemoryFeed(first)
    now = pictures.NOW
    app = OpsdashApp(
        feed,
        lambda: MemoryHand(feed),
        preferences_of(first.setup),
        clock=lambda: now,
        first=first,
    )
    begun = 0.0
    async with app.run_test(size=(200, 50)) as pilot:
        for number in range(SETTLED + refreshes):
            now = pictures.NOW + timedelta(seconds=number)
            app.snapshot = moved(first, number)
            app.redraw()
            await asyncio.sleep(0)
            if number % 20 == 0:
                await pilot.pause()
            if number == SETTLED:
                begun = resident(os.getpid())
        return resident(os.getpid()) - begun


if __name__ == "__main__":
    print(json.dumps({"grown": asyncio.run(soak(int(sys.argv[1])))}))
