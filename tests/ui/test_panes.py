"""Panes: what a person reads, drawn from hand-made snapshots without any terminal."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from opsdash.domain.alert import Acknowledgement, AlertState, Severity
from opsdash.domain.freshness import Freshness
from opsdash.domain.incident import Incident, IncidentState, ResponseStatus
from opsdash.domain.indicator import Level, Reading
from opsdash.domain.problem import Problem
from opsdash.domain.rules.view import RuleState, RuleView
from opsdash.domain.sample import Point
from opsdash.domain.source import EngineState, EngineView, SourceState
from opsdash.domain.status import Status
from opsdash.domain.text import SafeText
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.presets import PERFORMANCE, UPTIME, USERS
from opsdash.snapshot import Snapshot
from opsdash.ui.chart import chart, sparkline
from opsdash.ui.glyphs import ASCII, UTF8
from opsdash.ui.keys import keys_of
from opsdash.ui.lines import Line, text_of, width_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alert_columns import rooms
from opsdash.ui.panes.alert_page import alert_page
from opsdash.ui.panes.alert_room import alert_area
from opsdash.ui.panes.alert_words import where
from opsdash.ui.panes.alerts import alert_row, incident_row
from opsdash.ui.panes.facts import wrapped
from opsdash.ui.panes.footer import footer_line
from opsdash.ui.panes.header import header, tiny
from opsdash.ui.panes.indicator_page import indicator_page
from opsdash.ui.panes.list_state import alerts_aside, empty_words
from opsdash.ui.panes.metrics import pane_block, pane_line, pane_zoomed
from opsdash.ui.panes.pages import incident_page
from opsdash.ui.panes.problems import problem_lines
from opsdash.ui.panes.rules import rule_row
from opsdash.ui.panes.tickets import ticket_row, tickets_aside
from opsdash.ui.panes.tile import tile_of
from opsdash.ui.panes.timeline import timeline_lines
from opsdash.ui.ports import Detail
from opsdash.ui.screens.listing import listed, search_text
from tests.ui import pictures
from tests.ui.pictures import NOW, ago, alert, blind, busy, climbing, quiet, reading

REFRESH = timedelta(seconds=5)


def words(lines: Sequence[Line]) -> str:
    return "\n".join(text_of(one).rstrip() for one in lines)


def moment() -> Moment:
    return Moment(NOW)


def row_words(name: str, snapshot: Snapshot, narrow: bool = False) -> list[str]:
    found = next(a for a in snapshot.alerts if a.name == name)
    given = rooms(80 if narrow else 300)
    return [text_of(cell) for cell in alert_row(found, snapshot, given, moment(), UTF8).cells]


def test_the_header_says_status_people_and_age() -> None:
    """At 160 columns everything that the guide's figure has is on one line."""
    assert text_of(header(busy(), 160, moment(), UTF8)) == (
        " Payment App Production   ✖ CRITICAL   ✖ 1 critical  ▲ 2 warning     "
        "uptime 99.98% 24h, 17 s down   users 2,450 ↑15%   on call John until Wed 09:06   14:06 UTC "
    )


@pytest.mark.parametrize("width", [200, 160, 120, 80, 60, 40])
def test_the_header_fits_and_keeps_the_status(width: int) -> None:
    """What is least needed yields; status and counts never do."""
    drawn = header(busy(), width, moment(), UTF8)
    assert width_of(drawn) == width
    assert "✖ CRITICAL" in text_of(drawn)
    assert "✖ 1" in text_of(drawn)


def test_the_demo_and_a_pause_are_said() -> None:
    """Nobody takes the simulation, or a picture that stands still, for production live."""
    snapshot = replace(busy(), setup=replace(pictures.SETUP, simulated=True))
    for width in (160, 80, 60):
        assert "SIMULATED" in text_of(header(snapshot, width, moment(), UTF8))
        assert "PAUSED" in text_of(header(busy(), width, moment(), UTF8, paused=True))
    said = text_of(tiny(snapshot, 39, moment(), UTF8, paused=True))
    assert said.rstrip() == "1 CRIT 2 WARN PAUSED SIMULATED"


