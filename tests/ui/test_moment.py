"""A drawing's moment, and when it would read otherwise."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from opsdash.ui.moment import Moment, zone_of
from tests.ui.pictures import NOW, ago


def test_nothing_drawn_changes_never() -> None:
    """A picture without an age is never drawn again for time alone."""
    assert Moment(NOW).changes_at == datetime.max.replace(tzinfo=UTC)


def test_the_first_age_to_change_decides() -> None:
    """An old age waits for its minute, a young one for its second."""
    moment = Moment(NOW)
    moment.age(ago(hours=3, seconds=12))
    assert moment.changes_at == NOW + timedelta(seconds=48)
    moment.age(ago(seconds=4.25))
    assert moment.changes_at == NOW + timedelta(seconds=0.75)


@given(st.floats(0.001, 200_000))
def test_what_is_left_reads_the_same_until_it_is_due_again(seconds: float) -> None:
    """A countdown drawn only when it is due misses no step."""
    moment = Moment(NOW)
    until = NOW + timedelta(seconds=seconds)
    words = moment.left(until)
    just_before = max(NOW, moment.changes_at - timedelta(microseconds=1))
    assert Moment(just_before).left(until) == words
    assert Moment(moment.changes_at).left(until) != words


def test_a_countdown_ends_at_zero_only_when_it_is_over() -> None:
    """Half a second left is not yet due."""
    assert Moment(NOW).left(NOW + timedelta(seconds=0.5)) == "1s"
    assert Moment(NOW).left(NOW) == "0s"
    assert Moment(NOW).left(ago(seconds=9)) == "0s"


def test_times_are_in_the_persons_zone() -> None:
    """The same instant is another time of day in Berlin, and another day has its name."""
    berlin = Moment(NOW, ZoneInfo("Europe/Berlin"))
    assert berlin.clock(NOW, seconds=True) == "15:06:12"
    assert berlin.date_clock(NOW + timedelta(days=2)) == "Wed 15:06"
    assert berlin.date_clock(NOW + timedelta(days=20)) == "2026-01-11 15:06"


def test_an_unknown_zone_is_utc() -> None:
    """A name that this system does not have breaks nothing."""
    assert zone_of("Nowhere/Atall") is UTC
    assert zone_of("../etc/passwd") is UTC
    assert zone_of("Europe/Berlin") == ZoneInfo("Europe/Berlin")


def test_an_age_that_stands_in_many_places_moves_in_steps() -> None:
    """Below a minute it moves each ten seconds, then as any short age does."""
    for seconds, words, lasts in ((3, "<10s", 7), (10, "10s", 10), (49, "40s", 1), (61, "1m", 59)):
        moment = Moment(NOW)
        assert moment.rough_age(NOW - timedelta(seconds=seconds)) == words
        assert moment.changes_at == NOW + timedelta(seconds=lasts)
