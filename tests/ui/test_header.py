"""The header: who is on call on every schedule and until when, and what yields where room is short."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from opsdash.domain.on_call import OnCall
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.schedule import Person, Schedule
from opsdash.domain.text import SafeText, clean
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import ASCII, UTF8
from opsdash.ui.lines import plain, text_of, width_of
from opsdash.ui.moment import Moment
from opsdash.ui.palette import Palette
from opsdash.ui.panes.header import header
from opsdash.ui.preferences import Colours
from opsdash.ui.themes import load_theme
from tests.ui import pictures
from tests.ui.pictures import NOW, busy

TUESDAY = datetime(2025, 12, 23, 9, tzinfo=UTC)
EVENING = NOW.replace(hour=17, minute=0, second=0)
WIDTHS = [200, 160, 120, 100, 80, 60, 40]


def daily(id: str, *, allowed: bool = False, nobody: bool = False) -> Schedule:
    """Return a schedule that John has from each Monday on, or nobody."""
    weeks = () if nobody else ({"mon": "john"},)
    return Schedule(id, "UTC", time(9), weeks, gaps_allowed=allowed)


def manned(*schedules: Schedule, told: tuple[OnCall, ...] = ()) -> Snapshot:
    """Return the evening with these schedules, of which the engine wrote `told`."""
    return replace(busy(), setup=replace(pictures.SETUP, schedules=schedules), on_call=told)


def two(first: str = "John", second: str = "Alice") -> Snapshot:
    """Return the evening with two schedules, the primary one configured last."""
    told = (
        OnCall("database", clean(second), EVENING),
        OnCall("primary", clean(first), TUESDAY),
    )
    return manned(daily("database"), daily("primary"), told=told)


def simulated(snapshot: Snapshot) -> Snapshot:
    """Return the picture as the demo has it."""
    return replace(snapshot, setup=replace(snapshot.setup, simulated=True))


def said(snapshot: Snapshot, width: int, now: datetime = NOW, paused: bool = False) -> str:
    """Return the header as text."""
    return text_of(header(snapshot, width, Moment(now), UTF8, paused))


def test_every_schedule_is_named_with_its_end_the_primary_one_first() -> None:
    """Whoever reads the header knows whom a page for the database wakes."""
    assert "on call John until Tue 09:00 · database Alice until 17:00   14:06 UTC" in said(
        two(), 200
    )
    assert "John→Tue 09:00 · database Alice→17:00   14:06 UTC" in said(two(), 160)


@pytest.mark.parametrize("width", WIDTHS)
def test_schedules_without_room_are_counted_and_no_name_is_cut(width: int) -> None:
    """`+1` says that there is another one; each name that is there is whole."""
    drawn = said(two("Bartholomew", "Theodora"), width)
    assert width_of(((drawn, ""),)) == width
    for name in ("Bartholomew", "Theodora"):
        assert name in drawn or name[:4] not in drawn
    assert ("Bartholomew" in drawn) == (width > 60)
    if "Bartholomew" in drawn and "Theodora" not in drawn:
        assert "Bartholomew→Tue 09:00 +1 " in drawn


def test_a_name_longer_than_the_room_has_its_first_word() -> None:
    """Three people at once on one schedule are no reason to say nothing."""
    long = two("Bartholomew Featherstonehaugh, Maximiliane Oberhuber-Katzenellenbogen")
    assert "Bartholomew…→Tue 09:00 +1 " in said(long, 80)


@pytest.mark.parametrize("width", [160, 120, 80, 60])
def test_a_schedule_that_nobody_has_is_loud_at_every_size(width: int) -> None:
    """An uncovered hour is said beside the status, reversed, and never yields."""
    drawn = header(manned(daily("primary", nobody=True)), width, Moment(NOW), UTF8)
    style = next(style for text, style in drawn if " NOBODY on call " in text)
    assert {"crit", "reverse"} <= set(style.split())
    assert "on call" not in said(replace(busy(), on_call=()), width).lower()


def test_the_schedule_without_anybody_is_named_where_it_is_not_the_primary_one() -> None:
    """The primary one is covered: that the database's is not must not read as if it were."""
    bare = daily("database", nobody=True)
    drawn = said(manned(bare, daily("primary")), 160)
    assert " NOBODY: database " in drawn
    assert " NOBODY on call: database " in said(manned(bare, daily("primary")), 200)
    assert "John→29 Dec   14:06 UTC" in drawn
    other = daily("network", nobody=True)
    assert " NOBODY: 2 schedules " in said(manned(bare, other, daily("primary")), 160)


@pytest.mark.parametrize("width", [160, 120, 80, 60])
def test_the_demos_flag_is_whole_beside_an_uncovered_schedule(width: int) -> None:
    """What is no production, and that nobody would be woken: neither hides the other."""
    snapshot = simulated(manned(daily("network", nobody=True), daily("primary")))
    drawn = said(snapshot, width)
    assert " SIMULATED " in drawn
    assert "NOBODY: network" in drawn
    if width == 160:
        assert "uptime 99.98% 24h, 17 s down   users 2,450 ↑15%   John→29 Dec" in drawn


