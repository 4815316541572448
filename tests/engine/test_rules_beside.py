"""One rule file in a real Prometheus and in opsdash, over the same data, compared evaluation by evaluation.

Prometheus records what it shows at each evaluation (`ALERTS`, `ALERTS_FOR_STATE`), and the data is
written ahead, one sample a slot: nothing depends on when this machine finds the time to look. A
machine so slow that Prometheus itself leaves a slot out has the story told again.
"""

import asyncio
import json
import math
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from opsdash.domain.rules.evaluate import ActiveAlert
from opsdash.domain.rules.rule import RuleGroup
from opsdash.domain.sample import Sample
from opsdash.engine import cycle
from opsdash.engine.rules import Rules, slot
from opsdash.http.client import HttpClient
from opsdash.http.settings import HttpSettings
from opsdash.sources.prometheus import PrometheusSource
from opsdash.sources.rule_file import load_rule_files
from opsdash.sources.vector import Vector
from opsdash.store.session import Store
from tests.engine.world import World
from tests.servers import PrometheusServer, eventually, read_json

STEP = 0.4
RULES = r"""
groups:
- name: beside
  interval: 400ms
  rules:
  - alert: High
    expr: g > 5
    for: 1200ms
    keep_firing_for: 800ms
    labels:
      severity: '{{ if gt $value 100.0 }}critical{{ else }}warning{{ end }}'
    annotations:
      summary: '{{ $labels.shard | toUpper }} at {{ $value | humanize }} of {{ len $labels }} labels'
      wrong: '{{ $labels.shard | humanize }}'
  - alert: Told
    expr: g > 5
    labels:
      value: '{{ $value }}'
      said: '{{ $labels.shard | toUpper }} at {{ $value | humanize }}'
  - alert: Slow
    expr: r > 5
    for: 4s
    annotations: {summary: 'r at {{ $value }}'}
  - alert: Always
    expr: vector(1)
"""
"""The last rule marks the slots that were evaluated whole."""

G = {
    "a": "1 1 7 7 1 7 7 7 7 9 1500 1500 1500 1500 1500 1 1 7 1",
    "marked": "1 1 1 7 7 7 7 7 7 8 stale",
    "ended": "1 1 7 7 7 7 7 7 7",
    "flapping": "1 7 1 7 1 7 1 7 7 1 7 7 7 1 7 7 7 7 1",
}
"""The values of `g` at each slot; after the last value of `ended` nothing is written any more.

`a` pends, is reset by one good evaluation, fires, changes its value, becomes another alert by a
label, is kept, and comes back for one evaluation.
"""

_SLOW_BEGINS = 15
_STOPPED_AFTER = 19
_WRITTEN_AHEAD = 300
_STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]

Labels = tuple[tuple[str, str], ...]
Shown = dict[Labels, tuple[str, int]]
"""The alerts at one evaluation: state, and the unix second since when the condition holds."""


class _AsItWas:
    """Answers for moments that have passed: the server's clock does not count."""

    def __init__(self, source: PrometheusSource) -> None:
        self.source = source

    async def vector(self, query: str, at: datetime) -> Vector:
        return await self.source.vector(query, at)

    async def vectors(
        self, query: str, times: tuple[datetime, ...]
    ) -> Mapping[datetime, tuple[Sample, ...]]:
        return await self.source.vectors(query, times)


@dataclass
class _Story:
    """What Prometheus did: the slots that it evaluated, by ms, and what it showed at each."""

    slots: list[int]
    shown: dict[int, Shown]
    stopped_at: int
    began: int
    seen: list[dict[str, Any]] = field(default_factory=list)

    @property
    def before(self) -> list[int]:
        """The slots before the restart."""
        return [at for at in self.slots if at <= self.stopped_at]

    @property
    def after(self) -> list[int]:
        """The slots after the restart."""
        return [at for at in self.slots if at > self.stopped_at]

    @property
    def whole(self) -> bool:
        """Whether nothing but the restart kept Prometheus from a slot."""
        runs = [[at for at in self.before if at >= self.began], self.after]
        return all(
            later - earlier == round(STEP * 1000)
            for run in runs
            for earlier, later in pairwise(run)
        )


