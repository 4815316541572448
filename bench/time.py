"""R16: whatever clocks do, one person is on call, each level is paged once, in order, in its time.

Three looks: every minute around the changes of the clock in zones of each kind; escalations through
wall clocks that jump both ways, hosts that sleep and engines that are killed; a month of alerts on a
clock that is turned by hand. What was paged is compared with what a policy's elapsed time asks for.
"""

import asyncio
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.paging.world import World, team

from bench.figure import Figure, Size, script
from opsdash.domain.page import PageKind
from opsdash.domain.rotation import WEEKDAYS
from opsdash.domain.schedule import Person, Schedule, on_call
from opsdash.domain.setup import Setup
from opsdash.domain.shift_change import HandoffNotice
from opsdash.domain.text import clean
from opsdash.engine import relay
from opsdash.store.lease import LENGTH
from opsdash.store.session import Store, open_store

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Chatham",
    "UTC",
)
"""An hour's change north, one by another rule, half an hour's, none at a half-hour offset, odd, none."""

LEVELS = (("john", 0.0), ("maria", 300.0), ("priya", 900.0), ("chen", 1800.0))
"""Whose pager rings how many seconds after the page, where nobody takes it."""

STEP = 10.0
SLACK = 25.0
"""Seconds by which a page may be later than its time: two beats of the trial, and a look at the sources."""

REPEAT = 1800.0
"""Seconds after which what nobody takes is paged again: a page sooner than that is one too many."""

LENGTH_OF_TRIAL = 2640.0
HOUR = 3600.0
ASLEEP = 8 * HOUR


@dataclass(slots=True)
class Verdict:
    """What was found wrong, one line each, and how much was looked at."""

    missed: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    pages: int = 0
    trials: int = 0

    @property
    def faults(self) -> list[str]:
        """Everything that is wrong."""
        return [*self.missed, *self.doubled, *self.skipped, *self.late, *self.wrong]


@dataclass(frozen=True, slots=True)
class Rung:
    """One page as it left: which level, to whose pager, and how many seconds had passed by then."""

    level: int
    pager: str
    elapsed: float


def judge(name: str, rungs: list[Rung], passed: list[float], verdict: Verdict) -> None:
    """Compare the pages of one alert with its policy; `passed` are moments from which time was seen.

    A level is due at its time, or at the first moment after it at which the host was awake, and
    stayed awake for as long as a page may take.
    """
    ended = passed[-1]
    verdict.trials += 1
    verdict.pages += len(rungs)
    for number, (pager, due) in enumerate(LEVELS, start=1):
        found = [rung for rung in rungs if rung.level == number]
        seen = _noticed(passed, due)
        if seen is None or seen + SLACK > ended:
            continue
        if not found:
            verdict.missed.append(f"{name}: level {number} was not paged")
            continue
        if any(after.elapsed - one.elapsed < REPEAT for one, after in pairwise(found)):
            verdict.doubled.append(f"{name}: level {number} was paged {len(found)} times")
        late = found[0].elapsed - seen
        if late > SLACK or found[0].elapsed < due - 2.5:
            verdict.late.append(f"{name}: level {number} came {late:+.0f} s from its time")
        if number > 1 and found[0].pager != pager:
            verdict.wrong.append(f"{name}: level {number} reached {found[0].pager}")
    order = [rung.level for rung in rungs]
    if order != sorted(order):
        verdict.skipped.append(f"{name}: levels came as {order}")


def _noticed(passed: list[float], due: float) -> float | None:
    seen = next((moment for moment in passed if moment >= due), None)
    for asleep, awake in pairwise(passed):
        if seen is not None and awake - asleep > SLACK and seen <= asleep < seen + SLACK:
            seen = awake
    return seen


def rota(zone: str) -> Setup:
    """Return the guide's team with two people who take turns by the day, in a zone."""
    plain = team(handoff=HandoffNotice.NONE)
    turns = {day: ("john", "sarah")[number % 2] for number, day in enumerate(WEEKDAYS)}
    primary = Schedule("primary", zone, time(9), (turns,))
    people = (*plain.people, Person("sarah", clean("Sarah"), notify=("sarah",)))
    notifiers = (*(n for n in plain.paging.notifiers if n != "channel"), "sarah")
    paging = replace(plain.paging, notifiers=notifiers)
    return replace(plain, people=people, schedules=(primary,), paging=paging)


