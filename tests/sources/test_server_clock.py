"""Whose time rules are judged at: the server's, known before the first of them is asked (F20)."""

from datetime import UTC, datetime, timedelta

import pytest

from opsdash.http.errors import RemoteError
from opsdash.sources.vector import Clocked
from tests.faultserver import FaultServer
from tests.kit.process import free_port
from tests.sources.test_prometheus import open_source


def now() -> datetime:
    """Return this host's time."""
    return datetime.now(UTC)


async def test_the_servers_time_is_asked_for_before_the_first_rule(
    fault_server: FaultServer,
) -> None:
    """An hour behind and no indicator read yet: the rule is asked for that hour, not for ours."""
    fault_server.age = 3600
    async with open_source(fault_server.url) as source:
        assert isinstance(source, Clocked)
        at = now()
        await source.meet_clock(at)
        assert source.clock.skew is not None
        assert abs(source.clock.skew + timedelta(hours=1)) < timedelta(minutes=10)
        await source.vector("up", at)
        first, second = fault_server.requests
    assert first.form["query"] == "time()"
    asked = float(second.form["time"]) - at.timestamp()
    assert -4200 < asked < -3000


async def test_it_is_asked_once_and_again_when_our_clock_may_have_been_set(
    fault_server: FaultServer,
) -> None:
    """Known it is not asked for with each rule; forgotten it is."""
    async with open_source(fault_server.url) as source:
        for _ in range(3):
            await source.meet_clock(now())
        assert len(fault_server.requests) == 1
        source.forget_clock()
        await source.meet_clock(now())
        assert len(fault_server.requests) == 2


async def test_a_server_that_does_not_tell_its_time_is_an_error() -> None:
    """Nothing is taken for granted: no difference is known, and the reason is said."""
    async with open_source(f"http://127.0.0.1:{free_port()}") as source:
        with pytest.raises(RemoteError, match="refused the connection"):
            await source.meet_clock(now())
        assert source.clock.skew is None
