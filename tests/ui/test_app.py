"""The dashboard under a person's fingers, over a feed and a hand in memory."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from opsdash.domain.alert import Alert, Severity
from opsdash.domain.source import EngineState, EngineView
from opsdash.domain.text import clean
from opsdash.snapshot import Snapshot
from opsdash.ui.ports import Detail, Outcome
from opsdash.ui.preferences import Colours, Preferences
from tests.ui import pictures
from tests.ui.driving import Driven, driven
from tests.ui.pictures import NOW, ago, alert, busy, entries, quiet

SIZES = [(200, 60), (160, 45), (120, 35), (80, 24), (60, 15)]


def with_alerts(*alerts: Alert) -> Snapshot:
    return replace(busy(), alerts=alerts, incidents=())


def ids(*names: str) -> tuple[str, ...]:
    return tuple(alert(name).id for name in names)


def acts(board: Driven) -> list[tuple[object, ...]]:
    return board.hand.calls


@pytest.mark.parametrize("size", SIZES)
async def test_the_first_frame_has_the_last_known_state(size: tuple[int, int]) -> None:
    """Before anything is awaited the alerts are there, at every size of the design."""
    async with driven(busy(), size) as board:
        lines = board.lines()
        assert len(lines) == size[1]
        assert max(map(len, lines)) <= size[0]
        text = "\n".join(lines)
        for part in ("✖ CRITICAL", "HighErrorRate", "nobody", "1m12s"):
            assert part in text


async def test_the_whole_screen_at_80x24() -> None:
    """Panes in one line, the list, its detail, the tickets, the keys."""
    details = {a.id: Detail(a.id, entries()) for a in busy().alerts}
    async with driven(busy(), (80, 24), details=details) as board:
        assert (
            await board.shows("14:05:58  join")
            == """\
 Payment App Production   ✖ CRITICAL   ✖ 1  ▲ 2      John→Wed 09:06   14:06 UTC
1 p95 318 ms ▲ warn  error ratio 2.50% ✖ crit  transactions 45 /s ✔  +1    live
2 cpu 98% ✖ crit  memory 62% ✔  disk 35% ✔  database p95 180 ms ✔  +1      live
3 success ratio 99.98% ✔   failed 2 ✔   processing 1.2 s ✔   stripe up ✔   live
╭─ 4 Incidents and alerts ────────────────────────────────── 2 unacked · live ─╮
│        ALERT                           FOR OWNER     NEXT                    │
│ ✖ CRIT HighErrorRate                 1m12s nobody    L2 Maria in 3m48s       │
│ ▲ WARN CPUSaturated                    58s nobody    L2 Maria in 4m02s       │
│ ◌ PEND DatabasePerformanceDegraded     40s –         fires in 4m20s, crit    │
│ ✔ WARN DiskWillFill                  3h02m john 2h   asks in 21h57m “vacuum… │
│ ∅ mute CertExpiresSoon               2d04h –         silenced by a1b2c3d4    │
│ · done ReplicaLag                    6m00s –         12:58–14:00             │
│ ──────────────────────────────────────────────────────────────────────────── │
│ HighErrorRate  High error rate detected in payments API                      │
│ 14:05:01  escalate     level 1 On-call engineer (John)  engine               │
│ 14:05:58  join         CPUSaturated joined INC-001  engine                   │
│ job payments-api   page primary                                              │
╰──────────────────────────────────────────────────────────────────────────────╯
╭─ 5 Tickets ───────────────────────────────────── 3 open: 1 P1 · 1 P2 · 1 P3 ─╮
│ #131   P1 No one can pay with Apple Pay      open     waits 48m          48m │
│ #128   P2 Payment failures for EU cards      open     ✔ 31m           17h00m │
│ #130   P3 Receipt shows the wrong time zone  pending  ✔ 2h00m         21h00m │
╰──────────────────────────────────────────────────────────────────────────────╯
 a ack  e escalate → L2  space mark  enter detail  / filter  z zoom  ? help"""
        )


async def test_the_whole_screen_at_60x15() -> None:
    """What fires, who owns it and for how long: nothing else is left."""
    async with driven(busy(), (60, 15)) as board:
        assert (
            board.text()
            .rstrip()
            .startswith(
                """\
 Payment App Production   ✖ CRITICAL   ✖ 1  ▲ 2   14:06 UTC
             ALERT                            FOR OWNER
 ✖ CRIT      HighErrorRate                  1m12s nobody
 ▲ WARN      CPUSaturated                     58s nobody
 ◌ PEND crit DatabasePerformanceDegraded      40s –"""
            )
        )


async def test_it_starts_without_a_snapshot() -> None:
    """An empty store is said, and filled as soon as there is something."""
    async with driven(busy(), first=False) as board:
        await board.shows("HighErrorRate")


@pytest.mark.parametrize(
    "sizes", [[(1, 1), (160, 45)], [(39, 9), (40, 10), (69, 19), (70, 20), (300, 90), (10, 3)]]
)
async def test_it_lives_through_any_resize(sizes: list[tuple[int, int]]) -> None:
    """Down to one cell and back; below 40x10 one line says how many."""
    async with driven(busy()) as board:
        for columns, lines in sizes:
            await board.pilot.resize_terminal(columns, lines)
            await board.pilot.pause()
            shown = board.lines()
            assert len(shown) == lines
            assert max(map(len, shown)) <= columns
            if columns < 40 or lines < 10:
                assert "1 CRIT 2 WARN"[:columns] in board.text()
            else:
                await board.shows("HighErrorRate")


async def test_a_acknowledges_the_row_under_the_cursor() -> None:
    """One key, the row's id, a message, and the new owner on screen."""
    async with driven(busy()) as board:
        await board.press("j", "a")
        await board.shows("acknowledged CPUSaturated", "me 0s ago")
        assert acts(board) == [("acknowledge", ids("CPUSaturated"), "")]


