"""R9: hostile text through every way out: panes, a real terminal, commands, and what receivers get.

Everything comes in as it would: labels and annotations of a real engine's alerts, silences of its
Alertmanager, words of deployments. It must be seen as text, on its line, and do nothing.
"""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from tests.faultserver import FaultServer
from tests.kit.hostile import on_call
from tests.notifiers import test_email, test_pagerduty, test_slack
from tests.notifiers.pages import BAD_LINKS
from tests.notifiers.pages import HOSTILE as TOLD
from tests.notifiers.pages import hostile as hostile_page
from tests.notifiers.shapes import faults_of
from tests.terminal import Terminal
from tests.ui.pictures import NOW
from tests.ui.test_hostile import CONTROLS, TEXTS, hostile_snapshot

from bench.bed import OPSDASH, Bed
from bench.figure import Figure, Size, script
from opsdash.domain.page import PageKind
from opsdash.domain.text import clean
from opsdash.notifiers.webhook import message_of
from opsdash.ui.glyphs import UTF8
from opsdash.ui.keys import keys_of
from opsdash.ui.lines import Line, text_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes import (
    alert_page,
    alert_room,
    footer,
    header,
    indicator_page,
    list_state,
    metrics,
    pages,
    problems,
)

_MORE = (
    "#(touch /tmp/opsdash-pwned)", "#[fg=red]x#[default]", "#{pane_id}", "%s %d %n", "%(name)s",
    "{0.__class__.__init__}", "${HOME} $(id) `id`", "{{ 7 * 7 }} {% raw %}", "'; DROP TABLE alert;--",
    "\" OR 1=1 --", "%_*\\", "NEAR(a b) \"", "(a+)+$", "\"} or up{", "../../etc/passwd", "/etc/passwd",
    "CON", "=1+1", "+1", "-1", "@SUM(A1)", "\t=cmd", "](javascript:alert(1))", "![x](http://evil.example/x)",
    "|a|b|", "~~~", "<script>alert(1)</script>", "<!-- -->", "&lt;b&gt;", "&#x3c;", "]]>", "<?xml?>",
    "<!ENTITY x SYSTEM 'file:///etc/passwd'>", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd",
    "http://169.254.169.254/latest", "http://user:pw@host/", "\x1b[1;1H\x1b[41m", "\x1b[?25l", "\x1b[?2004h",
    "\x1b[200~rm -rf /\r\x1b[201~", "\x1b]4;1;rgb:ff/00/00\x07", "\x1b]10;?\x07", "\x1b]7;file:///\x07",
    "\x1b]133;A\x07", "\x1b[>c", "\x1b[5n", "\x1b[18t", "\x1b[21t", "\x1b[3;0;0t", "\x1b#8", "\x1b(0qqq",
    "\x1b[4h", "\x1b[20h", "\x1b[r", "\x1bD\x1bM", "\x1b7\x1b8", "\x1b[!p", "\x1b[999999999C", "\x1b[0 q",
    "\x1b^pm\x1b\\", "\x1bXsos\x1b\\", "\x1b", "\x9b", "\x9d52;c;eA==\x9c", "\u0085", "\u2029", "\u061c\u200f",
    "\U000e0001\U000e0068", "\ufff9a\ufffab\ufffb", "\u3164\uffa0", "a\u0300\u0489", "\u202d12345", "١٢٣",
    "1_000", "9" * 5000, "NaN", "null", "true", "~", "!!python/object:os.system", "&a *a", "no", "12:30:00",
    "[[]]", "[/][/][/]", "[@click=app.bell]x", "[@click=app.copy_to_clipboard('x')]x", "\\[b]", "[\\]", "[ok]",
    "CRIT ✖ critical", "✔ HEALTHY", "🏴‍☠️ 👨‍👩‍👧", "ﷺ" * 20, "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A", "\r\n\r\nHTTP/1.1 200 OK", "x\x00y", "x\ud83dy",
)  # fmt: skip

STRINGS: dict[str, str] = {
    **TEXTS,
    **{f"told {n}": text for n, text in enumerate(TOLD)},
    **{f"more {n}": text for n, text in enumerate(_MORE)},
}
"""Every string by name: reliability.md's H01 to H65 as far as text goes, and others."""

