"""Nouns written as JSON and read back."""

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.domain.alert import Acknowledgement, Alert, Severity
from opsdash.domain.escalation import EscalationPolicy, PolicyLevel
from opsdash.domain.incident import Incident, incident_id, incident_number
from opsdash.domain.indicator import Indicator, Reading, Unit
from opsdash.domain.record import decode, encode, from_ms, to_ms
from opsdash.domain.schedule import Person, Schedule
from opsdash.domain.setup import PaneSetup, Setup
from opsdash.domain.text import SafeText
from opsdash.domain.ticket import Ticket

_TEXT = st.text(max_size=12).map(SafeText)
_LENGTH = st.integers(0, 10**9).map(lambda ms: timedelta(milliseconds=ms))
_MOMENT = st.integers(0, 4 * 10**12).map(from_ms)

for _kind, _values in {
    timedelta: _LENGTH,
    datetime: _MOMENT,
    time: st.times(),
    date: st.dates(),
    float: st.floats(allow_nan=False),
}.items():
    st.register_type_strategy(_kind, _values)

_SETUPS = st.builds(
    Setup,
    title=_TEXT,
    panes=st.lists(
        st.builds(
            PaneSetup,
            id=_TEXT,
            title=_TEXT,
            indicators=st.lists(st.builds(Indicator, title=_TEXT, unit=st.sampled_from(Unit)), max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    people=st.lists(st.builds(Person, name=_TEXT), max_size=2).map(tuple),
    schedules=st.lists(st.builds(Schedule, timezone=st.just("UTC")), max_size=2).map(tuple),
    policies=st.lists(
        st.builds(
            EscalationPolicy,
            levels=st.lists(
                st.builds(
                    PolicyLevel,
                    severity=st.lists(st.sampled_from(Severity), max_size=2).map(tuple),
                ),
                max_size=3,
            ).map(tuple),
        ),
        min_size=1,
        max_size=2,
    ).map(tuple),
    keys=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
)  # fmt: skip


def _through_json(kind: Any, value: Any) -> Any:
    return decode(kind, json.loads(json.dumps(encode(value))))


@given(_SETUPS)
def test_a_setup_reads_back_as_it_was(setup: Setup) -> None:
    """What the engine stores is what every screen draws by."""
    assert _through_json(Setup, setup) == setup


@pytest.mark.parametrize("kind", [Alert, Incident, Ticket, Reading, Acknowledgement])
def test_every_noun_reads_back_as_it_was(kind: type) -> None:
    """Optional fields, nested nouns, tuples, mappings, states and times survive."""

    @given(st.from_type(kind))
    def check(value: object) -> None:
        assert _through_json(kind, value) == value

    check()


@given(st.integers(-(10**13), 10**13))
def test_milliseconds_survive_exactly(milliseconds: int) -> None:
    """The store keeps moments in milliseconds and gives back the very same."""
    assert to_ms(from_ms(milliseconds)) == milliseconds
    assert from_ms(milliseconds).tzinfo is UTC


def test_a_field_of_a_newer_version_is_passed_over() -> None:
    """Two versions side by side: what one does not know does not keep it from the rest."""
    body = {**encode(Setup(title=SafeText("T"))), "from_the_future": {"x": 1}}
    del body["runbook"]
    assert decode(Setup, body) == Setup(title=SafeText("T"))


@pytest.mark.parametrize(
    ("text", "number"),
    [("INC-001", 1), ("inc-1", 1), ("INC-1234", 1234), ("INC-", None), ("INC", None), ("INC-x", None),
     ("INC-١", None), ("INC--1", None), ("5f2c", None), ("", None), ("XINC-1", None)],
)  # fmt: skip
def test_incident_ids(text: str, number: int | None) -> None:
    """INC-001 in any case and width; nothing else."""
    assert incident_number(text) == number
    if number is not None:
        assert incident_number(incident_id(number)) == number
