"""The silences, rules and notifications screens, and the sheet that makes a silence."""

import re
from dataclasses import replace
from datetime import timedelta
from functools import partial

from opsdash.domain.alert import AlertState
from opsdash.domain.letter import Letters, LetterState
from opsdash.domain.rules.view import RuleState
from opsdash.domain.setup import PagingSetup, Setup
from opsdash.domain.source import EngineState
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.registers import Registers
from opsdash.ui.ports import Detail
from tests.kit.hostile import HOSTILE
from tests.ui import registers
from tests.ui.driving import Driven, driven
from tests.ui.pictures import NOW, ago, alert, busy
from tests.ui.registers import listed
from tests.ui.rosters import staffed

HOUR = timedelta(hours=1)


def _is_deep(board: Driven, depth: int) -> bool:
    return len(board.app.screen_stack) == depth


async def closed(board: Driven) -> None:
    """Wait until nothing lies over the dashboard."""
    await board.until(lambda: len(board.app.screen_stack) == 1)


async def test_s_makes_a_silence_prefilled_from_the_alert() -> None:
    """The person types why and presses enter: until when is said, and nothing else is asked."""
    async with driven(busy()) as board:
        await board.press("s")
        text = await board.shows('alertname="HighErrorRate", job="payments-api"', "until 16:06")
        assert "hides 1 of" in text
        assert "leaves" in text
        await board.press(*"known", "enter")
        await closed(board)
        await board.shows("silenced until 16:06, as S9")
        wanted = 'alertname="HighErrorRate", job="payments-api"'
        assert board.hand.calls == [("silence", wanted, 2 * HOUR, "known")]


async def test_the_preview_follows_what_is_typed() -> None:
    """What it would hide and what it would leave is counted at every key."""
    both = (alert("HighErrorRate"), alert("HighLatency"), alert("DiskFull"))
    async with driven(replace(busy(), alerts=both, incidents=())) as board:
        await board.press("s", "up", "up", "ctrl+u")
        await board.shows("write a matcher")
        await board.press(*"alertname=~High.*")
        text = await board.shows("hides 2 of 3 open alerts", "leaves 1 as they are")
        assert text.index("HighLatency") < text.index("leaves") < text.rindex("DiskFull")
        await board.press(*"(")
        await board.shows("not a regular expression")


async def test_marked_alerts_are_silenced_together() -> None:
    """One expression names them all, and the marks are gone once it is done."""
    both = (alert("HighErrorRate"), alert("HighLatency"), alert("DiskFull"))
    async with driven(replace(busy(), alerts=both, incidents=())) as board:
        await board.press("space", "space", "s")
        await board.shows('alertname=~"', "hides 2 of 3 open alerts")
        await board.press(*"deploy", "enter")
        await closed(board)
        await board.until(lambda: board.hand.calls)
        await board.shows_not("2 marked")


async def test_what_is_missing_is_asked_for_where_it_is_missing() -> None:
    """Without a reason, with a length that is none, with one that is too long: nothing is made."""
    async with driven(busy()) as board:
        await board.press("s", "enter")
        await board.shows("A reason is needed.")
        await board.press(*"x", "up", "ctrl+u", *"soon", "enter")
        await board.shows("'soon' is not a duration")
        await board.press("ctrl+u", *"60d", "enter")
        await board.shows("lasts at most 30 days")
        await board.press("ctrl+u", *"45m", "enter")
        await closed(board)
        assert board.hand.calls[0][2:] == (timedelta(minutes=45), "x")


async def test_a_hostile_label_is_typed_and_does_nothing() -> None:
    """A value that reads as markup or as the end of a matcher is quoted; one cut or cleaned is left out."""
    evil = alert(
        "[@click=app.quit]x[/]",
        labels={
            "alertname": SafeText('[b]a", x="y'),
            "instance": SafeText("\ufffd[31m"),
            "job": SafeText("j{1}"),
        },
    )
    async with driven(replace(busy(), alerts=(evil,), incidents=())) as board:
        await board.press("s")
        await board.shows(r'alertname="[b]a\", x=\"y", job="j{1}"', "hides 1 of 1 open alerts")
        await board.press(*"why", "enter")
        await closed(board)
        assert board.hand.calls[0][1] == r'alertname="[b]a\", x=\"y", job="j{1}"'


