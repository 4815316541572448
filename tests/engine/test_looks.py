"""The figure against the threshold of every rule, whatever its expression is made of."""

from datetime import datetime
from pathlib import Path

from opsdash.domain.rules.deciding import decide
from opsdash.domain.rules.rule import RuleState
from opsdash.domain.sample import Sample
from opsdash.http.client import HttpClient
from opsdash.http.settings import HttpSettings
from opsdash.sources.prometheus import PrometheusSource
from opsdash.sources.rule_file import load_rule_files
from tests.engine.rule_world import RuleWorld
from tests.engine.world import World
from tests.servers import PrometheusServer

ROOT = Path(__file__).parents[2]


def _ruled(world: World, folder: Path, expr: str) -> RuleWorld:
    text = f"groups: [{{name: g, interval: 15s, rules: [{{alert: A, expr: '{expr}'}}]}}]"
    return RuleWorld(world, folder, text)


async def _row(ruled: RuleWorld) -> tuple[str, str, RuleState]:
    view = await ruled.view()
    return view.figure, view.threshold, view.state


async def test_a_threshold_that_is_a_query_is_shown_as_its_figure(
    world: World, tmp_path: Path
) -> None:
    """Inactive and firing alike: a leak's memory against what it was half an hour ago."""
    expr = "mem > 1.02 * past and up_for > 3"
    ruled = _ruled(world, tmp_path, expr)
    assert (await ruled.views()) == {}
    await ruled.live(2)
    assert (await _row(ruled))[1] == "> 1.02 * past and …"
    ruled.source.say("count(mem) or count(past) or count(up_for)", 0)
    ruled.source.say("mem", 0, value=100)
    ruled.source.say("1.02 * past", 0, value=204)
    await ruled.live(60)
    assert await _row(ruled) == ("100", "> 204 and …", RuleState.INACTIVE)
    ruled.source.say(expr, 0, value=300)
    ruled.source.say("mem", 0, value=300)
    await ruled.live(20)
    assert await _row(ruled) == ("300", "> 204 and …", RuleState.FIRING)


async def test_the_branch_that_fires_is_the_one_that_is_shown(world: World, tmp_path: Path) -> None:
    """A gateway that fails and one that nobody probes any more do not look alike."""
    ruled = _ruled(world, tmp_path, "max(probe) == 0 or absent(probe)")
    ruled.source.say("max(probe)", 0, value=1)
    ruled.source.say("count(probe)", 0)
    await ruled.live(60)
    assert await _row(ruled) == ("1", "== 0 or absent", RuleState.INACTIVE)
    ruled.source.say("max(probe) == 0 or absent(probe)", 0, value=0)
    ruled.source.say("max(probe) == 0", 0, value=0)
    await ruled.live(20)
    assert await _row(ruled) == ("0", "== 0", RuleState.FIRING)
    ruled.source.truths.clear()
    ruled.source.say("max(probe) == 0 or absent(probe)", 0, value=1)
    ruled.source.say("absent(probe)", 0, value=1)
    await ruled.live(20)
    assert await _row(ruled) == ("absent", "absent", RuleState.FIRING)
    ruled.source.truths.clear()
    ruled.source.say("max(probe)", 0, value=1)
    ruled.source.say("count(probe)", 0)
    await ruled.live(80)
    assert await _row(ruled) == ("1", "== 0 or absent", RuleState.INACTIVE)


async def test_what_must_be_there_is_present_or_absent(world: World, tmp_path: Path) -> None:
    """A word, and no 1 against nothing."""
    ruled = _ruled(world, tmp_path, "absent(up)")
    ruled.source.say("count(up)", 0)
    await ruled.live(40)
    assert await _row(ruled) == ("present", "absent", RuleState.INACTIVE)
    ruled.source.say("absent(up)", 0)
    await ruled.live(20)
    assert await _row(ruled) == ("absent", "absent", RuleState.FIRING)


async def test_a_rule_without_a_threshold_says_so(world: World, tmp_path: Path) -> None:
    """A watchdog fires on any value; while it has none the figure is none."""
    ruled = _ruled(world, tmp_path, "vector(1)")
    await ruled.live(40)
    assert (await _row(ruled))[:2] == ("none", "any value")
    ruled.source.say("vector(1)", 0)
    await ruled.live(20)
    assert await _row(ruled) == ("1", "any value", RuleState.FIRING)


async def test_looking_costs_a_query_a_minute_and_loses_nothing_where_it_fails(
    world: World, tmp_path: Path
) -> None:
    """A rule whose figure cannot be asked for is judged all the same, with the figure it had."""
    expr = "a > b"
    ruled = _ruled(world, tmp_path, expr)
    ruled.source.say("a", 0, value=3)
    ruled.source.say("b", 0, value=4)
    ruled.source.say("count(a) or count(b)", 0)
    await ruled.live(300)
    asked = [query for query, _ in ruled.source.asked]
    assert asked.count(expr) >= 20
    assert asked.count("a") == asked.count("b") <= 6
    ruled.source.faulty |= {"a", "b"}
    await ruled.live(120)
    assert await _row(ruled) == ("3", "> b", RuleState.INACTIVE)


async def test_every_rule_that_ships_or_is_in_use_can_be_looked_into(
    prometheus: PrometheusServer,
) -> None:
    """A real Prometheus takes each query that is made of an expression, and each has a threshold."""
    source = PrometheusSource(HttpClient(HttpSettings(url=prometheus.url)))
    groups = load_rule_files(
        ["sample_data/rules/payments.yml", "sample_data/rules/opsdash.yml"], ROOT
    ) + load_rule_files(["tests/sources/rule_collections/*.yml"], ROOT)
    rules = [rule for group in groups for rule in group.rules]
    at = datetime.fromtimestamp(1_766_400_000).astimezone()
    seen: list[Sample] = []
    try:
        for rule in rules:
            found = decide(rule.expr)
            assert found, rule.name
            for one in found:
                for query in filter(None, (one.branch, one.figure, one.bound)):
                    seen += (await source.vector(query, at)).samples
    finally:
        await source.close()
    untold = {rule.name for rule in rules if decide(rule.expr)[0].kind == "any"}
    assert untold == {"Watchdog"}
    assert len(rules) > 25
    assert seen
