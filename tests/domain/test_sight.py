"""What a source's look at the alerts tells beside the one before: what has begun again, what is remembered."""

import pytest

from opsdash.domain.alert import AlertState
from opsdash.domain.sight import begun_again, remembered
from tests.domain.alerts import NOON, after, an_alert, observed, sight

PENDING = AlertState.PENDING


@pytest.mark.parametrize(
    ("old", "new", "asked", "again"),
    [
        (observed(fired_at=NOON), observed(fired_at=NOON), 60, False),
        (observed(fired_at=NOON), observed(fired_at=after(0.5)), 60, False),
        (observed(fired_at=NOON), observed(fired_at=after(-60)), 60, False),
        (observed(fired_at=NOON), observed(fired_at=after(58)), 60, True),
        # Two Prometheus behind one address fire an evaluation apart.
        (observed(fired_at=NOON), observed(fired_at=after(15)), 60, False),
        (observed(fired_at=NOON), observed(state=PENDING, active_at=after(62)), 60, True),
        (observed(fired_at=NOON), observed(state=PENDING, active_at=after(-60)), 60, False),
        (observed(state=PENDING, active_at=NOON), observed(fired_at=after(62)), 60, False),
        (observed(), observed(), 60, False),
    ],
)
def test_when_a_later_start_is_a_new_occurrence(
    old: object, new: object, asked: float, again: bool
) -> None:
    """Only a start after the last look, at which it fired, means that it had ended in between."""
    found = begun_again(sight(old, at=after(asked)), sight(new, at=after(asked + 5)))  # type: ignore[arg-type]
    assert bool(found) is again


def test_a_restarted_source_begins_nothing_again() -> None:
    """A server that has just restarted starts all its alerts anew; the world did not."""
    before = sight(observed(fired_at=NOON), at=after(60))
    assert begun_again(before, sight(observed(fired_at=after(63)), restarted=True)) == set()
    assert begun_again(None, sight(observed(fired_at=after(63)))) == set()


def test_a_new_engine_remembers_what_the_last_one_saw() -> None:
    """What fired anew while no engine ran is a new occurrence for the one that takes over."""
    held = an_alert(fired_at=NOON, sources=("am",))
    memory = remembered([held, an_alert("bb", sources=("rules",))], "am", after(60))
    assert set(memory.observations) == {"aa"}
    assert begun_again(memory, sight(observed(fired_at=after(600)))) == {"aa"}
    assert begun_again(memory, sight(observed(fired_at=NOON))) == set()
