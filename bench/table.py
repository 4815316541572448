"""Row 11: ten thousand rows on a screen: all replaced, one changed, and a key of the filter."""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

from tests.kit.source_tree import ROOT
from tests.ui import pictures
from tests.ui.hands import MemoryFeed, MemoryHand

from bench.figure import Figure, Size, script
from opsdash.domain.alert_list import AlertList
from opsdash.domain.text import SafeText
from opsdash.snapshot import Snapshot
from opsdash.ui.app import OpsdashApp
from opsdash.ui.preferences import preferences_of


def measure(size: Size) -> Iterator[Figure]:
    """Time the drawing in a process of its own, from the call to the painted lines."""
    count, rounds = size.of(2_000, 10_000), size.of(5, 15)
    command = [sys.executable, "-m", "bench.table", str(count), str(rounds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    for name, words, most in (
        ("all", "all replaced", 20),
        ("one", "one changed", 3),
        ("filter", "a filter key", 16),
    ):
        yield Figure(
            "11",
            f"{count:,} rows, {words}, painted",
            f"≤ {most} ms",
            f"{found[name]:.1f} ms",
            found[name] <= most,
        )


def _alerts(count: int, generation: int) -> AlertList:
    template = pictures.alerts()[0]
    made = [
        replace(
            template,
            id=f"{generation:08x}{number:08x}/1",
            labels={**template.labels, "pod": SafeText(f"pod-{number}")},
            acknowledgement=None,
            incident=None,
            active_at=pictures.NOW - timedelta(hours=1, seconds=number % 3000),
            fired_at=pictures.NOW - timedelta(hours=1, seconds=number % 3000),
        )
        for number in range(count)
    ]
    return AlertList.by_urgency(made)


async def _time(count: int, rounds: int) -> dict[str, float]:
    first = replace(pictures.busy(), alerts=_alerts(count, 0), incidents=())
    feed = MemoryFeed(first)
    app = OpsdashApp(
        feed,
        lambda: MemoryHand(feed),
        preferences_of(first.setup),
        clock=lambda: pictures.NOW,
        first=first,
    )
    generations = [_alerts(count, 1 + n % 2) for n in range(2)]
    times: dict[str, list[float]] = {"all": [], "one": [], "filter": []}
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause()

        async def painted(name: str, act: Callable[[], None]) -> None:
            began = time.perf_counter()
            act()
            app.screen._compositor_refresh()
            times[name].append((time.perf_counter() - began) * 1000)
            await pilot.pause()

        def show(snapshot: Snapshot) -> None:
            app.snapshot = snapshot
            app.redraw()

        for number in range(rounds):
            whole = replace(first, alerts=generations[number % 2])
            await painted("all", lambda whole=whole: show(whole))  # type: ignore[misc]
            one = replace(whole.alerts[0], level=3, level_at=pictures.NOW)
            # As the next snapshot has it: made of the one before and of what changed.
            changed = replace(whole, alerts=generations[number % 2].follow([one]))
            assert len(changed.shown.by_id) == count
            await painted("one", lambda changed=changed: show(changed))  # type: ignore[misc]
            for text in ("pod-1", "pod-12", "pod-1", ""):
                await painted("filter", lambda text=text: app.dashboard.typed(text))  # type: ignore[misc]
    return {name: statistics.median(found) for name, found in times.items()}


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1].isdigit():
        print(json.dumps(asyncio.run(_time(int(sys.argv[1]), int(sys.argv[2])))))
    else:
        script(measure)