async def test_the_cursor_stays_on_its_alert_while_rows_move() -> None:
    """Two refreshes put other alerts above it; `a` still means the row that is drawn there."""
    first = alert("First", severity=Severity.WARNING)
    async with driven(with_alerts(first)) as board:
        worse = alert("Worse")
        board.feed.put(with_alerts(worse, first))
        await board.shows("Worse")
        board.feed.put(with_alerts(alert("Worst", fired_at=ago(hours=1)), worse, first))
        await board.shows("Worst")
        await board.press("a")
        await board.until(lambda: acts(board))
        assert acts(board) == [("acknowledge", ids("First"), "")]


async def test_a_key_acts_on_the_row_that_was_drawn_when_it_was_pressed() -> None:
    """The row vanishes between the last frame and the key: the neighbour is not touched."""
    gone, stays = alert("Gone"), alert("Stays", severity=Severity.WARNING)
    async with driven(with_alerts(gone, stays)) as board:
        board.app.snapshot = with_alerts(stays)
        board.app.dashboard.draw()
        board.app.do("acknowledge")
        await board.until(lambda: acts(board))
        assert acts(board) == [("acknowledge", ids("Gone"), "")]


async def test_marked_rows_are_acted_on_together() -> None:
    """Space marks, the footer counts, one key takes them all, and then none is marked."""
    async with driven(busy()) as board:
        await board.press("space", "space")
        await board.shows("2 marked")
        await board.press("a")
        await board.shows("acknowledged 2 alerts")
        assert acts(board) == [("acknowledge", ids("HighErrorRate", "CPUSaturated"), "")]
        await board.press("j")
        await board.shows_not("marked")


@pytest.mark.parametrize("key", ["a", "A", "e", "E", "y", "R"])
async def test_an_empty_list_is_acted_on_by_no_key(key: str) -> None:
    """No alert is under the cursor: nothing is written, and that is said."""
    async with driven(quiet()) as board:
        await board.press(key)
        await board.pilot.pause()
        assert acts(board) == []
        assert board.copied == []
        assert len(board.app.screen_stack) == 1


async def test_marks_that_are_filtered_away_never_fall_through_to_the_cursor() -> None:
    """Only what is seen is acted on; with no marked row in sight nothing happens."""
    async with driven(busy()) as board:
        await board.press("space", "/", *"disk", "enter")
        await board.shows("DiskWillFill")
        await board.press("a")
        await board.shows("nothing is chosen")
        assert acts(board) == []


async def test_a_refusal_names_the_alert_and_the_reason() -> None:
    """The other person won: who and when is told in one line."""
    async with driven(busy()) as board:
        board.hand.refuse = {ids("HighErrorRate")[0]: "acknowledged by sarah 4s ago"}
        await board.press("a")
        await board.shows("HighErrorRate not: acknowledged by sarah 4s ago")


