"""The on-call screen: schedules with their calendar and gaps, and what is done to them from the keyboard."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from opsdash.domain.alert import Severity
from opsdash.domain.duty import on_call_view
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.rotation import Layer, Turn
from opsdash.domain.text import SafeText
from opsdash.ui.glyphs import ASCII, UTF8
from opsdash.ui.lines import Line, text_of, width_of
from opsdash.ui.moment import Moment, zone_of
from opsdash.ui.panes.calendar import calendar_lines
from opsdash.ui.panes.on_call import override_row, schedule_about, schedule_row
from opsdash.ui.preferences import Preferences
from tests.kit.hostile import HOSTILE
from tests.ui.driving import Driven, driven
from tests.ui.pictures import NOW, alert
from tests.ui.rosters import DENTIST, ILL, MIGRATION, MONDAY, WEEK, renamed, staffed

ALEX = Preferences(names=("alex",))
FULL = replace(WEEK, overrides=(DENTIST, ILL))


def words(lines: Sequence[Line]) -> str:
    """Return what a person reads."""
    return "\n".join(text_of(one).rstrip() for one in lines)


def calls(board: Driven) -> list[tuple[object, ...]]:
    """Return what was written."""
    return board.hand.calls


def covered(board: Driven) -> Override:
    """Return the override that was written last."""
    name, made = calls(board)[-1]
    assert name == "cover" and isinstance(made, Override)
    return made


def test_the_calendar_shows_two_weeks_of_everybody_and_of_nobody() -> None:
    """Bars by the day, an override lower than the rotation, a gap in a line of its own."""
    view = on_call_view(staffed().setup, FULL, MONDAY, "UTC")
    drawn = words(calendar_lines(view, 78, Moment(MONDAY), UTF8))
    assert (
        drawn
        == """\
       22   23   24   25   26   27   28   29   30   31   01   02   03   04
