"""Whatever is written wrongly, it is named, and nothing but ConfigError is ever raised."""

import copy
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.config import ConfigError
from opsdash.config.build import plan_of
from opsdash.config.models import Config
from opsdash.config.reading import parse
from opsdash.domain.duration import format_duration
from opsdash.domain.record import decode, encode
from opsdash.domain.text import clean
from opsdash.plan import Plan
from tests.config.test_reading import FULL
from tests.config.toml import document

WHOLE: dict[str, Any] = tomllib.loads(FULL)
FILE = Path("/somewhere/opsdash.toml")


def read(top: dict[str, Any]) -> Config:
    return parse(document(top).encode(), FILE)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every key and index of a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, item in inner:
        found.append((*path, key))
        if isinstance(item, dict | list):
            found += places(item, (*path, key))
    return found


def at(top: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        top = top[key]
    return top


PLACES = places(WHOLE)
KEYS = [path for path in PLACES if isinstance(path[-1], str) and path[-2:-1] != ("http_headers",)]

values = st.recursive(
    st.none().map(lambda _: [])
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.dates()
    | st.sampled_from(["", "5m", "schedule:primary", "http://127.0.0.1:9090", 10**400, -(2**70)]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["id", "url"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.sampled_from(KEYS), st.text(min_size=1, max_size=12))
def test_a_mutated_key_is_named(path: tuple[str | int, ...], mutation: str) -> None:
    """One key written differently, anywhere: the problem is at that very key, on one line."""
    top = copy.deepcopy(WHOLE)
    table = at(top, path[:-1])
    key = f"{path[-1]}{mutation}"
    table[key] = table.pop(path[-1])
    with pytest.raises(ConfigError) as caught:
        read(top)
    named = [p for p in caught.value.problems if p.found in ("unknown key", "unknown action")]
    assert len(named) == 1
    assert named[0].line is not None
    written = ".".join(str(k) for k in path[:-1] if isinstance(k, str))
    assert named[0].key.replace("]", "").split("[")[0].startswith(written.split(".")[0])
    assert all(clean(p, 10_000) == str(p) for p in caught.value.problems)
    if key.isascii() and key.replace("_", "").replace("-", "").isalnum():
        assert named[0].key.endswith(key)


@given(st.sampled_from(PLACES), values)
def test_a_mutated_value_is_read_or_refused(path: tuple[str | int, ...], value: Any) -> None:
    """Any value in any place gives a configuration that works, or problems; never a traceback."""
    top = copy.deepcopy(WHOLE)
    at(top, path[:-1])[path[-1]] = value
    try:
        plan = plan_of(read(top), FILE)
    except ConfigError as error:
        assert error.problems
        assert all(clean(p, 10_000) == str(p) for p in error.problems)
    else:
        assert decode(Plan, encode(plan)) == plan


@given(st.dictionaries(st.text(max_size=12) | st.sampled_from(list(WHOLE)), values, max_size=6))
def test_any_document_is_read_or_refused(top: dict[str, Any]) -> None:
    """A document of anything at all ends in a configuration or in problems."""
    try:
        read(top)
    except ConfigError as error:
        assert error.problems


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    """A file of any bytes ends in problems, each on one line."""
    with pytest.raises(ConfigError) as caught:
        parse(raw, FILE)
    assert all("\n" not in str(problem) for problem in caught.value.problems)


@given(st.timedeltas(timedelta(seconds=1), timedelta(hours=1)))
def test_durations_survive_being_written(length: timedelta) -> None:
    """What Prometheus' form can say is read back as the same length, to the millisecond."""
    length -= timedelta(microseconds=length.microseconds % 1000)
    assert read(WHOLE | {"refresh": format_duration(length)}).refresh == length


ids = st.sampled_from(["john", "sarah", "alex", "tech-lead"])


@given(st.sets(ids), st.dictionaries(st.sampled_from(["mon", "wed", "fri"]), ids, min_size=1), ids)
def test_only_people_who_exist_are_called(
    people: set[str], week: dict[str, str], target: str
) -> None:
    """A schedule and a policy are accepted exactly when everybody they name is there."""
    top = WHOLE | {
        "person": [{"id": person, "name": person} for person in sorted(people)],
        "schedule": [{"id": "primary", "handoff": "09:00", "weeks": [week]}],
        "escalation_policy": [
            {"id": "p", "levels": [{"name": "A", "notify": [f"person:{target}"]}]}
        ],
    }
    missing = {f"schedule[0].weeks[0].{day}" for day, name in week.items() if name not in people}
    if target not in people:
        missing.add("escalation_policy[0].levels[0].notify[0]")
    try:
        read(top)
    except ConfigError as error:
        assert {problem.key for problem in error.problems} == missing
        assert missing
    else:
        assert not missing
