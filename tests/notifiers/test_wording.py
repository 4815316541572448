"""What a woken person reads first: what, since when, whom else it woke, and how long it was bad."""

from datetime import timedelta

from opsdash.domain.page import PageKind
from opsdash.domain.text import SafeText
from opsdash.notifiers.wording import body_lines
from tests.notifiers.pages import AT, page


def test_a_page_says_since_when_it_is_bad_and_not_only_when_it_fired() -> None:
    """`for: 5m` is over when it pages: the impact began before."""
    lines = body_lines(page(began=AT - timedelta(minutes=5)))
    assert lines[0] == "CRITICAL · High error rate detected in payments API (INC-001)"
    told = [line for line in lines if ": " in line]
    assert "When: 2025-12-22 14:05:00 UTC" in told
    assert "Bad since: 2025-12-22 14:00:00 UTC" in told
    for what in ("Value: 0.025", "Level: 1 On-call engineer", "For: John", "Incident: INC-001"):
        assert what in told
    assert "  v1.4.2 of payments-api deployed 13:58 UTC by alice" in lines
    assert "  Runbook: https://runbooks.example.com/HighErrorRate" in lines


def test_a_resolve_says_how_long_it_fired() -> None:
    """The guide's incident: resolved in eight minutes."""
    lines = body_lines(page(PageKind.RESOLVE, at=AT + timedelta(minutes=8)))
    assert "When: 2025-12-22 14:13:00 UTC" in lines
    assert "Fired for: 8m00s" in lines
    assert not [line for line in lines if line.startswith("Bad since")]


def test_what_is_put_off_says_until_when() -> None:
    """Whoever was paged knows when it comes back."""
    taken = page(PageKind.ACKNOWLEDGE, by=SafeText("Sarah"), until=AT + timedelta(hours=2))
    lines = body_lines(taken)
    assert lines[0].startswith("ACKNOWLEDGED by Sarah")
    assert "Until: 2025-12-22 16:05:00 UTC" in lines