Alex   ██····················██████·····████····················█████████████
John   ··█·████████·························██████████·······················
Sarah  ···▅········██████████·························██████████·············
NOBODY ····························✖✖✖✖✖·····································
         ↑ now"""
    )
    wide = words(calendar_lines(view, 160, Moment(MONDAY), UTF8)).splitlines()
    assert wide[0].startswith("       Mon 22    Tue 23    Wed 24")
    assert wide[2].startswith("John   ····█····███████████████····")


def test_the_calendar_is_in_the_viewers_zone_and_in_ascii_where_asked() -> None:
    """09:00 in UTC is 18:00 in Tokyo, and an override differs from the rotation without colour."""
    view = on_call_view(staffed().setup, FULL, MONDAY, "Asia/Tokyo")
    moment = Moment(MONDAY, zone_of("Asia/Tokyo"))
    tokyo = words(calendar_lines(view, 78, moment, ASCII)).splitlines()
    assert tokyo[1].startswith("Alex   ####-")
    assert "=" in tokyo[3] and "X" in tokyo[4]
    assert "".join(tokyo).isascii()


def test_a_schedule_says_who_until_when_who_next_and_its_gaps() -> None:
    """In one row; a gap is loud, and none is said too."""
    setup, moment = staffed().setup, Moment(MONDAY)
    row = schedule_row(on_call_view(setup, FULL, MONDAY, "UTC"), moment, UTF8)
    assert [text_of(cell) for cell in row.cells] == [
        "primary",
        "Sarah override",
        "21:00 7h00m",
        "John from 21:00",
        "✖ 1 gap, Sat 14:00 for 1d00h",
        "UTC",
    ]
    calm = schedule_row(on_call_view(setup, WEEK, MONDAY, "UTC"), moment, UTF8)
    assert text_of(calm.cells[4]) == "✔ none"
    saturday = MONDAY + timedelta(days=5, hours=1)
    gone = schedule_row(on_call_view(setup, FULL, saturday, "UTC"), Moment(saturday), UTF8)
    assert [text_of(cell) for cell in gone.cells[1:3]] == ["✖ NOBODY", ""]
    assert text_of(gone.cells[4]) == "✖ 1 gap, now for 1d00h"


@pytest.mark.parametrize(
    ("days", "cell"),
    [(40, "✔ none"), (5, "? not known after Sat 14:00"), (-1, "? not known after Sun 14:00")],
)
def test_shifts_kept_elsewhere_are_known_until_a_time_and_it_is_said(days: int, cell: str) -> None:
    """Beyond it there is neither a gap nor none; in the row where it is near, in the detail always."""
    until = MONDAY + timedelta(days=days)
    layer = Layer(feed="k", turns=(Turn("john", MONDAY, until),), until=until)
    found = replace(WEEK, weeks=(), layers=(layer,))
    setup, moment = staffed().setup, Moment(MONDAY)
    view = on_call_view(setup, found, MONDAY, "UTC")
    assert text_of(schedule_row(view, moment, UTF8).cells[4]) == cell
    about = words(schedule_about(found, view, setup, 100, moment, UTF8))
    assert "nothing is known of what comes after" in about and "NOBODY is on call" not in about


def test_an_override_says_who_made_it_and_why() -> None:
    """In its own row beneath the schedule."""
    row = override_row(DENTIST, staffed().setup, Moment(MONDAY), UTF8)
    assert [text_of(cell) for cell in row.cells[:5]] == [
        "  override 3",
        "Sarah for John",
        "21:00 7h00m",
        "since 13:00",
        "“dentist” by sarah",
    ]


def test_everything_about_a_schedule_lists_gaps_shifts_and_levels() -> None:
    """The gap first, then the shifts as overrides leave them, then whom each level reaches."""
    setup = staffed(DENTIST, ILL).setup
    view = on_call_view(setup, FULL, MONDAY, "UTC")
    drawn = words(schedule_about(FULL, view, setup, 100, Moment(MONDAY), UTF8))
    for part in (
        "✖ NOBODY is on call Sat 14:00 to Sun 14:00 (1d00h)",
        "  Mon 22 Dec 13:00  Sarah            until 21:00  8h00m  override 3",
        "  1 On-call engineer (Sarah)  at once",
        "  4 CEO (Chris)  due after 30m, critical only",
    ):
        assert part in drawn


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_in_schedules_is_one_visible_line_of_its_width(name: str) -> None:
    """Names, reasons and services keep their place and start nothing."""
    snapshot = renamed(HOSTILE[name])
    schedule = snapshot.setup.schedules[0]
    view = on_call_view(snapshot.setup, schedule, MONDAY, "UTC")
    moment = Moment(MONDAY)
    for width in (60, 100):
        for one in calendar_lines(view, width, moment, UTF8):
            assert width_of(one) == width
        lines = schedule_about(schedule, view, snapshot.setup, width, moment, UTF8)
        cells = schedule_row(view, moment, UTF8).cells
        rows = override_row(schedule.overrides[0], snapshot.setup, moment, UTF8).cells
        text = "".join(text_of(one) for one in (*lines, *cells, *rows))
        assert text.isprintable()


async def test_o_lists_schedules_overrides_and_maintenance_with_the_calendar() -> None:
    """All of it on one screen, gaps counted in its border."""
    async with driven(staffed(DENTIST, ILL, maintenance=(MIGRATION,)), (160, 45)) as board:
        await board.press("o")
        await board.shows(
            "3 gaps ahead",
            "✖ 1 gap, Sat 14:00 for 1d00h",
            "override 3",
            "“ill” by alex",
            "maintenance 2",
            "Mon 22    Tue 23",
            "↑ now",
        )
        await board.press("j", "enter")
        await board.shows("what           Sarah for John", "made           12:00 by sarah")


@pytest.mark.parametrize("size", [(160, 45), (80, 24), (60, 15), (39, 9)])
async def test_the_screen_and_its_sheets_fit_every_size(size: tuple[int, int]) -> None:
    """Whatever lies on top, and down to a cell and back."""
    for keys in (("o",), ("o", "O"), ("o", "T"), ("o", "D"), ("W",), ("Z",), ("h",)):
        async with driven(staffed(DENTIST, ILL), size, preferences=ALEX) as board:
            await board.press(*keys)
            await board.pilot.resize_terminal(1, 1)
            await board.pilot.resize_terminal(*size)
            await board.pilot.pause()
            assert len(board.lines()) == size[1]


async def test_a_shift_is_taken_until_its_usual_end_with_one_key_and_enter() -> None:
    """The sheet says who goes, who comes and until when before it is done."""
    async with driven(staffed(), preferences=ALEX) as board:
        await board.press("T")
        await board.shows("alex for john", "John → Alex", "14:06 to Wed 09:00")
        assert calls(board) == []
        await board.press("enter")
        await board.shows("Sarah is on call")
        made = covered(board)
        assert (made.kind, made.person, made.replaces) == (OverrideKind.REPLACE, "alex", "john")
        assert made.end == NOW.replace(day=24, hour=9, minute=0, second=0)
        assert made.reason == "taking the shift"


async def test_whoever_is_on_call_already_has_no_shift_to_take() -> None:
    """And it is said."""
    async with driven(staffed(), preferences=Preferences(names=("john",))) as board:
        await board.press("T")
        await board.shows("you are on call on primary already")


async def test_a_shift_is_taken_of_the_schedule_whose_row_it_is() -> None:
    """`T` on the on-call screen fills in the row's schedule, an override's row being its schedule's."""
    john = Preferences(names=("john",))
    async with driven(staffed(DENTIST), preferences=john) as board:
        await board.press("o", "j")
        await board.shows("Sarah for John", "“dentist”")
        await board.press("T")
        await board.shows("Override primary", "john for sarah", "taking the shift", "Sarah → John")
        await board.press("escape", "j", "T")
        await board.shows("Override database", "john for alex", "Alex → John", "14:06 to Sat 09:00")
        assert calls(board) == []
        await board.press("enter")
        await board.until(lambda: calls(board))
        made = covered(board)
        assert (made.schedule, made.person, made.replaces) == ("database", "john", "alex")
        assert made.end == NOW.replace(day=27, hour=9, minute=0, second=0)


