"""Schedules kept elsewhere: who is on call there is paged here, also while it does not answer."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from opsdash.domain.coverage import gaps_ahead
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.page import PageKind
from opsdash.domain.rehearsal import rehearse
from opsdash.domain.schedule import Layer, who
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText
from opsdash.engine.cycle import beat
from opsdash.engine.feeds import OpenFeed
from opsdash.http.settings import HttpSettings
from opsdash.notifiers.pagerduty_rest import PagerDutyRest
from opsdash.notifiers.pagerduty_schedule import ScheduleFeed
from opsdash.snapshot import take_snapshot
from opsdash.sources.shift_feed import CalendarFeed
from opsdash.store import engine, feeds, overrides
from tests.notifiers.receivers import PagerDutyServer
from tests.paging.world import MONDAY, World
from tests.sources.test_shift_feed import CalendarServer, calendar

KEY = "pagerduty:pd:PI7DH85"


@pytest.fixture
def server() -> Iterator[PagerDutyServer]:
    """PagerDuty, where Maria is on call for a day and Chen for three from then on."""
    with PagerDutyServer() as made:
        made.users = {
            "PMARIA": ("Maria L", "Maria@example.com"),
            "PCHEN": ("Chen", "c@example.com"),
        }
        start, then = MONDAY - timedelta(hours=1), MONDAY + timedelta(days=1)
        made.schedules["PI7DH85"] = [
            (start.isoformat(), then.isoformat(), "PMARIA"),
            (then.isoformat(), (then + timedelta(days=3)).isoformat(), "PCHEN"),
        ]
        yield made
    assert made.wrong == []


def fed_by(setup: Setup, key: str = KEY) -> Setup:
    """The team's primary schedule with its shifts from elsewhere, and none of its own."""
    maria, chen = setup.people[1], setup.people[3]
    people = (
        setup.people[0],
        replace(maria, email="maria@example.com"),
        setup.people[2],
        replace(chen, pagerduty="PCHEN"),
    )
    first, *others = setup.schedules
    fed = replace(first, weeks=(), layers=(Layer(feed=key),))
    return replace(setup, people=people, schedules=(fed, *others))


@pytest.fixture
async def remote(world: World, server: PagerDutyServer) -> AsyncIterator[World]:
    """The team on a schedule at PagerDuty, an engine just begun."""
    rest = PagerDutyRest(HttpSettings(server.url), lambda: server.token, server.user)
    world.setup = fed_by(world.setup)
    begin_anew(world, rest)
    yield world
    await rest.close()


def begin_anew(world: World, rest: PagerDutyRest) -> None:
    """Another engine takes over, as after a kill."""
    world.engine = world.start_engine(f"engine {world.clock.now()}")
    reader = ScheduleFeed(rest, "PI7DH85")
    every = timedelta(minutes=5)
    world.engine.feeds = (OpenFeed(KEY, SafeText("PagerDuty schedule PI7DH85"), reader, every),)
    world.clock.turn(20)


async def problems(world: World) -> list[str]:
    """What the screen says is wrong with shifts."""
    found = await world.store.read(engine.load_problems)
    return [str(p.text) for p in found if p.text.startswith("shifts")]


async def test_who_is_on_call_there_is_paged_here(remote: World) -> None:
    """By address and by id; nothing of it is written in the configuration."""
    await remote.turn(2)
    remote.alerts.fire("HighErrorRate", job="a")
    await remote.turn(2)
    assert remote.paged("john", "maria", "chen") == [0, 1, 0]
    remote.clock.turn(86400)
    await remote.turn(2)
    remote.alerts.fire("HighErrorRate", job="b")
    await remote.turn(2)
    pages = remote.pagers["chen"].told(PageKind.TRIGGER)
    assert [page.labels["job"] for page in pages if page.level == 1] == ["b"]
    assert await problems(remote) == []


async def test_screens_gaps_covers_and_the_rehearsal_work_on_it(remote: World) -> None:
    """Every reader of the store sees the same shifts, with what was covered here over them."""
    await remote.turn(2)
    now = remote.clock.now()
    cover = Override(
        "primary",
        OverrideKind.REPLACE,
        now,
        now + timedelta(hours=2),
        "pm",
        "tech-lead",
        SafeText("maria"),
        SafeText("dentist"),
    )
    await remote.store.write(overrides.add, cover, now)
    picture = await remote.store.read(take_snapshot, now)
    schedule = picture.setup.schedules[0]
    first, later = who(schedule, now), who(schedule, now + timedelta(hours=3))
    assert first is not None and later is not None
    assert (first.person, later.person) == ("pm", "tech-lead")
    (gap,) = gaps_ahead(schedule, now)
    assert gap.start == MONDAY + timedelta(days=4)
    (rung, *_) = rehearse(picture.setup, picture.setup.policy, now + timedelta(hours=3), {})
    assert rung.who == ("Maria",)