def _prometheus(folder: Path) -> PrometheusServer:
    extra = ["--query.lookback-delta=600ms", "--rules.alert.for-grace-period=1ms"]
    return PrometheusServer(folder, rules=RULES, interval="400ms", extra=extra)


def _evaluated(server: PrometheusServer) -> list[int]:
    return [at for at, _ in _record(server, 'ALERTS{alertname="Always"}').get((), [])]


def _record(server: PrometheusServer, query: str) -> dict[Labels, list[tuple[int, float]]]:
    """Return the samples of each series as they were written, in unix ms."""
    form = {"query": f"{query}[1h]"}
    found: dict[Labels, list[tuple[int, float]]] = {}
    for series in read_json(f"{server.url}/api/v1/query", form)["data"]["result"]:
        labels = {n: v for n, v in series["metric"].items() if n != "__name__"}
        if labels.get("alertname") == "Always":
            labels = {}
        found[tuple(sorted(labels.items()))] = [
            (round(float(at) * 1000), float(value)) for at, value in series["values"]
        ]
    return found


def _shown(server: PrometheusServer) -> dict[int, Shown]:
    """Return what Prometheus recorded of its alerts at each slot."""
    # It goes on evaluating: what is asked for later holds all of what was asked for before.
    alerts = _record(server, "ALERTS")
    since = {
        (labels, at): int(value)
        for labels, samples in _record(server, "ALERTS_FOR_STATE").items()
        for at, value in samples
    }
    shown: dict[int, Shown] = {}
    for labels, samples in alerts.items():
        if not labels:
            continue
        state = dict(labels)["alertstate"]
        key = tuple(pair for pair in labels if pair[0] != "alertstate")
        for at, _ in samples:
            shown.setdefault(at, {})[key] = (state, since[key, at])
    return shown


def _write_ahead(server: PrometheusServer, first: int) -> None:
    """Write what every series is from slot `first` on, each sample a moment before its slot."""

    def points(values: Iterator[float]) -> list[tuple[float, float]]:
        return [((first - 50) / 1000 + STEP * n, value) for n, value in enumerate(values)]

    series = [
        (
            {"__name__": "g", "shard": shard},
            points(_STALE if word == "stale" else float(word) for word in words.split()),
        )
        for shard, words in G.items()
    ]
    slow = (7.0 if n >= _SLOW_BEGINS else 1.0 for n in range(_WRITTEN_AHEAD))
    server.push_series([*series, ({"__name__": "r"}, points(slow))])


async def _tell(server: PrometheusServer) -> _Story:
    """Let a Prometheus live through the story, stopped and started in the middle of Slow's `for`."""
    await eventually(lambda: _evaluated(server), 60, "the first evaluation")
    step = round(STEP * 1000)
    first = _evaluated(server)[-1]
    while first < time.time() * 1000 + 2 * step:
        first += step
    await asyncio.to_thread(_write_ahead, server, first)
    late = time.time() * 1000 > first - 50
    seen: list[dict[str, Any]] = []

    def evaluated(last: int) -> Callable[[], bool]:
        def look() -> bool:
            seen.extend(server.alerts())
            return bool(slots := _evaluated(server)) and slots[-1] >= last

        return look

    stops = first + step * _STOPPED_AFTER
    await eventually(evaluated(stops), 60, "the middle of Slow's for", pause=0.05)
    await asyncio.to_thread(server.stop)
    stopped_at = round(time.time() * 1000)
    await asyncio.to_thread(server.start)
    fires = 'ALERTS{alertname="Slow",alertstate="firing"}'
    await eventually(lambda: _record(server, fires), 60, "Slow fires", pause=0.05)
    story = _Story(_evaluated(server), _shown(server), stopped_at, first, seen)
    if late:
        story.slots = story.slots[:1] + story.slots[-1:]
    return story