def test_a_failing_source_is_named_with_reason_and_since_when() -> None:
    """One line a source, under the header, with how old its figures are."""
    lines = problem_lines(blind(), 120, 4, moment(), UTF8)
    assert words(lines) == (
        " ✖ prometheus: connection refused, since 14:02; what it says is 4m00s old\n"
        " ✖ alertmanager: connection refused, since 14:02; what it says is 4m00s old"
    )


def test_what_one_server_fails_is_said_once() -> None:
    """Figures, alerts and own rules of one Prometheus: one line, the others keep theirs."""
    why = SafeText("http://127.0.0.1:9090 refused the connection; is the server running?")
    failing = {
        "opsdash": SafeText(f"no rule can be judged: {why}"),
        "prometheus": why,
        "alertmanager": SafeText("http://127.0.0.1:9093 refused the connection"),
        "rules": why,
    }
    sources = tuple(replace(blind().sources[0], id=id, reason=said) for id, said in failing.items())
    assert words(problem_lines(replace(blind(), sources=sources), 160, 4, moment(), UTF8)) == (
        f" ✖ prometheus, rules, opsdash: {why} since 14:02; what they say is up to 4m00s old\n"
        " ✖ alertmanager: http://127.0.0.1:9093 refused the connection, since 14:02;"
        " what it says is 4m00s old"
    )


def test_problems_beyond_the_room_are_counted() -> None:
    """No problem vanishes silently for want of lines."""
    assert words(problem_lines(blind(), 120, 1, moment(), UTF8)) == (
        " ✖ 2 problems: the view is not whole"
    )
    extra = tuple(Problem(f"p{n}", SafeText(f"problem {n}")) for n in range(4))
    drawn = problem_lines(replace(quiet(), problems=extra), 120, 3, moment(), UTF8)
    assert words(drawn) == " ▲ problem 0\n ▲ problem 1\n ▲ and 2 more problems"


def test_a_dead_engine_is_loud_within_fifteen_seconds() -> None:
    """The heartbeat's age decides, even if the snapshot was taken while it still ran."""
    snapshot = replace(
        quiet(), engine=EngineView(EngineState.RUNNING, SafeText("host"), 1, ago(seconds=11))
    )
    alive, dead = Moment(NOW), Moment(NOW + timedelta(seconds=4))
    assert words(problem_lines(snapshot, 120, 4, alive, UTF8)) == ""
    assert alive.changes_at <= dead.now
    drawn = words(problem_lines(snapshot, 120, 4, dead, UTF8))
    assert drawn.startswith(" ✖ ENGINE DOWN since 14:06 (15s): figures are old")
    assert "UNKNOWN" in text_of(header(snapshot, 120, dead, UTF8))
    assert "HEALTHY" in text_of(header(snapshot, 120, alive, UTF8))


def test_no_engine_at_all_is_said() -> None:
    """A store that nobody fills is not an evening without alerts."""
    snapshot = replace(quiet(), engine=EngineView(EngineState.NEVER))
    assert "NO ENGINE has run yet" in words(problem_lines(snapshot, 120, 4, moment(), UTF8))
    assert "no engine is at work" in text_of(empty_words(snapshot, moment(), UTF8))


def test_a_tiny_terminal_has_the_counts() -> None:
    """Below 40x10 one line says how many."""
    assert text_of(tiny(busy(), 39, moment(), UTF8)).rstrip() == "1 CRIT 2 WARN"
    assert text_of(tiny(quiet(), 39, moment(), UTF8)).rstrip() == "✔ HEALTHY"
    assert text_of(tiny(blind(), 39, moment(), UTF8)).rstrip() == "? UNKNOWN"
    assert width_of(tiny(busy(), 1, moment(), UTF8)) == 1


def test_a_metric_pane_has_a_row_a_tile() -> None:
    """Sign, title, value, unit, sparkline, level in a word, trend."""
    pane = busy().panes[0]
    assert (
        words(pane_block(pane, 1, 54, 7, REFRESH, moment(), UTF8))
        == """\
╭─ 1 Performance ───────────────────────────── live ─╮
│ ▲ Response p95      318 ms ▃▃▃▃▃▃▃▃▃▅▆ warn        │
│ ✖ Error rate 5m    2.50 %  ▁▁▁▁▁▁▁▁▂▇█ crit        │
│ ✔ Transactions       45 /s ▆▅▆▆▆▅▆▆▅▅▅ ok   ↓4%    │
│ ✔ Requests          212 /s ▅▅▅▅▅▅▅▅▅▆▆ ok          │
│                                                    │
╰────────────────────────────────────────────────────╯"""
    )