async def test_nothing_under_the_cursor_is_not_silenced() -> None:
    """A resolved alert and an empty list are not."""
    over = alert("Over", state=AlertState.RESOLVED, resolved_at=ago(minutes=3))
    for found in ((over,), ()):
        async with driven(replace(busy(), alerts=found, incidents=())) as board:
            await board.press("s")
            await board.shows("nothing to silence")
            assert len(board.app.screen_stack) == 1


async def test_the_silences_screen_lists_all_with_what_they_hide() -> None:
    """What ends first stands first, what has ended last; one that Alertmanager has not got says so."""
    details = {"S1": Detail("S1", (Entry(ago(minutes=10), SafeText("sarah"), EntryKind.SILENCED, SafeText("made"), "S1"),))}  # fmt: skip
    async with driven(listed(), details=details) as board:
        await board.press("S")
        text = await board.shows("Silences", "3 in force")
        rows = [line for line in board.lines() if "sarah" in line or "john" in line][:4]
        assert [row.split()[4] for row in rows[:3]] == ["1", "0", "3"] or "5m00s" in rows[0]
        assert 'alertname="HighErrorRate"' in rows[0]
        assert "NOT in Alertmanager" in text
        assert "made in Alertmanager" in text
        assert "ended" in rows[3]
        await board.shows("hides 1 open alert", "why            deploying v1.4, sarah", "made")


def paged() -> Setup:
    """Return a team of which everybody has a pager, John on call."""
    setup = staffed().setup
    people = tuple(replace(p, notify=("pagerduty",)) for p in setup.people)
    return replace(setup, people=people, paging=PagingSetup(notifiers=("pagerduty",)))


async def test_a_silence_is_extended_and_ended_from_its_row() -> None:
    """Extending asks nothing; ending says what is shown again, whom it pages and through what."""
    hidden = alert("HighErrorRate", silenced_by=("S1",), level=2)
    setup = paged()
    found = replace(listed(), setup=setup, alerts=(hidden,), incidents=())
    async with driven(found) as board:
        await board.press("S")
        await board.shows("5m00s")
        await board.press("+")
        await board.shows("extended until 15:11, silence S1")
        await board.press("x")
        await board.shows(
            "End S1", "1 alert is shown again: HighErrorRate",
            "This pages 2 Tech Lead: Maria through pagerduty",
        )  # fmt: skip
        await board.press("escape")
        await board.shows_not("End S1")
        await board.press("x", "enter")
        await board.shows("ended silence S1")
        assert board.hand.calls == [("extend_silences", ("S1",)), ("expire_silences", ("S1",))]
        await board.press("escape")
        await closed(board)


async def test_a_silence_is_changed_from_its_row() -> None:
    """Its end stays where it was unless another is typed; the revision that was seen goes with it."""
    async with driven(listed()) as board:
        await board.press("S", "enter")
        await board.shows("Change silence S1", "5m")
        await board.press(*", longer", "enter")
        await board.until(lambda: board.hand.calls)
        wanted = 'alertname="HighErrorRate"'
        assert board.hand.calls == [
            ("change_silence", "S1", 1, wanted, None, "deploying v1.4, longer")
        ]


async def test_the_keys_work_on_the_alert_that_is_hidden() -> None:
    """The list says who hides it and for how long; `+` and `x` are about that silence."""
    hidden = alert("HighErrorRate", silenced_by=("S1",))
    async with driven(replace(listed(), alerts=(hidden,), incidents=())) as board:
        await board.shows("silenced by sarah 5m00s left")
        await board.press("+")
        await board.until(lambda: board.hand.calls)
        assert board.hand.calls == [("extend_silences", ("S1",))]
        await board.press("x")
        await board.shows("End S1")


async def test_an_alert_that_is_back_is_marked() -> None:
    """Until somebody has it."""
    back = alert("HighErrorRate", unsilenced_at=ago(minutes=1))
    async with driven(replace(busy(), alerts=(back, alert("Other")), incidents=())) as board:
        await board.shows("↺ HighErrorRate")
        assert "↺ Other" not in board.text()


async def test_the_rules_screen_puts_trouble_first() -> None:
    """A rule that fails stands above all, with its error; each has figure, threshold, age and duration."""
    async with driven(listed()) as board:
        await board.press("v")
        text = await board.shows("Alert rules", "1 error, 1 firing")
        order = [text.index(f" {name} ") for name in ("Broken", "HighErrorRate", "Missing", "Slow")]
        assert order == sorted(order)
        row = next(line for line in board.lines() if "HighErrorRate" in line)
        for word in ("firing", "0.025", "> 0.01", "2 firing", "7s ago", "42 ms", "critical"):
            assert word in row
        assert "parse error: unexpected end of input, since 13:57" in text
        await board.press("enter")
        await board.shows("Broken_ratio > 0.01", "payments.yml:12", "every 15s, took 42 ms")