_ALLOWED = re.compile(
    r"\x1b\]22;[a-z]*\x07|\x1b\[[0-9;?]*[A-HJKXm@PLMdhlu]|\x1b\[[<>=][0-9;]*[a-zA-Z]|[\r\n\x08]"
)
"""What the output stage itself writes, and the shape of the mouse pointer."""

_LOUD = re.compile(
    r"\x1b\[31m|\x1b\[41m|\x1b\[6n|\x1b\[5n|\x1b\[c|\x1b\[>c|\x1bc|\x1b\[\?1049l|\x1b\[\?1000h|\x1b\[18t|\x1b\[999"
)
"""What some of the strings hold, and the output stage never writes while it shows them."""


_SHEET = re.compile(r"esc closes|esc leaves|more lines below")


@dataclass(slots=True)
class Run:
    """What a run came to: how many strings went through each sink, and what went wrong."""

    sinks: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    links: int = 0
    controls: int = 0
    acts: int = 0

    def meet(self, sink: str, name: str, check: Callable[[], object]) -> None:
        """Send one string through one sink; what it raises is what went wrong."""
        self.sinks[sink] += 1
        try:
            check()
        except Exception as error:  # a crash is what is looked for
            self.wrong.append(f"{name} in {sink}: {type(error).__name__} {error}"[:200])


def run(strings: Mapping[str, str], walked: int) -> Run:
    """Send every string through every sink; `walked` of them also through a detail page by keys."""
    done = Run()
    for name, raw in strings.items():
        for width in (200, 30):
            for sink, draw in _panes(raw, width).items():
                done.meet(f"{sink} {width}", name, partial(_hold_drawn, draw))
        _tell(done, name, raw)
    _through_processes(done, strings, walked)
    return done


def _panes(raw: str, width: int) -> dict[str, Callable[[], list[Line]]]:
    """Return every pane and page that shows outside text, each drawing the string."""
    snapshot, known = hostile_snapshot(raw)
    moment, text = Moment(NOW), clean(raw)
    pane, refresh = snapshot.panes[0], timedelta(seconds=5)
    alert = snapshot.alerts[0]
    looked = known[alert.id]
    one = snapshot.incidents[0]
    return {
        "header": lambda: [header.header(snapshot, width, moment, UTF8)],
        "tiny": lambda: [header.tiny(snapshot, width, moment, UTF8)],
        "problems": lambda: problems.problem_lines(snapshot, width, 4, moment, UTF8),
        "pane": lambda: metrics.pane_block(pane, 1, width, 9, refresh, moment, UTF8, "p95", True),
        "zoomed": lambda: metrics.pane_zoomed(pane, 1, width, 40, refresh, moment, UTF8),
        "pane line": lambda: [metrics.pane_line(pane, 1, width, refresh, moment, UTF8)],
        "alerts aside": lambda: [list_state.alerts_aside(snapshot, width, moment, UTF8)[:1]],
        "alert area": lambda: alert_room.alert_area(
            alert, looked, snapshot, width, 12, moment, UTF8
        ),
        "alert page": lambda: alert_page.alert_page(alert, looked, snapshot, width, moment, UTF8),
        "incident": lambda: pages.incident_page(
            one, known["INC-009"], snapshot, width, moment, UTF8
        ),
        "ticket": lambda: pages.ticket_page(snapshot.tickets[0], width, moment, UTF8),
        "indicator": lambda: indicator_page.indicator_page(
            pane.readings[0], None, snapshot, width, moment, UTF8
        ),
        "footer": lambda: [
            footer.footer_line(snapshot, alert, 4, 0, text, keys_of({}), width, UTF8)
        ],
        "message": lambda: [footer.message_line(text, "text", width, UTF8)],
    }


def _hold_drawn(draw: Callable[[], list[Line]]) -> None:
    found = [text_of(one) for one in draw() if CONTROLS.search(text_of(one))]
    assert not found, f"a control character: {found[0][:60]!r}"


