"""Which maintenance window holds an alert's page."""

from datetime import timedelta

import pytest

from opsdash.domain.maintenance import Maintenance, holding
from opsdash.domain.text import SafeText
from tests.domain.alerts import NOON, after, an_alert

HOUR = timedelta(hours=1)


def window(
    start: float = -60, hours: float = 1, service: str = "", *matching: str, id: int = 1
) -> Maintenance:
    """Return a window that begins `start` seconds after the alert fires."""
    begins = after(start)
    end = begins + hours * HOUR
    return Maintenance(
        id, begins, end, SafeText("maria"), SafeText("work"), SafeText(service), matching
    )


@pytest.mark.parametrize(
    ("one", "held"),
    [
        (window(), True),
        (window(0), True),
        (window(1), False),
        (window(-3600), False),
        (window(-60, 1, "pay"), True),
        (window(-60, 1, "db"), False),
        (window(-60, 1, "", 'severity="critical"', 'alertname=~"A."'), True),
        (window(-60, 1, "", 'severity="critical"', 'alertname="B"'), False),
        (window(-60, 1, "db", 'severity="critical"'), False),
    ],
)
def test_a_window_holds_what_begins_within_it_and_matches(one: Maintenance, held: bool) -> None:
    """An alert that fired before it, of another service, or that does not match all, is paged."""
    moment = max(after(2), one.start)
    found = holding([one], an_alert("aa", service="pay"), moment)
    assert (found is one) is held


def test_the_window_that_ends_last_counts_and_one_that_was_ended_does_not() -> None:
    """The time that people are told is the one at which the page really comes."""
    from dataclasses import replace

    short, long = window(-60, 1), window(-60, 2, id=2)
    alert = an_alert()
    assert holding([long, short], alert, NOON) is long
    ended = replace(long, ended_at=after(30))
    assert holding([ended, short], alert, after(10)) is short
    assert holding([ended], alert, after(30)) is None
