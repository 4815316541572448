"""Who knows what an alert is about, by the tags that the configuration gives people."""

from datetime import UTC, datetime, time

import pytest

from opsdash.domain.expertise import experts, knows
from opsdash.domain.schedule import Person, Schedule
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText

NOW = datetime(2025, 12, 22, 14, tzinfo=UTC)


def person(id: str, *tags: str) -> Person:
    """Return somebody with these tags."""
    return Person(id, SafeText(id.title()), tuple(SafeText(tag) for tag in tags))


GUIDE = Setup(
    people=(
        person("john", "Backend"),
        person("sarah", "Frontend"),
        person("alex", "Full-stack", "DevOps"),
        person("maria", "database", "backend"),
        person("chen"),
    ),
    schedules=(Schedule("primary", "UTC", time(9), ({"mon": "maria"},)),),
)


@pytest.mark.parametrize(
    ("name", "labels", "named"),
    [
        ("MemoryLeak", {"team": "backend"}, ["maria", "john", "alex"]),
        ("DatabaseSlow", {"service": "payments"}, ["maria"]),
        ("Slow", {"job": "checkout-frontend"}, ["sarah", "alex"]),
        ("Slow", {"team": "DevOps"}, ["alex"]),
        ("Slow", {"team": "full stack"}, ["alex"]),
        ("Slow", {"team": "database", "service": "backend-api"}, ["maria", "john", "alex"]),
        ("Slow", {"team": "network"}, []),
        ("Slow", {"instance": "database-1:9100", "severity": "backend"}, []),
        ("Backends", {}, []),
        ("", {"team": ""}, []),
    ],
)
def test_a_tag_fits_by_the_words_of_name_and_labels(
    name: str, labels: dict[str, str], named: list[str]
) -> None:
    """Who knows more comes first, then who is on call; a host's name is no area."""
    assert [one.person.id for one in experts(GUIDE, name, labels, NOW)] == named


def test_it_is_said_who_knows_what_and_who_is_on_call() -> None:
    """Whoever escalates at night sees who is awake anyway."""
    found = experts(GUIDE, "MemoryLeak", {"team": "backend"}, NOW)
    assert knows(found) == "Maria (backend, on call), John (Backend), Alex (Full-stack)"


def test_odd_tags_fit_nothing_by_chance() -> None:
    """A tag of signs alone, or a wide one, is compared as it is."""
    setup = Setup(people=(person("a", "***"), person("b", "決済")))
    assert experts(setup, "X", {"team": "---"}, NOW) == ()
    assert [one.person.id for one in experts(setup, "X", {"team": "決済"}, NOW)] == ["b"]
