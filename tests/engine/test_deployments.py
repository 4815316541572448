"""Deployments that the engine notices by itself: once each, whoever looks, with their commits."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from opsdash.domain.deployment import Deployment
from opsdash.domain.sample import Sample
from opsdash.domain.text import SafeText
from opsdash.engine import cycle
from opsdash.engine.deployments import Deployments, notice_deployments
from opsdash.engine.engine import Engine
from opsdash.http.client import HttpClient
from opsdash.http.errors import RemoteError
from opsdash.http.settings import HttpSettings
from opsdash.runtime import RealClock
from opsdash.sources.instances import Watch, read_instances, watch_jobs
from opsdash.sources.prometheus import PrometheusSource
from opsdash.sources.simulated import SimulatedSource
from opsdash.sources.simulation.clock import SimulatedClock
from opsdash.sources.vector import QueryError, Vector
from opsdash.store import deployments, instances, lease
from opsdash.store.session import Store
from tests.engine.world import SETUP, START, ToldMetrics, TurnedClock, World
from tests.servers import MetricTarget, PrometheusServer

BUILD = "payments_build_info"
BEGAN = "process_start_time_seconds"


class VersionedMetrics(ToldMetrics):
    """A metrics source that also says what runs: instance -> (version, start in unix seconds)."""

    def __init__(self) -> None:
        super().__init__("prometheus")
        self.running: dict[str, tuple[str, float]] = {}
        self.fault: RemoteError | None = None
        self.asked = 0

    async def vector(self, query: str, at: datetime) -> Vector:
        """Answer the two queries of `_WATCH`."""
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        samples = []
        for instance, (version, began) in self.running.items():
            labels = {"job": "payments-api", "instance": instance}
            if query == "versions":
                samples.append(Sample(1.0, at, labels | {"version": version}))
            else:
                samples.append(Sample(began, at, labels))
        return Vector(tuple(samples))


_WATCH = Watch("versions", "starts")


def unix(seconds: float) -> float:
    """Unix time so many seconds after START."""
    return START.timestamp() + seconds


class Watched(World):
    """A world whose metrics say what runs."""

    def __init__(
        self,
        store: Store,
        metrics: VersionedMetrics,
        clock: TurnedClock | None = None,
        repositories: dict[str, Path] | None = None,
    ) -> None:
        super().__init__(store, clock)
        self.versions = metrics
        self.engine.metric_sources = (metrics,)
        self.engine.deployments = Deployments(_WATCH, repositories or {})

    async def found(self) -> list[Deployment]:
        """Return what is recorded, oldest first."""
        until = self.clock.now() + timedelta(hours=1)
        found = await self.store.read(deployments.load_recent, (), START - timedelta(days=8), until)
        return list(reversed(found))

    async def wait_for(self, condition: Callable[[list[Deployment]], bool]) -> None:
        """Beat, second by second, until what is recorded meets a condition."""
        for _ in range(200):
            self.clock.turn(1)
            await self.beat()
            if condition(await self.found()):
                return
            # git is a process of its own and takes real time, in which this clock stands still.
            if tasks := [poll.task for poll in self.engine.polls if poll.task is not None]:
                await asyncio.wait(tasks)
        raise AssertionError(await self.found())


@pytest.fixture
def metrics() -> VersionedMetrics:
    """One pod of v1.4.1 that began an hour ago."""
    made = VersionedMetrics()
    made.running["pod-1"] = ("v1.4.1", unix(-3600))
    return made


async def test_a_version_and_a_restart_are_recorded_once(
    store: Store, metrics: VersionedMetrics
) -> None:
    """The metrics are asked once a minute; a change is recorded from when the process began."""
    world = Watched(store, metrics)
    await world.pass_time(125)
    assert await world.found() == []
    assert metrics.asked == 2 * 3
    metrics.running = {"pod-2": ("v1.4.2", unix(110))}
    await world.pass_time(120)
    metrics.running = {"pod-2": ("v1.4.2", unix(220))}
    await world.pass_time(300)
    assert [(d.service, d.kind, d.version, d.at, d.source) for d in await world.found()] == [
        ("payments-api", "version seen", "v1.4.2", START + timedelta(seconds=110), "prometheus"),
        ("payments-api", "restart", "v1.4.2", START + timedelta(seconds=220), "prometheus"),
    ]


async def test_a_change_is_recorded_once_across_takeovers(
    store: Store, metrics: VersionedMetrics
) -> None:
    """An engine that is killed after it looked leaves nothing to do twice; one killed before, nothing lost."""
    first = Watched(store, metrics)
    await first.pass_time(65)
    metrics.running = {"pod-2": ("v1.4.2", unix(60))}
    second = Watched(store, metrics, first.clock)
    first.clock.turn(10)
    await second.pass_time(120)
    assert second.engine.epoch == 2
    assert [one.version for one in await second.found()] == ["v1.4.2"]
    third = Watched(store, metrics, first.clock)
    first.clock.turn(10)
    await third.pass_time(180)
    assert [one.version for one in await third.found()] == ["v1.4.2"]


async def test_a_fenced_engine_records_nothing(store: Store, metrics: VersionedMetrics) -> None:
    """What a stopped engine looked at before another took over is not written by it."""
    first = Watched(store, metrics)
    await first.pass_time(10)
    stale = VersionedMetrics()
    second = Watched(store, stale, first.clock)
    first.clock.turn(58)
    await first.beat()
    metrics.running = {"pod-2": ("v1.4.2", unix(60))}
    first.clock.turn(10)
    await second.beat()
    assert second.engine.epoch == 2
    before = await store.read(instances.load)
    with pytest.raises(lease.LeaseLost):
        await notice_deployments(first.engine)
    assert await first.found() == []
    assert await store.read(instances.load) == before


async def test_a_query_at_fault_is_named_and_over_when_it_answers(
    store: Store, metrics: VersionedMetrics
) -> None:
    """A person reads which watch is blind and why; a source that is down is not said twice."""
    world = Watched(store, metrics)
    metrics.fault = QueryError(SafeText("parse error: unclosed left brace"))
    await world.pass_time(10)
    texts = [problem.text for problem in (await world.picture()).problems]
    assert "deployments: cannot tell what runs: parse error: unclosed left brace" in texts
    metrics.fault = None
    await world.pass_time(65)
    assert not any("deployments" in p.text for p in (await world.picture()).problems)
    metrics.fault = RemoteError(SafeText("refused"))
    await world.pass_time(65)
    assert not any("deployments" in p.text for p in (await world.picture()).problems)
    metrics.fault = None
    metrics.running = {"pod-2": ("v1.4.2", unix(100))}
    await world.pass_time(65)
    assert [one.version for one in await world.found()] == ["v1.4.2"]


async def test_hostile_labels_are_words(store: Store, metrics: VersionedMetrics) -> None:
    """A version full of escapes is recorded as visible text, and does no harm to what comes after."""
    world = Watched(store, metrics)
    await world.pass_time(10)
    metrics.running = {"\x1b[2Jpod": ("\x1b]0;x\x07[red]v2\u202e'; DROP TABLE deployment--", 1e308)}
    await world.pass_time(65)
    (found,) = await world.found()
    assert found.version == "\ufffd]0;x\ufffd[red]v2\ufffd'; DROP TABLE deployment--"
    metrics.running = {"pod-3": ("v3", float("nan"))}
    await world.pass_time(65)
    assert [one.version for one in await world.found()][1:] == ["v3"]


async def test_the_commits_are_read_once_a_deployment_is_recorded(
    store: Store, metrics: VersionedMetrics, tmp_path: Path
) -> None:
    """What the metrics show and what a pipeline reports both get the commits since the version before."""
    payments = tmp_path / "payments"
    payments.mkdir()
    for line in (
        "init -q -b main",
        "commit -q --allow-empty -m receipts",
        "tag v1.4.1",
        "commit -q --allow-empty -m tidy",
        "commit -q --allow-empty -m loop",
        "tag v1.4.2",
    ):
        names = {
            f"GIT_{who}_{what}": "alice"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        subprocess.run(["git", *line.split()], cwd=payments, check=True, env=os.environ | names)
    world = Watched(store, metrics, repositories={"payments-api": payments})
    await world.pass_time(10)
    first = Deployment(
        SafeText("payments-api"), START - timedelta(days=1), version=SafeText("v1.4.1")
    )
    await store.write(deployments.record, first)
    metrics.running = {"pod-2": ("v1.4.2", unix(50))}
    await world.wait_for(lambda found: len(found) == 2 and all(one.commits for one in found))
    before, after = await world.found()
    assert [commit.subject for commit in before.commits] == ["receipts"]
    assert [commit.subject for commit in after.commits] == ["loop", "tidy"]
    assert (after.by, after.commit_count, after.note) == ("alice", 2, "")
    await store.write(
        deployments.record,
        Deployment(SafeText("payments-api"), world.clock.now(), version=SafeText("v9")),
    )
    await world.wait_for(lambda found: len(found) == 3 and bool(found[2].note))
    assert "has no commit for v9" in (await world.found())[2].note


async def test_the_demo_deploys_its_story(store: Store) -> None:
    """The bad version was there two minutes before the impact, its fix comes later, each once."""
    clock = TurnedClock()
    source = SimulatedSource(SimulatedClock(START, 60))
    for _ in range(2):
        engine = Engine(
            store=store,
            setup=SETUP,
            clock=clock,
            holder="demo",
            metric_sources=(source,),
            alert_sources=(source,),
            deployments=Deployments(),
        )
        clock.turn(20)
        for _ in range(40):
            clock.turn(1)
            await cycle.beat(engine)
            if any(poll.task for poll in engine.polls):
                await asyncio.sleep(0)
        for poll in engine.polls:
            await poll.cancel()
    found = await store.read(
        deployments.load_recent, ("payments-api",), START - timedelta(days=8), clock.now()
    )
    assert [(one.version, one.short_commit, one.by) for one in found] == [
        ("v1.4.4", "4e91c0a", "alice"),
        ("v1.4.3", "b7d20f3", "john"),
        ("v1.4.2", "4e91c0a", "alice"),
        ("v1.4.1", "7ac14d2", "sam"),
    ]
    assert [one.subject for one in found][2] == "retry loop"


@pytest.fixture
async def source(prometheus: PrometheusServer) -> AsyncIterator[PrometheusSource]:
    """A client of a real Prometheus."""
    made = PrometheusSource(HttpClient(HttpSettings(url=prometheus.url)))
    yield made
    await made.close()


class HurriedClock(RealClock):
    """The real time, in which a minute is over whenever the test says so."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.skipped


