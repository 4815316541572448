"""What lies over the dashboard: questions, pages and lists."""

from dataclasses import replace

from textual.events import Key, Paste

from opsdash.domain.alert import Alert, AlertState, Severity
from opsdash.domain.source import EngineState
from opsdash.presets import PERFORMANCE
from opsdash.ui.keys import ACTIONS, keys_of
from opsdash.ui.lines import text_of
from opsdash.ui.ports import Detail
from opsdash.ui.preferences import Preferences
from opsdash.ui.screens.open import help_lines
from opsdash.ui.themes import load_theme
from tests.ui import pictures
from tests.ui.driving import Driven, driven
from tests.ui.pictures import ago, alert, busy, entries, history


def id_of(name: str) -> str:
    return alert(name).id


def detail(found: Alert) -> Detail:
    return Detail(found.id, entries(), PERFORMANCE.indicators[1], history(0.025, 0.0006))


def details() -> dict[str, Detail]:
    return {found.id: detail(found) for found in busy().alerts}


def calls(board: Driven) -> list[tuple[object, ...]]:
    return board.hand.calls


async def closed(board: Driven) -> None:
    await board.until(lambda: len(board.app.screen_stack) == 1)


async def test_escalating_says_whom_it_concerns_and_asks_for_the_reason() -> None:
    """Nothing is written until there is one."""
    async with driven(busy()) as board:
        await board.press("e")
        await board.shows(
            "HighErrorRate  level 1 → level 2", "2 Tech Lead (Maria): nobody is paged"
        )
        await board.press("enter")
        await board.shows("A reason is needed.")
        assert calls(board) == []
        await board.press(*"no progress", "enter")
        await closed(board)
        await board.shows("escalated HighErrorRate")
        id = id_of("HighErrorRate")
        assert calls(board) == [("escalate", (id,), {id: 1}, "no progress", None)]


async def test_escaping_a_question_does_nothing() -> None:
    """Neither does a key that acts elsewhere: it is typed."""
    async with driven(busy()) as board:
        await board.press("e")
        await board.shows("reason:")
        await board.press(*"aAu", "escape")
        await closed(board)
        assert calls(board) == []


async def test_an_escalation_is_decided_on_the_level_that_was_seen() -> None:
    """Another person climbs while the reason is typed: the old level is sent, to be refused."""
    async with driven(busy()) as board:
        await board.press("e")
        await board.shows("reason:")
        moved = replace(busy().alerts[0], level=2)
        board.feed.put(replace(busy(), alerts=(moved, *busy().alerts[1:])))
        await board.until(lambda: not board.feed.fresh)
        board.hand.refuse = {moved.id: "it is at level 2 by now, not at 1 as you saw it"}
        await board.press(*"stuck", "enter")
        await board.shows("HighErrorRate not: it is at level 2 by now")
        assert calls(board)[0][2] == {moved.id: 1}


async def test_a_level_can_be_chosen() -> None:
    """The list names every level with its people; the reason is asked for after it."""
    async with driven(busy()) as board:
        await board.press("E")
        await board.shows("1 On-call engineer", "2 Tech Lead (Maria)", "4 CEO (Chris)")
        await board.press("down", "enter")
        await board.shows("HighErrorRate  level 1 → level 3", "3 PM (Pat): nobody is paged")
        await board.press(*"customers call", "enter")
        await closed(board)
        assert calls(board)[0][3:] == ("customers call", 3)


async def test_the_ceo_is_not_reached_for_a_warning() -> None:
    """What the policy does not allow is said before anything is asked."""
    top = alert("Top", severity=Severity.WARNING, level=3)
    async with driven(replace(busy(), alerts=(top,), incidents=())) as board:
        await board.press("e")
        await board.shows("not escalated: level 3 PM is the last one that a warning alert reaches")
        assert len(board.app.screen_stack) == 1


