"""`opsdash status --live`: the rules are judged as well, once, and nothing stays of it."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.kit.team import Team
from tests.kit.waiting import wait_for_equal
from tests.servers import PrometheusServer

RULES = """
groups:
- name: payments
  interval: 5s
  rules:
  - {alert: AtOnce, expr: g > 5, labels: {severity: critical}}
  - {alert: Lasting, expr: g > 5, for: 2m, labels: {severity: warning}}
  - {alert: NotYet, expr: g > 5, for: 10m, labels: {severity: warning}}
  - {alert: Quiet, expr: g > 100, labels: {severity: critical}}
"""


@pytest.fixture
def judged(tmp_path: Path, prometheus: PrometheusServer) -> Team:
    """A team whose Prometheus has four minutes of a series above a threshold, and rules about it."""
    begun = time.time() - 240
    points = [(begun + 5 * n, 7.0) for n in range(49)]
    prometheus.push_series([({"__name__": "g", "job": "j"}, points)])
    prometheus.wait_for("g == 7")
    made = Team(
        tmp_path,
        f'rule_files = ["rules.yml"]\n[prometheus]\nurl = "{prometheus.url}"\n'
        f'[store]\nurl = "sqlite:///{tmp_path / "ops.db"}"\n',
    )
    (tmp_path / "rules.yml").write_text(RULES)
    return made


def _looked(team: Team) -> dict[str, Any]:
    done = team.run("status", "--live", "--format", "json")
    assert "Traceback" not in done.stderr
    shape: dict[str, Any] = json.loads(done.stdout)
    return shape


def test_rules_are_judged_with_what_for_needs_of_the_past(judged: Team) -> None:
    """One look says what fires since when and what pends, as an engine that always ran would."""

    def shown() -> tuple[str, dict[str, str]]:
        shape = _looked(judged)
        states = {alert["labels"]["alertname"]: alert["state"] for alert in shape["alerts"]}
        return shape["status"], states

    # A look waits six seconds at the most, which the busiest machine may take for less than all.
    states = {"AtOnce": "firing", "Lasting": "firing", "NotYet": "pending"}
    wait_for_equal(shown, ("critical", states))
    assert not (judged.folder / "ops.db").exists()


def test_a_rule_file_with_a_mistake_is_named_and_the_rest_is_shown(judged: Team) -> None:
    """The figures come all the same; what no rule says is no all-clear."""
    (judged.folder / "rules.yml").write_text(RULES.replace("expr: g > 5, for: 2m", "for: 2m"))
    shape = _looked(judged)
    (problem,) = [p["text"] for p in shape["problems"] if "rule" in p["text"]]
    assert "no rule is judged" in problem
    assert "rules.yml:" in problem
    assert shape["alerts"] == []
    assert shape["status"] != "healthy"
