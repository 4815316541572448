"""How soon the screen looks for the figures of an engine that has just been started."""

from datetime import timedelta

from opsdash.snapshot import with_start
from opsdash.ui.lookout import POLL, POLL_AT_START, STARTS_FOR, awaited_until, look_after
from tests.ui import pictures


def test_the_first_figures_of_an_engine_on_its_way_are_looked_for_more_often() -> None:
    """For three seconds after an engine was started; never where one was at work already."""
    first = pictures.busy()
    assert awaited_until(first) is None and awaited_until(None) is None
    assert look_after(first.taken_at, None) == POLL
    until = awaited_until(with_start(first, 10.0))
    assert until == first.taken_at + STARTS_FOR
    assert look_after(first.taken_at, until) == POLL_AT_START < POLL
    assert look_after(first.taken_at + STARTS_FOR, until) == POLL
    assert look_after(first.taken_at + timedelta(hours=1), until) == POLL
