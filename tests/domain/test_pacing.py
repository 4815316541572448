"""The storm limit as a table: what leaves, what is held, and when it becomes one page."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdash.domain.alert import Severity
from opsdash.domain.pacing import HOLD, HOLD_URGENT, NOTE, Flow, Pace, Plan, plan, urgency_of
from opsdash.domain.page import PageKind
from opsdash.domain.text import SafeText
from tests.notifiers.pages import page

NOW = datetime(2025, 12, 22, 14, tzinfo=UTC)
LEAVE, HELD, BUNDLE = Pace.LEAVE, Pace.HOLD, Pace.BUNDLE
AT_ONCE = Plan(BUNDLE, BUNDLE, BUNDLE)
STORM = 10


def flow(**facts: object) -> Flow:
    return replace(Flow("pager", ""), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (flow(fresh=1), Plan()),
        (flow(fresh=10), Plan()),
        (flow(fresh=1, gone=9), Plan()),
        (flow(fresh=11), AT_ONCE),
        (flow(fresh=50, urgent=50), AT_ONCE),
        (flow(tried=11), AT_ONCE),
        (flow(fresh=1, gone=10), Plan(HELD, LEAVE)),
        (flow(fresh=1, urgent=1, gone=10), Plan(HELD, LEAVE)),
        (flow(fresh=1, urgent=1, gone=10, gone_urgent=10), Plan(HELD, HELD)),
        (flow(fresh=2, urgent=1, held=1), Plan(HELD, LEAVE)),
        (flow(held=3, ripe=True), Plan(BUNDLE, LEAVE)),
        (flow(fresh=2, urgent=1, held=3, ripe=True, gone_urgent=10), Plan(BUNDLE, BUNDLE)),
        (flow(fresh=50, gone=50, bundled_at=NOW - timedelta(seconds=5)), Plan(HELD, LEAVE)),
        (flow(fresh=50, gone=50, bundled_at=NOW - HOLD), AT_ONCE),
    ],
)
def test_what_becomes_of_pages_that_are_due(facts: Flow, expected: Plan) -> None:
    """Up to ten a minute leave, more at once are one page, what trickles in beyond is held."""
    assert plan(facts, STORM, NOW) == expected


@dataclass(slots=True)
class Receiver:
    """A receiver of the storm limit, second by second: what is held there, and what it was told when."""

    held: list[tuple[int, bool, int]] = field(default_factory=list)
    told: list[tuple[int, int, bool]] = field(default_factory=list)
    singles: list[int] = field(default_factory=list)
    bundles: list[int] = field(default_factory=list)

    def pass_second(self, second: int, fresh: list[bool]) -> None:
        """Do what is planned for the alerts that fire now, urgent ones being True."""
        lately = [urgent for at, _, urgent in self.told if second - 60 < at <= second]
        facts = flow(
            fresh=len(fresh),
            urgent=sum(fresh),
            held=len(self.held),
            ripe=any(until <= second for _, _, until in self.held),
            gone=len(lately),
            gone_urgent=sum(lately),
            bundled_at=NOW + timedelta(seconds=self.bundles[-1]) if self.bundles else None,
        )
        found = plan(facts, STORM, NOW + timedelta(seconds=second))
        among: list[tuple[int, bool]] = []
        for urgent in fresh:
            pace = found.urgent if urgent else found.ordinary
            if pace is LEAVE:
                self._tell(second, second, urgent, alone=True)
            elif pace is HELD:
                patience = HOLD_URGENT if urgent else HOLD
                self.held.append((second, urgent, second + patience // timedelta(seconds=1)))
            else:
                among.append((second, urgent))
        if found.ordinary is BUNDLE:
            among += [(fired, urgent) for fired, urgent, _ in self.held]
            self.held.clear()
        if len(among) > 1:
            self.bundles.append(second)
        for fired, urgent in among:
            self._tell(second, fired, urgent, alone=len(among) == 1)

    def _tell(self, at: int, fired: int, urgent: bool, alone: bool) -> None:
        self.told.append((at, fired, urgent))
        if alone:
            self.singles.append(at)


@given(st.lists(st.lists(st.booleans(), max_size=15), max_size=120))
@settings(max_examples=60, deadline=None)
def test_whatever_fires_when_everything_is_told_in_time_and_in_few_messages(
    seconds: list[list[bool]],
) -> None:
    """Each alert is told once, within its bound; no minute has more than two limits of pages and ten bundles."""
    receiver = Receiver()
    for second, fresh in enumerate([*seconds, *[[]] * 40]):
        receiver.pass_second(second, fresh)
    assert receiver.held == []
    assert len(receiver.told) == sum(map(len, seconds))
    for at, fired, urgent in receiver.told:
        assert at - fired <= (10 if urgent else 30)
    for begun in range(len(seconds) + 40):
        minute = range(begun, begun + 60)
        assert sum(at in minute for at in receiver.singles) <= 2 * STORM + 2
        assert sum(at in minute for at in receiver.bundles) <= 10


@given(st.lists(st.booleans(), max_size=STORM), st.integers(0, 59))
@settings(max_examples=30, deadline=None)
def test_what_is_no_storm_waits_for_nothing(alerts: list[bool], apart: int) -> None:
    """Up to ten alerts within a minute are each told alone, in their second."""
    receiver = Receiver()
    for number, urgent in enumerate(alerts):
        receiver.pass_second(number * apart // max(len(alerts), 1), [urgent])
    assert all(at == fired for at, fired, _ in receiver.told)
    assert len(receiver.singles) == len(alerts)


def test_what_is_urgent_and_what_is_not_counted_at_all() -> None:
    """Critical, or asked for by a person; not a test, a resolve, what a person says or what stands for many."""
    warning = page(severity=Severity.WARNING)
    assert urgency_of(warning) == 0
    assert urgency_of(replace(warning, by=SafeText("engine"))) == 0
    assert urgency_of(replace(warning, by=SafeText("sarah"))) == 1
    assert urgency_of(page(severity=Severity.CRITICAL)) == 1
    assert urgency_of(page(kind=PageKind.NOTE, by=SafeText("engine"))) == NOTE
    for uncounted in (
        page(test=True),
        page(count=50),
        page(kind=PageKind.RESOLVE),
        page(kind=PageKind.NOTE),
        page(alert=None),
    ):
        assert urgency_of(uncounted) is None
