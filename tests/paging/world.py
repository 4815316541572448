"""A team with pagers on a hand-cranked clock: alerts go in, messages come out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from opsdash.domain.alert import Alert, AlertState, Observation
from opsdash.domain.climb import Climb
from opsdash.domain.labels import fingerprint
from opsdash.domain.maintenance import holding
from opsdash.domain.next_step import NextStep
from opsdash.domain.page import Page, PageKind
from opsdash.domain.schedule import Person, Schedule
from opsdash.domain.setup import PagingSetup, Setup
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor
from opsdash.domain.upcoming import next_step
from opsdash.engine import relay
from opsdash.engine.cycle import beat
from opsdash.engine.engine import Engine
from opsdash.notifiers.notifier import NotifierError, Receipt
from opsdash.sources.source import AlertReport
from opsdash.store import alerts, climbs, entries, maintenance, outbox, overrides
from opsdash.store.outbox import Letter
from opsdash.store.session import Store, open_store

MONDAY = datetime(2025, 12, 22, 14, 0, tzinfo=UTC)
"""The guide's day: John is on call."""

SARAH = Actor(clean("sarah"))


class HandClock:
    """Moves when it is told to."""

    def __init__(self, at: datetime = MONDAY) -> None:
        self.at = at
        self.moved = 1000.0
        self.awake_or_not = 5000.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.moved

    def since_boot(self) -> tuple[str, timedelta]:
        return "boot", timedelta(seconds=self.awake_or_not)

    def turn(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.moved += seconds
        self.awake_or_not += seconds

    def suspend(self, seconds: float) -> None:
        """The host sleeps: its monotonic clock stands still, the others do not."""
        self.at += timedelta(seconds=seconds)
        self.awake_or_not += seconds

    def set_wall(self, seconds: float) -> None:
        """Somebody sets the wall clock ahead or back; no time passes."""
        self.at += timedelta(seconds=seconds)


class Alerts:
    """An alert source that shows what the test says."""

    id = "alerts"
    kind = "test"

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock
        self.shown: dict[str, Observation] = {}
        self.hanging = False

    def fire(self, name: str, **labels: str) -> str:
        """Show a firing alert from now on; return its fingerprint."""
        given = {"alertname": name, "severity": "critical", "job": "payments-api"} | labels
        key = fingerprint(given)
        self.shown[key] = Observation(
            key,
            {k: clean(v) for k, v in given.items()},
            {"summary": clean(f"{name} is bad")},
            AlertState.FIRING,
            fired_at=self._clock.now(),
        )
        return key

    def pend(self, name: str, seconds: float, **labels: str) -> str:
        """Show an alert whose condition has begun, and that fires after so many seconds."""
        key, now = self.fire(name, **labels), self._clock.now()
        self.shown[key] = replace(
            self.shown[key],
            state=AlertState.PENDING,
            active_at=now,
            fired_at=None,
            fires_at=now + timedelta(seconds=seconds),
        )
        return key

    def silence(self, key: str) -> None:
        self.shown[key] = replace(self.shown[key], silenced_by=("s1",))

    def resolve(self, key: str) -> None:
        del self.shown[key]

    async def alerts(self, now: datetime) -> AlertReport:
        if self.hanging:
            await asyncio.Event().wait()
        return AlertReport(tuple(self.shown.values()))

    async def close(self) -> None:
        pass


class Pager:
    """A notifier that keeps what it accepts, and refuses when it is told to."""

    kind = "test"

    def __init__(self, id: str) -> None:
        self.id = id
        self.sent: list[tuple[Page, str, str]] = []
        self.refusing: NotifierError | None = None
        self.tries = 0
        self.hanging = False
        self._answers = asyncio.Event()

    def answer(self) -> None:
        """Hang no more, and take what waits for an answer."""
        self.hanging = False
        self._answers.set()

    async def send(self, page: Page, address: str, thread: str) -> Receipt:
        self.tries += 1
        if self.hanging:
            await self._answers.wait()
        if self.refusing is not None:
            raise self.refusing
        self.sent.append((page, address, thread))
        return Receipt(SafeText("accepted"), thread=f"thread-{self.id}")

    async def close(self) -> None:
        pass

    def told(self, kind: PageKind) -> list[Page]:
        return [page for page, _, _ in self.sent if page.kind is kind]


def team(**paging: object) -> Setup:
    """Return the guide's team, each person with a pager of their own, and a channel for all."""
    notifiers = ("john", "maria", "priya", "chen", "channel")
    return Setup(
        refresh=timedelta(seconds=1),
        people=(
            Person("john", clean("John"), notify=("john",)),
            Person("tech-lead", clean("Maria"), notify=("maria",)),
            Person("pm", clean("Priya"), notify=("priya",)),
            Person("ceo", clean("Chen"), notify=("chen",)),
        ),
        schedules=(
            Schedule("primary", "UTC", time(9), ({"mon": "john"},), notify=("channel:#incidents",)),
            Schedule("database", "UTC", time(9), ({"mon": "tech-lead"},)),
        ),
        paging=replace(
            PagingSetup(notifiers=notifiers, group_wait=timedelta(0)),
            **paging,  # type: ignore[arg-type]
        ),
    )


def of_one_level(setup: Setup) -> Setup:
    """Return the setup with a policy that ends at the on-call engineer: nothing climbs."""
    policy = replace(setup.policy, levels=setup.policy.levels[:1])
    return replace(setup, policies=(policy,))


class World:
    """One engine over a real store, its alerts and its pagers."""

    def __init__(self, store: Store, setup: Setup) -> None:
        self.store = store
        self.setup = setup
        self.clock = HandClock()
        self.alerts = Alerts(self.clock)
        self.pagers = {name: Pager(name) for name in setup.paging.notifiers}
        self.engine = self.start_engine()

    def start_engine(self, holder: str = "engine") -> Engine:
        """Return another engine over the same store: the one before is as good as killed."""
        return Engine(
            store=self.store,
            setup=self.setup,
            clock=self.clock,
            holder=holder,
            metric_sources=(),
            alert_sources=(self.alerts,),
            notifiers=self.pagers,
        )

    async def turn(self, seconds: float = 1.0, step: float = 1.0) -> None:
        """Let time pass, the engine beating all the while, until nothing is left to settle."""
        left = seconds
        while left > 0:
            self.clock.turn(min(step, left))
            left -= step
            await self.settle()

    async def settle(self) -> None:
        """Beat until what is under way has ended and been written, but for what hangs."""
        for _ in range(4):
            await beat(self.engine)
            waits = [
                task
                for task in self.engine.under_way
                if not self.alerts.hanging and not any(p.hanging for p in self.pagers.values())
            ]
            if waits:
                await asyncio.wait(waits, timeout=60)
            else:
                await asyncio.sleep(0)

    async def alert(self, key: str) -> Alert:
        """Return the newest occurrence of an alert."""
        number = await self.store.read(alerts.last_occurrence, key)
        found = await self.store.read(alerts.load, f"{key}/{number}")
        assert found is not None
        return found

    async def climb(self, key: str) -> Climb:
        """Return how far the newest occurrence of an alert is on its policy."""
        found = await self.store.read(climbs.load, (await self.alert(key)).id)
        assert found is not None
        return found

    async def next(self, key: str) -> NextStep:
        """Return what happens next to an alert, as every screen says it."""
        alert, now = await self.alert(key), self.clock.now()
        climb = await self.store.read(climbs.load, alert.id)
        setup = await self.store.read(overrides.overridden, self.engine.setup, now)
        windows = await self.store.read(maintenance.load_since, now)
        return next_step(alert, climb, setup, now, holding(windows, alert, now))

    def paged(self, *names: str) -> list[int]:
        """Return how many pages each of these pagers got."""
        return [len(self.pagers[name].told(PageKind.TRIGGER)) for name in names]

    async def letters(self) -> Sequence[Letter]:
        """Return every message, oldest first."""
        return (await self.store.read(outbox.load_newest, 1000))[::-1]

    async def story(self, key: str) -> str:
        """Return what the alert's timeline says, one line an entry."""
        told = await self.store.read(entries.load_of_alert, (await self.alert(key)).id)
        return "\n".join(f"{entry.by}: {entry.text}" for entry in told)


@asynccontextmanager
async def begun(folder: Path) -> AsyncIterator[World]:
    """Give the guide's team with nothing firing, its engine begun, on a store in `folder`."""
    store = await open_store(folder / "ops.db", checkpoints=True)
    world = World(store, team())
    await world.turn()
    yield world
    await relay.cancel(world.engine)
    await store.close()
