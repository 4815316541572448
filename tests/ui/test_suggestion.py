"""What a page that nobody takes suggests, and who knows the area, where somebody decides on it."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from opsdash.domain.alert import Acknowledgement, Alert, AlertState, Severity
from opsdash.domain.schedule import Person, Schedule
from opsdash.domain.text import SafeText, clean
from opsdash.roster import Roster
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import UTF8
from opsdash.ui.lines import text_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alert_page import alert_page
from opsdash.ui.panes.alert_room import alert_area
from opsdash.ui.panes.suggestion import is_late, suggestion
from opsdash.ui.widgets.lines import Lines
from tests.ui import pictures
from tests.ui.driving import driven
from tests.ui.pictures import NOW, ago, alert, busy, climbs

PEOPLE = (
    Person("john", SafeText("John"), (SafeText("backend"),)),
    Person("tech-lead", SafeText("Maria"), (SafeText("database"),)),
    Person("pm", SafeText("Pat")),
    Person("ceo", SafeText("Chris")),
)
ON_CALL = (Schedule("primary", "UTC", time(9), ({"mon": "john"},)),)


def waiting(minutes: float, level: int = 2) -> Snapshot:
    """Return the evening with one alert that was paged so many minutes ago and is at `level`."""
    begun = ago(minutes=minutes)
    found: Alert = alert("DatabaseSlow", level=level)
    found = replace(
        found, fired_at=begun, level_at=begun, labels={**found.labels, "team": clean("database")}
    )
    climb = replace(climbs((found,))[found.id], began_at=begun)
    setup = replace(pictures.SETUP, people=PEOPLE, schedules=ON_CALL)
    return replace(
        busy(), alerts=(found,), incidents=(), setup=setup, roster=Roster({found.id: climb})
    )


def advice(snapshot: Snapshot, later: timedelta = timedelta()) -> str:
    """Return what is suggested for its alert."""
    return suggestion(snapshot.alerts[0], snapshot, Moment(NOW + later))


def test_a_page_that_nobody_took_for_five_minutes_suggests_the_next_level() -> None:
    """At exactly five minutes, with whom it pages, and when that happens by itself."""
    assert advice(waiting(5)) == "escalate to 3 PM (Pat) now?; by itself in 10m"
    almost = waiting(5 - 1 / 60)
    assert advice(almost) == ""
    assert advice(almost, timedelta(seconds=1)) != ""
    moment = Moment(NOW)
    suggestion(almost.alerts[0], almost, moment)
    assert moment.moves_at <= NOW + timedelta(seconds=1)


def test_nothing_is_suggested_for_what_somebody_has_or_nobody_is_above() -> None:
    """An acknowledged alert, one at its last level, one that nobody was paged for."""
    taken = Acknowledgement(SafeText("john"), ago(minutes=1), SafeText(""))
    late = waiting(9)
    held = replace(late, alerts=(replace(late.alerts[0], acknowledgement=taken),))
    assert advice(held) == ""
    assert advice(waiting(9, level=4)) == ""
    low = replace(waiting(9, level=3).alerts[0], severity=Severity.WARNING)
    assert advice(replace(waiting(9, level=3), alerts=(low,))) == ""
    assert not is_late(replace(late.alerts[0], level=0), late, Moment(NOW))
    over = replace(late.alerts[0], state=AlertState.RESOLVED, resolved_at=NOW)
    assert not is_late(over, late, Moment(NOW))


@pytest.mark.parametrize("width", [156, 116, 76, 56])
def test_the_detail_of_the_row_says_it(width: int) -> None:
    """In the room beneath the list and on the alert's own page."""
    late = waiting(9)
    moment = Moment(NOW)
    area = alert_area(late.alerts[0], None, late, width, 12, moment, UTF8)
    assert any(text_of(one).strip().startswith("late: escalate to 3 PM (Pat) n") for one in area)
    page = alert_page(late.alerts[0], None, late, width, moment, UTF8)
    said = [text_of(one) for one in page]
    assert "suggested      escalate to 3 PM (Pat) now?; by itself in 6m00s" in said


@pytest.mark.parametrize("size", [(160, 45), (80, 24), (60, 15)])
async def test_the_last_line_urges_the_key_once_it_is_late(size: tuple[int, int]) -> None:
    """Nothing is read again meanwhile: the picture knows when the five minutes are over."""
    async with driven(waiting(5 - 3 / 60), size=size) as board:
        await board.shows("escalate → ")

        def style() -> str:
            drawn = board.app.dashboard.query_one("#lower", Lines).lines
            assert isinstance(drawn[-1], tuple)
            return next(words for text, words in drawn[-1] if "escalate" in text)

        assert style() == "text"
        board.clock.pass_by(seconds=3)
        await board.until(lambda: style() == "warn bold")


async def test_escalating_names_who_knows_the_area() -> None:
    """In both sheets, and foremost where somebody is chosen to have it."""
    async with driven(waiting(9, level=1)) as board:
        await board.press("e")
        await board.shows(
            "2 Tech Lead (Maria): nobody is paged", "knows the area: Maria (database)"
        )
        await board.press("escape")
        await board.press("E")
        await board.shows("To which level?", "knows the area: Maria (database)", "4 CEO (Chris)")
        await board.press("escape")
        await board.press("h")
        await board.shows("Give it to whom?")
        chosen = [text for text in board.lines() if "▌" in text]
        assert "▌ Maria                database" in chosen[-1]


@pytest.mark.parametrize("key", ["e", "E"])
async def test_an_incidents_row_has_nothing_to_escalate(key: str) -> None:
    """No empty question that would page nobody and say that it goes down."""
    lone = replace(waiting(9), alerts=(), incidents=busy().incidents)
    async with driven(lone) as board:
        await board.press(key)
        await board.shows("nothing to escalate: no alert is under the cursor or marked")


async def test_where_nobody_knows_the_area_nothing_is_made_up() -> None:
    """No expertise, no hint."""
    bare = waiting(9, level=1)
    people = tuple(replace(one, expertise=()) for one in PEOPLE)
    async with driven(replace(bare, setup=replace(bare.setup, people=people))) as board:
        await board.press("e")
        assert "knows" not in await board.shows("2 Tech Lead (Maria): nobody is paged")


async def test_a_small_screen_keeps_the_choices() -> None:
    """At 60x15 the hint has room beside the four levels."""
    async with driven(waiting(9, level=1), size=(60, 15)) as board:
        await board.press("E")
        await board.shows("1 On-call engineer (John)", "4 CEO (Chris)", "knows the area")