@asynccontextmanager
async def _opsdash(
    url: str, folder: Path, store: Store, phase: int
) -> AsyncIterator[Callable[[], World]]:
    """Give new engines on one store, whose rules are evaluated at the slots of Prometheus."""
    source = PrometheusSource(HttpClient(HttpSettings(url=url)))
    groups = _in_phase(folder, phase)
    made: list[World] = []

    def engine() -> World:
        world = World(store, holder=f"engine {len(made)}")
        world.engine.rules = Rules(groups, _AsItWas(source))
        made.append(world)
        return world

    try:
        yield engine
    finally:
        for world in made:
            for poll in world.engine.polls:
                await poll.cancel()
        await source.close()


def _in_phase(folder: Path, phase: int) -> tuple[RuleGroup, ...]:
    """Return the same file's rules under a name for which the slots are those of Prometheus."""
    step = timedelta(seconds=STEP)
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=phase)
    (group,) = _rules(folder, "rules.yml")
    for number in range(100_000):
        name = f"rules-{number}.yml"
        renamed = RuleGroup(group.name, str(folder / name), (), step)
        if slot(renamed, moment) == moment:
            return _rules(folder, name)
    raise AssertionError("no name fits")


def _rules(folder: Path, name: str) -> tuple[RuleGroup, ...]:
    (folder / name).write_text(RULES)
    return load_rule_files([name], folder)


async def _live(world: World, slots: list[int]) -> dict[int, dict[Labels, ActiveAlert]]:
    """Evaluate each slot and return the alerts after it."""
    rules = cast(Rules, world.engine.rules)
    remembered: dict[int, dict[Labels, ActiveAlert]] = {}
    for ms in slots:
        at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)
        moment = at + timedelta(milliseconds=100)
        world.clock.turn((moment - world.clock.wall).total_seconds() if remembered else 0.0)
        world.clock.wall = moment

        for _ in range(20):
            await world.beat()
            if rules.polls and rules.polls[0].slot == at:
                break
            if tasks := [poll.task for poll in rules.polls if poll.task is not None]:
                await asyncio.wait(tasks)
        assert rules.polls[0].slot == at
        alerts = [
            alert
            for rule, memory in rules.judged
            for alert in memory.active.values()
            if rule.name != "Always"
        ]
        remembered[ms] = {tuple(sorted(a.labels.items())): a for a in alerts}
    return remembered


def _as_shown(alerts: Mapping[Labels, ActiveAlert]) -> Shown:
    return {
        key: ("firing" if a.fired_at else "pending", math.floor(a.active_at.timestamp()))
        for key, a in alerts.items()
    }


def _as_prometheus_tells(key: Labels, alert: ActiveAlert) -> str:
    """Return an alert as `/api/v1/alerts` has it, but for the letters of its times and figures."""
    state = "firing" if alert.fired_at else "pending"
    at = round(alert.active_at.timestamp() * 1000)
    return json.dumps([dict(key), dict(alert.annotations), state, at, alert.value], sort_keys=True)


def _told(raw: Mapping[str, Any]) -> str:
    at = datetime.fromisoformat(raw["activeAt"])
    ms = (at - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)
    parts = [raw["labels"], raw["annotations"], raw["state"], ms, float(raw["value"])]
    return json.dumps(parts, sort_keys=True)


def _of(shown: Mapping[int, Shown], name: str) -> dict[int, Shown]:
    return {
        at: {key: state for key, state in alerts.items() if ("alertname", name) in key}
        for at, alerts in shown.items()
    }


async def _same_story(tmp_path: Path) -> tuple[_Story, PrometheusServer]:
    """Return a story in which Prometheus left nothing out, and its server, still running."""
    for attempt in range(10):
        server = _prometheus(tmp_path / f"prometheus-{attempt}").start()
        try:
            story = await _tell(server)
            if story.whole:
                return story, server
        except BaseException:
            server.kill()
            raise
        server.kill()
    raise AssertionError("this machine lets Prometheus leave out evaluations every time")


