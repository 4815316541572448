"""Hostile text through every part of the screen that shows outside text: seen, and without effect."""

import re
from dataclasses import replace
from datetime import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from opsdash.domain.alert import Acknowledgement, AlertState, Severity
from opsdash.domain.incident import Incident, IncidentState, ResponseStatus
from opsdash.domain.on_call import OnCall
from opsdash.domain.problem import Problem
from opsdash.domain.schedule import Person, Schedule
from opsdash.domain.source import EngineState, EngineView, SourceState, SourceView
from opsdash.domain.text import SafeText, clean
from opsdash.domain.ticket import Priority, Ticket, TicketStatus
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.presets import PERFORMANCE
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import UTF8
from opsdash.ui.keys import keys_of
from opsdash.ui.lines import Line, text_of, width_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alert_page import alert_page
from opsdash.ui.panes.alert_room import alert_area
from opsdash.ui.panes.footer import footer_line, message_line
from opsdash.ui.panes.header import header, tiny
from opsdash.ui.panes.indicator_page import indicator_page
from opsdash.ui.panes.list_state import alerts_aside
from opsdash.ui.panes.metrics import pane_block, pane_line, pane_zoomed
from opsdash.ui.panes.pages import incident_page, ticket_page
from opsdash.ui.panes.problems import problem_lines
from opsdash.ui.ports import Detail
from tests.kit.hostile import HOSTILE
from tests.ui import pictures
from tests.ui.driving import Driven, driven
from tests.ui.pictures import NOW, ago, alert, busy

TEXTS = {**HOSTILE, "wide": "日本語のアラート名 🔥🔥", "empty": "", "blank": "   "}

ASKED = ("H02", "H16", "H22", "H23", "H30", "H43")
"""Texts that a question is asked about as well; the others go through the same line drawing."""

FORMS = {
    "s": "Silence",
    "Z": "Put off",
    "O": "Override primary",
    "D": "Maintenance",
    "W": "Who would be woken",
    "h": "Give it to whom?",
}
"""The keys that open a form about the row, and its title."""

CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


def hostile_snapshot(raw: str) -> tuple[Snapshot, dict[str, Detail]]:
    """Return a picture in which every text that comes from outside is `raw`, cleaned at the gate."""
    text = clean(raw)
    words = {"alertname": text, "severity": text, "pod": text, "job": text, "empty": SafeText("")}
    notes = {"summary": text, "description": text, "runbook_url": text, "x_url": text}
    base = alert("Base", labels=words, annotations=notes, generator_url=text, incident="INC-001")
    found = (
        replace(base, id="1/1"),
        replace(base, id="2/1", acknowledgement=Acknowledgement(text, NOW, text)),
        replace(base, id="3/1", state=AlertState.PENDING, fired_at=None, fires_at=NOW),
        replace(base, id="4/1", silenced_by=(text,)),
        replace(base, id="5/1", state=AlertState.RESOLVED, resolved_at=ago(minutes=1)),
    )
    entries = (
        Entry(ago(minutes=1), text, EntryKind.NOTE, text, claimed={"SUDO_USER": text}, id=1),
    )
    indicator = replace(
        PERFORMANCE.indicators[0], id=text or "x", title=text, query=text, note=text
    )
    failing = replace(
        pictures.reading(PERFORMANCE.indicators[0]),
        indicator=indicator,
        value=None,
        reason=text,
        failed_at=NOW,
        labels={"a": raw, text: text},
    )
    pane = replace(busy().panes[0], title=text, readings=(failing, *busy().panes[0].readings))
    incident = Incident(
        "INC-009",
        text,
        Severity.CRITICAL,
        IncidentState.TRIGGERED,
        ResponseStatus.INVESTIGATING,
        ago(minutes=3),
        ago(minutes=4),
        text,
    )
    ticket = Ticket(
        7,
        text,
        text,
        ago(minutes=9),
        Priority.P1,
        TicketStatus.OPEN,
        priority_reason=text,
        category=text,
        description=text,
        response=text,
    )
    setup = replace(
        pictures.SETUP,
        title=text,
        people=tuple(Person(p.id, text) for p in pictures.SETUP.people),
        schedules=(Schedule("primary", "UTC", time(9), ({"mon": "john", "wed": "pm"},)),),
    )
    snapshot = replace(
        busy(),
        setup=setup,
        panes=(pane, *busy().panes[1:]),
        alerts=found,
        incidents=(incident,),
        tickets=(ticket,),
        sources=(SourceView("prom", "prometheus", SourceState.FAILING, NOW, NOW, reason=text),),
        problems=(Problem("p", text, NOW),),
        on_call=(OnCall("primary", text, NOW),),
        engine=EngineView(EngineState.DOWN, text, 1, ago(minutes=2)),
    )
    known = {a.id: Detail(a.id, entries, indicator, earlier=(base,)) for a in found}
    known["INC-009"] = Detail("INC-009", entries)
    return snapshot, known


