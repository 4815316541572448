"""R7: what is old or absent never looks live: faults under open dashboards, read off their terminals.

Every server fault befalls metrics and alerts at once. Each frame that the dashboards write is looked
at, and what `status` prints: once they had their time, a figure with neither age nor `no data` is a
lie, and so is a green one. Where figures are shown is in `bench.shown`.
"""

import contextlib
import re
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from tests.faultserver import FaultServer, Request
from tests.terminal import Terminal, looks, new_screen, text_lines

from bench.bed import OPSDASH, Bed
from bench.figure import Figure, Size, say, script
from bench.frames import Frames, answer
from bench.shown import (
    VIEWS,
    Figures,
    View,
    alert_list,
    alert_page,
    indicator_page,
    status_json,
    status_text,
    status_tmux,
)
from opsdash.presets import DEFAULT_SETUP
from opsdash.sources.union import MARK

LIMIT = 10.0
"""Seconds within which all must be marked: more than two refreshes, and fewer than the ten after which
all would be gone anyway."""

REFRESH = "1500ms"

WATCHED = 3.0
"""Seconds for which the screens are watched once they are marked."""

STALE = 3.0
"""Seconds after which a figure is old."""

SETTLED = 1.0
"""Seconds after which no answer from before a fault is on its way any more."""

ONE_WRITE = 0.005
"""Seconds within which what a terminal gets belongs to what it got before, where frames are small."""

GREEN = "63d297"
"""The colour of `ok` in the theme that a dashboard begins with."""

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


_BRANCH = re.compile(rf'label_replace\((.+?)\n?, "{MARK}", "(\w+)"', re.DOTALL)
"""A query of the union and its mark."""

_WELL = {"uptime": 1.0, "success_ratio": 1.0, "stripe": 1.0, "pods": 4.0}
"""What figures are where all is well and little would not be."""


class Server(FaultServer):
    """Its samples are `behind` seconds old, as of a target that is gone but not yet forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.behind = 0.0
        self._asked: dict[str, str | None] = {}
        self.value = self._value

    def series(self, request: Request) -> list[tuple[dict[str, str], float | str]]:
        """Return the samples of a query, knowing which mark is which indicator's."""
        by_query = {i.query.strip(): i.id for i in DEFAULT_SETUP.indicators}
        asked = {
            mark: by_query.get(query.strip()) for query, mark in _BRANCH.findall(request.query)
        }
        self._asked.update(asked)
        return super().series(request)

    def _value(self, labels: Mapping[str, str]) -> float:
        mark = labels.get(MARK, "")
        if mark.startswith("s"):
            return time.time() - self.behind
        if mark == "t":
            return time.time()
        if mark.isdigit() and mark in self._asked and self._asked[mark] is None:
            # What a figure is set beside: the bound of a quantile, the number that a share is of.
            return 10_000.0
        return _WELL.get(self._asked.get(mark) or "", 0.0005)

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
    figures: int = 0
    outputs: int = 0


