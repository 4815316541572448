"""Rules as people use them: check names each mistake, the engine refuses them, alerts shows what fires."""

import json
import time
from pathlib import Path
from typing import Any

from tests.cli.conftest import Team
from tests.kit.waiting import wait_for_equal
from tests.servers import PrometheusServer

_CONFIG = """\
rule_files = ["rules.yml"]
default_indicators = false
[store]
url = "sqlite:///{store}"
[prometheus]
url = "{url}"
"""
_RULES = """\
groups:
- name: g
  interval: 1s
  rules:
  - alert: Always
    expr: vector(42)
    annotations: {summary: "{{ $value }} of {{ externalURL }}"}
"""


def _team(folder: Path, url: str, rules: str) -> Team:
    team = Team(folder, _CONFIG.format(store=folder / "ops.db", url=url))
    (folder / "rules.yml").write_text(rules)
    return team


def test_check_names_what_is_wrong_with_rules(tmp_path: Path, prometheus: PrometheusServer) -> None:
    """A mistake in the file and one that only the server sees both come with file and line."""
    team = _team(tmp_path, prometheus.url, _RULES)
    done = team.run("check")
    assert (done.returncode, "1 rule can be read" in done.stdout) == (0, True), done.stdout
    (tmp_path / "rules.yml").write_text(_RULES.replace("vector(42)", "sum(up) by"))
    done = team.run("check")
    assert done.returncode == 1
    assert f"{tmp_path}/rules.yml:5: Always: bad_data" in done.stdout
    (tmp_path / "rules.yml").write_text(_RULES + "  - record: a:b\n    expr: up\n    fro: 1m\n")
    done = team.run("check")
    assert done.returncode == 1
    assert f"{tmp_path}/rules.yml:8: a recording rule: opsdash has nowhere" in done.stdout
    assert f"{tmp_path}/rules.yml:10: unknown key 'fro'" in done.stdout


def test_an_engine_refuses_wrong_rules(tmp_path: Path) -> None:
    """It ends with one line a problem and status 2, and never with a traceback."""
    team = _team(tmp_path, "http://127.0.0.1:1", _RULES + "  - x: 1\n")
    done = team.run("engine")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"opsdash: {tmp_path}/rules.yml:8: {problem}"
        for problem in (
            "unknown key 'x' in a rule; known are alert, expr, for, keep_firing_for, labels,"
            " annotations, record",
            "a rule without a name; add alert: NAME",
            "a rule without expr; add expr: with PromQL",
        )
    ]


def test_an_alert_of_a_rule_is_listed(tmp_path: Path, prometheus: PrometheusServer) -> None:
    """What a rule raises is among the alerts, with its annotations."""
    team = _team(tmp_path, prometheus.url, _RULES)
    team.start_engine()
    try:
        team.wait_for_alert("Always")
        listed = team.run("alerts", "--format", "json").stdout
        assert f'"summary": "42 of {prometheus.url}"' in listed
        assert '"opsdash"' in listed
    finally:
        team.stop_engines()


_MORE_RULES = (
    _RULES
    + """\
  - {alert: Gone, expr: absent(up)}
  - {alert: Wrong, expr: 'up * on(job) group_left() label_replace(up, "a", "b", "", "")', for: 5m}
  - alert: Leak
    expr: process_resident_memory_bytes > 1000 * process_resident_memory_bytes and vector(0) > 1
"""
)


def test_rules_are_listed_with_figure_and_threshold(
    tmp_path: Path, prometheus: PrometheusServer
) -> None:
    """As on the screen: what fires first, and every rule with a figure or a word for it."""
    # An engine judges the slot that is past: what is written this second is in none of them yet.
    earlier = time.time() - 30
    prometheus.push("up", 1.0, at=earlier, job="api")
    prometheus.push("process_resident_memory_bytes", 5e6, at=earlier, job="api")
    team = _team(tmp_path, prometheus.url, _MORE_RULES)
    team.start_engine()
    expected = {
        "Always": ("firing", "42", "any value"),
        "Gone": ("inactive", "present", "absent"),
        "Wrong": ("pending", "1", "any value"),
        "Leak": ("inactive", "5e+06", "> 5e+09 and …"),
    }
    found: dict[str, dict[str, Any]] = {}

    def shown() -> dict[str, tuple[str, str, str]]:
        listed = json.loads(team.run("rules", "--format", "json").stdout or "[]")
        found.clear()
        found.update((rule["name"], rule) for rule in listed)
        return {name: (r["state"], r["figure"], r["threshold"]) for name, r in found.items()}

    try:
        wait_for_equal(shown, expected)
    finally:
        team.stop_engines()
    assert next(iter(found)) == "Always"
    assert (found["Wrong"]["for_seconds"], found["Leak"]["interval_seconds"]) == (300, 1)
    assert (found["Leak"]["value"], found["Leak"]["line"]) == (5e6, 10)
    assert found["Always"].keys() >= {"error", "duration_seconds", "missed", "source", "file"}
    header, first, *_ = team.run("rules").stdout.splitlines()
    assert header.split() == [
        "STATE",
        "RULE",
        "VALUE",
        "THRESHOLD",
        "ALERTS",
        "EVALUATED",
        "GROUP",
        "BY",
        "ERROR",
    ]
    assert first.split("  ")[0] == "firing"


def test_check_names_a_schedule_that_rules_page_and_nobody_has(
    tmp_path: Path, prometheus: PrometheusServer
) -> None:
    """A team that pages learns before the night that `page: databse` would wake somebody else."""
    rules = _RULES + "    labels: {page: 'primary, databse'}\n"
    team = _team(tmp_path, prometheus.url, rules)
    assert team.run("check").returncode == 0
    team.config.write_text(
        team.config.read_text()
        + '[[notifier]]\nid = "mail"\nkind = "email"\nhost = "127.0.0.1"\nsecurity = "none"\n'
        + 'sender = "ops@example.com"\n'
    )
    done = team.run("check")
    place = f"{tmp_path}/rules.yml:5: Always: label page names databse; add [[schedule]]"
    assert (done.returncode, place in done.stdout) == (1, True), done.stdout
