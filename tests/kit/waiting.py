"""Waiting for a condition with a deadline, in place of sleeping for a fixed time."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE = 0.02


def wait_until(
    condition: Callable[[], T], deadline: float = 60.0, what: str = "", pause: float = _PAUSE
) -> T:
    """Return the first truthy result of `condition`; fail after `deadline` seconds with the last."""
    ends = time.monotonic() + deadline
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > ends:
            raise AssertionError(
                f"not within {deadline:g} s: {what or condition}; last: {result!r}"
            )
        time.sleep(pause)


async def eventually(
    condition: Callable[[], T], deadline: float = 60.0, what: str = "", pause: float = _PAUSE
) -> T:
    """Do what `wait_until` does and let the event loop run meanwhile."""
    ends = time.monotonic() + deadline
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > ends:
            raise AssertionError(
                f"not within {deadline:g} s: {what or condition}; last: {result!r}"
            )
        await asyncio.sleep(pause)


def wait_for_equal(read: Callable[[], T], expected: T, deadline: float = 60.0) -> None:
    """Wait until `read` gives exactly `expected`; fail after `deadline` seconds with what it gave."""
    last: list[T] = []

    def equal() -> bool:
        last[:] = [read()]
        return last[0] == expected

    try:
        wait_until(equal, deadline)
    except AssertionError:
        assert last == [expected], f"not within {deadline:g} s"
