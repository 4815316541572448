"""Rules of chance over series of chance: promtool, which is Prometheus' own engine, agrees at every evaluation."""

import json
import random
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from opsdash.domain.rules.evaluate import Memory, Outcome, Surroundings, evaluate
from opsdash.domain.rules.rule import AlertRule
from opsdash.domain.sample import Sample
from opsdash.sources.rule_file import load_rule_files
from tests.servers import find_program

STEP = timedelta(seconds=15)
STEPS = 48
RULES = 40
BEGIN = datetime.fromtimestamp(0, UTC)

Word = float | None
"""The value of a series at one step; None is one that is not there."""


def _series(dice: random.Random) -> list[Word]:
    """Return a series that stays where it is for a while, now and then leaves for a step, and vanishes."""
    words: list[Word] = []
    while len(words) < STEPS:
        value: Word = dice.choice((1.0, 1.0, 7.0, 7.0, 9.5, 1500.0, None))
        words += [value] * dice.choice((1, 1, 2, 3, 5, 8, 12))
    return words[:STEPS]


def _written(words: list[Word]) -> str:
    """Return a series in promtool's notation: `stale` ends it, and a gap follows."""
    found: list[str] = []
    for at, word in enumerate(words):
        ended = word is None and at > 0 and words[at - 1] is not None
        found.append(f"{word:g}" if word is not None else "stale" if ended else "_")
    return " ".join(found)


def _file(dice: random.Random) -> str:
    lines = ["groups:", "- name: chance", "  interval: 15s", "  rules:"]
    for number in range(RULES):
        hold, kept = dice.choice((0, 15, 30, 45, 75, 120)), dice.choice((0, 0, 15, 30, 60))
        lines += [
            f"  - alert: R{number}",
            f'    expr: x{{rule="{number}"}} > 5',
            f"    for: {hold}s",
            *([f"    keep_firing_for: {kept}s"] if kept else []),
            "    labels: {severity: '{{ if gt $value 100.0 }}critical{{ else }}warning{{ end }}'}",
            "    annotations: {said: '{{ $labels.shard }} at {{ $value | humanize }}'}",
        ]
    return "\n".join(lines) + "\n"


def _lives(
    rules: tuple[AlertRule, ...], world: dict[tuple[int, str], list[Word]]
) -> list[dict[str, Memory]]:
    """Return what each rule remembers after each step."""
    memories = {rule.name: Memory() for rule in rules}
    lives = []
    for step in range(STEPS):
        at = BEGIN + step * STEP
        for number, rule in enumerate(rules):
            samples = tuple(
                Sample(word, at, {"__name__": "x", "rule": str(number), "shard": shard})
                for (of, shard), words in world.items()
                if of == number and (word := words[step]) is not None and word > 5
            )
            before = memories[rule.name]
            memories[rule.name] = evaluate(rule, before, Outcome(samples), at, Surroundings())
        lives.append(dict(memories))
    return lives


def _proof(world: dict[tuple[int, str], list[Word]], lives: list[dict[str, Memory]]) -> object:
    """Return promtool's test that each step is as opsdash lives it."""
    series = [
        {"series": f'x{{rule="{rule}",shard="{shard}"}}', "values": _written(words)}
        for (rule, shard), words in world.items()
    ]
    queries, alerts = [], []
    for step, memories in enumerate(lives):
        time = f"{step * 15}s"
        shown = [(name, a) for name, memory in memories.items() for a in memory.active.values()]
        told = [(a, "firing" if a.fired_at else "pending") for _, a in shown]
        for query, samples in (
            ("ALERTS", [({**a.labels, "alertstate": state}, 1.0) for a, state in told]),
            ("ALERTS_FOR_STATE", [(dict(a.labels), a.active_at.timestamp()) for a, _ in told]),
        ):
            expected = [
                {"labels": _selector(query, labels), "value": value} for labels, value in samples
            ]
            queries.append({"expr": query, "eval_time": time, "exp_samples": expected})
        for name in memories:
            firing = [a for of, a in shown if of == name and a.fired_at]
            expected_alerts = [
                {
                    "exp_labels": {n: t for n, t in a.labels.items() if n != "alertname"},
                    "exp_annotations": dict(a.annotations),
                }
                for a in firing
            ]
            alerts.append({"eval_time": time, "alertname": name, "exp_alerts": expected_alerts})
    test = {
        "interval": "15s",
        "input_series": series,
        "promql_expr_test": queries,
        "alert_rule_test": alerts,
    }
    return {"rule_files": ["rules.yml"], "evaluation_interval": "15s", "tests": [test]}


def _selector(name: str, labels: dict[str, str]) -> str:
    return name + "{" + ",".join(f"{n}={json.dumps(t)}" for n, t in sorted(labels.items())) + "}"


@pytest.mark.servers
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_promtool_agrees_at_every_evaluation(seed: int, tmp_path: Path) -> None:
    """State, beginning, labels and annotations of forty rules, with `for` and `keep_firing_for`, over gaps."""
    dice = random.Random(seed)
    (tmp_path / "rules.yml").write_text(_file(dice))
    (group,) = load_rule_files(["rules.yml"], tmp_path)
    world = {(rule, shard): _series(dice) for rule in range(RULES) for shard in "ab"}
    lives = _lives(group.rules, world)
    (tmp_path / "proof.yml").write_text(json.dumps(_proof(world, lives)))
    done = subprocess.run(
        [find_program("promtool", "prometheus"), "test", "rules", "proof.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[:3000]
    active = [a for memories in lives for m in memories.values() for a in m.active.values()]
    assert sum(a.fired_at is None for a in active) > 100
    assert sum(a.kept_since is not None for a in active) > 20