async def test_a_real_prometheus_shows_a_version_and_a_restart(
    store: Store,
    prometheus: PrometheusServer,
    metric_target: MetricTarget,
    source: PrometheusSource,
) -> None:
    """The default queries find the application's version, its commit and its start, and nothing of Go's."""
    began = RealClock().now().timestamp() - 300
    jobs = ("payments-api", "pay.ments|worker")

    def run(version: str, start: float) -> None:
        metric_target.set(BUILD, 1, version=version, revision=f"{version}-commit")
        metric_target.set(BEGAN, start)

    metric_target.set("go_build_info", 1, version="v0.0.0-1")
    run("v1.4.1", began)
    prometheus.targets = {job: [metric_target.address] for job in jobs}
    prometheus.reload()
    prometheus.wait_for(f"count({BEGAN})", lambda n: n == len(jobs))
    clock = HurriedClock()
    engine = Engine(
        store=store,
        setup=SETUP,
        clock=clock,
        holder="engine",
        metric_sources=(source,),
        alert_sources=(),
        deployments=Deployments(watch_jobs(jobs)),
    )

    async def look() -> list[Deployment]:
        clock.skipped += 61
        await cycle.beat(engine)
        assert engine.deployments is not None
        tasks = [poll.task for poll in engine.deployments.looks if poll.task is not None]
        await asyncio.wait(tasks)
        await cycle.beat(engine)
        now = clock.now() + timedelta(minutes=1)
        return list(
            await store.read(deployments.load_recent, (jobs[-1],), now - timedelta(days=1), now)
        )

    async def look_for(count: int) -> list[Deployment]:
        """Look until so many are recorded: a scrape that a busy machine misses shows nothing."""
        async with asyncio.timeout(60):
            while len(found := await look()) < count:
                await asyncio.sleep(0.1)
        return found

    assert await look() == []
    metric_target.drop(BUILD, version="v1.4.1", revision="v1.4.1-commit")
    metric_target.drop("go_build_info", version="v0.0.0-1")
    metric_target.set("go_build_info", 1, version="v0.0.0-2")
    run("v1.4.2", began + 100)
    prometheus.wait_for(f'count({BUILD}{{version="v1.4.2"}})', lambda n: n == len(jobs))
    prometheus.wait_for(f"count({BUILD})", lambda n: n == len(jobs))
    prometheus.wait_for(f"min({BEGAN})", lambda start: abs(start - began - 100) < 1)
    (deployed,) = await look_for(1)
    assert (deployed.kind, deployed.version, deployed.commit) == (
        "version seen",
        "v1.4.2",
        "v1.4.2-commit",
    )
    assert deployed.at == datetime.fromtimestamp(int(began + 100), UTC)
    run("v1.4.2", began + 200)
    prometheus.wait_for(f"min({BEGAN})", lambda start: abs(start - began - 200) < 1)
    restarted, before = await look_for(2)
    assert (restarted.kind, restarted.at) == (
        "restart",
        datetime.fromtimestamp(int(began + 200), UTC),
    )
    assert restarted.note == metric_target.address
    assert before == deployed
    assert len(await look()) == 2
    async with asyncio.timeout(60):
        while not (read := await read_instances(source, watch_jobs(jobs[:1]), clock.now())):
            await asyncio.sleep(0.1)
    (only,) = read
    assert (only.service, [build.version for build in only.builds]) == ("payments-api", ["v1.4.2"])
    for poll in engine.polls:
        await poll.cancel()


def test_the_page_names_the_default_queries() -> None:
    """docs/configuration.md shows what is asked, to the letter."""
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    watch = watch_jobs(("payments-api",))
    assert f"\n{watch.versions}\n{watch.starts}\n" in page
    assert watch_jobs((), "mine") == Watch("mine", "")
    assert watch_jobs(()) == Watch()