class Watch:
    """One dashboard that shows one view, and every frame it has written."""

    def __init__(self, view: View, bed: Bed) -> None:
        self.view = view
        self.terminal = Terminal(
            OPSDASH,
            columns=view.columns,
            lines=view.lines,
            # With sixteen colours there would be no telling which of them is `ok`.
            env={**bed.environment, "COLORTERM": "truecolor"},
        )
        self.began = self.due = 0.0
        self._screen, self._stream = new_screen(view.columns, view.lines)
        self._fed = 0
        self._frames = Frames()

    def open(self) -> None:
        """Press the keys of what is looked at, each once the one before has done its work."""
        terminal = self.terminal
        answer(terminal)
        terminal.wait_for("StaleOrNot", 60)
        for key in self.view.keys:
            terminal.settle(0.1)
            terminal.send(key)
        terminal.wait_for(self.view.opened, 30)

    def reopen(self) -> None:
        """Look at the alert that fires now: the page may be of an earlier one."""
        if self.view.of_alert:
            self.terminal.send("escape")
            self.terminal.wait_for(lambda screen: self.view.opened not in screen, 30)
            self.terminal.wait_for("1 unacked", 60)
            self.terminal.send("4", "g", "enter")
            self.terminal.wait_for("✖ CRIT  StaleOrNot", 30)

    def read(self, lines: Sequence[str], of_alerts: bool) -> Figures:
        """Return all that a screen shows, true what is marked; the alerts where they matter."""
        found = self.view.figures(lines)
        if of_alerts and self.view.of_alert:
            found |= alert_page(lines)
        elif of_alerts and indicator_page not in self.view.readers:
            found |= alert_list(lines)
        return found

    def lies(self, lines: Sequence[str], of_alerts: bool) -> list[str]:
        """Return what on a screen looks live, though nothing new has been told."""
        shown = self.read(lines, of_alerts)
        few = [] if len(shown) >= self.view.count else [f"{len(shown)} figures alone"]
        return few + [name for name, marked in shown.items() if not marked]

    def now(self) -> list[str]:
        """Return the lines of the screen as it is."""
        return self.terminal.text().splitlines()

    def is_live(self, alert: bool) -> bool:
        """Whether everything that this view should show is there, and nothing is marked."""
        lines = self.now()
        shown = self.read(lines, of_alerts=alert or not self.view.of_alert)
        shown.pop("the status", None)
        word = "CRITICAL" if alert else "HEALTHY"
        told = word in lines[0] or "╭" in lines[0]
        # What is well is green, or the look for green would be blind.
        if self.view.count and not self.view.green(lines, self.terminal.looks(), GREEN):
            return False
        return told and len(shown) >= self.view.count and not any(shown.values())

    def look_back(self, fault: str, of_alerts: bool, done: Run) -> None:
        """Look at every frame that was written since the fault had its time."""
        chunks = list(self.terminal.chunks)[self._fed :]
        self._fed += len(chunks)
        for number, (at, chunk) in enumerate(chunks):
            self._stream.feed(chunk)
            whole = self._frames.feed(chunk)
            more = number + 1 < len(chunks) and chunks[number + 1][0] - at < ONE_WRITE
            if at >= self.due and whole and not more:
                self._judge(fault, at, of_alerts, done)
        # What stands there is looked at even where nothing was written since.
        if self._frames.whole:
            self._judge(fault, self.terminal.seconds, of_alerts, done)

    def _judge(self, fault: str, at: float, of_alerts: bool, done: Run) -> None:
        done.frames += 1
        lines = text_lines(self._screen)
        if lies := self.lies(lines, of_alerts):
            after = f"{at - self.began:.1f} s after"
            done.unaged.append(f"{fault}: {', '.join(lies)} at {self.view.name} {after}")
            say("\n".join([done.unaged[-1], *lines]))
        green = self.view.green(lines, looks(self._screen), GREEN)
        done.green += [f"{fault}: {one[:60]} at {self.view.name}" for one in green]


def run(faults: Sequence[str], views: Sequence[View] = VIEWS, watched: float = WATCHED) -> Run:
    """Let each fault happen under a dashboard for each view."""
    done = Run()
    with (
        Server() as server,
        Bed(server.url, refresh=REFRESH) as bed,
        contextlib.ExitStack() as ends,
    ):
        text = bed.config.read_text().split("[[pane")[0]
        bed.config.write_text(
            re.sub(r"(\[(prometheus|alertmanager)\])", r'\1\ntimeout = "1s"', text)
        )
        server.alerts = [_ALERT]
        engine = ends.enter_context(bed.engine())
        watches = []
        for view in views:
            watches.append(Watch(view, bed))
            ends.callback(watches[-1].terminal.kill)
        for watch in watches:
            watch.open()
        for number, fault in enumerate(faults):
            say(f"{number + 1} of {len(faults)}: {fault}")
            alert = number % 2 == 0
            server.alerts = [_ALERT] if alert else []
            server.befall("ok")
            # What a fault has made it wait for is forgotten with the configuration.
            engine.send_signal(signal.SIGHUP)
            shown = [one for one in watches if alert or not one.view.of_alert]
            _await_live(shown, alert)
            done.figures = max(done.figures, sum(len(one.read(one.now(), alert)) for one in shown))
            _befall(server, shown, fault, done)
            _watch(bed, shown, fault, watched, done)
    return done