class Trial:
    """One world, in which the seconds that truly pass are counted beside what its clocks say."""

    def __init__(self, store: Store, setup: Setup, begins: datetime) -> None:
        self.world = World(store, setup)
        self.world.clock.at = begins
        self.elapsed = 0.0
        self.passed: list[float] = []
        self.rungs: list[Rung] = []
        self._engines = 1

    async def live(self, seconds: float, key: str = "") -> None:
        """Let time pass while the engine is at work, and note what is paged about `key`."""
        left = seconds
        while left > 0:
            step = min(STEP, left)
            await self.world.turn(step, step)
            self.elapsed += step
            left -= step
            self._note(key)

    def _note(self, key: str) -> None:
        self.passed.append(self.elapsed)
        for name, pager in self.world.pagers.items():
            for page, _, _ in pager.sent:
                if page.kind is PageKind.TRIGGER and page.key.startswith(key or "-"):
                    self.rungs.append(Rung(page.level, name, self.elapsed))
            pager.sent.clear()

    def sleep(self, seconds: float) -> None:
        """The host is suspended: time passes unseen."""
        self.world.clock.suspend(seconds)
        self.elapsed += seconds

    def begin_anew(self) -> None:
        """The engine is killed; another is started at once."""
        self._engines += 1
        self.world.engine = self.world.start_engine(f"engine {self._engines}")

    def first(self) -> None:
        """Count the time from now on."""
        self.elapsed = 0.0
        self.passed, self.rungs = [0.0], []


async def climb_once(store: Store, name: str, chance: random.Random) -> tuple[Trial, str]:
    """Let an alert climb its policy while clocks do what chance has them do."""
    zone = chance.choice(ZONES)
    day = chance.choice(changes_of(zone, 2025))
    begins = datetime.combine(day, time(chance.randrange(24)), UTC)
    one = Trial(store, rota(zone), begins)
    await one.live(STEP)
    key = one.world.alerts.fire(name)
    one.first()
    events = sorted(chance.uniform(30, 2500) for _ in range(chance.randint(1, 3)))
    slept = False
    for event in events:
        if one.elapsed >= LENGTH_OF_TRIAL or event <= one.elapsed:
            continue
        await one.live(event - one.elapsed, key)
        what = chance.choice(("ahead", "back", "asleep", "killed"))
        if what == "asleep" and not slept:
            slept = True
            one.sleep(ASLEEP)
        elif what == "killed":
            one.begin_anew()
        else:
            one.world.clock.set_wall(HOUR if what == "ahead" else -HOUR)
    rest = 2 * LENGTH.total_seconds() + 2 * SLACK if slept else LENGTH_OF_TRIAL - one.elapsed
    await one.live(max(rest, 2 * LENGTH.total_seconds()), key)
    await relay.cancel(one.world.engine)
    return one, zone


def climbs(trials: int, seed: int = 16) -> Verdict:
    """Judge escalations through jumps both ways, sleep and kills."""

    async def run() -> Verdict:
        verdict, chance = Verdict(), random.Random(seed)
        for number in range(trials):
            with tempfile.TemporaryDirectory() as folder:
                store = await open_store(Path(folder) / "ops.db", checkpoints=True)
                one, zone = await climb_once(store, f"Trial{number}", chance)
                judge(f"trial {number} in {zone}", one.rungs, one.passed, verdict)
                await store.close()
        return verdict

    return asyncio.run(run())


def month(alerts: int, seed: int = 16, zone: str = "Europe/Berlin") -> Verdict:
    """Judge the alerts of a month in which the clock changes, people sleep and wall clocks are set."""

    async def run() -> Verdict:
        verdict, chance = Verdict(), random.Random(seed)
        with tempfile.TemporaryDirectory() as folder:
            store = await open_store(Path(folder) / "ops.db", checkpoints=True)
            setup = rota(zone)
            one = Trial(store, setup, datetime(2025, 10, 6, tzinfo=UTC))
            await one.live(STEP)
            for number in range(alerts):
                one.world.clock.turn(30 * 24 * HOUR / alerts - LENGTH_OF_TRIAL)
                await one.live(4 * STEP)
                await _one_of_the_month(one, f"Alert{number}", chance, verdict)
            await relay.cancel(one.world.engine)
            await store.close()
        return verdict

    return asyncio.run(run())