async def test_the_notifications_screen_says_what_became_of_each() -> None:
    """Late, refused, dropped, sent; enter shows the page word for word."""
    details = {"letter/6": Detail("letter/6", page=registers.page())}
    async with driven(listed(), details=details) as board:
        await board.press("N")
        text = await board.shows("Notifications", "2 waiting, 2 problems")
        for words in ("LATE", "refused", "403 invalid_auth", "dropped", "202 accepted", "resolve"):
            assert words in text
        await board.press("enter")
        await board.shows("2.5% > 1%", "payments-api v1.4.2 was deployed 12m before", "INC-001")


async def test_the_row_under_the_cursor_stays_through_a_refresh() -> None:
    """A rule that begins to fail climbs to the top, and the cursor stays on its own."""
    async with driven(listed()) as board:
        await board.press("v", "down", "down")
        await board.shows("▌ ? no data  Missing")
        broken = replace(registers.rules()[0], state=registers.rules()[2].state)
        changed = Registers((broken, *registers.rules()[1:]), registers.letters(), ())
        board.feed.put(replace(listed(), registers=changed))
        await board.until(lambda: not board.feed.fresh)
        await board.shows("2 error", "▌ ? no data  Missing")


async def test_every_roll_says_that_the_engine_is_down() -> None:
    """What is listed is then what was."""
    dead = replace(listed().engine, state=EngineState.DOWN, heartbeat_at=ago(minutes=2))
    for key in ("S", "v", "N"):
        async with driven(replace(listed(), engine=dead)) as board:
            await board.press(key)
            await board.until(lambda: len(board.app.screen_stack) == 2)
            await board.shows("ENGINE DOWN")


async def test_the_rolls_fit_every_size() -> None:
    """Nothing is wider than the screen, down to one cell."""
    for key in ("s", "S", "v", "N"):
        for size in ((200, 60), (60, 15), (1, 1)):
            async with driven(listed(), size) as board:
                await board.press(key)
                # A list that is not drawn has no row to silence.
                depth = 2 if key != "s" or size[0] >= 60 else 1
                await board.until(partial(_is_deep, board, depth))
                assert all(len(line) <= size[0] for line in board.lines())


async def test_empty_rolls_say_why() -> None:
    """No silence, no rule, no notifier."""
    for key, words in (
        ("S", "nothing is silenced"),
        ("v", "no alert rules"),
        ("N", "no notifier is configured: nobody is paged"),
    ):
        async with driven(busy()) as board:
            await board.press(key)
            await board.shows(words)


async def test_a_countdown_moves_without_news() -> None:
    """The sheet on top is drawn again when what it says changes with time alone."""
    async with driven(listed()) as board:
        await board.press("S")
        await board.shows("5m00s")
        board.clock.pass_by(seconds=2)
        await board.shows("4m58s")
        assert board.clock() > NOW


async def test_hostile_text_is_shown_and_does_nothing() -> None:
    """Every hostile text as reason, author, rule, error, title and answer: seen as letters alone."""
    evils = [clean(text) for text in HOSTILE.values()]
    error, dead = RuleState.ERROR, LetterState.DEAD
    filled = Registers(
        tuple(registers.rule(t, error, id=str(n), error=t, expr=t) for n, t in enumerate(evils)),
        Letters(tuple(registers.letter(n, dead, title=t, answer=t) for n, t in enumerate(evils))),
        tuple(registers.silence(f"S{n}", "X", comment=t, author=t) for n, t in enumerate(evils)),
    )
    async with driven(replace(busy(), registers=filled), (160, 100)) as board:
        for key in ("S", "v", "N"):
            await board.press(key)
            await board.until(lambda: len(board.app.screen_stack) == 2)
            shown = await board.shows("[/dev/sda1]")
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
            # What is behind wide letters has a cell too few: the beginning tells it apart.
            hidden = [evil for evil in evils if evil[:4].strip() not in shown]
            assert len(hidden) <= len(evils) // 4, hidden
            await board.press("escape")
            await closed(board)