def _await_live(watches: Sequence[Watch], alert: bool) -> None:
    for watch in watches:
        if alert:
            watch.reopen()
        watch.terminal.wait_until(partial(watch.is_live, alert), 60, f"all live, {alert=}")


def _befall(server: Server, watches: Sequence[Watch], fault: str, done: Run) -> None:
    """Let the fault happen and wait until all is marked; what is not by then is noted."""
    for watch in watches:
        watch.began = watch.terminal.seconds
        watch.due = watch.began + LIMIT
    server.befall(fault)
    began = time.monotonic()
    left, of_alerts = list(watches), fault not in ONLY_METRICS
    while left and time.monotonic() - began < LIMIT:
        # What was being read may arrive yet, and end the mark of a figure that was late before.
        time.sleep(0.05 if time.monotonic() - began > SETTLED else SETTLED)
        left = [watch for watch in watches if watch.lies(watch.now(), of_alerts)]
    for watch in watches:
        if watch not in left:
            watch.due = watch.terminal.seconds
    if not left:
        done.marked[fault] = time.monotonic() - began
    for watch in left:
        lies = ", ".join(watch.lies(watch.now(), of_alerts))
        done.unmarked.append(f"{fault}: {lies} at {watch.view.name}")


def _watch(bed: Bed, watches: Sequence[Watch], fault: str, seconds: float, done: Run) -> None:
    """Look at what is printed and at what the screens show meanwhile, for so long at least."""
    until = time.monotonic() + seconds
    while True:
        _look_at_status(bed, fault, done)
        if time.monotonic() >= until:
            break
    for watch in watches:
        watch.look_back(fault, fault not in ONLY_METRICS, done)


def _look_at_status(bed: Bed, fault: str, done: Run) -> None:
    text, shape = bed.command("status"), bed.command("status", "--format", "json")
    tmux = bed.command("status", "--format", "tmux")
    told = {
        "status": status_text(text.stdout),
        "status --format json": status_json(shape.stdout, STALE),
        "status --format tmux": status_tmux(tmux.stdout),
    }
    done.outputs += len(told)
    for command, figures in told.items():
        lies = [name for name, marked in figures.items() if not marked]
        if lies or (command != "status --format tmux" and len(figures) < 14):
            done.unaged.append(f"{fault}: {', '.join(lies) or 'no figures'} in {command}")
    done.unaged += [
        f"{fault}: status ends with 0" for one in (text, shape, tmux) if not one.returncode
    ]


def measure(size: Size) -> Iterator[Figure]:
    """Measure R7."""
    done = run(FAULTS[: size.of(2, 8, len(FAULTS))], watched=size.of(1, 3))
    slowest = max(done.marked.values(), default=0.0)
    wrong = done.unmarked + done.unaged + done.green
    yield Figure(
        "R7",
        f"{size.of(2, 8, len(FAULTS))} faults x {len(VIEWS)} screens with {done.figures} figures:"
        f" {done.frames} frames, and {done.outputs} outputs of status",
        f"marked within {LIMIT:g} s, old without age 0, green without data 0",
        f"slowest {slowest:.1f} s, unmarked {len(done.unmarked)}, old without age"
        f" {len(done.unaged)}, green {len(done.green)}" + "".join(f"; {one}" for one in wrong[:3]),
        not wrong,
    )


if __name__ == "__main__":
    script(measure)