async def test_several_are_escalated_each_to_its_next() -> None:
    """One that cannot climb is said to stay."""
    top = alert("Top", severity=Severity.WARNING, level=3)
    async with driven(replace(busy(), alerts=(alert("Low"), top), incidents=())) as board:
        await board.press("space", "space", "e")
        await board.shows("Low  level 1 → level 2", "Top  stays: level 3 PM is the last one")


async def test_an_acknowledgement_may_carry_a_comment() -> None:
    """From the commands; the comment may be empty."""
    async with driven(busy()) as board:
        await board.press(":", *"comment", "enter")
        await board.shows("comment:")
        await board.press(*"on it", "enter")
        await closed(board)
        await board.until(lambda: calls(board))
        assert calls(board) == [("acknowledge", (id_of("HighErrorRate"),), "on it")]


async def test_undo_and_give_back_have_keys() -> None:
    """`A` is about the row, `u` about the person's own last act."""
    async with driven(busy()) as board:
        await board.press("A")
        await board.shows("gave back HighErrorRate")
        await board.press("u")
        await board.shows("whoever was paged is told", "enter undoes it:")
        await board.press("enter")
        await board.shows("undone: acknowledge")
        assert [call[0] for call in calls(board)] == ["unacknowledge", "undo"]


async def test_enter_on_an_alert_shows_everything() -> None:
    """Labels, annotations, history, links and runbook; it can be acted on from there."""
    async with driven(busy(), (120, 60), details=details()) as board:
        await board.press("enter")
        await board.shows(
            "Alert  a acknowledge e escalate",
            "runbook        https://runbooks.example.com",
            "14:05:01  escalate",
            "description    2.5% > 1%",
            "page           primary",
        )
        await board.press("a")
        await board.shows("acknowledged HighErrorRate", "owner          me 0s ago")
        await board.press("escape")
        await closed(board)


async def test_a_page_scrolls() -> None:
    """Its end can be reached on a small screen, by the keys of a list."""
    async with driven(busy(), (80, 24), details=details()) as board:
        await board.press("enter")
        await board.shows("more lines below")
        await board.shows_not("first seen")
        await board.press("G")
        await board.shows("first seen", "esc closes")
        await board.press("g")
        await board.shows("HighErrorRate", "more lines below")
        await board.press("pagedown", "k", "j", "q")
        await closed(board)


async def test_a_page_is_drawn_anew_with_each_snapshot() -> None:
    """Someone takes the alert while its page is open."""
    async with driven(busy(), (120, 60), details=details()) as board:
        await board.press("enter")
        await board.shows("owner          nobody")
        resolved = replace(busy().alerts[0], state=AlertState.RESOLVED, resolved_at=ago(seconds=5))
        board.feed.put(replace(busy(), alerts=(*busy().alerts[1:], resolved)))
        await board.shows("· resolved  HighErrorRate")
        board.feed.put(replace(busy(), alerts=busy().alerts[1:]))
        await board.shows("this alert has left the list")


async def test_a_page_says_that_the_engine_is_down() -> None:
    """It covers the line that says so: what it holds is then what was, however far it is scrolled."""
    dead = replace(busy().engine, state=EngineState.DOWN, heartbeat_at=ago(minutes=2))
    for keys in (("4", "enter"), ("1", "enter"), ("?",)):
        async with driven(busy(), (80, 24), details=details()) as board:
            await board.press(*keys)
            await board.shows_not("ENGINE DOWN")
            board.feed.put(replace(busy(), engine=dead))
            await board.shows("ENGINE DOWN since")
            await board.press("G")
            await board.shows("ENGINE DOWN since", "esc closes")


async def test_a_question_on_a_small_screen_says_that_no_engine_runs() -> None:
    """Lists and questions that hide the dashboard's line have it in their border."""
    dead = replace(busy().engine, state=EngineState.DOWN, heartbeat_at=ago(minutes=2))
    for key in ("e", "s", "Z", "W", "D", ":"):
        async with driven(busy(), (60, 15)) as board:
            await board.press("4", key)
            await board.until(lambda: len(board.app.screen_stack) == 2)
            assert "NO ENGINE RUNS" not in board.text()
            board.feed.put(replace(busy(), engine=dead))
            await board.shows("NO ENGINE RUNS")