async def test_a_roll_is_narrowed_while_a_filter_is_typed() -> None:
    """Words may stand in whatever column; enter keeps the filter, escape drops it, then closes."""
    async with driven(listed()) as board:
        await board.press("S")
        await board.shows("deploying v1.4")
        await board.press("/", *"john other")
        await board.shows_not('alertname="HighErrorRate"')
        await board.shows("filter: john other", 'alertname="Other"')
        await board.press("enter")
        await board.shows("filter john other")
        await board.press("/", "ctrl+u", *"nothing of that kind")
        await board.shows("nothing matches the filter")
        await board.press("escape")
        await board.shows('alertname="HighErrorRate"')
        await board.press("escape")
        await closed(board)
        for key, word, gone in (("v", "missing", "Broken"), ("N", "refused", "202 accepted")):
            await board.press(key, "/", *word, "enter")
            await board.shows(f"filter {word}")
            await board.until(partial(_is_gone, board, gone))
            await board.press("escape", "escape")
            await closed(board)


def _is_gone(board: Driven, word: str) -> bool:
    return not _listed(board, word)


def _listed(board: Driven, word: str) -> bool:
    """Whether a row has a word, and not only what is told of the row under the cursor."""
    lines = board.lines()
    rule = next((n for n, line in enumerate(lines) if "────────" in line and n > 2), len(lines))
    return any(word in line for line in lines[1:rule])


async def test_marked_silences_are_extended_and_ended_together() -> None:
    """Each is named before, what has ended by itself is left out, and the marks are gone after."""
    hidden = alert("HighErrorRate", silenced_by=("S1",))
    async with driven(replace(listed(), alerts=(hidden,), incidents=())) as board:
        await board.press("S", "G", "space", "g", "space", "space")
        await board.shows("3 marked")
        await board.press("+")
        await board.shows("Extend 2 silences", "an hour longer; 1 open alert stays hidden")
        await board.press("enter")
        await board.shows("extended by an hour: 2 silences (S1, aa11)")
        await board.shows_not("marked")
        await board.press("g", "space", "space", "x")
        await board.shows("End 2 silences", "S1  ", "aa11  ", "1 alert is shown again")
        await board.press("escape")
        await board.shows("2 marked")
        await board.press("x", "enter")
        await board.shows("ended: 2 silences (S1, aa11)")
        both = ("S1", "aa11")
        assert board.hand.calls == [("extend_silences", both), ("expire_silences", both)]


async def test_marks_that_a_filter_hides_choose_nothing() -> None:
    """The act never falls through to the row under the cursor; escape clears the marks first."""
    async with driven(listed()) as board:
        await board.press("S", "space", "/", *"john", "enter")
        await board.shows("1 marked", "filter john")
        await board.press("x")
        await board.shows("nothing is chosen: no marked silence is shown")
        assert len(board.app.screen_stack) == 2
        await board.press("escape")
        await board.shows_not("1 marked")
        await board.press("x")
        await board.shows("End aa11")
        assert board.hand.calls == []


async def test_what_a_question_names_fits_the_smallest_screen() -> None:
    """A dozen silences are ended from fifteen lines: some are named, whom it pages is always seen."""
    setup = paged()
    many = tuple(registers.silence(f"S{n}", f'alertname="A{n}"') for n in range(1, 13))
    hidden = alert("A1", silenced_by=("S1",))
    filled = Registers((), Letters(), many)
    found = replace(busy(), setup=setup, registers=filled, alerts=(hidden,), incidents=())
    async with driven(found, (60, 15)) as board:
        await board.press("S", *["space"] * 12)
        await board.shows("12 marked")
        await board.press("x")
        await board.shows("End 12 silences", "and 7 more", "This pages 1 On-call")


async def test_a_silence_is_changed_in_all_its_parts() -> None:
    """What, until when and why are typed over what they were, with the same preview as a new one."""
    both = (alert("HighErrorRate"), alert("HighLatency"), alert("DiskFull"))
    async with driven(replace(listed(), alerts=both, incidents=())) as board:
        await board.press("S", "enter")
        await board.shows("Change silence S1", "hides 1 of 3 open alerts")
        await board.press("up", "up", "ctrl+u", *"alertname=~High.*")
        await board.shows("hides 2 of 3 open alerts", "leaves 1 as they are")
        await board.press("down", "ctrl+u", *"45m", "down", "ctrl+u", *"rollback", "enter")
        await board.until(lambda: board.hand.calls)
        assert board.hand.calls == [
            ("change_silence", "S1", 1, 'alertname=~"High.*"', timedelta(minutes=45), "rollback")
        ]