async def test_a_temporary_shift_is_taken_over_by_another_temporary_one() -> None:
    """`T` fills that in: it lies over every replacement, which would change nothing."""
    alone = replace(DENTIST, kind=OverrideKind.TEMPORARY, replaces="")
    async with driven(staffed(alone), preferences=ALEX) as board:
        await board.press("o", "T")
        await board.shows("temporary", "taking the shift", "Sarah → Alex", "14:06 to 21:00")
        await board.press("enter")
        await board.until(lambda: calls(board))
        made = covered(board)
        assert (made.kind, made.person, made.replaces) == (OverrideKind.TEMPORARY, "alex", "")
        assert made.end == DENTIST.end


async def test_where_nobody_is_on_call_the_shift_is_taken_until_the_next_one_begins() -> None:
    """`T` fills in that somebody is added, in place of nobody."""
    off = replace(DENTIST, kind=OverrideKind.REMOVE, person="")
    async with driven(staffed(off), preferences=ALEX) as board:
        await board.press("o")
        await board.shows("✖ NOBODY", "override 3")
        await board.press("T")
        await board.shows("add", "taking the shift", "nobody → Alex", "14:06 to 21:00")
        await board.press("enter")
        await board.until(lambda: calls(board))
        made = covered(board)
        assert (made.kind, made.person, made.replaces) == (OverrideKind.ADD, "alex", "")
        assert made.end == DENTIST.end