def test_a_disk_says_which_filesystem_it_is() -> None:
    """Whole where there is room; else its last name, cut where that is too long as well."""

    def drawn(mountpoint: str, width: int) -> str:
        pane = busy().panes[1]
        disk = next(r for r in pane.readings if r.indicator.id == "disk")
        pane = replace(pane, readings=(replace(disk, labels={"mountpoint": mountpoint}),))
        pane = replace(pane, readings=(*pane.readings, busy().panes[1].readings[0]))
        return words(pane_block(pane, 2, width, 4, REFRESH, moment(), UTF8)).splitlines()[1]

    assert " ok   /var " in drawn("/var", 54)
    assert " ok   …/pg " in drawn("/var/lib/postgresql/15/pg", 54)
    assert " ok   /var/lib/postgresql/15/pg " in drawn("/var/lib/postgresql/15/pg", 100)
    assert " ok   …/postgresq…" in drawn("/var/lib/postgresql-main", 54)
    assert "\x1b" not in drawn("/\x1b[31mvar", 54)


def test_the_same_pane_in_ascii() -> None:
    """Without UTF-8 every sign is ASCII, and the words carry the level."""
    drawn = words(pane_block(busy().panes[0], 1, 54, 7, REFRESH, moment(), ASCII))
    assert drawn.isascii()
    assert "X Error rate 5m    2.50 %" in drawn
    assert "crit" in drawn


@pytest.mark.parametrize(
    ("age", "fresh", "figure", "trouble"),
    [
        (2, Freshness.LIVE, "318 ms", ""),
        (9, Freshness.LIVE, "318 ms", ""),
        (20, Freshness.STALE, "318 ms", "20s old"),
        (51, Freshness.NO_DATA, "no data", "not read for too long"),
    ],
)
def test_a_tile_grows_old_in_two_steps(
    age: int, fresh: Freshness, figure: str, trouble: str
) -> None:
    """Past two refreshes it is dimmed with its age, past ten it is no data; both unknown."""
    tile = tile_of(reading(PERFORMANCE.indicators[0], timedelta(seconds=age)), REFRESH, moment())
    assert (tile.fresh, str(tile.figure), tile.trouble) == (fresh, figure, trouble)
    assert tile.level is (Level.WARN if fresh is Freshness.LIVE else Level.UNKNOWN)
    assert tile.style == {"LIVE": "warn bold", "STALE": "muted"}.get(fresh.name, "unknown")


def test_a_fresh_read_of_an_old_sample_is_not_live() -> None:
    """A server answers with samples minutes old; the sample's age counts."""
    old = replace(reading(PERFORMANCE.indicators[0]), sampled_at=ago(seconds=90))
    assert tile_of(old, REFRESH, moment()).trouble == "1m old"
    users = replace(reading(USERS), sampled_at=ago(seconds=90))
    assert "users 2,450 1m30s old" in text_of(
        header(replace(busy(), users=users), 160, moment(), UTF8)
    )


def test_a_tile_without_a_value_says_why() -> None:
    """The server's reason stands where the sparkline would."""
    failing = Reading(
        PERFORMANCE.indicators[0], failed_at=NOW, reason=SafeText("parse error at char 7")
    )
    never = Reading(PERFORMANCE.indicators[0])
    assert tile_of(failing, REFRESH, moment()).trouble == "parse error at char 7"
    assert tile_of(never, REFRESH, moment()).trouble == "not read yet"
    pane = replace(busy().panes[0], readings=(failing,))
    assert "no data    parse error at char 7" in words(
        pane_block(pane, 1, 60, 4, REFRESH, moment(), UTF8)
    )


