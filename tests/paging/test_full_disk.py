"""A disk that fills up while people are to be paged: they are, once, and nothing of it is lost."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from opsdash.domain.page import PageKind
from opsdash.domain.rules.rule import RuleState
from opsdash.domain.sample import Sample
from opsdash.domain.text import SafeText
from opsdash.engine.cycle import beat
from opsdash.engine.engine import Engine, Heartbeat
from opsdash.engine.rules import Rules
from opsdash.engine.self_metrics import EngineCollector
from opsdash.notifiers.notifier import NotifierError
from opsdash.sources.rule_file import load_rule_files
from opsdash.store import rules as stored
from opsdash.store.errors import StoreBroken, StoreError, StoreFull, StoreReadOnly
from opsdash.store.outbox import LetterState
from tests.engine.rule_world import ToldVectors
from tests.paging.small_disk import fill, full_disk, is_down
from tests.paging.world import World, team


async def test_what_fires_on_a_full_disk_is_paged_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """It is paged from memory and says so; nobody is paged again once there is room to write it down.

    Meanwhile every screen says ENGINE DOWN, and the outside service misses us.
    """
    calls: list[float] = []

    async def call() -> None:
        calls.append(world.clock.monotonic())

    world.engine.heartbeat = Heartbeat(call, timedelta(seconds=10))
    await world.turn(30)
    assert calls
    assert _gauges(world.engine) == (1.0, 0.0)
    with full_disk(world):
        await fill(world)
        before = len(calls)
        key = world.alerts.fire("HighErrorRate")
        await world.turn(2)
        assert world.paged("john", "channel") == [1, 1]
        page = world.pagers["john"].told(PageKind.TRIGGER)[0]
        assert "pages from memory" in page.text
        await world.turn(60)
        assert world.paged("john", "channel") == [1, 1]
        assert await is_down(world)
        writable, held = _gauges(world.engine)
        assert not writable
        assert held >= 2
        assert len(calls) == before
        said = [record.getMessage() for record in caplog.records]
        assert any("check the disk" in text or "no room left" in text for text in said)
    await world.turn(30)
    assert world.paged("john", "channel") == [1, 1]
    assert not await is_down(world)
    assert len(calls) > before
    assert page.key == (await world.alert(key)).id
    assert {letter.state for letter in await world.letters()} == {LetterState.SENT}
    told = await world.story(key)
    assert "paged John: john accepted" in told
    assert "that page left from memory" in told


def _gauges(engine: Engine) -> tuple[float, float]:
    """Whether the store takes writes, and how much is held in memory, as the engine's metrics say."""
    found = {f.name: f.samples[0].value for f in EngineCollector(engine).collect() if f.samples}
    return found["opsdash_store_writable"], found["opsdash_unwritten"]


async def test_own_rules_are_judged_on_a_full_disk(world: World, tmp_path: Path) -> None:
    """A rule whose `for` ends meanwhile pages once, and stands as it should when there is room."""
    text = "groups: [{name: g, interval: 5s, rules: [{alert: A, expr: x > 5, for: 20s, labels: {severity: critical}}]}]"
    (tmp_path / "rules.yml").write_text(text)
    source = ToldVectors()
    world.engine = world.start_engine("with rules")
    world.engine.rules = Rules(load_rule_files(["rules.yml"], tmp_path), source)
    await world.turn(30)
    with full_disk(world):
        await fill(world)
        source.truths["x > 5"] = lambda at: (Sample(9.0, at),)
        await world.turn(10)
        assert world.paged("john") == [0]
        await world.turn(30)
        assert world.paged("john") == [1]
    await world.turn(60)
    assert world.paged("john") == [1]
    (view,) = await world.store.read(stored.load_views)
    assert (view.state, view.firing) == (RuleState.FIRING, 1)


def _acts(engine: Engine) -> bool:
    return engine.epoch is not None


def test_a_real_disk_without_a_byte_left_is_paged_from(tmp_path: Path) -> None:
    """What fills it is another's file; the page leaves once, before it is deleted, and not again.

    The disk is a small one of its own, gone with the process that has it. Who may not mount one
    has the limit of the others.
    """
    told = [sys.executable, "-m", "tests.paging.small_disk", str(tmp_path)]
    mounting = 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"'
    own_disk = ["unshare", "--mount", "sh", "-c", mounting, str(tmp_path)]
    may = os.geteuid() == 0 and subprocess.run([*own_disk, "true"], check=False).returncode == 0
    root = Path(__file__).parents[2]
    subprocess.run([*own_disk, *told] if may else told, check=True, cwd=root, timeout=120)


