"""The engine tells each week by itself: from the hour of Monday on, once, and edits it on every change."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.text import SafeText
from opsdash.engine import cycle
from opsdash.engine.publish import Publishing
from opsdash.http.settings import HttpSettings
from opsdash.notifiers.slack_board import SlackChannel
from opsdash.store import engine, overrides
from opsdash.store.session import Store
from tests.engine.world import START, World
from tests.notifiers.receivers import SlackServer


@pytest.fixture
def server() -> Iterator[SlackServer]:
    """Slack, on the clock of the test."""
    with SlackServer() as slack:
        slack.epoch = int(START.timestamp())
        yield slack
    assert slack.wrong == []


def publishing(server: SlackServer) -> Publishing:
    """A channel that is told from nine on."""
    board = SlackChannel(HttpSettings(f"{server.url}/api"), lambda: server.token, "#oncall")
    return Publishing(board, "chat", "#oncall", time(9))


@pytest.fixture
async def told(world: World, server: SlackServer) -> AsyncIterator[World]:
    """An engine that tells the week, on a Monday at two in the afternoon."""
    world.engine.publishing = publishing(server)
    yield world
    await world.engine.publishing.board.close()


async def pass_by(world: World, seconds: float = 16.0) -> None:
    """Let time pass, and what it begins end and be written."""
    world.clock.turn(seconds)
    for _ in range(3):
        await cycle.beat(world.engine)
        polls = world.engine.publish_polls
        waiting = [poll.task for poll in polls if poll.task is not None]
        if waiting:
            await asyncio.wait(waiting, timeout=60)


def add_cover(hours: int = 4) -> Override:
    """Maria covers this evening."""
    start = START + timedelta(hours=3)
    return Override(
        "primary",
        OverrideKind.REPLACE,
        start,
        start + timedelta(hours=hours),
        "lead",
        "",
        SafeText("maria"),
        SafeText("ill"),
    )


async def test_a_started_engine_tells_the_week_and_edits_it(
    told: World, server: SlackServer
) -> None:
    """Posted at once; a cover that is made, and taken back, edits the message within seconds."""
    await pass_by(told)
    await pass_by(told)
    assert len(server.posted) == 1
    made = await told.store.write(overrides.add, add_cover(), told.clock.now())
    await pass_by(told)
    (message,) = server.messages.values()
    assert "Maria (cover) 17:00 to 21:00" in message["blocks"][1]["text"]["text"]
    await told.store.write(overrides.remove, made.id, "maria", told.clock.now())
    await pass_by(told)
    (message,) = server.messages.values()
    assert "cover" not in message["blocks"][1]["text"]["text"]
    assert len(server.posted) == 1


async def test_an_edited_rotation_edits_the_message(told: World, server: SlackServer) -> None:
    """The configuration is read anew: what is there is edited."""
    await pass_by(told)
    setup = told.engine.setup
    primary = replace(setup.schedules[0], weeks=({"mon": "lead"},))
    told.engine.setup = replace(setup, schedules=(primary,))
    await pass_by(told)
    (message,) = server.messages.values()
    assert "Tue 23 Dec: Maria" in message["blocks"][1]["text"]["text"]
    assert len(server.posted) == 1


async def test_the_next_week_is_told_on_its_monday_at_its_hour(
    told: World, server: SlackServer
) -> None:
    """Not at midnight, not twice: at nine, as another message, and the old one is left as it was."""
    await pass_by(told)
    told.clock.turn((datetime(2025, 12, 29, 8, 59, tzinfo=UTC) - told.clock.now()).total_seconds())
    await pass_by(told, 1)
    assert len(server.posted) == 1
    await pass_by(told, 61)
    await pass_by(told)
    assert [message["text"].partition(",")[0] for message in server.posted] == [
        "Payment App Production: on call in week 52",
        "Payment App Production: on call in week 1",
    ]


async def test_a_takeover_tells_nothing_twice(
    told: World, server: SlackServer, store: Store
) -> None:
    """The standby that takes the lease finds the week told, and edits it from then on."""
    await pass_by(told)
    other = World(store, told.clock, "engine two")
    other.engine.publishing = publishing(server)
    told.clock.turn(20)
    await pass_by(other)
    assert other.engine.epoch == 2
    await other.store.write(overrides.add, add_cover(), other.clock.now())
    # The first one has not noticed yet that it lost the lease.
    await asyncio.gather(pass_by(told), pass_by(other))
    await pass_by(other)
    assert len(server.posted) == 1
    (message,) = server.messages.values()
    assert "Maria (cover)" in message["blocks"][1]["text"]["text"]
    await other.engine.publishing.board.close()


async def test_what_keeps_it_from_being_told_is_a_problem_on_the_screen(
    told: World, server: SlackServer
) -> None:
    """With its cure; when that is done the week is told and the problem is over."""
    server.error = "not_in_channel"
    await pass_by(told)
    problems = [str(p.text) for p in await told.store.read(engine.load_problems)]
    (problem,) = [text for text in problems if text.startswith("on-call week")]
    assert problem.startswith("on-call week: #oncall: ")
    assert problem.endswith("answered not_in_channel; invite the app to the channel")
    server.error = ""
    await pass_by(told, 301)
    assert len(server.posted) == 1
    assert not [p for p in await told.store.read(engine.load_problems) if "week" in p.text]


async def test_who_takes_over_while_slack_wants_to_be_left_alone_says_so_too(
    told: World, server: SlackServer, store: Store
) -> None:
    """The time that Slack named is in the store: the next engine asks nothing and names the reason."""
    server.faults = ["429=120"]
    await pass_by(told)
    other = World(store, told.clock, "engine two")
    other.engine.publishing = publishing(server)
    told.clock.turn(20)
    await pass_by(other)
    assert len(server.requests) == 1
    (problem,) = [p.text for p in await store.read(engine.load_problems) if "week" in p.text]
    assert "answered 429" in problem
    await pass_by(other, 121)
    assert len(server.posted) == 1
    assert not [p for p in await store.read(engine.load_problems) if "week" in p.text]
    await other.engine.publishing.board.close()


async def test_an_engine_that_is_not_told_to_tells_nothing(
    world: World, server: SlackServer
) -> None:
    """Without `[oncall] publish` there is no poll and no message."""
    await pass_by(world)
    assert world.engine.publish_polls == ()
    assert server.requests == []