def test_without_colour_an_uncovered_schedule_is_reversed() -> None:
    """Where there are no colours the loud words stand out by their ground."""
    palette = Palette(load_theme("night-shift"), Colours.NONE)
    drawn = header(manned(daily("primary", nobody=True)), 160, Moment(NOW), UTF8)
    loud = next(style for text, style in drawn if "NOBODY" in text)
    quiet_words = next(style for text, style in drawn if "Payment" in text)
    assert palette.style(loud).reverse
    assert not palette.style(quiet_words).reverse


def test_hours_that_are_meant_to_have_nobody_are_quiet() -> None:
    """A schedule of office hours is no alarm each night."""
    assert "NOBODY" not in said(manned(daily("office", nobody=True, allowed=True)), 160)


def test_nobody_is_named_whose_shift_is_over() -> None:
    """What a dead engine wrote yesterday is not who is on call today."""
    told = (OnCall("primary", SafeText("Sarah"), NOW - timedelta(minutes=1)),)
    drawn = said(manned(daily("primary"), told=told), 160)
    assert "Sarah" not in drawn
    assert "John" in drawn
    moment = Moment(NOW)
    header(two(), 160, moment, UTF8)
    assert moment.moves_at <= EVENING


def test_an_override_made_a_moment_ago_is_seen_before_the_engine_wrote_it() -> None:
    """The person who took the shift is named at once."""
    until = NOW + timedelta(hours=2)
    taken = Override("primary", OverrideKind.REPLACE, NOW - timedelta(minutes=1), until, "pm")
    schedule = replace(daily("primary"), overrides=(taken,))
    told = (OnCall("primary", SafeText("John"), TUESDAY),)
    assert "Pat until 16:06" in said(manned(schedule, told=told), 200)


def test_the_guides_figures_are_whole_at_160_beside_the_demos_flag() -> None:
    """Title, status, uptime with its downtime, users with their trend: S5 to S8."""
    for snapshot in (simulated(busy()), simulated(two())):
        drawn = said(snapshot, 160)
        assert drawn.startswith(" Payment App Production   SIMULATED    ✖ CRITICAL   ✖ 1")
        assert "17s down" in drawn or "24h, 17 s down" in drawn
        assert "users 2,450 ↑15%   John→Tue 09:00" in drawn or "John→Wed 09:06" in drawn
    assert "uptime 99.98% 24h, 17 s down   users 2,450 ↑15%   John→Wed 09:06   14:06 UTC " in said(
        simulated(busy()), 160
    )
    paused = said(simulated(busy()), 160, paused=True)
    assert "uptime 99.98% 24h, 17 s down   users 2,450 ↑15%   John→Wed 09:06   14:06 UTC " in paused


def test_what_yields_at_smaller_sizes_is_what_is_least_needed() -> None:
    """Words before figures, a trend before its figure, the reading's time before the person."""
    assert "✖ 1  ▲ 2  uptime 99.98% 17s down   users 2,450 ↑15%   John→Wed 09:06   14:06 UTC " in (
        said(busy(), 120)
    )
    assert "uptime 99.98%   users 2,450   John→Wed 09:06   14:06 UTC " in said(
        simulated(busy()), 120
    )
    assert said(busy(), 80).endswith("John→Wed 09:06   14:06 UTC ")
    assert said(simulated(busy()), 80).endswith("   John→Wed 09:06 ")


HOSTILE = {
    "wide": "山田太郎山田太郎",
    "combining": "e\u0301" * 9,
    "right to left": "\u202eevil\u202c \u05d3\u05d5\u05d3",
    "escape": "\x1b[31mJohn\x1b]0;x\x07",
    "markup": "[red]John[/] [@click=app.quit]x",
    "emoji": "👩‍🚒 Ann",
    "long": "x" * 500,
    "lines": "John\nSarah\ttab",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_names_keep_the_header_on_its_line(name: str, width: int) -> None:
    """Whatever somebody is called, the line is as wide as the screen and the status is on it."""
    drawn = header(two(HOSTILE[name], HOSTILE[name]), width, Moment(NOW), UTF8)
    assert width_of(drawn) == width
    assert "✖ CRITICAL" in text_of(drawn)
    assert not any(ord(sign) < 32 for sign in text_of(drawn))


@pytest.mark.parametrize("width", WIDTHS)
def test_in_ascii_it_is_ascii_and_as_wide(width: int) -> None:
    """A terminal without UTF-8 has the same line in its own signs."""
    drawn = plain(header(two(), width, Moment(NOW), ASCII))
    assert text_of(drawn).isascii()
    assert width_of(drawn) == width
    if 120 <= width < 200:
        assert "John>Tue 09:00" in text_of(drawn)
    bare = plain(header(manned(daily("primary", nobody=True)), width, Moment(NOW), ASCII))
    assert "NOBODY" in text_of(bare)


def test_two_people_of_one_schedule_are_both_named() -> None:
    """Whoever was added for the evening is on call as well."""
    added = Override("primary", OverrideKind.ADD, NOW, NOW + timedelta(hours=2), "sam")
    people = (*pictures.SETUP.people, Person("sam", SafeText("Sam")))
    schedule = replace(daily("primary"), overrides=(added,))
    snapshot = manned(schedule)
    snapshot = replace(snapshot, setup=replace(snapshot.setup, people=people))
    assert "on call John, Sam until 16:06" in said(snapshot, 200)
