"""R7: what is old or absent never looks live: faults under an open dashboard, read off its terminal.

Every server fault befalls metrics and alerts at once. Each frame that the dashboard writes is looked
at: once it has had its time, a tile with neither age nor `no data` is a lie, and so is a green one.
"""

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.faultserver import FaultServer
from tests.terminal import Look, Terminal, looks, new_screen, text_lines

from bench.bed import OPSDASH, Bed
from bench.figure import Figure, Size, script
from opsdash.presets import DEFAULT_PANES, DEFAULT_SETUP
from opsdash.sources.union import MARK

LIMIT = 10.0
"""Seconds within which all must be marked, with a refresh of a second."""

WATCHED = 3.0
"""Seconds for which the screen is watched once it is marked."""

GREEN = "63d297"
"""The colour of `ok` in the theme that a dashboard begins with."""

TITLES = tuple(str(i.title) for pane in DEFAULT_PANES for i in pane.indicators)

FAULTS = (
    "refused", "503", "nan", "no-data", "hang", "login", "old", "401",
    "429=3600", "500", "502-html", "execution", "timeout", "drip", "headerdrip", "redirect-other",
    "redirect-loop", "empty", "truncated", "garbage", "bad-utf8", "cut", "reset", "not-http",
    "json-null", "no-result", "wrong-types", "deep", "bigint", "big", "endless", "+inf",
    "not-a-number", "duplicates", "unknown-type", "403", "gzip", "slow=4",
)  # fmt: skip
"""Faults after which a server tells nothing new, those that differ most first."""

ONLY_METRICS = {"nan", "+inf", "no-data", "old", "not-a-number", "duplicates", "execution"}
"""Faults of an answer to a query: alerts know none like them."""

_ALERT = {
    "fingerprint": "00ff",
    "labels": {"alertname": "StaleOrNot", "severity": "critical"},
    "annotations": {"summary": "was there before"},
    "startsAt": "2025-12-22T14:00:00Z",
    "endsAt": "2099-12-22T14:00:00Z",
    "updatedAt": "2025-12-22T14:00:00Z",
    "generatorURL": "",
    "receivers": [],
    "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
}


_WELL = {"uptime": 1.0, "success_ratio": 1.0, "stripe": 1.0, "pods": 4.0}
"""What figures are where all is well and little would not be."""