def test_a_pane_in_one_line_keeps_what_is_bad() -> None:
    """At 80 columns tiles that are well yield, and are counted."""
    drawn = text_of(pane_line(busy().panes[0], 1, 80, REFRESH, moment(), UTF8))
    assert drawn.startswith(
        "1 p95 318 ms ▲ warn  error ratio 2.50% ✖ crit  transactions 45 /s ✔  +1"
    )
    assert drawn.endswith("live ")
    narrow = text_of(pane_line(busy().panes[0], 1, 46, REFRESH, moment(), UTF8))
    assert "error ratio 2.50% ✖ crit" in narrow


def test_a_zoomed_pane_draws_charts() -> None:
    """Every tile has its chart with thresholds and times."""
    drawn = words(pane_zoomed(busy().panes[0], 1, 100, 40, REFRESH, moment(), UTF8))
    assert drawn.count("13:06") == 4
    assert "1.00% ┼╌" in drawn
    assert len(drawn.splitlines()) == 40


def test_an_alert_says_what_where_why_whose_and_what_next() -> None:
    """Every state of an alert in its words, at full width."""
    snapshot = busy()
    rows = ["|".join(row_words(str(a.name), snapshot)) for a in snapshot.alerts]
    assert rows == [
        "✖ CRIT|HighErrorRate|payments-api|2.5% > 1% of requests answered 5xx, over 5m|1m12s|"
        "nobody|1 John|2 Tech Lead in 3m48s (Maria)|INC-001",
        "▲ WARN|CPUSaturated|pod payments-1|98% > 90%|58s|"
        "nobody|1 John|2 Tech Lead in 4m02s (Maria)|INC-001",
        "◌ PEND crit|DatabasePerformanceDegraded|payments-db|p95 512ms > 500ms per query, over 5m|"
        "40s|–|–|fires in 4m20s unless it recovers|",
        "✔ WARN|DiskWillFill|payments-db|full in 21h|3h02m|john 2h ago|1 John|"
        "asks again in 21h57m “vacuum running”|",
        "∅ silenced|CertExpiresSoon|edge|13 days|2d04h|–|–|silenced by a1b2c3d4e5f6|",
        "· resolved|ReplicaLag|payments-db-2|was 34s > 30s|6m00s|–|1 John|12:58–14:00|",
    ]


def test_an_overdue_level_and_the_last_one_are_said() -> None:
    """A climb that nobody did is late; past the last level the policy is exhausted before long."""
    late = alert("Late", fired_at=ago(minutes=6), level_at=ago(minutes=6))
    warning = alert("Top", severity=Severity.WARNING, level=3)
    snapshot = climbing(late, warning)
    assert row_words("Late", snapshot)[7] == "2 Tech Lead overdue 1m00s (Maria)"
    assert row_words("Top", snapshot)[7] == "EXHAUSTED in 13m"


def test_the_next_level_is_counted_from_when_the_alert_came_to_its_own() -> None:
    """An alert that fired long before opsdash saw it, or that was raised by hand, has its whole wait."""
    old = alert("Old", fired_at=ago(hours=3), level_at=ago(minutes=1))
    raised = alert("Raised", fired_at=ago(hours=3), level=2, level_at=ago(minutes=1))
    snapshot = climbing(old, raised)
    assert row_words("Old", snapshot)[7] == "2 Tech Lead in 4m00s (Maria)"
    assert row_words("Raised", snapshot)[7] == "3 PM in 9m00s (Pat)"


def test_rows_say_the_same_in_fewer_cells_on_a_narrow_screen() -> None:
    """At 80 columns the words are shorter, never missing."""
    snapshot = busy()
    found = [row_words(str(a.name), snapshot, narrow=True) for a in snapshot.alerts]
    assert [row[0] for row in found] == [
        "✖ CRIT",
        "▲ WARN",
        "◌ PEND",
        "✔ WARN",
        "∅ mute",
        "· done",
    ]
    assert found[3][5] == "john 2h"
    assert found[0][7] == "L2 Maria in 3m48s"


def test_an_inhibited_alert_is_not_called_silenced() -> None:
    """By whom it is hidden is said."""
    hidden = alert("Hidden", inhibited_by=("abc",))
    row = row_words("Hidden", replace(busy(), alerts=(hidden,)))
    assert (row[0], row[7]) == ("∅ inhibited", "inhibited by abc")