async def test_enter_on_a_tile_shows_query_thresholds_and_charts() -> None:
    """And what went wrong last."""
    async with driven(busy(), (120, 60)) as board:
        await board.press("1", "j", "enter")
        await board.shows(
            "Error rate 5m  2.50 %  ✖ crit",
            "window         5m",
            "thresholds     warn > 0.10 %, crit > 1.00 %",
            "last error     none",
            "last hour",
            "last day",
        )


async def test_enter_on_a_tile_says_what_its_figure_is_of() -> None:
    """Over how long, what is left out, and that a quantile is no finer than its buckets (T15)."""
    async with driven(busy(), (120, 35)) as board:
        await board.press("1", "enter")
        await board.shows(str(PERFORMANCE.indicators[0].note))


async def test_enter_on_a_ticket_and_on_an_incident_shows_them() -> None:
    """Description and timeline."""
    lone = replace(pictures.incident(), id="INC-002")
    told = {"INC-002": Detail("INC-002", entries())}
    async with driven(replace(busy(), incidents=(lone,)), (120, 60), details=told) as board:
        await board.press("5", "enter")
        await board.shows("Ticket #131", "Every Apple Pay payment fails since noon.")
        await board.press("escape", "4", "g", "enter")
        await board.shows("INC-002 High error rate", "state          triggered, investigating")
        await board.shows("INC-001 opened, severity critical")


async def test_the_row_has_its_timeline_again_once_a_page_about_something_else_is_closed() -> None:
    """A tile's page has a detail of its own; beneath it the row under the cursor is the same as before."""
    entry = "INC-001 opened, severity critical"
    async with driven(busy(), details=details()) as board:
        await board.shows(entry)
        await board.press("1", "enter")
        await board.until(
            lambda: (
                len(board.app.screen_stack) == 2 and not board.app.details.keys() & details().keys()
            )
        )
        await board.press("escape")
        await closed(board)
        await board.shows(entry)


async def test_the_incident_of_an_alert_has_a_key() -> None:
    """From an alert to the incident that it is part of; one that is part of none says so."""
    async with driven(busy(), details=details()) as board:
        await board.press("i")
        await board.shows("INC-001", "triggered")
        await board.press("escape")
        await closed(board)
        await board.press("G", "k", "i")
        await board.shows("belongs to no incident")


async def test_help_lists_every_action_with_its_key() -> None:
    """The help is the registry, with the keys that are bound now."""
    keys = keys_of({"undo": "f9"})
    for width in (60, 140):
        text = "\n".join(text_of(one) for one in help_lines(keys, width))
        for action in ACTIONS:
            assert action.words in text
        assert "f9" in text
    async with driven(busy()) as board:
        await board.press("?")
        await board.shows("escalate one level, with a reason", "who is on call, the next")
        await board.press("?")
        await closed(board)


async def test_commands_do_what_keys_do() -> None:
    """Typed letters narrow the list, enter does it to the row that was under the cursor."""
    async with driven(busy()) as board:
        await board.press("j", "ctrl+p")
        await board.shows("give back", "undo your own last act")
        await board.press(*"it is mine", "enter")
        await closed(board)
        await board.until(lambda: calls(board))
        assert calls(board) == [("acknowledge", (id_of("CPUSaturated"),), "")]
        await board.press(":", *"no such thing", "enter")
        await closed(board)
        await board.press(":", *"pause", "enter")
        await board.shows("PAUSED")


