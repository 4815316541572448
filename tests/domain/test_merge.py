"""One list of alerts out of several sources: what opens, changes and resolves, and what does not."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.domain.alert import Alert, AlertState
from opsdash.domain.merge import Changes, merge
from opsdash.domain.sight import Sight, begun_again, differences
from tests.domain.alerts import NOON, after, an_alert, observed, sight

PENDING, FIRING, RESOLVED = AlertState.PENDING, AlertState.FIRING, AlertState.RESOLVED


def _holds(*alerts: Alert) -> dict[str, Alert]:
    return {alert.fingerprint: alert for alert in alerts}


def _one(alerts: tuple[Alert, ...]) -> Alert:
    (alert,) = alerts
    return alert


def test_an_alert_opens_with_its_own_times() -> None:
    """A firing alert opens with when its condition began and when `for` had passed."""
    seen = observed(active_at=after(-300), fired_at=NOON)
    opened = _one(merge({}, {"rules": sight(seen)}, after(5)).opened)
    assert (opened.state, opened.active_at, opened.fired_at) == (FIRING, after(-300), NOON)
    assert opened.sources == ("rules",)


def test_a_source_that_knows_no_times_gives_now() -> None:
    """Where nobody can say since when, it is since it was seen."""
    opened = _one(merge({}, {"am": sight(observed())}, after(5)).opened)
    assert (opened.active_at, opened.fired_at) == (after(5), after(5))


def test_pending_then_firing_is_one_occurrence() -> None:
    """Pending to firing is a change of one occurrence, which fires at the moment that was due."""
    pending = observed(state=PENDING, active_at=after(-300), fires_at=NOON)
    opened = _one(merge({}, {"rules": sight(pending)}, after(-290)).opened)
    assert (opened.state, opened.fired_at, opened.fires_at) == (PENDING, None, NOON)
    held = _holds(replace(opened, id="aa/1", occurrence=1))
    found = merge(held, {"rules": sight(observed(active_at=after(-300)))}, after(4))
    fired = _one(found.updated)
    assert not found.opened and not found.resolved
    assert (fired.state, fired.fired_at, fired.fires_at) == (FIRING, NOON, None)


def test_later_reads_keep_when_it_fired() -> None:
    """What fired at five past keeps that, whatever a source says of its start later."""
    found = merge(
        _holds(an_alert(fired_at=NOON)),
        {"am": sight(observed(fired_at=after(7), value=3))},
        after(9),
    )
    assert _one(found.updated).fired_at == NOON


def test_an_alert_that_every_source_stops_showing_resolves() -> None:
    """It resolves at the moment of the read that missed it."""
    resolved = _one(merge(_holds(an_alert()), {"am": sight()}, after(60)).resolved)
    assert (resolved.state, resolved.resolved_at) == (RESOLVED, after(60))


@pytest.mark.parametrize(
    "sights",
    [
        {"am": None},
        {"am": sight(restarted=True)},
        {"am": sight(observed())},
        {"am": None, "rules": sight()},
        {"am": sight(restarted=True), "rules": sight()},
    ],
    ids=[
        "down since the start",
        "just restarted",
        "down, last seen firing",
        "other answers",
        "other",
    ],
)
def test_a_source_that_is_down_or_restarted_resolves_nothing(
    sights: dict[str, Sight | None],
) -> None:
    """Absence proves nothing while one that showed it cannot be believed."""
    assert merge(_holds(an_alert()), sights, after(60)).resolved == ()


def test_what_a_restarted_source_has_shown_since_and_dropped_resolves() -> None:
    """Its own restart no longer explains the absence; of the other alerts it still does."""
    held = _holds(an_alert())
    (fingerprint,) = held
    ended = replace(sight(restarted=True), ended=frozenset({fingerprint}))
    assert _one(merge(held, {"am": ended}, after(60)).resolved).resolved_at == after(60)
    other = replace(sight(restarted=True), ended=frozenset({"another"}))
    assert merge(held, {"am": other}, after(60)).resolved == ()


def test_a_source_that_is_configured_no_more_does_not_hold_an_alert() -> None:
    """What only a removed source showed resolves once all the others have answered without it."""
    held = _holds(an_alert(sources=("gone",)))
    assert merge(held, {"am": None, "rules": sight()}, after(1)).resolved == ()
    assert merge(held, {"am": sight(), "rules": sight()}, after(1)).resolved


def test_two_sources_are_one_row() -> None:
    """Firing wins over pending, earliest times win, mutes add up, and the row names both sources."""
    rules = observed(state=PENDING, active_at=after(-300), fires_at=after(5), value=0.025)
    am = observed(fired_at=NOON, silenced_by=("s1",))
    opened = _one(merge({}, {"rules": sight(rules), "am": sight(am)}, after(1)).opened)
    assert (opened.state, opened.active_at, opened.fired_at) == (FIRING, after(-300), NOON)
    assert (opened.value, opened.silenced_by, opened.sources) == (0.025, ("s1",), ("rules", "am"))
    assert opened.fires_at is None


def test_one_of_two_sources_is_enough_to_keep_it() -> None:
    """It stays while any source shows it, and says which do."""
    held = _holds(an_alert(sources=("rules", "am")))
    found = merge(held, {"rules": sight(), "am": sight(observed())}, after(60))
    assert found.resolved == ()
    assert _one(found.updated).sources == ("am",)


def test_a_source_that_is_down_vouches_for_what_it_muted() -> None:
    """An engine that starts while Alertmanager is down must not page for what it had silenced."""
    held = _holds(an_alert(sources=("rules", "am"), silenced_by=("s1",)))
    seen = {"rules": sight(observed()), "am": None}
    assert merge(held, seen, after(1)) == Changes()
    answered = {"rules": sight(observed()), "am": sight(observed())}
    assert _one(merge(held, answered, after(1)).updated).silenced_by == ()


def test_a_firing_alert_does_not_go_back_to_pending() -> None:
    """A restarted Prometheus shows pending what it had firing: it is firing until it resolves."""
    held = _holds(an_alert(sources=("rules",)))
    waiting = observed(state=PENDING, active_at=after(30), fires_at=after(330))
    assert merge(held, {"rules": sight(waiting)}, after(60)) == Changes()


def test_refired_between_two_reads_is_a_new_occurrence() -> None:
    """It resolved and fired again unseen: the old one ends, a new one begins with the new times."""
    before = sight(observed(fired_at=NOON), at=after(60))
    now = sight(observed(fired_at=after(63)), at=after(65))
    again = begun_again(before, now)
    found = merge(_holds(an_alert(taken_by="john")), {"am": now}, after(65), again)
    assert again == {"aa"}
    assert _one(found.resolved).acknowledgement is not None
    opened = _one(found.opened)
    assert (opened.fired_at, opened.acknowledgement) == (after(63), None)


@pytest.mark.parametrize(
    "seen",
    [
        observed(active_at=after(-300) + timedelta(microseconds=400), value=1.0),
        observed(active_at=after(-300) - timedelta(microseconds=400), value=1.0),
        observed(active_at=after(-100), value=1.0),
        observed(fired_at=after(9), value=1.0),
    ],
)
def test_what_the_store_cannot_tell_apart_is_no_change(seen: object) -> None:
    """Times are kept to the millisecond, the first start counts: nothing is written for less."""
    held = _holds(replace(an_alert(), value=1.0))
    assert merge(held, {"am": sight(seen)}, after(60)) == Changes()  # type: ignore[arg-type]


def test_a_value_that_is_no_number_is_unknown_and_no_change_each_time() -> None:
    """NaN differs from itself; a row that was written at every read for it would never rest."""
    opened = _one(merge({}, {"am": sight(observed(value=math.nan))}, NOON).opened)
    assert opened.value is None
    held = _holds(replace(opened, id="aa/1"))
    assert merge(held, {"am": sight(observed(value=math.nan))}, after(5)) == Changes()


def test_parts_keep_the_order_of_the_whole() -> None:
    """In parts or at once: resolved before opened before updated, none left out."""
    many = tuple(an_alert(f"{n:02x}") for n in range(5))
    whole = Changes(opened=many, updated=many[:3], resolved=many[:4])
    parts = list(whole.parts(2))
    assert [len(p.resolved + p.opened + p.updated) for p in parts] == [2, 2, 2, 2, 1, 2, 1]
    assert sum((p.resolved for p in parts), ()) == whole.resolved
    assert sum((p.opened for p in parts), ()) == whole.opened
    assert list(Changes().parts(2)) == []


_NAMES = ("a1", "b2", "c3")
_OBSERVATIONS = st.builds(
    observed,
    fingerprint=st.sampled_from(_NAMES),
    state=st.sampled_from([PENDING, FIRING]),
    active_at=st.none() | st.integers(-600, 0).map(after),
    fired_at=st.none() | st.integers(-600, 0).map(after),
    value=st.none() | st.floats(),
    silenced_by=st.sampled_from([(), ("s",)]),
)
_SIGHTS = st.none() | st.builds(
    lambda seen, restarted: sight(*seen, restarted=restarted),
    st.lists(_OBSERVATIONS, max_size=4),
    st.booleans(),
)


def _apply(held: dict[str, Alert], found: Changes, numbers: dict[str, int]) -> None:
    for alert in found.resolved:
        assert held.pop(alert.fingerprint).open
    for alert in found.opened:
        assert alert.fingerprint not in held
        numbers[alert.fingerprint] = numbers.get(alert.fingerprint, 0) + 1
        held[alert.fingerprint] = replace(
            alert, id=f"{alert.fingerprint}/{numbers[alert.fingerprint]}"
        )
    for alert in found.updated:
        assert held[alert.fingerprint].id == alert.id
        held[alert.fingerprint] = alert


@given(st.lists(st.fixed_dictionaries({"am": _SIGHTS, "rules": _SIGHTS}), max_size=6))
def test_whatever_the_sources_show(reads: list[dict[str, Sight | None]]) -> None:
    """Read after read: all that is shown is open, nothing is written twice, and what fired stays so."""
    held: dict[str, Alert] = {}
    numbers: dict[str, int] = {}
    for second, sights in enumerate(reads):
        fired = {alert.id for alert in held.values() if alert.fired_at is not None}
        _apply(held, merge(held, sights, after(second)), numbers)
        shown = {name for one in sights.values() if one for name in one.observations}
        assert shown <= set(held)
        for alert in held.values():
            assert alert.state is not RESOLVED
            assert (alert.state is FIRING) == (alert.fired_at is not None)
            assert alert.id not in fired or alert.state is FIRING
        assert merge(held, sights, after(second)) == Changes()


@given(st.lists(st.fixed_dictionaries({"am": _SIGHTS, "rules": _SIGHTS}), max_size=6))
def test_only_what_a_source_shows_otherwise_can_differ(
    reads: list[dict[str, Sight | None]],
) -> None:
    """Looking at the alerts that one source shows otherwise finds what looking at all of them does."""
    held: dict[str, Alert] = {}
    numbers: dict[str, int] = {}
    before: dict[str, Sight | None] = {"am": None, "rules": None}
    for second, sights in enumerate(reads):
        only: set[str] | None = set()
        for name, sight_ in sights.items():
            known = before[name]
            if sight_ is None or known is None:
                only = None if sight_ is not known else only
                continue
            found = differences(known, sight_)
            only = None if only is None or found is None else only | found
        changes = merge(held, sights, after(second))
        assert merge(held, sights, after(second), only=only) == changes
        _apply(held, changes, numbers)
        before = sights