def test_the_list_says_what_is_open_and_how_fresh_each_source_is() -> None:
    """No source hides behind another that still answers."""
    assert text_of(alerts_aside(busy(), 160, moment(), UTF8)) == (
        "2 unacknowledged · 1 pending · prometheus live · alertmanager live"
    )
    assert text_of(alerts_aside(busy(), 80, moment(), UTF8)) == "2 unacked · live"
    half = replace(busy(), sources=(blind().sources[0], busy().sources[1]))
    assert text_of(alerts_aside(half, 80, moment(), UTF8)) == ("2 unacked · ? prometheus 4m00s old")
    blinder = replace(busy(), sources=(blind().sources[0],) * 3)
    short = text_of(alerts_aside(blinder, 80, moment(), UTF8))
    assert short == "2 unacked · ? prometheus 4m00s old …"


def test_all_quiet_and_blind_are_never_alike() -> None:
    """An empty list is green only where every source was just heard."""
    calm = empty_words(quiet(), moment(), UTF8)
    dark = empty_words(blind(), moment(), UTF8)
    assert text_of(calm) == "✔ All quiet. Nothing fires; prometheus, alertmanager answered."
    assert text_of(dark) == (
        "? I am blind: prometheus does not answer. An empty list proves nothing now."
    )
    assert not {style for _, style in calm} & {style for _, style in dark}
    waiting = replace(quiet().sources[0], state=SourceState.WAITING, last_success=None)
    assert "has not answered yet" in text_of(
        empty_words(replace(quiet(), sources=(waiting,)), moment(), UTF8)
    )
    late = Moment(NOW + timedelta(seconds=11))
    assert "I am blind: prometheus was last heard 13s ago" in text_of(
        empty_words(quiet(), late, UTF8)
    )
    assert "no source" in text_of(empty_words(replace(quiet(), sources=()), moment(), UTF8))