async def test_a_failing_store_is_said_and_survived() -> None:
    """An act that was not written is called not done; the screen goes on."""
    async with driven(busy()) as board:
        board.hand.fault = OSError("database is locked by pid 5529")
        await board.press("a")
        await board.shows("NOT done: database is locked by pid 5529")
        board.hand.fault = None
        await board.press("a")
        await board.shows("acknowledged HighErrorRate")


async def test_a_slow_store_never_reaches_a_key() -> None:
    """While an act waits for the store the cursor moves, and the wait is said."""
    async with driven(busy()) as board:
        gate = asyncio.Event()
        swift = board.hand.acknowledge

        async def slow(chosen: tuple[str, ...], comment: str = "") -> object:
            await gate.wait()
            return await swift(chosen, comment)

        board.hand.acknowledge = slow  # type: ignore[assignment,method-assign]
        await board.press("a")
        await board.shows("not written yet: waiting for the store")
        await board.press("j")
        assert board.app.dashboard.alerts.cursor_key == ids("CPUSaturated")[0]
        gate.set()
        await board.shows("acknowledged HighErrorRate")


def held_back(board: Driven) -> asyncio.Event:
    """Let acknowledgements of a board wait for the event that is returned."""
    gate = asyncio.Event()
    swift = board.hand.acknowledge

    async def slow(chosen: Sequence[str], comment: str = "") -> Outcome:
        await gate.wait()
        return await swift(chosen, comment)

    board.hand.acknowledge = slow  # type: ignore[assignment,method-assign]
    return gate


async def test_quitting_waits_for_what_is_being_written() -> None:
    """`a` and `q` in one breath: the program ends when the acknowledgement is in the store."""
    async with driven(busy()) as board:
        gate = held_back(board)
        await board.press("a", "q")
        await board.shows("leaving when it is written; q again leaves it undone")
        assert board.app.is_running and not board.hand.calls
        gate.set()
        await board.until(lambda: not board.app.is_running)
        assert [call[0] for call in board.hand.calls] == ["acknowledge"]
        assert board.app.return_code == 0


async def test_a_second_q_leaves_at_once_and_nothing_is_confirmed() -> None:
    """A store that hangs holds nobody; what was not written was never said to be."""
    async with driven(busy()) as board:
        held_back(board)
        await board.press("a", "q")
        said = await board.shows("q again leaves it undone")
        assert "acknowledged HighErrorRate" not in said
        await board.press("q")
        await board.until(lambda: not board.app.is_running)
        assert board.hand.calls == []


async def test_an_act_that_fails_keeps_the_screen_open_to_say_so() -> None:
    """Somebody who leaves must learn that the alert is still nobody's."""
    async with driven(busy()) as board:
        gate = held_back(board)
        await board.press("a", "q")
        board.hand.fault = OSError("disk I/O error")
        gate.set()
        await board.shows("NOT done: disk I/O error")
        assert board.app.is_running
        await board.press("q")
        await board.until(lambda: not board.app.is_running)


async def test_a_feed_that_fails_is_named_and_comes_back() -> None:
    """The last picture stays and ages, with the reason above it."""
    async with driven(busy()) as board:
        board.feed.fault = OSError("disk I/O error")
        await board.shows("the store cannot be read: disk I/O error", "HighErrorRate")
        board.feed.fault = None
        board.feed.put(quiet())
        await board.shows("All quiet")
        await board.shows_not("cannot be read")


async def test_pictures_age_without_a_new_one() -> None:
    """Nobody writes: tiles grow stale, then no data, and a dead engine is loud."""
    async with driven(busy()) as board:
        await board.shows("318 ms", "prometheus live")
        board.feed.fresh = False
        board.clock.pass_by(seconds=14)
        await board.shows("17s old", "? prometheus 16s old", "ENGINE DOWN since 14:06")
        board.clock.pass_by(minutes=2)
        await board.shows("no data", "not read for too long")


async def test_nothing_is_drawn_while_nothing_changes() -> None:
    """With the same picture, and before an age reads otherwise, no line is touched."""
    async with driven(replace(quiet(), tickets=())) as board:
        await board.shows("All quiet")
        drawn = []
        board.app._display = lambda *_: drawn.append(1)  # type: ignore[method-assign]
        for _ in range(4):
            board.feed.put(replace(quiet(), tickets=(), taken_at=NOW))
            await board.until(lambda: not board.feed.fresh)
            await board.pilot.pause()
        assert drawn == []