def _tell(done: Run, name: str, raw: str) -> None:
    """Write to every receiver about it."""
    for number, kind in enumerate((PageKind.TRIGGER, PageKind.RESOLVE)):
        url = BAD_LINKS[(len(raw) + number) % len(BAD_LINKS)]
        done.meet("slack", name, partial(test_slack.hold_to_rules, raw, kind, url))
        done.meet("pagerduty", name, partial(test_pagerduty.hold_to_rules, raw, kind, url))
        done.meet("e-mail", name, partial(test_email.hold_to_rules, raw, kind))
        done.meet("webhook", name, partial(_hold_webhook, raw, kind, url))


def _hold_webhook(raw: str, kind: PageKind, url: str) -> None:
    message = message_of(hostile_page(raw, kind, url), "hook")
    assert faults_of("webhook", message) == []
    assert all(link["url"].startswith("http") for link in message["opsdash"]["links"])


def _through_processes(done: Run, strings: Mapping[str, str], walked: int) -> None:
    """Let a real engine take it in, and look at it in a terminal and by every command."""
    with FaultServer() as server, Bed(server.url, refresh="1s") as bed:
        server.alerts = [_alert(n, raw) for n, raw in enumerate(strings.values())]
        server.silences = [_silence(n, raw) for n, raw in enumerate(strings.values())]
        bed.config.write_text(bed.config.read_text() + on_call(tuple(strings.values())))
        with bed.engine():
            bed.wait_alerts(len(strings))
            _record(done, bed, strings, walked)
            _ask(done, bed, strings)
            _look(done, bed, strings, walked)
        with closing(sqlite3.connect(bed.store)) as raw_store:
            rows = raw_store.execute("SELECT author, kind FROM entry").fetchall()
        done.acts = sum(
            1 for author, kind in rows if author != "engine" and kind not in ("deployment",)
        )
        log = (bed.folder / "engine.log").read_text(errors="replace")
        done.wrong += [line for line in log.splitlines() if "a bug" in line or "Traceback" in line]
        done.controls += len(re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f]", log))


def _alert(number: int, raw: str) -> dict[str, object]:
    return {
        "fingerprint": f"{number:016x}",
        "labels": {"alertname": raw, "severity": "critical", "job": raw, "n": str(number)},
        "annotations": {"summary": raw, "description": raw, "runbook_url": raw},
        "startsAt": "2025-12-22T14:00:00Z",
        "endsAt": "2099-12-22T14:00:00Z",
        "updatedAt": "2025-12-22T14:00:00Z",
        "generatorURL": raw[:500],
        "receivers": [],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
    }


def _silence(number: int, raw: str) -> dict[str, object]:
    return {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "matchers": [{"name": "x", "value": raw, "isRegex": False, "isEqual": True}],
        "startsAt": "2025-12-22T14:00:00Z",
        "endsAt": "2099-12-22T14:00:00Z",
        "updatedAt": "2025-12-22T14:00:00Z",
        "createdBy": raw,
        "comment": raw,
        "status": {"state": "active"},
    }


