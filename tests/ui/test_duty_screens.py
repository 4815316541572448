"""Every screen about people and schedules, at every size, with names that were written to break it."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from opsdash.domain.maintenance import Maintenance
from opsdash.domain.on_call import OnCall
from opsdash.domain.schedule import Person, Schedule
from opsdash.domain.text import clean
from opsdash.roster import Roster
from opsdash.snapshot import Snapshot
from opsdash.ui.lines import width_of
from tests.ui import pictures
from tests.ui.driving import driven
from tests.ui.pictures import NOW, ago, busy

NAMES = {
    "wide": "山田太郎 " * 9,
    "marks": "Zoe\u0301\u0301\u0301\u0301 \u202edrawkcab\u202c",
    "escape": "\x1b]0;owned\x07\x1b[2J\x1b[31mJohn",
    "markup": "[bold red]John[/] [@click=app.quit]x[/]",
    "emoji": "👩‍🚒👨‍👩‍👧 Ann",
    "long": "Maximiliane " + "Oberhuber-" * 30,
    "lines": "John\nSarah\r\tAlex\u2028Maria",
}


def staffed(raw: str) -> Snapshot:
    """Return the evening with two schedules, one uncovered one and a window, all of this name."""
    text = clean(raw)
    people = tuple(Person(one.id, text, (text, clean("payments"))) for one in pictures.SETUP.people)
    schedules = (
        Schedule("database", "Europe/Berlin", time(8), ({"mon": "pm"},)),
        Schedule("primary", "UTC", time(9), ({"mon": "john", "wed": "tech-lead"},)),
        Schedule("network", "UTC", time(9), ()),
    )
    held = Maintenance(1, ago(minutes=5), NOW + timedelta(hours=1), text, text, text)
    told = (
        OnCall("database", text, NOW + timedelta(hours=9)),
        OnCall("primary", text, NOW + timedelta(hours=19)),
    )
    base = busy()
    return replace(
        base,
        setup=replace(pictures.SETUP, people=people, schedules=schedules),
        roster=Roster(base.roster.climbs, maintenance=(held,)),
        on_call=told,
    )


CASES = [
    *((name, (80, 24)) for name in NAMES),
    *((name, size) for name in ("wide", "escape") for size in ((160, 45), (120, 35), (60, 15))),
]


@pytest.mark.parametrize(("name", "size"), CASES)
async def test_names_stay_in_their_place(name: str, size: tuple[int, int]) -> None:
    """The dashboard, the sheets that give an alert away and the on-call screens keep their lines."""
    async with driven(staffed(NAMES[name]), size=size) as board:
        await board.shows("CRITICAL", "NOBODY: network")
        for keys in ("e", "E", "h", "o", "H", "D", "N", "enter"):
            await board.press(keys)
            await board.pilot.pause()
            lines = board.lines()
            assert len(lines) == size[1]
            assert all(width_of(((text, ""),)) <= size[0] for text in lines)
            assert not any(ord(sign) < 32 for text in lines for sign in text)
            assert not any(sign in text for text in lines for sign in "\u202e\u2028")
            while len(board.app.screen_stack) > 1:
                before = len(board.app.screen_stack)
                await board.press("escape")
                await board.until(lambda: len(board.app.screen_stack) < before)  # noqa: B023
        assert board.app.is_running
