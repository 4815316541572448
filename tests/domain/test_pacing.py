"""The storm limit as a table: what leaves, what is held, and when it becomes one page."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from opsdash.domain.alert import Severity
from opsdash.domain.pacing import HOLD, Flow, Pace, Plan, plan, urgency_of
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


def test_what_is_urgent_and_what_is_not_counted_at_all() -> None:
    """Critical, or asked for by a person; not a test, a resolve, or what stands for many."""
    warning = page(severity=Severity.WARNING)
    assert urgency_of(warning) == 0
    assert urgency_of(replace(warning, by=SafeText("engine"))) == 0
    assert urgency_of(replace(warning, by=SafeText("sarah"))) == 1
    assert urgency_of(page(severity=Severity.CRITICAL)) == 1
    for uncounted in (
        page(test=True),
        page(count=50),
        page(kind=PageKind.RESOLVE),
        page(kind=PageKind.NOTE),
        page(alert=None),
    ):
        assert urgency_of(uncounted) is None
