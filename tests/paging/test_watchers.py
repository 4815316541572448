"""Who watches the pages, and the engine that sends them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from opsdash.domain.text import SafeText
from opsdash.engine.audit import find_unpaged
from opsdash.engine.cycle import run
from opsdash.engine.engine import Heartbeat
from opsdash.engine.self_metrics import SelfMetrics
from opsdash.engine.watchdog import WatchdogSource
from opsdash.http.errors import RemoteError
from opsdash.notifiers.notifier import NotifierError
from opsdash.store import engine as stored
from tests.paging.world import World


async def _findings(world: World) -> list[str]:
    now = world.clock.now()
    return [f.text for f in await world.store.read(find_unpaged, now)]


async def test_an_accepted_page_leaves_nothing_to_find(world: World) -> None:
    """The audit is silent while everything that fires was accepted somewhere."""
    world.alerts.fire("HighErrorRate")
    await world.turn(300, step=10)
    assert await _findings(world) == []
    assert await world.store.read(stored.load_problems) == ()


async def test_a_page_that_nobody_accepts_is_found_and_put_on_every_screen(world: World) -> None:
    """When every pager refuses, the audit names the alert, the pager and its answer within two minutes."""
    for pager in world.pagers.values():
        pager.refusing = NotifierError(SafeText("503 service unavailable"))
    world.alerts.fire("HighErrorRate")
    await world.turn(180, step=5)
    (text,) = await _findings(world)
    assert "HighErrorRate has fired for" in text
    assert "not accepted yet by" in text
    assert "503 service unavailable" in text
    (problem,) = await world.store.read(stored.load_problems)
    assert problem.text.startswith("audit: HighErrorRate has fired for")
    for pager in world.pagers.values():
        pager.refusing = None
    await world.turn(180, step=5)
    assert await world.store.read(stored.load_problems) == ()


async def test_a_storm_whose_one_page_nobody_accepts_is_found(world: World) -> None:
    """Each of its alerts is named with the pager and the answer, until the one page is accepted."""
    for pager in world.pagers.values():
        pager.refusing = NotifierError(SafeText("503 service unavailable"))
    for number in range(20):
        world.alerts.fire("InstanceDown", instance=f"pod-{number}")
    await world.turn(70, step=5)
    found = await _findings(world)
    assert len(found) == 20
    assert all("not accepted yet by" in text and "503" in text for text in found)
    for pager in world.pagers.values():
        pager.refusing = None
    await world.turn(120, step=5)
    assert await _findings(world) == []


async def test_an_alert_without_page_or_reason_is_found(world: World) -> None:
    """An occurrence that began before there were notifiers, and was never paged, does not go unseen."""
    silent = replace(world.setup, paging=replace(world.setup.paging, notifiers=()))
    world.engine.setup = silent
    world.alerts.fire("HighErrorRate")
    await world.turn(5)
    world.engine.setup = world.setup
    await world.turn(120, step=5)
    (text,) = await _findings(world)
    assert "neither a page nor a reason" in text


async def test_the_heartbeat_is_only_sent_by_an_engine_that_can_page(world: World) -> None:
    """Calls come at their interval; they stop while a page is past its deadline, and come back after."""
    calls: list[float] = []

    async def call() -> None:
        calls.append(world.clock.monotonic())

    world.engine.heartbeat = Heartbeat(call, timedelta(seconds=10))
    await world.turn(60)
    assert 5 <= len(calls) <= 7
    for pager in world.pagers.values():
        pager.refusing = NotifierError(SafeText("503"))
    world.alerts.fire("HighErrorRate")
    await world.turn(90)
    before = len(calls)
    await world.turn(60)
    assert len(calls) == before
    for pager in world.pagers.values():
        pager.refusing = None
    await world.turn(120)
    assert len(calls) > before


async def test_a_heartbeat_that_fails_does_not_stop_the_engine(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A refused call is logged once and tried again at the next interval."""

    async def call() -> None:
        raise RemoteError(SafeText("no route"))

    world.engine.heartbeat = Heartbeat(call, timedelta(seconds=10))
    world.alerts.fire("HighErrorRate")
    await world.turn(45)
    assert len(world.pagers["john"].sent) == 1
    assert sum("no route" in record.getMessage() for record in caplog.records) == 1


async def test_an_expected_alert_that_goes_missing_raises_one(world: World) -> None:
    """Without the always-firing Watchdog for five minutes John is paged that alerts may not arrive."""
    world.engine.alert_sources = (
        world.alerts,
        WatchdogSource("Watchdog", timedelta(minutes=5), world.engine),
    )
    world.engine.epoch = None
    world.clock.turn(60)
    key = world.alerts.fire("Watchdog", severity="none")
    await world.turn(600, step=10)
    assert world.pagers["john"].sent == []
    world.alerts.resolve(key)
    await world.turn(290, step=10)
    assert world.pagers["john"].sent == []
    await world.turn(30, step=10)
    (page, _, _) = world.pagers["john"].sent[0]
    assert page.title == "Watchdog has not been seen for 5m: alerts may not reach us"
    world.alerts.fire("Watchdog", severity="none")
    await world.turn(20)
    assert [p.kind for p, _, _ in world.pagers["john"].sent] == ["trigger", "resolve"]


@pytest.fixture
def scrape(world: World) -> "Callable[[str], tuple[int, str]]":
    """Ask the engine's own port for a path."""
    serving = SelfMetrics("127.0.0.1", 0, lambda: world.engine)

    def ask(path: str) -> tuple[int, str]:
        try:
            with urlopen(f"http://127.0.0.1:{serving.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    return ask


async def test_its_own_metrics_say_what_it_does(
    world: World, scrape: Callable[[str], tuple[int, str]]
) -> None:
    """A scrape shows the lease, the sources, the alerts and what became of the messages."""
    world.alerts.fire("HighErrorRate")
    await world.turn(5)
    status, text = scrape("/metrics")
    assert status == 200
    for line in (
        "opsdash_lease_held 1.0",
        'opsdash_alerts{severity="critical",state="firing"} 1.0',
        'opsdash_incidents_open{severity="critical"} 1.0',
        'opsdash_notifications_total{notifier="john",outcome="sent"} 1.0',
        'opsdash_oncall_info{person="John",schedule="primary"} 1.0',
        'opsdash_source_up{source="alerts"} 1.0',
        "opsdash_store_up 1.0",
    ):
        assert line in text, line


async def test_it_says_whether_it_is_alive_and_ready(
    world: World, scrape: Callable[[str], tuple[int, str]]
) -> None:
    """An engine at work is ready; one whose loop has stopped for a while is not healthy."""
    assert scrape("/-/ready") == (200, f"acting, epoch {world.engine.epoch}\n")
    world.clock.turn(60)
    status, text = scrape("/-/healthy")
    assert (status, text) == (503, "the loop has not beaten for 60 s\n")
    assert scrape("/nothing")[0] == 404


async def test_a_call_under_way_ends_with_the_engine(world: World) -> None:
    """An engine that ends, or reads its configuration anew, leaves no call and no connection behind."""
    called, closed = asyncio.Event(), asyncio.Event()
    ended: list[str] = []

    async def call() -> None:
        called.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("call")
            raise

    async def close() -> None:
        closed.set()

    world.engine.heartbeat = Heartbeat(call, timedelta(seconds=10), close)
    stop = asyncio.Event()
    running = asyncio.ensure_future(run(world.engine, stop))
    await asyncio.wait_for(called.wait(), 10)
    stop.set()
    await asyncio.wait_for(running, 10)
    assert (ended, closed.is_set()) == (["call"], True)
