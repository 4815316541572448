"""The schemas that requests are held to find what is wrong, ours and the published ones alike."""

from typing import Any

import pytest

from tests.notifiers.receivers import EVENTS, REST
from tests.notifiers.shapes import OWN, PUBLISHED, faults_of, published_faults

GOOD: dict[str, Any] = {
    "routing_key": "k",
    "event_action": "trigger",
    "dedup_key": "d",
    "payload": {"summary": "s", "source": "s", "severity": "critical"},
}


def test_a_good_event_passes() -> None:
    """What the rules allow is not refused."""
    assert faults_of("pagerduty-event", GOOD) == []
    assert published_faults(EVENTS, "/enqueue", "POST", GOOD) == []


@pytest.mark.parametrize(
    "change",
    [
        {"event_action": "note"},
        {"payload": {"summary": "s", "severity": "critical"}},
        {"payload": {"summary": "s", "source": "s", "severity": "high"}},
        {"links": [{"text": "without an address"}]},
    ],
)
def test_a_bad_event_is_found(change: dict[str, Any]) -> None:
    """Ours says so everywhere, the published document where it is."""
    assert faults_of("pagerduty-event", GOOD | change)
    if (PUBLISHED / EVENTS).exists():
        assert published_faults(EVENTS, "/enqueue", "POST", GOOD | change)


def test_a_bad_request_to_the_rest_api_is_found() -> None:
    """A path, a parameter and a body that are not in the document."""
    assert faults_of("pagerduty-snooze", {"duration": 0})
    if (PUBLISHED / REST).exists():
        assert published_faults(REST, "/incident", "GET", None)
        assert published_faults(REST, "/incidents?incident=1", "GET", None)
        assert published_faults(REST, "/incidents/PI1/snooze", "POST", {"duration": 0})
        assert published_faults(REST, "/incidents/PI1/notes", "POST", {"note": {}})


def test_every_schema_is_one() -> None:
    """A schema that is broken would pass everything."""
    for path in OWN.glob("*.json"):
        assert faults_of(path.stem, []) != [], path