def pages(raw: str, width: int) -> list[Line]:
    """Return every line that panes and pages draw of the text."""
    snapshot, known = hostile_snapshot(raw)
    moment = Moment(NOW)
    lines = [header(snapshot, width, moment, UTF8), tiny(snapshot, width, moment, UTF8)]
    lines += problem_lines(snapshot, width, 4, moment, UTF8)
    refresh, pane = snapshot.setup.refresh, snapshot.panes[0]
    lines += pane_block(pane, 1, width, 9, refresh, moment, UTF8, "p95", True)
    lines += pane_zoomed(pane, 1, width, 40, refresh, moment, UTF8)
    lines.append(pane_line(pane, 1, width, refresh, moment, UTF8))
    lines.append(alerts_aside(snapshot, width, moment, UTF8)[:1])
    for found in snapshot.alerts:
        detail = known[found.id]
        lines += alert_area(found, detail, snapshot, width, 12, moment, UTF8)
        lines += alert_page(found, detail, snapshot, width, moment, UTF8)
    lines += incident_page(snapshot.incidents[0], known["INC-009"], snapshot, width, moment, UTF8)
    lines += ticket_page(snapshot.tickets[0], width, moment, UTF8)
    lines += indicator_page(pane.readings[0], None, snapshot, width, moment, UTF8)
    keys = keys_of({})
    lines.append(footer_line(snapshot, snapshot.alerts[0], 4, 0, clean(raw), keys, width, UTF8))
    lines.append(message_line(clean(raw), "text", width, UTF8))
    return lines


@pytest.mark.parametrize("name", TEXTS)
def test_panes_draw_hostile_text_as_one_visible_line(name: str) -> None:
    """At a wide and at a narrow size no control character is drawn and no word is lost."""
    for width in (200, 30):
        lines = pages(TEXTS[name], width)
        assert not [one for one in lines if CONTROLS.search(text_of(one))]
        shown = clean(TEXTS[name]).split()
        joined = " ".join(text_of(one) for one in lines)
        assert all(word[:10] in joined for word in shown)


@given(st.text(max_size=80), st.integers(1, 220))
@settings(max_examples=60, deadline=None)
def test_panes_draw_generated_text(raw: str, width: int) -> None:
    """Any text, at any width: exact lines stay exact."""
    lines = pages(raw, width)
    assert not [one for one in lines if CONTROLS.search(text_of(one))]
    assert {width_of(one) for one in lines[:2]} == {width}


async def test_hostile_text_is_seen_and_does_nothing() -> None:
    """On the dashboard and on its sheets: no crash, no control, no line too long, no act."""
    snapshot, known = hostile_snapshot("plain")
    async with driven(snapshot, (120, 35), details=known) as board:
        await board.shows("ENGINE DOWN")
        for name, raw in TEXTS.items():
            snapshot, known = hostile_snapshot(raw)
            board.feed.details = known
            board.feed.put(snapshot)
            await taken(board, snapshot)
            await board.pilot.pause()
            assert clean(raw).strip()[:5] in check(board, 120)
            for key in ("enter", "escape", "e", "escape")[: 4 if name in ASKED else 2]:
                await board.press(key)
                check(board, 120)
            for key, title in FORMS.items() if name in ASKED else ():
                await board.press("4", "g", "j", key)
                await board.shows(title)
                check(board, 120)
                await board.press("escape")
        for key in ("E", "escape", "5", "enter", "escape", "1", "enter", "escape", "o", "escape"):
            await board.press(key)
            check(board, 120)
        assert board.hand.calls == []


