"""A list of alerts that follows from the one before: the same in every respect as one made anew."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from opsdash.domain.alert import Acknowledgement, Alert, AlertState
from opsdash.domain.alert_list import AlertList
from opsdash.domain.text import SafeText
from tests.domain.alerts import NOON, after, an_alert


@st.composite
def _alerts(draw: st.DrawFn) -> Alert:
    """Draw one of eight alerts in one of all its conditions."""
    made = an_alert(
        f"{draw(st.integers(0, 7)):02x}",
        draw(st.sampled_from(AlertState)),
        fired_at=after(draw(st.integers(0, 3))),
        silenced_by=draw(st.sampled_from([(), ("s",)])),
        severity=draw(st.sampled_from(["critical", "warning", "info"])),
    )
    taken = Acknowledgement(SafeText("john"), NOON)
    return replace(
        made,
        resolved_at=after(draw(st.integers(4, 6))) if made.state is AlertState.RESOLVED else None,
        acknowledgement=draw(st.sampled_from([None, taken])),
        inhibited_by=draw(st.sampled_from([(), ("x",)])),
        incident=draw(st.sampled_from([None, "INC-001", "INC-002"])),
    )


_IDS = st.sampled_from([f"{number:02x}/1" for number in range(8)])
_STEPS = st.lists(st.tuples(st.lists(_alerts(), max_size=5), st.sets(_IDS, max_size=3)), max_size=6)


def _everything(found: AlertList) -> tuple[object, ...]:
    return (
        tuple(found),
        found.ids,
        found.by_id,
        found.tally,
        found.calling,
        found.members,
    )


@given(_STEPS)
def test_followed_or_made_anew_it_tells_the_same(steps: list[tuple[list[Alert], set[str]]]) -> None:
    """Whatever changes, comes back or goes, order, counts and ids are those of a list made anew."""
    followed = AlertList()
    whole: dict[str, Alert] = {}
    for changed, gone in steps:
        followed = followed.follow(changed, gone)
        whole = {id: alert for id, alert in whole.items() if id not in gone}
        whole.update({alert.id: alert for alert in changed})
        assert _everything(followed) == _everything(AlertList.by_urgency(whole.values()))
        # What was asked of it before it went on, or was not, makes no difference.
        assert followed.by_id == {alert.id: alert for alert in followed}


def test_a_list_keeps_the_order_that_it_was_given() -> None:
    """Only the one made by urgency is sorted."""
    taken, free = an_alert("aa", taken_by="john"), an_alert("bb")
    assert AlertList([taken, free]).ids == ["aa/1", "bb/1"]
    assert AlertList.by_urgency([taken, free]).ids == ["bb/1", "aa/1"]
