"""Numbers and moments as servers write them, and what only Python takes for one."""

from datetime import UTC, datetime

import pytest

from opsdash.sources.wire import read_epoch, read_number, read_time

NO_NUMBERS: list[object] = [
    "١٢",
    "1_000",
    "",
    " ",
    "1,5",
    "0x10",
    "ten",
    "9" * 5000 + "x",
    None,
    True,
    [],
    "1e",
]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_of_a_server_is_none(text: object) -> None:
    """Python's float() reads digits of every script and underscores; no server writes them (H64)."""
    assert read_number(text) is None
    assert read_epoch(text) is None


def test_numbers_of_any_size_are_read_or_refused_and_never_raise() -> None:
    """More digits than a float has are infinite, an integer beyond them is none, NaN stays NaN."""
    assert read_number("9" * 5000) == float("inf")
    assert read_number(10**400) is None
    assert read_number(2**63) == 2.0**63
    assert read_number("-1.5e-3") == -0.0015
    assert read_number("NaN") != read_number("NaN")
    assert read_epoch("9" * 30) is None
    assert read_epoch("NaN") is None


def test_gos_zero_time_is_no_moment() -> None:
    """Alertmanager's webhook ends what has not ended in the year 1."""
    assert read_time("0001-01-01T00:00:00Z") is None
    assert read_time("2025-12-22T14:05:00.123456789Z") == datetime(
        2025, 12, 22, 14, 5, 0, 123456, tzinfo=UTC
    )
