"""What changed lately goes out with the page, and onto the alert's timeline."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from opsdash import ownership
from opsdash.domain.deployment import Commit, Deployment
from opsdash.domain.page import PageKind
from opsdash.domain.text import SafeText, clean
from opsdash.store import deployments
from tests.paging.world import SARAH, World, of_one_level


async def _deploy(world: World, minutes: float, version: str, **more: Any) -> None:
    at = world.clock.now() - timedelta(minutes=minutes)
    service = more.pop("service", SafeText("payments-api"))
    deployment = Deployment(service, at, version=clean(version), **more)
    assert await world.store.write(deployments.record, deployment)


async def test_a_page_carries_what_was_deployed(world: World) -> None:
    """Everybody who is paged reads who deployed what and how long before; it is on the timeline too."""
    await _deploy(world, 400, "v1.4.0")
    await _deploy(world, 90, "v1.4.1")
    await _deploy(world, 5, "v7", service=SafeText("edge"))
    await _deploy(
        world,
        6.9,
        "v1.4.2",
        commit=SafeText("4e91c0a"),
        commits=(Commit(SafeText("4e91c0a"), SafeText("alice"), SafeText("retry loop")),),
        commit_count=4,
    )
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    expected = (
        "payments-api v1.4.2 4e91c0a by alice 6m before: retry loop (+3 commits)",
        "payments-api v1.4.1 1h30m before",
    )
    for pager in ("john", "channel"):
        (page,) = world.pagers[pager].told(PageKind.TRIGGER)
        assert page.context == expected
    story = (await world.story(key)).splitlines()
    lines = [f"engine: changed lately: {one}" for one in reversed(expected)]
    assert [line for line in story if "changed lately" in line] == lines


async def test_what_came_after_is_in_the_next_page(world: World) -> None:
    """A repeat says what was deployed since; the timeline is told once."""
    world.engine.setup = of_one_level(world.setup)
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    (first,) = world.pagers["john"].told(PageKind.TRIGGER)
    assert first.context == ()
    await world.turn(600, step=60)
    await _deploy(world, 1, "v1.4.3", author=SafeText("john"))
    await world.turn(1800, step=60)
    *_, last = world.pagers["john"].told(PageKind.TRIGGER)
    assert last.repeat == 1
    assert last.context == ("payments-api v1.4.3 by john 9m after",)
    assert "changed lately" not in await world.story(key)


async def test_an_alert_of_no_service_carries_all(world: World) -> None:
    """Where nothing says what it is about, everything that changed may be to blame."""
    await _deploy(world, 10, "v1.4.2")
    await _deploy(world, 5, "v7", service=SafeText("edge"))
    world.alerts.fire("NodeDown", job="")
    world.alerts.fire("EdgeSlow", job="", service="edge")
    await world.turn(2)
    told = {p.labels["alertname"]: p.context for p in world.pagers["john"].told(PageKind.TRIGGER)}
    assert told == {
        "NodeDown": ("edge v7 5m before", "payments-api v1.4.2 10m before"),
        "EdgeSlow": ("edge v7 5m before",),
    }


@pytest.mark.parametrize("service", ["payments-api", "[red]\x1b[2J'; --", "a" * 5000])
async def test_hostile_words_in_the_context(world: World, service: str) -> None:
    """What a page carries is clean and bounded, whatever a commit or service is called."""
    name = clean(service, 100)
    hostile = clean("\x1b]0;owned\x07\u202e[blink]x[/blink]" + "y" * 3000, 200)
    commit = Commit(clean("abc\x1b"), clean("eve\x00"), hostile)
    await _deploy(world, 5, "v1\x1b[31m", service=name, commits=(commit,), commit_count=1)
    world.alerts.fire("HighErrorRate", job=name)
    await world.turn(2)
    (page,) = world.pagers["john"].told(PageKind.TRIGGER)
    (line,) = page.context
    assert "[blink]x[/blink]" in line
    assert len(line) <= 2000
    assert not any(ord(character) < 0x20 or character in "\x7f\u202e" for character in line)


async def test_whoever_is_given_an_alert_reads_it_too(world: World) -> None:
    """A page to the person that an alert was given to says what changed as the first one did."""
    await _deploy(world, 7, "v1.4.2", author=SafeText("alice"))
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    id = (await world.alert(key)).id
    given = await world.store.write(
        ownership.reassign, SARAH, world.clock.now(), [id], "tech-lead", "knows it"
    )
    assert given.done == (id,)
    await world.turn(2)
    (page,) = world.pagers["maria"].told(PageKind.TRIGGER)
    assert page.context == ("payments-api v1.4.2 by alice 7m before",)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            "recent deployments, recent code changes",
            (
                "payments-api v1.4.2 4e91c0a by alice 5m before: retry loop (+1 commit)",
                "payments-api v1.4.2 4e91c0a, with 91d7f3e by sam: name the gateway",
            ),
        ),
        ("deployments", ("payments-api v1.4.2 4e91c0a by alice 5m before",)),
        ("none", ()),
    ],
)
async def test_a_rule_names_what_its_pages_carry(
    world: World, asked: str, told: tuple[str, ...]
) -> None:
    """What is sent and the timeline hold what the alert's annotation asks for, and nothing else."""
    commits = (
        Commit(SafeText("4e91c0a"), SafeText("alice"), SafeText("retry loop")),
        Commit(SafeText("91d7f3e"), SafeText("sam"), SafeText("name the gateway")),
    )
    await _deploy(world, 5, "v1.4.2", commits=commits, commit_count=2)
    key = world.alerts.fire("HighErrorRate")
    seen = world.alerts.shown[key]
    annotations = {**seen.annotations, "opsdash_context": SafeText(asked)}
    world.alerts.shown[key] = replace(seen, annotations=annotations)
    await world.turn(2)
    (page,) = world.pagers["john"].told(PageKind.TRIGGER)
    assert page.context == told
    assert (await world.story(key)).count("changed lately") == len(told)