async def _one_of_the_month(one: Trial, name: str, chance: random.Random, verdict: Verdict) -> None:
    world = one.world
    key = world.alerts.fire(name)
    one.first()
    (shift,) = on_call(world.setup.schedules[0], world.clock.now())
    until = chance.choice((120.0, 700.0, 1900.0))
    await one.live(until / 2, key)
    if chance.random() < 0.4:
        world.clock.set_wall(chance.choice((HOUR, -HOUR)))
    if chance.random() < 0.2:
        one.begin_anew()
    await one.live(until / 2 + 2 * SLACK, key)
    judge(name, one.rungs, one.passed, verdict)
    first = [rung.pager for rung in one.rungs if rung.level == 1]
    if first != [shift.person]:
        verdict.wrong.append(f"{name}: {shift.person} is on call, paged was {first}")
    world.alerts.resolve(key)
    await one.live(2 * STEP, key)


def changes_of(zone: str, year: int) -> list[date]:
    """Return the days of a year on which the clock of a zone changes; the leap day's eve where none is."""
    clock, found = ZoneInfo(zone), []
    day = date(year, 1, 1)
    while day.year == year:
        after = day + timedelta(days=1)
        offsets = [datetime.combine(d, time(), clock).utcoffset() for d in (day, after)]
        if offsets[0] != offsets[1]:
            found.append(day)
        day = after
    return found or [date(year, 2, 28), date(year, 12, 31)]


def rotas(years: range, every: int = 1) -> tuple[int, list[str]]:
    """Judge who is on call around every change, each `every` minutes; return the cases and faults."""
    faults: list[str] = []
    cases = 0
    for zone in ZONES:
        for year in years:
            for day in (*changes_of(zone, year), date(year, 2, 28)):
                for handoff in (time(9), time(2, 30), time(0)):
                    cases += 1
                    faults += _around(zone, day, handoff, every)
    return cases, faults


def _around(zone: str, day: date, handoff: time, every: int) -> Iterator[str]:
    """Compare a rotation over three days with the wall clock's own boundaries."""
    turns = {name: f"p{number}" for number, name in enumerate(WEEKDAYS)}
    schedule = Schedule("s", zone, handoff, (turns,))
    clock = ZoneInfo(zone)
    days = [day + timedelta(days=n) for n in range(-2, 4)]
    # A time that is skipped moves on by the gap, of one that comes twice the first counts: fold 0.
    edges = [datetime.combine(d, handoff, clock).astimezone(UTC) for d in days]
    at = edges[1]
    handovers, before = 0, ""
    while at < edges[-2]:
        owner = max(n for n, edge in enumerate(edges) if edge <= at)
        people = [shift.person for shift in on_call(schedule, at)]
        if people != [f"p{days[owner].weekday()}"]:
            yield f"{zone} {at:%Y-%m-%d %H:%M}Z, handoff {handoff:%H:%M}: {people} on call"
            return
        handovers += people[0] != before
        before = people[0]
        at += timedelta(minutes=every)
    if handovers != len(edges) - 3:
        yield f"{zone} {day}: handed over {handovers} times"


def measure(size: Size) -> Iterator[Figure]:
    """Measure all three."""
    cases, faults = rotas(range(2024, 2024 + size.of(1, 1, 5)))
    what = f"on call each minute around {cases} clock changes and leap days"
    told = f"{len(faults)} wrong" + (f": {faults[0]}" if faults else "")
    yield Figure("R16", what, "0 wrong", told, not faults)
    for what, verdict in (
        ("escalations through jumps, sleep and kills", climbs(size.of(4, 16, 200))),
        ("alerts of a month on a clock turned by hand", month(size.of(4, 16, 120))),
    ):
        counts = f"{len(verdict.missed)}, {len(verdict.doubled)}, {len(verdict.skipped)}, "
        counts += f"{len(verdict.late)}, {len(verdict.wrong)}"
        first = f": {verdict.faults[0]}" if verdict.faults else ""
        yield Figure(
            "R16",
            f"{verdict.trials} {what}",
            "0 missed, doubled, skipped, late, wrong",
            f"{counts} of {verdict.pages} pages{first}",
            not verdict.faults,
        )


if __name__ == "__main__":
    script(measure)
