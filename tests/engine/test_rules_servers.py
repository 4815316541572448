"""The same rule file in a real Prometheus and in opsdash, over the same data, side by side."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from opsdash.domain.alert import AlertState
from opsdash.domain.rules.rule import RuleState, RuleView
from opsdash.domain.setup import Setup
from opsdash.engine.cycle import run
from opsdash.engine.engine import Engine
from opsdash.engine.rules import Rules
from opsdash.http.client import HttpClient
from opsdash.http.settings import HttpSettings
from opsdash.runtime import RealClock
from opsdash.sources.prometheus import PrometheusSource
from opsdash.sources.rule_file import load_rule_files
from opsdash.sources.vector import QueryError
from opsdash.store import rules as stored
from opsdash.store.session import open_store
from tests.servers import (
    AlertmanagerServer,
    MetricTarget,
    PrometheusServer,
    VictoriaMetrics,
    eventually,
    read_json,
)

RULES = r"""
groups:
- name: side by side
  interval: 500ms
  rules:
  - alert: High
    expr: g > 5
    for: 2s
    labels:
      severity: '{{ if gt $value 10.0 }}critical{{ else }}warning{{ end }}'
      shard: '{{ $labels.shard | toUpper }}'
    annotations:
      summary: '{{ $labels.shard }} at {{ $value | humanize }} of {{ len $labels }} labels'
      all: '{{ range $k, $v := $labels }}{{ if ne $k "instance" }}{{ $k }}={{ $v }};{{ end }}{{ end }}'
      wrong: '{{ $labels.shard | humanize }}'
  - alert: Kept
    expr: g{shard="a"} > 5
    keep_firing_for: 1s
  - alert: AtOnce
    expr: g == 7
  - alert: Same
    expr: g > 100
    labels: {shard: all}
  - alert: Nothing
    expr: nosuch > 5
    for: 1s
  - alert: Down
    expr: up == 0
    for: 1s
- name: limited
  interval: 500ms
  limit: 1
  rules:
  - alert: Limited
    expr: g > 0
"""

States = dict[tuple[tuple[str, str], ...], str]
"""The state of each alert by its labels."""


class _Beside:
    """An engine that evaluates rules of a server, in this event loop."""

    def __init__(self, engine: Engine, source: PrometheusSource) -> None:
        self.engine = engine
        self.source = source

    def states(self) -> States:
        """Return what the engine's own rules show now."""
        return {
            tuple(sorted(a.labels.items())): a.state.value for a in self.engine.open_alerts.values()
        }

    def annotations(self) -> dict[str, dict[str, str]]:
        """Return the annotations of the alerts by name and shard."""
        return {_name(a.labels): dict(a.annotations) for a in self.engine.open_alerts.values()}

    async def views(self) -> dict[str, RuleView]:
        """Return the rules screen's rows."""
        return {v.name: v for v in await self.engine.store.read(stored.load_views)}

    async def wait_for_views(
        self, holds: Callable[[dict[str, RuleView]], bool]
    ) -> dict[str, RuleView]:
        """Return the rules screen's rows once `holds` takes them."""
        async with asyncio.timeout(60):
            while not holds(views := await self.views()):
                await asyncio.sleep(0.05)
        return views


def _name(labels: object) -> str:
    assert isinstance(labels, dict)
    return f"{labels['alertname']} {labels.get('shard', '')}"


@contextlib.asynccontextmanager
async def _beside(
    url: str, folder: Path, text: str = RULES, external_url: str = ""
) -> AsyncIterator[_Beside]:
    (folder / "rules.yml").write_text(text)
    source = PrometheusSource(HttpClient(HttpSettings(url=url)))
    store = await open_store(folder / "opsdash.db", checkpoints=True)
    rules = Rules(load_rule_files(["rules.yml"], folder), source, external_url=external_url)
    engine = Engine(store, Setup(), RealClock(), "beside", (), (), rules=rules)
    stop = asyncio.Event()
    running = asyncio.ensure_future(run(engine, stop))
    try:
        yield _Beside(engine, source)
    finally:
        stop.set()
        await running
        await source.close()
        await store.close()


def _prometheus_states(server: PrometheusServer) -> States:
    return {tuple(sorted(a["labels"].items())): a["state"] for a in server.alerts()}