async def test_every_evaluation_is_that_of_a_real_prometheus(store: Store, tmp_path: Path) -> None:
    """State, beginning, value, labels and annotations are the same at every evaluation, pending too.

    Through one good evaluation that resets `for`, `keep_firing_for`, a label that makes another
    alert, a series marked stale and one that ends without a word, and a restart of both in the
    middle of `for`: both go on pending and fire, Prometheus later by the time it was away.
    """
    story, server = await _same_story(tmp_path)
    try:
        async with _opsdash(server.url, tmp_path, store, story.slots[0]) as engine:
            before, after = engine(), None
            remembered = await _live(before, story.before)
            await cycle._stand_down(before.engine)
            after = engine()
            went_on = await _live(after, story.after)
    finally:
        server.kill()

    for at in story.before:
        assert _as_shown(remembered[at]) == story.shown.get(at, {}), (at - story.began) / 1000
    known = {_as_prometheus_tells(*pair) for at in story.before for pair in remembered[at].items()}
    seen = {_told(raw) for raw in story.seen if raw["labels"]["alertname"] != "Always"}
    assert seen <= known
    _assert_it_was_the_story(story, seen)
    _assert_slow_was_restored(story, remembered, went_on)


def _assert_it_was_the_story(story: _Story, seen: set[str]) -> None:
    """See to it that what was compared is what the docstring says."""
    history = {
        shard: [
            "".join(
                {"pending": "p", "firing": "F"}[state]
                for key, (state, _) in story.shown.get(at, {}).items()
                if ("alertname", "High") in key and ("shard", shard) in key
            )
            or "-"
            for at in story.before
            if at >= story.began
        ]
        for shard in G
    }
    told = {shard: " ".join(states[:19]) for shard, states in history.items()}
    assert told == {
        # The critical one pends beside the warning one that is kept.
        "a": "- - p p - p p p F F Fp Fp p F F F F p -",
        "marked": "- - - p p p F F F F F F - - - - - - -",
        "ended": "- - p p p F F F F F F F - - - - - - -",
        "flapping": "- p - p - p - p p - p p p - p p p F F",
    }
    assert sum("A at 1.5k of 2 labels" in one for one in seen) >= 1
    assert sum("error expanding template" in one for one in seen) >= 1


def _assert_slow_was_restored(
    story: _Story,
    before: Mapping[int, Mapping[Labels, ActiveAlert]],
    after: Mapping[int, Mapping[Labels, ActiveAlert]],
) -> None:
    key = (("alertname", "Slow"),)
    begun = story.began + round(STEP * 1000) * _SLOW_BEGINS
    ours = {at: alerts[key] for at, alerts in after.items()}
    theirs = {at: shown[key] for at, shown in _of(story.shown, "Slow").items() if key in shown}
    assert {a.active_at for a in ours.values()} == {before[story.before[-1]][key].active_at}
    # opsdash fires when it would have without the restart.
    fires = next(at for at, alert in ours.items() if alert.fired_at)
    assert fires == max(begun + 4000, story.after[0])
    # Prometheus looks twice before it restores, then counts on from the second at which it began, later
    # by the time it was away: since its last look, which may be after the last that was compared.
    step = round(STEP * 1000)
    settled = [at for at in story.after if at > story.after[1]]
    second = begun // 1000 * 1000
    least = second + story.after[1] - (story.after[0] - step)
    most = second + story.after[1] - story.before[-1] + 2 * step
    assert least // 1000 <= theirs[settled[-1]][1] <= most // 1000
    fired = next(at for at in settled if theirs[at][0] == "firing")
    assert least + 4000 <= fired <= most + 4000 + step
    assert all(theirs[at][0] == "pending" for at in settled if at < fired)