async def test_an_override_that_is_made_there_counts_here(
    remote: World, server: PagerDutyServer
) -> None:
    """Within the interval at which it is read."""
    await remote.turn(2)
    start, end, _ = server.schedules["PI7DH85"][0]
    server.schedules["PI7DH85"][0] = (start, end, "PCHEN")
    await remote.turn(302, step=10)
    remote.alerts.fire("HighErrorRate")
    await remote.turn(2)
    assert remote.paged("maria", "chen") == [0, 1]


async def test_what_was_read_last_counts_through_failures_and_takeovers(
    remote: World, server: PagerDutyServer
) -> None:
    """PagerDuty is down and the engine is killed: Maria is paged, and the screen says of when that is."""
    await remote.turn(2)
    read_at = remote.clock.now()
    server.faults = ["503"] * 100
    await remote.turn(301, step=10)
    (problem,) = await problems(remote)
    assert problem.startswith("shifts: schedule primary: PagerDuty schedule PI7DH85: ")
    assert "answered 503" in problem
    assert problem.endswith("; what was read Mon 22 Dec 14:00 UTC counts")
    since = (await remote.store.read(feeds.load))[KEY]
    assert since.read_at is not None and since.failed_since is not None
    assert read_at - since.read_at < timedelta(seconds=5)
    reader = remote.engine.feeds[0].reader
    assert isinstance(reader, ScheduleFeed)
    begin_anew(remote, reader._rest)
    # With its first beat, before anything was answered or refused.
    await beat(remote.engine)
    picture = await remote.store.read(take_snapshot, remote.clock.now())
    shift = who(picture.setup.schedules[0], remote.clock.now())
    assert shift is not None
    assert shift.person == "tech-lead"
    await remote.turn(2)
    remote.alerts.fire("HighErrorRate")
    await remote.turn(2)
    assert remote.paged("maria") == [1]
    assert (await remote.store.read(feeds.load))[KEY].failed_since == since.failed_since
    assert await problems(remote) == [problem]
    server.faults = []
    await remote.turn(301, step=10)
    assert await problems(remote) == []


async def test_what_was_never_read_is_said_and_the_next_level_is_paged(
    remote: World, server: PagerDutyServer
) -> None:
    """Nobody is known to be on call: the level is empty, and that is on the screen."""
    server.faults = ["500"] * 100
    await remote.turn(2)
    (problem,) = await problems(remote)
    assert problem.endswith("; nobody is known to be on it")
    remote.alerts.fire("HighErrorRate")
    await remote.turn(3)
    assert remote.paged("maria") == [1]
    assert remote.pagers["maria"].sent[0][0].level == 2


async def test_a_stranger_is_on_call_by_name_and_reaches_nobody(
    remote: World, server: PagerDutyServer
) -> None:
    """They are shown, the screen names them, and the page goes on to the next level."""
    server.users["PMARIA"] = ("tech-lead", "someone@example.com")
    await remote.turn(2)
    picture = await remote.store.read(take_snapshot, remote.clock.now())
    assert [one.name for one in picture.on_call if one.schedule == "primary"] == [
        "tech-lead (not a [[person]])"
    ]
    (problem,) = await problems(remote)
    assert "no [[person]] is tech-lead (someone@example.com PMARIA): write their email" in problem
    remote.alerts.fire("HighErrorRate")
    await remote.turn(2)
    assert [page.level for page, _, _ in remote.pagers["maria"].sent] != [1]


async def test_a_calendar_at_an_address_does_the_same(world: World) -> None:
    """An edit there counts within the interval; a login page in its place changes nothing but the screen."""
    with CalendarServer() as server:
        server.text = calendar("Maria")
        world.setup = fed_by(world.setup, "ical:1")
        world.engine = world.start_engine("another")
        reader = CalendarFeed(HttpSettings(f"{server.url}/team.ics"), "UTC")
        label = SafeText("the calendar at cal.example")
        world.engine.feeds = (OpenFeed("ical:1", label, reader, timedelta(minutes=5)),)
        world.clock.turn(20)
        await world.turn(2)
        world.alerts.fire("HighErrorRate", job="a")
        await world.turn(2)
        assert world.paged("maria", "priya") == [1, 0]
        server.text, server.headers = calendar("Priya"), {"Content-Type": "text/calendar"}
        await world.turn(302, step=10)
        server.text, server.headers = "<html>Sign in</html>", {"Content-Type": "text/html"}
        await world.turn(302, step=10)
        (problem,) = await problems(world)
        assert "schedule primary: the calendar at cal.example: " in problem
        assert "an HTML page; is there a login" in problem
        before = world.paged("priya")[0]
        world.alerts.fire("HighErrorRate", job="b")
        await world.turn(2)
        assert world.paged("priya")[0] > before
        await reader.close()
    assert server.wrong == []