async def test_ages_move_when_they_read_otherwise() -> None:
    """A young alert counts seconds."""
    async with driven(busy()) as board:
        board.clock.pass_by(seconds=1)
        await board.shows("1m13s", "59s")


async def test_pause_holds_the_picture_and_says_so() -> None:
    """New snapshots wait; going on takes them."""
    async with driven(busy()) as board:
        await board.press("p")
        await board.shows("PAUSED")
        board.feed.put(quiet())
        await asyncio.sleep(0.6)
        assert "HighErrorRate" in board.text()
        await board.press("p")
        await board.shows("All quiet")
        await board.shows_not("PAUSED")


async def test_panes_are_reached_by_number_and_tab() -> None:
    """One to five, tab and shift+tab; each pane has its own cursor."""
    async with driven(busy()) as board:
        for key, pane in (("1", 1), ("tab", 2), ("3", 3), ("tab", 4), ("tab", 5), ("tab", 1)):
            await board.press(key)
            assert board.app.dashboard.pane == pane
        await board.press("shift+tab")
        assert board.app.dashboard.pane == 5
        await board.press("j", "2", "j", "j")
        reading = board.app.dashboard.reading
        assert reading is not None
        assert reading.indicator.id == "disk"
        assert board.app.dashboard.ticket is not None
        assert board.app.dashboard.ticket.number == 128


async def test_no_alert_is_acted_on_from_another_pane() -> None:
    """In the tickets `a` is about nothing."""
    async with driven(busy()) as board:
        await board.press("5", "a", "1", "a")
        await board.shows("nothing is chosen")
        assert acts(board) == []


async def test_zoom_gives_the_pane_the_screen_and_back() -> None:
    """The other panes go and come."""
    async with driven(busy()) as board:
        await board.press("1", "z")
        await board.shows("1 Performance", "13:06")
        await board.shows_not("5 Tickets")
        await board.press("escape")
        await board.shows("5 Tickets", "2 Infrastructure")


async def test_the_filter_narrows_with_every_key() -> None:
    """It is typed in the last line, kept by enter, dropped by escape; keys typed act on nothing."""
    async with driven(busy()) as board:
        await board.press("/", *"disk")
        await board.shows("filter: disk")
        await board.shows_not("CPUSaturated")
        await board.press("enter")
        await board.shows("filter disk", "DiskWillFill")
        await board.press("escape")
        await board.shows("CPUSaturated")
        await board.press("/", *"aeEu nothing")
        await board.shows("no alert matches the filter")
        assert acts(board) == []
        await board.press("escape")
        await board.shows("CPUSaturated")


async def test_tickets_are_filtered_in_their_pane() -> None:
    """The list of alerts stays whole meanwhile."""
    async with driven(busy()) as board:
        await board.press("5", "/", *"apple", "enter")
        await board.shows_not("Receipt")
        assert "CPUSaturated" in board.text()


async def test_refresh_asks_the_engine() -> None:
    """The screen reads no source itself."""
    async with driven(busy()) as board:
        await board.press("ctrl+r")
        await board.shows("asked the engine")
        assert board.feed.asked == 1


async def test_copy_and_runbook_give_text_to_the_terminal() -> None:
    """One line of the alert; the runbook's address, shown and never opened."""
    async with driven(busy()) as board:
        await board.press("y")
        await board.press("R")
        await board.shows("runbook (copied): https://runbooks.example.com/payments/HighErrorRate")
        assert board.copied == [
            "[CRITICAL] HighErrorRate, payments-api, High error rate detected in payments API, "
            "firing since 2025-12-22 14:05:00Z, INC-001",
            "https://runbooks.example.com/payments/HighErrorRate",
        ]


async def test_a_remapped_key_acts_and_the_old_one_does_not() -> None:
    """`[keys]` decides; footer and help name the new key."""
    setup = replace(pictures.SETUP, keys={"acknowledge": "f5", "undo": "X"})
    async with driven(replace(busy(), setup=setup)) as board:
        await board.shows("f5 acknowledge")
        await board.press("a", "u")
        assert acts(board) == []
        await board.press("f5")
        await board.shows("acknowledged HighErrorRate")
        await board.press("X")
        await board.shows("enter undoes it:")
        await board.press("enter")
        await board.shows("undone: acknowledge")