class Server(FaultServer):
    """Its samples are `behind` seconds old, as of a target that is gone but not yet forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.behind = 0.0
        self.value = self._value

    def _value(self, labels: Mapping[str, str]) -> float:
        asks_age = labels.get(MARK, "").startswith("s")
        if asks_age:
            return time.time() - self.behind
        mark = labels.get(MARK, "")
        ids = [indicator.id for indicator in DEFAULT_SETUP.indicators]
        well = _WELL.get(ids[int(mark)], 0.0005) if mark.isdigit() else 0.0005
        return time.time() if mark == "t" else well

    def befall(self, fault: str) -> None:
        """Meet a fault from now on; `ok` ends it."""
        self.behind = 150.0 if fault == "old" else 0.0
        self.mode = "ok" if fault in ("old", "refused") else fault
        if fault == "refused":
            self.stop()
        elif self._server is None:
            self.start()


@dataclass(slots=True)
class Run:
    """What a run came to; `marked` are seconds from the fault to the last mark, by fault."""

    marked: dict[str, float] = field(default_factory=dict)
    unmarked: list[str] = field(default_factory=list)
    unaged: list[str] = field(default_factory=list)
    green: list[str] = field(default_factory=list)
    frames: int = 0
    tiles: int = 0


def run(faults: Sequence[str]) -> Run:
    """Let each fault happen under one dashboard."""
    done = Run(tiles=len(TITLES))
    with Server() as server, Bed(server.url, refresh="1s") as bed:
        text = bed.config.read_text().split("[[pane")[0]
        bed.config.write_text(text.replace("[prometheus]", '[prometheus]\ntimeout = "1s"'))
        with bed.engine() as engine:
            size = {"columns": 160, "lines": 45, "env": bed.environment}
            with Terminal(OPSDASH, **size) as terminal:  # type: ignore[arg-type]
                for number, fault in enumerate(faults):
                    server.alerts = [_ALERT] if number % 2 == 0 else []
                    server.befall("ok")
                    # What a fault has made it wait for is forgotten with the configuration.
                    engine.send_signal(signal.SIGHUP)
                    _await_live(terminal, number % 2 == 0)
                    _befall(server, terminal, fault, done)
    return done


def _await_live(terminal: Terminal, alert: bool) -> None:
    terminal.wait_for(
        lambda screen: (
            not unmarked_tiles(screen.splitlines(), True)
            and ("1 critical" in screen) == alert
            and (alert or "HEALTHY" in screen)
            and "alertmanager" not in screen.split("Performance")[0]
        ),
        60,
    )


def _befall(server: Server, terminal: Terminal, fault: str, done: Run) -> None:
    began = terminal.seconds
    server.befall(fault)
    try:
        terminal.wait_for(lambda screen: not _lies(screen, fault), LIMIT)
        done.marked[fault] = terminal.seconds - began
    except AssertionError:
        left = _lies(terminal.text(), fault)
        done.unmarked.append(f"{fault}: {', '.join(left)}")
    until = terminal.seconds + WATCHED
    while terminal.seconds < until:
        time.sleep(0.1)
    _look_back(terminal, fault, began, done)


def _lies(screen: str, fault: str) -> list[str]:
    """Return what on a screen looks live, though nothing new has been told."""
    lines = screen.splitlines()
    found = unmarked_tiles(lines, False)
    top = screen.split("Performance")[0]
    if "HEALTHY" in top:
        found.append("the status")
    if fault not in ONLY_METRICS and "alertmanager" not in top:
        found.append("the alerts")
    return found


def unmarked_tiles(lines: Sequence[str], live: bool) -> list[str]:
    """Return the tiles that carry no age and no `no data`; or, with `live`, those that do."""
    found = []
    for title in TITLES:
        rows = [line for line in lines if title in line]
        cells = [cell for row in rows for cell in row.split("│") if title in cell]
        tile = next((cell for cell in cells if _is_tile(cell, title)), "")
        marked = "no data" in tile or " old" in tile or not tile
        if marked == live:
            found.append(title)
    return found


def _is_tile(cell: str, title: str) -> bool:
    return cell.strip().find(title) in range(4)


def _look_back(terminal: Terminal, fault: str, began: float, done: Run) -> None:
    """Look at every frame that was written since the fault had its time."""
    screen, stream = new_screen(terminal.columns, terminal.lines)
    due = began + done.marked.get(fault, LIMIT)
    for at, chunk in list(terminal.chunks):
        stream.feed(chunk)
        if at < due:
            continue
        done.frames += 1
        lines = text_lines(screen)
        lies = unmarked_tiles(lines, False)
        if lies:
            done.unaged.append(f"{fault}: {', '.join(lies)} {at - began:.1f} s after")
        done.green += [f"{fault}: {title}" for title in _green_tiles(lines, looks(screen))]


def _green_tiles(lines: Sequence[str], cells: Sequence[Sequence[Look]]) -> list[str]:
    found = []
    for y, text in enumerate(lines):
        for title in TITLES:
            x = text.find(f" {title} ")
            if x < 0:
                continue
            end = text.find("│", x)
            part = cells[y][max(0, x - 2) : end if end > 0 else len(text)]
            if any(GREEN in (cell[1], cell[2]) for cell in part if cell[0].strip()):
                found.append(title)
    return found


def measure(size: Size) -> Iterator[Figure]:
    """Measure R7."""
    done = run(FAULTS[: size.of(2, 8, len(FAULTS))])
    slowest = max(done.marked.values(), default=0.0)
    wrong = done.unmarked + done.unaged + done.green
    yield Figure(
        "R7",
        f"{len(done.marked) + len(done.unmarked)} faults x {done.tiles} tiles, alerts and status,"
        f" {done.frames} frames",
        f"marked within {LIMIT:g} s, old without age 0, green without data 0",
        f"slowest {slowest:.1f} s, unmarked {len(done.unmarked)}, old without age"
        f" {len(done.unaged)}, green {len(done.green)}" + "".join(f"; {one}" for one in wrong[:3]),
        not wrong,
    )


if __name__ == "__main__":
    script(measure)