def incident(id: str, severity: Severity, **changes: object) -> Incident:
    made = Incident(
        id,
        SafeText("Payments stand still"),
        severity,
        IncidentState.TRIGGERED,
        ResponseStatus.INVESTIGATING,
        ago(minutes=3),
        ago(minutes=4),
        SafeText("sarah"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_an_incident_without_an_open_alert_has_a_row_of_its_own() -> None:
    """One that an open alert shows has none, and a resolved one is over."""
    snapshot = replace(
        busy(),
        incidents=(
            pictures.incident(),
            incident("INC-002", Severity.WARNING),
            incident("INC-003", Severity.WARNING, state=IncidentState.RESOLVED),
        ),
    )
    names = pictures.named(snapshot, listed(snapshot))
    assert names[:4] == [
        "HighErrorRate",
        "INC-002",
        "CPUSaturated",
        "DatabasePerformanceDegraded",
    ]
    assert "INC-003" not in names
    assert "INC-001" not in names
    row = incident_row(snapshot.incidents[1], rooms(80), moment(), UTF8)
    assert [text_of(cell) for cell in row.cells][:6] == [
        "▲ WARN",
        "INC-002 Payments stand still",
        "",
        "declared by hand",
        "3m00s",
        "sarah",
    ]
    wide = incident_row(snapshot.incidents[1], rooms(160), moment(), UTF8)
    assert [text_of(wide.cells[n]) for n in (1, 8)] == ["Payments stand still", "INC-002"]


def test_an_incident_is_listed_where_there_is_no_alert_at_all() -> None:
    """It needs a person all the same."""
    snapshot = replace(quiet(), incidents=(incident("INC-009", Severity.CRITICAL),))
    assert listed(snapshot) == ["INC-009"]


def test_the_place_is_the_closest_that_labels_name() -> None:
    """A pod before its job; without any there is none."""
    assert where({"job": "api", "pod": "api-1"}) == "pod api-1"
    assert where({"job": "api", "instance": "host:9100"}) == "host:9100"
    assert where({"team": "x"}) == ""


def test_an_alert_can_be_searched_by_all_it_says() -> None:
    """Name, labels, owner, state and summary."""
    text = search_text(busy().alerts[3])
    for word in ("diskwillfill", "instance=payments-db", "john", "firing", "warning"):
        assert word in text
    silenced = search_text(alert("X", silenced_by=("s",)))
    assert "silenced" in silenced


def test_the_room_beneath_the_list_answers_most_questions() -> None:
    """Summary, chart with threshold, timeline and labels of the row under the cursor."""
    found = busy().alerts[0]
    history = pictures.history(0.025, 0.0006)
    detail = Detail(found.id, pictures.entries(), PERFORMANCE.indicators[1], history)
    lines = alert_area(found, detail, busy(), 120, 14, moment(), UTF8)
    assert len(lines) == 14
    assert {width_of(one) for one in lines} == {120}
    drawn = words(lines)
    for part in (
        "HighErrorRate  High error rate detected in payments API",
        "Error rate 5m, last hour",
        "1.00% ┼╌",
        "14:05:01  escalate     level 1 On-call engineer (John)",
        "job payments-api   page primary",
    ):
        assert part in drawn


def test_the_chart_reaches_back_to_where_the_condition_began() -> None:
    """An hour says nothing of a disk that fills for eight; of what began just now a day says less."""
    day = tuple(Point(ago(minutes=m), 0.02) for m in range(1440, -1, -20))
    for began, words_of in ((ago(minutes=6), "last hour"), (ago(hours=3), "last day")):
        found = alert("HighErrorRate", active_at=began)
        hour = pictures.history(0.025, 0.0006)
        detail = Detail(found.id, (), PERFORMANCE.indicators[1], hour, day)
        assert f"Error rate 5m, {words_of}" in words(
            alert_area(found, detail, busy(), 120, 14, moment(), UTF8)
        )
        page = words(alert_page(found, detail, busy(), 120, moment(), UTF8))
        assert f"Error rate 5m, {words_of}" in page


def test_the_room_says_an_alerts_summary_once() -> None:
    """It stands above; at an entry's end it would be cut, and hide how long the alert was pending."""
    found = busy().alerts[0]
    fired = SafeText(f"firing after 5m00s: {found.annotations['summary']}")
    told = Detail(found.id, (Entry(NOW, SafeText("engine"), EntryKind.FIRING, fired),))
    drawn = words(alert_area(found, told, busy(), 120, 14, moment(), UTF8))
    assert drawn.count(str(found.annotations["summary"])) == 1
    assert "firing after 5m00s  engine" in drawn


@pytest.mark.parametrize(
    ("instance", "room", "shown"),
    [
        ("payments-db:9100", 20, "payments-db:9100"),
        ("payments-db-2:9187", 16, "payments-db-2"),
        ("https://pay.example.com", 17, "pay.example.com"),
        ("https://pay.example.com:8443", 22, "pay.example.com:8443"),
        ("a-very-long-name-of-a-host:9100", 10, "a-very-long-name-of-a-host"),
    ],
)
def test_a_place_gives_up_what_says_least(instance: str, room: int, shown: str) -> None:
    """A scheme, then a port, before any letter of the name."""
    assert where({"instance": SafeText(instance)}, room) == shown


@pytest.mark.parametrize("width", [156, 76, 56])
def test_an_incident_says_what_it_is_made_of_and_whose_that_is(width: int) -> None:
    """Each alert with its state and its owner; an entry about one of several names it."""
    snapshot = busy()
    both = replace(pictures.incident(), alerts=(*(a.id for a in snapshot.alerts[:2]), "gone/1"))
    climbed = (SafeText("engine"), EntryKind.ESCALATE, SafeText("level 1 On-call engineer: John"))
    told = [Entry(NOW, *climbed, alert=a.id) for a in snapshot.alerts[:2]]
    page = incident_page(both, Detail(both.id, tuple(told)), snapshot, width, moment(), UTF8)
    drawn = words(page)
    rows = drawn.splitlines()
    assert max(width_of(one) for one in page) <= width
    for state, name in (("✖ CRIT", "HighErrorRate"), ("▲ WARN", "CPUSaturated")):
        (row,) = [one for one in rows if one.startswith(state)]
        assert name in row
        assert "nobody" in row
        assert ("2 Tech Lead in" in row) == (width > 100)
    assert "1 that resolved over an hour ago" in drawn
    assert "HighErrorRate: level 1 On-call" in drawn
    assert "CPUSaturated: level 1 On-call" in drawn


def test_a_timeline_keeps_who_did_it_and_cuts_the_words() -> None:
    """A cut name is none; that the engine did it goes without saying where room is short."""
    told = SafeText("pending: an error rate that goes on and on and on and on")
    entries = [
        Entry(NOW, SafeText(by), EntryKind.PENDING, told) for by in ("engine", "sarah.connor")
    ]
    assert words(timeline_lines(entries, 60, 2, moment(), UTF8)) == (
        "14:06:12  pending      an error rate that goes on and on an…\n"
        "14:06:12  pending      an error rate that goe…  sarah.connor"
    )
    assert words(timeline_lines(entries, 90, 1, moment(), UTF8)).endswith("and on  sarah.connor")


def test_the_room_beneath_the_list_fits_any_size() -> None:
    """Narrow, low, and with nothing known yet."""
    found = busy().alerts[0]
    for width in (10, 36, 76, 116, 196):
        for height in (1, 2, 5, 9, 20):
            lines = alert_area(found, None, busy(), width, height, moment(), UTF8)
            assert len(lines) == height
            assert {width_of(one) for one in lines} == {width}


def test_an_alerts_page_has_everything() -> None:
    """Labels, annotations, history, links, runbook, comment and whom it reached."""
    taken = Acknowledgement(SafeText("john"), ago(minutes=1), SafeText("on it"))
    found = replace(
        busy().alerts[0],
        acknowledgement=taken,
        value=0.025,
        generator_url=SafeText("http://prometheus:9090/graph?g0.expr=x"),
    )
    earlier = replace(
        found, state=AlertState.RESOLVED, fired_at=ago(days=1), resolved_at=ago(hours=23)
    )
    detail = Detail(
        found.id,
        pictures.entries(),
        PERFORMANCE.indicators[1],
        pictures.history(0.025, 0.0006),
        earlier=(earlier,),
    )
    drawn = words(alert_page(found, detail, busy(), 100, moment(), UTF8))
    for part in (
        "owner          john 1m ago",
        "comment        on it",
        "firing         since 14:05, 1m12s",
        "condition      since 14:00",
        "runbook        https://runbooks.example.com/payments/HighErrorRate",
        "source         http://prometheus:9090/graph?g0.expr=x",
        "14:05:00  incident     INC-001 opened, severity critical  engine",
        "page           primary",
        "description    2.5% > 1% of requests answered 5xx, over 5m",
        "earlier occurrences\nSun 14:06 – Sun 15:06",
        "value          0.025",
    ):
        assert part in drawn


def test_an_indicators_page_has_query_window_thresholds_error_and_charts() -> None:
    """What `enter` on a tile is for."""
    found = replace(
        reading(PERFORMANCE.indicators[1]), failed_at=ago(seconds=1), reason=SafeText("HTTP 503")
    )
    drawn = words(indicator_page(found, None, busy(), 100, moment(), UTF8))
    for part in (
        "Error rate 5m  2.50 %  ✖ crit",
        'query          (sum(rate(http_requests_total{job="payments-api",status=~"5.."}[5m]))',
        "window         5m",
        "thresholds     warn > 0.10 %, crit > 1.00 %",
        "read           14:06:10, each 5s, newest sample 14:06:09",
        "last error     14:06: HTTP 503",
        "last hour",
        "last day",
    ):
        assert part in drawn
    users = words(indicator_page(reading(USERS), None, busy(), 100, moment(), UTF8))
    assert "compared       ↑15% against 2,130 1d ago" in users
    uptime = words(indicator_page(reading(UPTIME), None, busy(), 100, moment(), UTF8))
    assert "thresholds     warn < 99.50 %" in uptime


def test_a_ticket_says_priority_status_and_age() -> None:
    """Answered ones say how soon, waiting ones how long."""
    rows = [[text_of(c) for c in ticket_row(t, moment(), UTF8).cells] for t in busy().tickets]
    assert rows[0] == [
        "#131",
        "P1",
        "No one can pay with Apple Pay",
        "ops@example.com",
        "Payment issue",
        "open",
        "waits 48m",
        "48m",
    ]
    assert rows[1][6] == "✔ 31m"
    assert text_of(tickets_aside(busy(), 160, UTF8)) == "3 open: 1 P1 · 1 P2 · 1 P3"
    assert text_of(tickets_aside(quiet(), 160, UTF8)) == "0 open"


@pytest.mark.parametrize(
    ("name", "hints"),
    [
        ("HighErrorRate", "a acknowledge  e escalate → 2 Tech Lead  space mark  enter detail"),
        ("DiskWillFill", "A give back  + extend  e escalate → 2 Tech Lead  space mark"),
        ("ReplicaLag", "enter detail  / filter"),
    ],
)
def test_the_footer_shows_what_the_row_allows(name: str, hints: str) -> None:
    """A key that would be refused is not offered."""
    found = next(a for a in busy().alerts if a.name == name)
    drawn = footer_line(busy(), found, 4, 0, "", keys_of({}), 160, UTF8)
    assert text_of(drawn).startswith(f" {hints}")


def test_the_footer_names_the_keys_as_they_are_bound() -> None:
    """A remapped key is the one that is shown."""
    drawn = footer_line(
        busy(), busy().alerts[0], 4, 0, "", keys_of({"acknowledge": "f5"}), 160, UTF8
    )
    assert text_of(drawn).startswith(" f5 acknowledge")


def test_the_footer_says_marks_and_filter() -> None:
    """What an act would be about is never hidden."""
    drawn = text_of(footer_line(busy(), busy().alerts[0], 4, 2, "disk", keys_of({}), 160, UTF8))
    assert drawn.startswith(" 2 marked  filter disk  a acknowledge  e escalate  A give back")


@pytest.mark.parametrize("width", range(1, 130, 7))
def test_the_footer_fits(width: int) -> None:
    """At any width it is exactly one line."""
    drawn = footer_line(busy(), busy().alerts[0], 4, 3, "x" * 50, keys_of({}), width, UTF8)
    assert width_of(drawn) == width


def test_a_sparkline_leaves_gaps_where_there_is_no_data() -> None:
    """A hole in the data is a hole in the line, and NaN is no point."""
    found = PERFORMANCE.indicators[0]
    points = [Point(ago(minutes=m), 0.25) for m in range(60, 0, -1) if not 20 < m < 40]
    drawn = sparkline(points, 12, found, moment(), UTF8)
    assert len(drawn) == 12
    assert " " in drawn[4:8]
    assert drawn[0] == drawn[-1] != " "
    nan = [Point(ago(minutes=m), math.nan) for m in range(60)]
    assert sparkline(nan[::-1], 6, found, moment(), UTF8) == " " * 6


def test_a_chart_without_points_says_so() -> None:
    """An empty window is not a line at zero."""
    drawn = chart((), 60, 8, PERFORMANCE.indicators[0], moment(), UTF8)
    assert words(drawn) == "no points in this window"


def test_wrapping_loses_no_word() -> None:
    """Text wider than the room goes on below, at spaces where there are any."""
    assert wrapped("one two three", 8) == ["one two", "three"]
    assert wrapped("abcdefghij", 4) == ["abcd", "efgh", "ij"]
    assert wrapped("", 4) == [""]
    assert wrapped("日本語日本語", 5) == ["日本", "語日", "本語"]


def test_unknown_status_is_never_green() -> None:
    """Blind is not healthy, in the header least of all."""
    drawn = header(blind(), 120, moment(), UTF8)
    assert "? UNKNOWN" in text_of(drawn)
    assert not any("ok" in style.split() for _, style in drawn)
    assert blind().status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("source", "age", "late"),
    [("", 40, False), ("", 50, True), ("rules", 100, False), ("rules", 110, True)],
)
def test_an_evaluation_is_late_only_if_it_should_be_known(
    source: str, age: int, late: bool
) -> None:
    """What a Prometheus evaluates is written once a minute: that is no reason for alarm."""
    every, text = timedelta(seconds=15), SafeText("x")
    view = RuleView("1", text, text, text, 1, text, timedelta(), every, RuleState.INACTIVE)
    view = replace(view, source=SafeText(source), evaluated_at=ago(seconds=age))
    (cell,) = rule_row(view, moment(), UTF8).cells[5]
    assert (cell[1] == "warn bold") is late