async def test_somebody_who_is_not_configured_is_asked_who_takes_the_shift() -> None:
    """`T` has until when, and waits for who and why: nothing is made before."""
    async with driven(staffed(), preferences=Preferences(names=("root",))) as board:
        await board.press("o", "T")
        await board.shows("Override primary", "Wed 09:00", "say who; what it changes is shown here")
        await board.press(*"alex", "tab", "tab", "tab", *"root is asleep", "enter")
        await board.until(lambda: calls(board))
        made = covered(board)
        assert (made.person, made.replaces, made.reason) == ("alex", "", "root is asleep")
        assert made.end == NOW.replace(day=24, hour=9, minute=0, second=0)


async def test_an_override_is_previewed_and_its_faults_are_said() -> None:
    """A gap that it would leave is loud; who, when and why must be there."""
    async with driven(staffed(), (120, 35), preferences=ALEX) as board:
        await board.press("o", "O")
        await board.shows("replace", "now", "8h")
        await board.press(*"remove", "tab", *"john", "tab", *"18:00", "tab", *"2h")
        await board.shows("leaves NOBODY on call 18:00 to 20:00", "John → NOBODY")
        await board.press("enter")
        await board.shows("Why is it changed? A reason is needed.")
        await board.press(*"dentist", "up", "up", "up", "ctrl+u", *"nobody", "enter")
        await board.shows("there is no person nobody")
        await board.press("ctrl+u", *"John", "enter")
        await board.until(lambda: calls(board))
        made = covered(board)
        assert (made.kind, made.person, made.replaces) == (OverrideKind.REMOVE, "", "john")
        assert (made.end - made.start, made.reason) == (timedelta(hours=2), "dentist")


async def test_an_override_is_taken_back_after_what_follows_was_said() -> None:
    """`x` on its row; on a schedule's own row it changes nothing."""
    async with driven(staffed(DENTIST), preferences=ALEX) as board:
        await board.press("o", "x")
        await board.shows("the rotation is the configuration's")
        await board.press("j", "x")
        await board.shows("Remove override 3", "14:06 to 21:00  Sarah → John")
        await board.press("escape", "x", "enter")
        await board.until(lambda: calls(board))
        assert calls(board) == [("uncover", 3)]


async def test_maintenance_is_begun_from_the_row_and_ended_on_its_screen() -> None:
    """The service of the alert is filled in; ending says whom that pages."""
    async with driven(staffed(maintenance=(MIGRATION,)), preferences=ALEX) as board:
        await board.press("D")
        await board.shows("payments-api", "concerns 1 open alert now")
        await board.press("enter")
        await board.shows("What is the work? A reason is needed.")
        await board.press(*"upgrade", "enter")
        await board.until(lambda: calls(board))
        name, window = calls(board)[-1]
        assert name == "maintain" and isinstance(window, Maintenance)
        assert (window.service, window.reason) == ("payments-api", "upgrade")
        assert window.end - window.start == timedelta(hours=1)
        await board.press("o", "G", "x")
        await board.shows("End maintenance 2", "It holds no alert: nobody is paged.")
        await board.press("enter")
        await board.until(lambda: calls(board)[-1] == ("end_maintenance", 2))


async def test_ending_maintenance_says_whom_what_it_held_pages_and_through_what() -> None:
    """Each alert by its own policy; the window held what began to fire within it."""
    window = replace(MIGRATION, service=SafeText(""), start=NOW - timedelta(hours=9))
    snapshot = staffed(maintenance=(window,))
    people = tuple(replace(p, notify=("pager",)) for p in snapshot.setup.people)
    paging = replace(snapshot.setup.paging, notifiers=("pager",))
    setup = replace(snapshot.setup, people=people, paging=paging)
    held = alert("DiskFull", severity=Severity.WARNING, fired_at=NOW - timedelta(minutes=1))
    async with driven(replace(snapshot, setup=setup, alerts=(held,))) as board:
        await board.press("o", "G", "x")
        await board.shows(
            "1 alert is paged then: DiskFull", "This pages 1 On-call", "through pager"
        )