async def test_states_over_time_are_those_of_a_real_prometheus(
    prometheus: PrometheusServer, metric_target: MetricTarget, tmp_path: Path
) -> None:
    """Through scraped rises and falls, a vanishing series and a dead target a running engine agrees.

    At each turn of the story both show the same alerts in the same states, pending ones too. What
    lies between two looks is compared evaluation by evaluation in test_rules_beside.
    """
    metric_target.set("g", 1, shard="a")
    metric_target.set("g", 2, shard="b")
    prometheus.rules = RULES
    prometheus.reload()
    await asyncio.to_thread(prometheus.wait_for, "count(g) == 2")

    async with _beside(prometheus.url, tmp_path) as beside:

        async def both(what: str, done: Callable[[States], bool]) -> None:
            """Let time pass until both sides are where the story goes on."""

            def look() -> bool:
                theirs, ours = _prometheus_states(prometheus), beside.states()
                return done(theirs) and done(ours) and theirs == ours

            await eventually(look, 60, what, pause=0.05)

        async def seen_pending() -> bool:
            """Let one rise from the quiet; say whether this machine looked while it was pending."""
            metric_target.set("g", 1, shard="a")
            await both("quiet", lambda s: not s)
            metric_target.set("g", 7, shard="a")
            await both("a pends", lambda s: _has(s, "High"))
            return _has(beside.states(), "High", "pending")

        for _ in range(10):
            if await seen_pending():
                break
        else:
            raise AssertionError("never looked within the two seconds of being pending")
        await both("a fires", lambda s: _has(s, "High", "firing"))
        metric_target.set("g", 1500, shard="b")
        await both("b fires as well", lambda s: _count(s, "High", "firing") == 2)
        await eventually(
            lambda: (
                beside.annotations()
                == {_name(a["labels"]): dict(a["annotations"]) for a in prometheus.alerts()}
            )
        )
        metric_target.set("g", 1, shard="a")
        await both("a fell", lambda s: _count(s, "High", "firing") == 1 and not _has(s, "Kept"))
        metric_target.drop("g", shard="b")
        await both("b vanished", lambda s: not _has(s, "High"))
        metric_target.stop()
        await both("down", lambda s: _has(s, "Down", "firing"))
        await beside.wait_for_views(
            lambda views: views["Limited"].state is views["Nothing"].state is RuleState.NO_DATA
        )
        metric_target.start()
        await both("up again", lambda s: not _has(s, "Down"))


def _has(states: States, name: str, state: str = "") -> bool:
    return _count(states, name, state) > 0


def _count(states: States, name: str, state: str = "") -> int:
    return sum(
        ("alertname", name) in key and (not state or found == state)
        for key, found in states.items()
    )


async def test_errors_are_those_of_a_real_prometheus(
    prometheus: PrometheusServer, tmp_path: Path
) -> None:
    """A rule that fails there fails here, for the same reason; the limit and doubled labels too."""
    text = """
groups:
- name: g
  interval: 500ms
  limit: 1
  rules:
  - {alert: Limit, expr: g > 0}
  - {alert: Same, expr: g > 0, labels: {shard: all}}
  - {alert: Match, expr: g * on(job) g}
  - {alert: Text, expr: '"text"'}
  - {alert: Fine, expr: 'g{shard="a"}'}
"""
    now = time.time() - 10
    for shard in "ab":
        prometheus.push("g", 1.0, now, shard=shard, job="j")
    prometheus.rules = text
    prometheus.reload()
    async with _beside(prometheus.url, tmp_path, text) as beside:
        views = await beside.wait_for_views(
            lambda views: len(views) == 5 and all(v.evaluated_at for v in views.values())
        )
        states = {name: view.state for name, view in views.items()}
        assert states.pop("Fine") is RuleState.FIRING
        assert set(states.values()) == {RuleState.ERROR}
        await eventually(lambda: len(_health(prometheus)) == 5 and all(_health(prometheus)), 60)
        theirs = _errors(prometheus)
        for name in ("Limit", "Same", "Text"):
            assert views[name].error == theirs[name]
        # The API says `execution:` before the reason that the rule itself has.
        assert (views["Match"].error or "")[:100].removeprefix("execution: ") in theirs["Match"]