async def test_quit_ends_with_success() -> None:
    """`q` leaves; ctrl+c says how."""
    async with driven(busy()) as board:
        await board.press("ctrl+c")
        await board.shows("press q to quit")
        await board.press("q")
        await board.until(lambda: not board.app.is_running)
        assert board.app.return_code == 0


async def test_ascii_terminals_get_ascii() -> None:
    """With LANG=C no byte beyond ASCII is drawn, outside text included."""
    odd = alert("Ünïcode→日本", annotations={"summary": clean("“naïve” — 日本")})
    preferences = Preferences(ascii=True, colours=Colours.SIXTEEN)
    snapshot = with_alerts(odd, *busy().alerts)
    for size in SIZES:
        async with driven(snapshot, size, preferences=preferences) as board:
            await board.press("enter")
            await board.pilot.pause()
            assert board.text().isascii()
            await board.press("escape")
            await board.pilot.pause()
            assert board.text().isascii()


@pytest.mark.parametrize("colours", list(Colours))
async def test_every_colour_mode_draws(colours: Colours) -> None:
    """Full colour, sixteen, none: the same words."""
    async with driven(busy(), preferences=Preferences(colours=colours)) as board:
        await board.shows("✖ CRIT", "HighErrorRate", "▲ WARN")


async def test_no_colour_code_is_written_without_colours() -> None:
    """Under NO_COLOR no segment has a colour, the cursor is reversed."""
    async with driven(busy(), preferences=Preferences(colours=Colours.NONE)) as board:
        await board.shows("HighErrorRate")
        strips = board.app.screen._compositor.render_strips()
        styles = [segment.style for strip in strips for segment in strip if segment.style]
        assert styles
        for style in styles:
            assert style.color is None or style.color.is_default
            assert style.bgcolor is None or style.bgcolor.is_default
        row = strips[board.row_of("HighErrorRate")]
        assert any(segment.style and segment.style.reverse for segment in row)


async def test_ten_thousand_alerts_are_a_list_like_any_other() -> None:
    """The cursor moves to the last and back, and a filter finds one."""
    many = tuple(
        alert(f"Alert{n}", id=f"{n:05d}/1", fired_at=ago(seconds=n)) for n in range(10_000)
    )
    async with driven(with_alerts(*many), (120, 35)) as board:
        await board.press("G")
        await board.shows("Alert9999")
        await board.press("g")
        await board.shows("Alert0 ")
        await board.press("/", *"alert7777", "enter")
        await board.shows("Alert7777")
        await board.press("a")
        await board.until(lambda: acts(board))
        assert acts(board) == [("acknowledge", ("07777/1",), "")]


async def test_ten_thousand_alerts_are_turned_by_pages() -> None:
    """Page down shows alerts that were below, by whatever key the configuration gives it too."""
    many = tuple(
        alert(f"Alert{n}", id=f"{n:05d}/1", fired_at=ago(seconds=n)) for n in range(10_000)
    )
    async with driven(
        with_alerts(*many), (120, 35), preferences=Preferences(keys={"page_up": "ctrl+u"})
    ) as board:
        await board.shows("Alert0 ")
        await board.press("pagedown", "pagedown")
        await board.shows_not("Alert0 ")
        under = board.app.dashboard.chosen()
        assert under != ("00000/1",)
        await board.press("pagedown")
        await board.until(lambda: board.app.dashboard.chosen() > under)
        await board.press("ctrl+u", "ctrl+u", "ctrl+u")
        await board.until(lambda: board.app.dashboard.chosen() == ("00000/1",))
        await board.press("1", "pagedown")
        last = board.app.dashboard.chosen()
        await board.press("G")
        assert board.app.dashboard.chosen() == last


async def test_nothing_looks_at_the_store_after_the_end() -> None:
    """A look that comes due once the screens are gone would end in an error."""
    async with driven(busy()) as board:
        await board.shows("HighErrorRate")
        looking = board.app.lookout
        await board.until(lambda: looking._timer is not None)
    assert looking._timer is None


async def test_a_dead_engine_is_on_every_size() -> None:
    """Nobody mistakes a picture that nobody updates."""
    dead = replace(busy(), engine=EngineView(EngineState.DOWN, clean("h"), 1, ago(minutes=9)))
    for size in SIZES:
        async with driven(dead, size) as board:
            await board.shows("ENGINE DOWN")
    async with driven(dead, (30, 5)) as board:
        await board.shows("ENGINE DOWN")
