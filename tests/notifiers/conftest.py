"""Receivers on loopback ports; whatever breaks a published rule fails the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

from opsdash.http.settings import HttpSettings
from opsdash.plan import FileRef, SecretRef
from opsdash.secret import Secret
from tests.notifiers.receivers import PagerDutyServer, Receiver, SlackServer

R = TypeVar("R", bound=Receiver)

# A busy machine is slow, not wrong.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")

Keep = Callable[[str], Callable[[], str]]


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Put a secret into a private file, as a configuration would name it."""

    def write(value: str) -> Callable[[], str]:
        path = tmp_path / f"secret-{len(list(tmp_path.iterdir()))}"
        path.write_text(value)
        path.chmod(0o600)
        return Secret(SecretRef(FileRef(str(path), ""))).reveal

    return write


def _watched(server: R) -> Iterator[R]:
    with server:
        yield server
    assert server.wrong == []


@pytest.fixture
def pagerduty_server() -> Iterator[PagerDutyServer]:
    """PagerDuty."""
    yield from _watched(PagerDutyServer())


@pytest.fixture
def slack_server() -> Iterator[SlackServer]:
    """Slack."""
    yield from _watched(SlackServer())


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Something that takes any request."""
    yield from _watched(Receiver())


def at(url: str, timeout: float = 60.0) -> HttpSettings:
    """Return settings for a receiver on this machine."""
    return HttpSettings(url=url, timeout=timeout)
