"""A schedule at PagerDuty as shifts, held to the published document; what may be missing, and what fails."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from opsdash.domain.feed import Attendant
from opsdash.domain.rotation import Turn
from opsdash.http.errors import RemoteError
from opsdash.notifiers.pagerduty_rest import PagerDutyRest
from opsdash.notifiers.pagerduty_schedule import AHEAD_READ, ScheduleFeed
from tests.notifiers.conftest import Keep, at
from tests.notifiers.receivers import PagerDutyServer

NOW = datetime(2025, 12, 22, 14, 5, tzinfo=UTC)


def day(number: int, hour: int = 9) -> datetime:
    """A moment of that December."""
    return datetime(2025, 12, number, hour, tzinfo=UTC)


@pytest.fixture
def there(pagerduty_server: PagerDutyServer) -> PagerDutyServer:
    """PagerDuty with John until Wednesday and Jane from then on."""
    pagerduty_server.users = {
        "PJOHN": ("John Doe", "john@example.com"),
        "PJANE": ("Jane Doe", "jane@example.com"),
    }
    pagerduty_server.schedules["PI7DH85"] = [
        (day(22).isoformat(), day(24).isoformat(), "PJOHN"),
        (day(24).isoformat(), day(26).isoformat(), "PJANE"),
    ]
    return pagerduty_server


@asynccontextmanager
async def reading(
    server: PagerDutyServer, keep: Keep, id: str = "PI7DH85"
) -> AsyncIterator[ScheduleFeed]:
    rest = PagerDutyRest(at(server.url), keep(server.token), server.user)
    try:
        yield ScheduleFeed(rest, id)
    finally:
        await rest.close()


async def test_the_final_schedule_is_read_with_whose_it_is(
    there: PagerDutyServer, keep: Keep
) -> None:
    """Shifts by user id, users with name and address."""
    async with reading(there, keep) as feed:
        found = await feed.read(NOW)
    assert found.turns == (
        Turn("PJOHN", day(22), day(24)),
        Turn("PJANE", day(24), day(26)),
    )
    assert found.people == {
        "PJOHN": Attendant("John Doe", "PJOHN", "john@example.com"),  # type: ignore[arg-type]
        "PJANE": Attendant("Jane Doe", "PJANE", "jane@example.com"),  # type: ignore[arg-type]
    }


async def test_shifts_at_the_ends_of_what_is_read_are_whole(
    there: PagerDutyServer, keep: Keep
) -> None:
    """Without overflow they would be cut, and the one on call seem to go off at midnight."""
    start, end = NOW - timedelta(days=60), NOW + timedelta(days=60)
    there.schedules["PI7DH85"] = [(start.isoformat(), end.isoformat(), "PJOHN")]
    async with reading(there, keep) as feed:
        (turn,) = (await feed.read(NOW)).turns
    assert (turn.start, turn.end) == (start, end)


async def test_a_shift_without_an_end_lasts_as_far_as_is_read(
    there: PagerDutyServer, keep: Keep
) -> None:
    """`end` is null for one who is on call for good."""
    there.schedules["PI7DH85"] = [(day(1).isoformat(), None, "PJOHN")]
    async with reading(there, keep) as feed:
        (turn,) = (await feed.read(NOW)).turns
    assert turn.end >= NOW + AHEAD_READ - timedelta(days=1)


async def test_a_token_that_may_not_read_users_leaves_the_ids(
    there: PagerDutyServer, keep: Keep
) -> None:
    """The shifts are known all the same."""
    there.may_read_users = False
    async with reading(there, keep) as feed:
        found = await feed.read(NOW)
    assert len(found.turns) == 2
    assert {one.email for one in found.people.values()} == {""}
    assert found.people["PJOHN"].id == "PJOHN"


async def test_addresses_that_were_known_stay_known(there: PagerDutyServer, keep: Keep) -> None:
    """A right that is taken away takes nobody off call who was matched by their address."""
    async with reading(there, keep) as feed:
        await feed.read(NOW)
        there.may_read_users = False
        found = await feed.read(NOW)
    assert found.people["PJOHN"].email == "john@example.com"


@pytest.mark.parametrize(
    ("fault", "words", "wait"),
    [
        ("500", "answered 500", None),
        ("429=30", "answered 429", timedelta(seconds=30)),
        ("drop", "without an answer", None),
        ("html", "no JSON", None),
        ("redirect", "not followed", None),
    ],
)
@pytest.mark.parametrize("request_number", [0, 1])
async def test_what_fails_is_a_failure_of_the_whole(
    there: PagerDutyServer,
    keep: Keep,
    fault: str,
    words: str,
    wait: timedelta | None,
    request_number: int,
) -> None:
    """Half an answer is none: neither shifts without people nor people without shifts."""
    # A kept connection that breaks is tried once more.
    there.faults = [""] * request_number + [fault] * 2
    async with reading(there, keep) as feed:
        with pytest.raises(RemoteError) as caught:
            await feed.read(NOW)
        assert words in caught.value.reason
        assert caught.value.retry_after == wait
        assert there.token not in caught.value.reason


async def test_a_schedule_that_is_not_there_is_named_by_pagerduty(
    there: PagerDutyServer, keep: Keep
) -> None:
    """404 with its words."""
    async with reading(there, keep, "PNOTHERE") as feed:
        with pytest.raises(RemoteError, match="answered 404: Not Found"):
            await feed.read(NOW)


async def test_names_from_there_are_made_safe(there: PagerDutyServer, keep: Keep) -> None:
    """Anybody can call themselves anything there."""
    there.users["PJOHN"] = ("J\x1b[31mohn\u202e", "john@example.com")
    async with reading(there, keep) as feed:
        name = (await feed.read(NOW)).people["PJOHN"].name
    assert "\x1b" not in name
    assert "\u202e" not in name
