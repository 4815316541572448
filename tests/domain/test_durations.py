"""Durations and spans in the forms that people read and write."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.domain.duration import format_duration, parse_duration
from opsdash.domain.span import format_span


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("30s", 30),
        ("5m", 300),
        ("1h30m", 5400),
        ("1d", 86400),
        ("1w", 604800),
        ("1y", 31536000),
        ("1y2w3d4h5m6s7ms", 31536000 + 1209600 + 259200 + 14400 + 300 + 6.007),
        ("250ms", 0.25),
        ("90s", 90),
        ("1h0m", 3600),
    ],
)
def test_prometheus_durations_are_read(text: str, seconds: float) -> None:
    """Prometheus' grammar: units in their order, each once, a bare zero allowed."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    ["", " ", "5", "m", "5 m", "5m ", "-5m", "+5m", "1.5h", "5M", "1m1h", "1s1s", "5min", "٥m", "1_0s",
     "0x5m", "5m\n", "1e3s", "inf", "5µs"],
)  # fmt: skip
def test_everything_else_is_refused_with_the_form_that_is_right(text: str) -> None:
    """What is not a duration is named in the message, with how to write one."""
    with pytest.raises(ValueError, match="is not a duration; write it as"):
        parse_duration(text)


def test_a_length_beyond_any_calendar_is_refused() -> None:
    """No overflow reaches a person as such."""
    with pytest.raises(ValueError, match="longer than any calendar"):
        parse_duration("9" * 30 + "y")


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=36500)))
def test_a_written_duration_reads_back_to_the_millisecond(length: timedelta) -> None:
    """format_duration and parse_duration are each other's inverse, to the millisecond."""
    floor = timedelta(milliseconds=length // timedelta(milliseconds=1))
    assert parse_duration(format_duration(length)) == floor


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (0, "0s"), (0.9, "0s"), (59.9, "59s"), (60, "1m00s"), (72, "1m12s"),
     (3599, "59m59s"), (3600, "1h00m"), (10920, "3h02m"), (86400, "1d00h"), (187200, "2d04h"),
     (8640000, "100d00h")],
)  # fmt: skip
def test_a_span_has_at_most_two_units(seconds: float, text: str) -> None:
    """A span is as long as a glance."""
    assert format_span(timedelta(seconds=seconds)) == text