async def test_a_theme_is_worn_while_it_is_chosen() -> None:
    """Moving shows it, escape brings the old one back, enter keeps it."""
    async with driven(busy()) as board:
        await board.press("t")
        await board.shows("daylight", "okabe-ito")
        await board.press("up", "up", "up", "up")
        assert board.app.palette.theme.name == "daylight"
        await board.press("escape")
        assert board.app.palette.theme.name == "night-shift"
        await board.press("t", *"ember", "enter")
        await closed(board)
        assert board.app.palette.theme.name == "ember"
        ground = load_theme("ember").tokens["panel"]
        await board.until(lambda: board.app.screen.styles.background.hex.lower() == ground)


async def test_keys_in_a_sheet_reach_nothing_beneath_it() -> None:
    """Over the help no key acts on an alert."""
    async with driven(busy()) as board:
        await board.press("?", "a", "e", "A", "u", "space", "E")
        await board.pilot.pause()
        assert calls(board) == []
        assert board.app.dashboard.alerts.marks == frozenset()


async def test_every_sheet_lives_through_any_size() -> None:
    """Down to one cell and back, with the sheet open."""
    for key in ("enter", "e", "E", "a", ":", "?", "t", "o", "/"):
        async with driven(busy(), (80, 24), details=details()) as board:
            await board.press(key)
            for size in ((1, 1), (20, 4), (39, 9), (200, 60), (80, 24)):
                await board.pilot.resize_terminal(*size)
                await board.pilot.pause()
                assert len(board.lines()) == size[1]


async def test_typing_edits_as_in_a_shell() -> None:
    """Home, end, left, backspace, delete and ctrl+u, ctrl+w, ctrl+k; a paste is one line."""
    async with driven(busy(), preferences=Preferences()) as board:
        await board.press("/")
        entry = board.app.dashboard.entry
        await board.press(*"ab cd", "left", "left", "X", "home", "Y", "end", "Z")
        assert entry.text == "Yab XcdZ"
        await board.press("backspace", "home", "delete")
        assert entry.text == "ab Xcd"
        await board.press("end", "ctrl+w")
        assert entry.text == "ab "
        await board.press(*"x y", "left", "ctrl+k")
        assert entry.text == "ab x "
        await board.press("ctrl+u")
        assert entry.text == ""

        board.app.post_message(Paste("two\nlines\x1b[31m\r\n"))
        await board.until(lambda: entry.text)
        assert entry.text == "two lines\ufffd[31m"


async def test_keys_typed_ahead_go_into_the_question() -> None:
    """A burst in one packet: what follows `e` is the reason, and acknowledges nothing."""
    async with driven(busy()) as board:
        for key in ("e", *"aAu", "space", "j", "enter"):
            character = " " if key == "space" else key if len(key) == 1 else None
            board.app.post_message(Key(key, character))
        await board.until(lambda: calls(board))
        await closed(board)
        id = id_of("HighErrorRate")
        assert calls(board) == [("escalate", (id,), {id: 1}, "aAu j", None)]


async def test_keys_typed_ahead_go_into_the_filter() -> None:
    """What follows `/` is typed."""
    async with driven(busy()) as board:
        for key in ("/", *"disk", "enter", "a"):
            board.app.post_message(Key(key, key if len(key) == 1 else None))
        await board.until(lambda: calls(board))
        assert calls(board) == [("acknowledge", (id_of("DiskWillFill"),), "")]


async def test_a_sheet_is_answered_once_however_fast_the_keys_come() -> None:
    """Keys that wait while it closes neither answer again nor close what is beneath."""
    async with driven(busy(), details=details()) as board:
        for opens, answer in (("enter", "escape"), ("?", "escape"), ("e", "escape")):
            await board.press(opens)
            await board.until(lambda: len(board.app.screen_stack) == 2)
            sheet = board.app.screen
            for _ in range(3):
                sheet.post_message(Key(answer, None))
            await closed(board)
        await board.press("e")
        await board.shows("reason:")
        await board.press(*"why")
        sheet = board.app.screen
        for _ in range(3):
            sheet.post_message(Key("enter", "\r"))
        await closed(board)
        await board.shows("escalated")
        assert board.app.is_running
        assert [name for name, *_ in calls(board)] == ["escalate"]