def _rules(server: PrometheusServer) -> list[dict[str, str]]:
    groups = read_json(f"{server.url}/api/v1/rules")["data"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _health(server: PrometheusServer) -> list[bool]:
    return [rule["health"] != "unknown" for rule in _rules(server)]


def _errors(server: PrometheusServer) -> dict[str, str]:
    return {rule["name"]: rule.get("lastError", "") for rule in _rules(server)}


async def test_rules_work_on_victoria_metrics(
    victoria_metrics: VictoriaMetrics, tmp_path: Path
) -> None:
    """The same rules fire on a VictoriaMetrics."""
    text = RULES.replace("for: 2s", "for: 500ms")
    async with _beside(victoria_metrics.url, tmp_path, text) as beside:
        victoria_metrics.push('g{shard="a"} 7\ng{shard="b"} 1\n')
        await eventually(
            lambda: any(
                a.name == "High" and a.state is AlertState.FIRING
                for a in beside.engine.open_alerts.values()
            ),
            60,
        )
        assert beside.annotations()["High A"]["summary"] == "a at 7 of 2 labels"


async def test_a_vector_and_its_past(prometheus: PrometheusServer) -> None:
    """The past of a query is what the query gave then, moment by moment; errors name the query."""
    base = time.time() // 10 * 10
    points = [(base - 60 + 10 * n, float(n)) for n in range(6)]
    prometheus.push_series([({"__name__": "h", "job": "j"}, points)])
    source = PrometheusSource(HttpClient(HttpSettings(url=prometheus.url)))
    try:
        times = tuple(datetime.fromtimestamp(base - 60 + 10 * n, UTC) for n in range(6))
        past = await source.vectors("h > 2", times)
        for at in times:
            now = await source.vector("h > 2", at)
            assert [(s.value, s.labels) for s in past[at]] == [
                (s.value, s.labels) for s in now.samples
            ]
        assert [len(past[at]) for at in times] == [0, 0, 0, 1, 1, 1]
        (scalar,) = (await source.vector("1 + 1", times[0])).samples
        assert (scalar.value, scalar.labels) == (2.0, {})
        for query in ("h[5m]", '"text"'):
            with pytest.raises(QueryError, match="rule result is not a vector or scalar"):
                await source.vector(query, times[0])
        with pytest.raises(QueryError, match="parse error"):
            await source.vector("h{", times[0])
    finally:
        await source.close()


async def test_the_link_of_an_alert_is_that_of_a_real_prometheus(
    metric_target: MetricTarget, alertmanager: AlertmanagerServer, tmp_path: Path
) -> None:
    """Letter by letter what a Prometheus of that external URL gives its Alertmanager."""
    expressions = {
        "Plain": "g > 5",
        "Quoted": 'g{path=~"/a b|ü+%&#?",shard!=""} * 100 >= 5',
        "Joined": "g unless g > 1e+06",
    }
    listed = "".join(f"  - {{alert: {n}, expr: '{e}'}}\n" for n, e in expressions.items())
    text = f"groups:\n- name: g\n  interval: 500ms\n  rules:\n{listed}"
    metric_target.set("g", 7, shard="a", path="/a b")
    outside = "https://metrics.example.com/prom"
    with PrometheusServer(
        tmp_path / "prometheus",
        targets={"app": [metric_target.address]},
        rules=text,
        alertmanagers=[alertmanager.address],
        extra=[f"--web.external-url={outside}", "--web.route-prefix=/"],
    ) as server:
        async with _beside(server.url, tmp_path, text, f"{outside}/") as beside:

            def links() -> tuple[dict[str, str], dict[str, str]]:
                ours = {
                    str(a.name): str(a.generator_url) for a in beside.engine.open_alerts.values()
                }
                told = read_json(f"{alertmanager.url}/api/v2/alerts")
                return {a["labels"]["alertname"]: a["generatorURL"] for a in told}, ours

            await eventually(lambda: all(len(side) == 3 for side in links()), 60)
            theirs, ours = links()
        assert ours == theirs
    asked = {name: parse_qs(urlsplit(link).query)["g0.expr"] for name, link in ours.items()}
    assert asked == {name: [expr] for name, expr in expressions.items()}
