"""The lists at the sizes of the design: their most important words are whole at each of them."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from opsdash.domain.alert import AlertState, Severity
from opsdash.domain.text import clean
from opsdash.ui.glyphs import ASCII, UTF8
from opsdash.ui.lines import cut_words, text_of, width_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alert_columns import rooms
from opsdash.ui.panes.alerts import alert_row, state_cell
from tests.ui import pictures
from tests.ui.driving import driven
from tests.ui.pictures import NOW, alert, busy
from tests.ui.registers import letters, listed

SIZES = [(160, 45), (120, 35), (80, 24), (60, 15)]


@pytest.mark.parametrize("size", SIZES)
async def test_the_list_names_what_fires_whose_it_is_and_what_comes_next(
    size: tuple[int, int],
) -> None:
    """The alert's whole name and who has it everywhere; whom it pages next, and when, from 80 on."""
    async with driven(busy(), size=size) as board:
        text = await board.shows("DatabasePerformanceDegraded", "nobody")
        assert "Maria in 3m48s" in text or "in 3m48s (Maria)" in text or size[0] < 80
        assert re.search(r"fires in 4m20s(,| )", text) or size[0] < 80
        rows = [row for row in board.lines() if "2.5% > 1%" in row]
        assert rows or size[0] < 100


@pytest.mark.parametrize("width", [160, 120, 100, 80, 60])
def test_a_pending_alert_says_how_severe_it_would_be(width: int) -> None:
    """In small letters and beside the sign of what has not fired: never taken for one that has."""
    for severity, word in ((Severity.CRITICAL, "crit"), (Severity.WARNING, "warn")):
        found = alert("Soon", state=AlertState.PENDING, severity=severity, level=0, fired_at=None)
        cell = text_of(state_cell(found, rooms(width).brief, UTF8))
        given = rooms(width)
        assert cell == (f"◌ PEND {word}" if not given.brief else "◌ PEND")
        assert text_of(state_cell(found, True, ASCII)) == "~ PEND"
        # Where the state is one word, how severe it would be stands beside when.
        later = replace(found, fires_at=NOW + timedelta(minutes=9, seconds=59))
        after = text_of(alert_row(later, busy(), given, Moment(NOW), UTF8).cells[7])
        assert (word in cell) != (after == f"fires in 9m59s, {word}")


@pytest.mark.parametrize("width", [160, 128, 120, 100, 80, 72])
def test_what_comes_next_keeps_its_words_while_it_is_counted_down(width: int) -> None:
    """From an hour to a second: the same words, and they fit."""
    given, found = rooms(width), busy().alerts[0]
    shapes = set()
    for left in (3500, 228, 61, 59, 9, 1):
        level_at = NOW + timedelta(seconds=left) - timedelta(minutes=5)
        climb = replace(busy().roster.climbs[found.id], began_at=level_at)
        snapshot = replace(busy(), roster=replace(busy().roster, climbs={found.id: climb}))
        cell = alert_row(found, snapshot, given, Moment(NOW), UTF8).cells[7]
        assert width_of(cell) <= given.next
        shapes.add(re.sub(r" in \w+", " in", text_of(cell)))
    assert shapes in ({"2 Tech Lead in (Maria)"}, {"L2 Maria in"})


@pytest.mark.parametrize("width", [120, 80, 72])
def test_a_long_name_gives_way_and_the_time_stays(width: int) -> None:
    """Whoever is paged next has a name of any length."""
    people = tuple(
        replace(one, name=clean("Maximiliane Oberhuber-Katzenellenbogen"))
        for one in pictures.SETUP.people
    )
    snapshot = replace(busy(), setup=replace(pictures.SETUP, people=people))
    given = rooms(width)
    cell = alert_row(snapshot.alerts[0], snapshot, given, Moment(NOW), UTF8).cells[7]
    assert text_of(cell).startswith("L2 Maxim")
    assert text_of(cell).endswith(" in 3m48s")
    assert width_of(cell) <= given.next


def test_a_text_is_cut_after_a_word() -> None:
    """A figure is never half there; a single long word is cut where it must be."""
    assert cut_words("2.5% > 1% of requests answered", 18) == "2.5% > 1%…"
    assert cut_words("full in 21h at the growth of 6h", 22) == "full in 21h…"
    assert cut_words("98% > 90% of its CPU, over 1m", 24) == "98% > 90% of its CPU…"
    assert cut_words("2.5% > 1%", 18) == "2.5% > 1%"
    assert cut_words("DatabasePerformance is bad", 12) == "DatabasePer…"
    assert cut_words("per query over", 10) == "per query…"
    assert cut_words("日本語 日本語日本語", 9) == "日本語…"


@pytest.mark.parametrize("size", SIZES)
async def test_the_messages_say_their_state_and_kind_whole(size: tuple[int, int]) -> None:
    """`ack` and `refused` are words of any size; what a receiver answered is whole from 120 on."""
    async with driven(replace(listed(), registers=replace(listed().registers)), size=size) as board:
        await board.press("N")
        text = await board.shows("✖ refused", "◌ sending", "· dropped", "◌ LATE")
        assert len(letters().newest) == 6
        assert ("resolve " in text) == (size[0] >= 80)
        assert ("403 invalid_auth" in text) or size[0] < 120