def _record(done: Run, bed: Bed, strings: Mapping[str, str], walked: int) -> None:
    """Record deployments of services with such names, as a pipeline would."""
    fit = {n: s for n, s in strings.items() if s.strip() and "\0" not in s and s.isprintable()}
    for name, raw in list(fit.items())[: max(1, walked // 10)]:
        text = raw[:500]
        told = bed.command("deploy", "record", "--version", text, "--author", text, "--", text)
        done.meet("deploy record", name, partial(_hold_output, told.stdout + told.stderr))


_COMMANDS = (
    ("alerts",), ("alerts", "--format", "json"), ("status",), ("status", "--format", "json"),
    ("status", "--format", "tmux"), ("silence", "list"), ("silence", "list", "--format", "json"),
    ("deploy", "list"), ("deploy", "list", "--format", "json"), ("audit",), ("ack", "00"),
    ("unack", "00"), ("oncall", "now"), ("oncall", "now", "--format", "json"),
    ("oncall", "schedule", "--days", "366"),
    ("oncall", "schedule", "--days", "366", "--format", "json"),
    ("oncall", "handoff"), ("oncall", "handoff", "--format", "json"),
    ("oncall", "simulate"), ("oncall", "simulate", "--format", "json"),
    ("oncall", "export", "--days", "366"),
)  # fmt: skip


def _ask(done: Run, bed: Bed, strings: Mapping[str, str]) -> None:
    for words in _COMMANDS:
        told = bed.command(*words)
        sink = " ".join(words)
        done.sinks[sink] += len(strings) - 1
        done.meet(sink, "all", partial(_hold_output, told.stdout + told.stderr))
        if "json" in words:
            done.meet(sink, "all", partial(json.loads, told.stdout))
        if "tmux" in words:
            done.meet(sink, "all", partial(_hold_tmux, told.stdout))
    listed = json.loads(bed.command("alerts", "--format", "json").stdout)
    shown = {alert["fingerprint"]: alert["labels"].get("alertname", "") for alert in listed}
    for number, (name, raw) in enumerate(strings.items()):
        if shown.get(f"{number:016x}", "") != clean(raw) and clean(raw).strip():
            done.wrong.append(f"{name}: alerts --format json shows another name")
    lines = bed.command("alerts").stdout.splitlines()
    if len(lines) != len(strings) + 1:
        done.wrong.append(f"alerts: {len(lines) - 1} lines for {len(strings)} alerts")


def _hold_output(text: str) -> None:
    bad = re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    assert bad is None, f"a control character {bad[0]!r}" if bad else ""
    assert "Traceback" not in text


def _hold_tmux(text: str) -> None:
    assert "#(" not in text.replace("##", "") and "#{" not in text.replace("##", "")


def _look(done: Run, bed: Bed, strings: Mapping[str, str], walked: int) -> None:
    """Walk over the list and through detail pages and questions, clicking as people do."""
    with Terminal(OPSDASH, columns=160, lines=45, env=bed.environment) as terminal:
        terminal.wait_for("Incidents and alerts", 30)
        terminal.wait_for("unacknowledged", 30)
        terminal.settle(0.3)
        drawn = len(terminal.raw)
        terminal.send("4", "z")
        for number in range(walked):
            for opens in ("enter",) if number % 8 else ("enter", "e"):
                terminal.send(opens)
                terminal.wait_until(lambda: _SHEET.search(terminal.text()), 10, "a sheet")
                # Sent together with the next key, an escape would be read as alt.
                terminal.send("escape")
                terminal.wait_until(lambda: not _SHEET.search(terminal.text()), 10, "its end")
            terminal.send("j")
            if number % 5 == 0:
                terminal.send(f"\x1b[<0;{20 + number % 30};8M", f"\x1b[<0;{20 + number % 30};8m")
        terminal.settle(0.3)
        written = terminal.raw[drawn:].decode("utf-8", "replace")
        alive = terminal.exit_code is None
        terminal.send("q")
        code = terminal.wait_exit(10) if alive else terminal.exit_code
    done.sinks["list in a terminal"] += len(strings)
    done.sinks["detail in a terminal"] += walked
    if code != 0:
        traces = [path.read_text()[-3000:] for path in bed.folder.rglob("crash-*")]
        done.wrong.append(f"the dashboard ended with {code}: {traces}")
    done.links += len(re.findall(r"\x1b\]8;", written))
    rest = _ALLOWED.sub("", written)
    found = re.findall("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069].{0,12}", rest)
    loud = _LOUD.findall(written)
    done.controls += len(found) + len(loud)
    done.wrong += [f"raw in the terminal: {one!r}" for one in (found + loud)[:3]]


def measure(size: Size) -> Iterator[Figure]:
    """Measure R9."""
    every = list(STRINGS.items())
    chosen = dict(every[:: size.of(5, 1)])
    done = run(chosen, size.of(10, 60, len(chosen)))
    wrong = "".join(f"; {one}" for one in done.wrong[:6])
    yield Figure(
        "R9",
        f"{len(chosen)} strings x {len(done.sinks)} sinks: {done.sinks.total()}",
        "crashes 0, acts 0, raw control bytes 0, links 0, injections 0",
        f"crashes and injections {len(done.wrong)}, acts {done.acts}, control bytes"
        f" {done.controls}, links {done.links}{wrong}",
        not (done.wrong or done.acts or done.controls or done.links),
    )


if __name__ == "__main__":
    script(measure)
