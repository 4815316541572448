"""Maintenance windows on the dashboard: there while they are open, whatever fires, and gone by themselves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from opsdash.domain.maintenance import Maintenance
from opsdash.domain.problem import Problem
from opsdash.domain.text import SafeText, clean
from opsdash.roster import Roster
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import UTF8
from opsdash.ui.layout import problem_room
from opsdash.ui.lines import text_of, width_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.problems import problem_lines
from tests.ui.driving import driven
from tests.ui.pictures import NOW, ago, busy, quiet

END = NOW.replace(hour=15, minute=30, second=0)


def window(id: int = 1, service: str = "payments-api", minutes: int = 0) -> Maintenance:
    """Return a window that has begun and ends at 15:30, or some minutes after."""
    return Maintenance(
        id,
        ago(minutes=5),
        END + timedelta(minutes=minutes),
        SafeText("sarah"),
        SafeText("move the database"),
        clean(service),
    )


def held(*windows: Maintenance, problems: int = 0, base: Snapshot | None = None) -> Snapshot:
    """Return the quiet evening with these windows and so many problems."""
    found = tuple(Problem(f"p{n}", SafeText(f"problem {n}")) for n in range(problems))
    return replace(base or quiet(), roster=Roster(maintenance=windows), problems=found)


def drawn(snapshot: Snapshot, room: int = 4, width: int = 120, later: int = 0) -> list[str]:
    """Return the lines under the header as text, so many seconds later."""
    moment = Moment(NOW + timedelta(seconds=later))
    return [text_of(one).rstrip() for one in problem_lines(snapshot, width, room, moment, UTF8)]


@pytest.mark.parametrize("base", [quiet(), busy()])
def test_an_open_window_says_what_it_holds_until_when_and_by_whom(base: Snapshot) -> None:
    """Nobody wonders why nothing pages: also when nothing fires."""
    assert drawn(held(window(), base=base), width=160) == [
        " ∅ maintenance of payments-api until 15:30, 1h23m left by sarah: move the database;"
        " new alerts of it page nobody"
    ]
    assert drawn(held(window(service=""), base=base), width=80) == [
        " ∅ maintenance of everything until 15:30 by sarah: move the database"
    ]


def test_it_begins_and_ends_by_itself() -> None:
    """No read of the store is needed: the picture knows when its words change."""
    ahead = replace(window(), start=NOW + timedelta(seconds=4), end=NOW + timedelta(seconds=5))
    snapshot = held(ahead)
    assert drawn(snapshot) == []
    moment = Moment(NOW)
    problem_lines(snapshot, 120, 4, moment, UTF8)
    assert moment.moves_at <= ahead.start
    assert "maintenance" in drawn(snapshot, later=4)[0]
    assert drawn(snapshot, later=5) == []
    assert drawn(held(replace(window(), ended_at=NOW))) == []


def test_it_keeps_a_line_beside_problems() -> None:
    """What else is wrong is counted then; it never hides that pages are held."""
    assert drawn(held(window(), problems=3), room=2, width=80) == [
        " ✖ 3 problems: the view is not whole",
        " ∅ maintenance of payments-api until 15:30 by sarah: move the database",
    ]
    assert drawn(held(window(), problems=3), room=4, width=80)[-2:] == [
        " ▲ problem 2",
        " ∅ maintenance of payments-api until 15:30 by sarah: move the database",
    ]


def test_windows_without_a_line_are_counted() -> None:
    """The one that ends first is named."""
    found = held(window(2, "ledger", 10), window(1), window(3, "batch", 20))
    assert drawn(found, room=1, width=90) == [
        " ∅ maintenance of payments-api until 15:30 by sarah and 2 more: move the database"
    ]
    assert [text.split(" until")[0] for text in drawn(found, width=90)] == [
        " ∅ maintenance of payments-api",
        " ∅ maintenance of ledger",
        " ∅ maintenance of batch",
    ]


@pytest.mark.parametrize("size", [(160, 45), (120, 35), (80, 24), (60, 15)])
def test_hostile_words_stay_on_their_line(size: tuple[int, int]) -> None:
    """Service and reason are somebody's text."""
    text = clean("\x1b[31m[red]\u202e山田" * 40)
    odd = replace(window(), service=text, reason=text, by=text)
    lines = problem_lines(held(odd), size[0], problem_room(*size), Moment(NOW), UTF8)
    assert [width_of(one) for one in lines] == [size[0]]
    assert not any(ord(sign) < 32 for sign in text_of(lines[0]))


@pytest.mark.parametrize("size", [(160, 45), (120, 35), (80, 24), (60, 15)])
async def test_a_window_is_on_the_dashboard_from_when_it_is_opened(size: tuple[int, int]) -> None:
    """At every size, with all quiet, although nothing else changed; and gone when it is over."""
    async with driven(quiet(), size=size) as dashboard:
        await dashboard.shows("All quiet")
        dashboard.feed.put(held(window()))
        await dashboard.shows("maintenance of payments-api until 15:30", "All quiet")
        dashboard.feed.put(held(replace(window(), ended_at=NOW)))
        await dashboard.shows_not("maintenance of payments-api")