async def test_one_that_was_pending_fires_and_resolves_on_a_full_disk(world: World) -> None:
    """The page and its resolve leave from memory, once each, and the occurrence is in the store after."""
    key = world.alerts.pend("HighErrorRate", 30)
    await world.turn(3)
    with full_disk(world):
        await fill(world)
        world.alerts.fire("HighErrorRate")
        await world.turn(3)
        assert world.paged("john") == [1]
        world.alerts.resolve(key)
        await world.turn(3)
        assert len(world.pagers["john"].told(PageKind.RESOLVE)) == 1
    await world.turn(30)
    assert world.paged("john") == [1]
    assert len(world.pagers["john"].told(PageKind.RESOLVE)) == 1
    alert = await world.alert(key)
    assert alert.occurrence == 1
    assert not alert.open
    assert {letter.state for letter in await world.letters()} == {LetterState.SENT}


async def test_what_opens_and_resolves_on_a_full_disk_is_written_down_after(world: World) -> None:
    """What nobody could see is told to the end, and firing once more is another occurrence."""
    with full_disk(world):
        await fill(world)
        key = world.alerts.fire("HighErrorRate")
        await world.turn(3)
        world.alerts.resolve(key)
        await world.turn(3)
    await world.turn(5)
    alert = await world.alert(key)
    assert not alert.open
    assert len(world.pagers["john"].told(PageKind.RESOLVE)) == 1
    world.alerts.fire("HighErrorRate")
    await world.turn(5)
    keys = [page.key for page in world.pagers["john"].told(PageKind.TRIGGER)]
    assert keys == [f"{key}/1", f"{key}/2"]


async def test_a_message_that_waited_as_the_disk_filled_leaves(world: World) -> None:
    """It is in the store and cannot be claimed there: it is sent all the same, and once."""
    world.engine.setup = team(group_wait=timedelta(minutes=5))
    with full_disk(world) as full:
        await fill(world)
        full.empty()
        world.alerts.fire("HighErrorRate")
        await world.turn(3)
        assert [letter.state for letter in await world.letters()] == [LetterState.WAITING] * 2
        full.again()
        await fill(world)
        assert world.paged("john", "channel") == [0, 0]
        await world.turn(300, step=10)
        assert world.paged("john", "channel") == [1, 1]
    await world.turn(30)
    assert world.paged("john", "channel") == [1, 1]


async def test_a_receiver_that_refuses_is_tried_again_from_memory(world: World) -> None:
    """It is left alone between tries, and what became of each try is written down after."""
    pager = world.pagers["john"]
    with full_disk(world):
        await fill(world)
        pager.refusing = NotifierError(SafeText("busy"))
        world.alerts.fire("HighErrorRate")
        await world.turn(20)
        assert 2 <= pager.tries <= 8
        pager.refusing = None
        await world.turn(60)
        assert world.paged("john") == [1]
    await world.turn(60)
    assert world.paged("john") == [1]
    letters = [one for one in await world.letters() if one.destination.notifier == "john"]
    assert [one.state for one in letters] == [LetterState.SENT]
    assert letters[0].attempts == pager.tries


async def test_one_that_is_under_way_when_there_is_room_is_settled_as_usual(world: World) -> None:
    """Its row says `sending` at first: nobody sends it beside the one who does."""
    pager = world.pagers["john"]
    with full_disk(world):
        await fill(world)
        pager.hanging = True
        world.alerts.fire("HighErrorRate")
        await world.turn(3)
        assert pager.tries == 1
    await world.turn(3)
    states = {one.destination.notifier: one.state for one in await world.letters()}
    assert states == {"john": LetterState.SENDING, "channel": LetterState.SENT}
    assert pager.tries == 1