async def test_a_quote_in_a_severity_adds_no_label_to_what_is_simulated() -> None:
    """What the sheet fills in is the row's one label, as it is (H58)."""
    snapshot, known = hostile_snapshot('x", page="yes')
    async with driven(snapshot, (120, 35), details=known) as board:
        await board.press("4", "g", "j", "W")
        await board.shows("Who would be woken", r'severity="x\", page=\"yes"')
        await board.shows("were nobody to acknowledge")


async def taken(board: Driven, snapshot: Snapshot) -> None:
    """Wait until the dashboard has the snapshot, without waiting for its next look."""
    board.app.lookout.wake()
    await board.until(lambda: board.app.snapshot is snapshot)


def check(board: Driven, width: int) -> str:
    """Return the screen, once it is seen to be harmless."""
    screen = board.lines()
    assert board.app.is_running
    assert not [one for one in screen if CONTROLS.search(one) or cell_len(one) > width]
    return "\n".join(screen)


async def test_hostile_text_fits_every_size() -> None:
    """No line is longer than the screen in cells, whatever the letters."""
    snapshot, known = hostile_snapshot("plain")
    async with driven(snapshot, (120, 35), details=known) as board:
        for size in ((80, 24), (60, 15), (41, 11), (20, 4), (1, 1)):
            await board.pilot.resize_terminal(*size)
            for name in ("H04", "H45", "H48", "wide"):
                snapshot, board.feed.details = hostile_snapshot(TEXTS[name])
                board.feed.put(snapshot)
                await taken(board, snapshot)
                for key in ("enter", "escape"):
                    await board.press(key)
                    check(board, size[0])


async def test_a_filter_is_letters() -> None:
    """Signs that a query would obey find what holds them, and else nothing (H55, H56)."""
    plain = replace(busy(), incidents=(), tickets=())
    odd = alert("Odd", labels={"alertname": SafeText("Odd"), "q": SafeText('50%_* "NEAR(a')})
    async with driven(replace(plain, alerts=(odd, *plain.alerts)), (120, 35)) as board:
        for typed in ("%_*", '"NEAR(', "50%"):
            await board.press("/", *typed, "enter")
            await board.shows("Odd")
            await board.shows_not("CPUSaturated")
            await board.press("escape")
        for typed in ("'; DROP TABLE alert--", "%%", ".*", "[a-z]"):
            await board.press("/", *typed, "enter")
            await board.shows("no alert matches the filter")
            await board.press("escape")
        await board.shows("CPUSaturated")


async def test_what_is_copied_is_clean() -> None:
    """The clipboard gets visible text, a line an alert."""
    snapshot, known = hostile_snapshot(TEXTS["H30"] + TEXTS["H49"])
    async with driven(snapshot, (120, 35), details=known) as board:
        await board.press("4", "j", "y", "R")
        await board.until(lambda: len(board.copied) == 2)
        assert not [text for text in board.copied if CONTROLS.search(text)]


async def test_hostile_text_has_no_colour_and_no_link_of_its_own() -> None:
    """A name that asks for red on red is in the style of any other name."""
    styles = []
    for raw in ("[black on black]CRIT[/]", "plain name that is as long"):
        snapshot, known = hostile_snapshot(raw)
        async with driven(snapshot, (160, 45), details=known) as board:
            await board.shows(raw[:12])
            strips = board.app.screen._compositor.render_strips()
            row = strips[board.row_of("nobody")]
            styles.append([s.style for s in row if s.text.strip() == raw[:40].strip()])
            assert all(not (s.style and s.style.link) for strip in strips for s in strip)
            assert all(
                not (s.style and s.style.meta.get("@click")) for strip in strips for s in strip
            )
    assert styles[0] == styles[1]


async def test_two_names_that_look_alike_are_told_apart_by_their_id() -> None:
    """The detail page has the fingerprint, which no letter can imitate."""
    snapshot, known = hostile_snapshot("pаypаl")
    async with driven(snapshot, (160, 45), details=known) as board:
        await board.press("4", "g", "j", "enter")
        await board.shows("id             1/1")