async def test_a_storm_on_a_full_disk_is_one_page(world: World) -> None:
    """What is bundled in memory is bundled in the store after."""
    with full_disk(world):
        await fill(world)
        for number in range(25):
            world.alerts.fire(f"Alert{number}", service=f"s{number}")
        await world.turn(10)
        pages = world.pagers["john"].told(PageKind.TRIGGER)
        assert [page.count for page in pages] == [25]
    await world.turn(30)
    assert len(world.pagers["john"].told(PageKind.TRIGGER)) == 1
    states = [one.state for one in await world.letters() if one.destination.notifier == "john"]
    assert sorted(states) == [LetterState.BUNDLED] * 25 + [LetterState.SENT]


async def test_what_is_silenced_is_not_paged_from_memory(world: World) -> None:
    """A silence in the store counts although nothing can be written."""
    with full_disk(world):
        await fill(world)
        key = world.alerts.fire("HighErrorRate")
        world.alerts.silence(key)
        await world.turn(10)
    await world.turn(10)
    assert world.paged("john", "channel") == [0, 0]


async def test_nobody_above_the_first_level_is_woken_from_memory(world: World) -> None:
    """Nobody could take it meanwhile: its clock has gone on, and the next level is paged with room."""
    with full_disk(world):
        await fill(world)
        world.alerts.fire("HighErrorRate")
        await world.turn(360, step=10)
        assert world.paged("john", "maria") == [1, 0]
    await world.turn(5)
    assert world.paged("john", "maria") == [1, 1]


async def test_a_standby_lets_the_holder_write_down_what_it_has_sent(world: World) -> None:
    """On a full disk it cannot take over, and with room again it waits for the one who lives."""
    standby = world.start_engine("standby")
    with full_disk(world):
        await fill(world)
        world.alerts.fire("HighErrorRate")
        for _ in range(20):
            await world.turn(1)
            await beat(standby)
        assert world.paged("john") == [1]
    for _ in range(20):
        await beat(standby)
        await world.turn(1)
    assert standby.epoch is None
    assert world.engine.epoch is not None
    assert world.paged("john") == [1]


async def test_a_standby_takes_over_from_a_holder_that_died_on_a_full_disk(world: World) -> None:
    """It pages again what the dead one held in memory, under the same key."""
    standby = world.start_engine("standby")
    with full_disk(world):
        await fill(world)
        world.alerts.fire("HighErrorRate")
        await world.turn(3)
        world.engine = standby
        await world.turn(10)
        assert not _acts(standby)
    await world.turn(10)
    assert _acts(standby)
    assert len({page.key for page in world.pagers["john"].told(PageKind.TRIGGER)}) == 1


@pytest.mark.parametrize("refusal", [StoreFull, StoreReadOnly, StoreBroken])
async def test_a_holder_that_lost_its_lease_sends_nothing_from_memory(
    world: World, monkeypatch: pytest.MonkeyPatch, refusal: type[StoreError]
) -> None:
    """Its disk takes no writes, another's does: the other one pages."""
    other = world.start_engine("other")
    first = world.engine
    write, rehearse = world.store.write, []

    async def refuse(*args: object) -> object:
        raise refusal("no")

    async def rehearsed(*args: object) -> object:
        rehearse.append(args)
        raise AssertionError("it has no lease")

    for _ in range(10):
        monkeypatch.setattr(world.store, "write", refuse)
        await beat(first)
        world.clock.turn(1)
    monkeypatch.setattr(world.store, "write", write)
    await beat(other)
    assert other.epoch is not None
    monkeypatch.setattr(world.store, "write", refuse)
    monkeypatch.setattr(world.store, "rehearse", rehearsed)
    world.alerts.fire("HighErrorRate")
    await beat(first)
    assert first.epoch is None
    assert not rehearse
    assert world.paged("john") == [0]


async def test_a_page_that_was_accepted_as_the_disk_filled_is_sent_once(world: World) -> None:
    """That it was accepted cannot be written down: it is kept in mind until it can be."""
    for pager in world.pagers.values():
        pager.hanging = True
    world.alerts.fire("HighErrorRate")
    await world.turn(3)
    with full_disk(world):
        await fill(world)
        for pager in world.pagers.values():
            pager.answer()
        await world.turn(5)
    await world.turn(60)
    pages = world.pagers["john"].told(PageKind.TRIGGER)
    assert [page.repeat for page in pages] == [0]
    assert {letter.state for letter in await world.letters()} == {LetterState.SENT}
