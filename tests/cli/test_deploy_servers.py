"""Deployments with a real Prometheus and a real repository: what check says, what engines notice."""

import json
import sqlite3
import subprocess
import time
from collections.abc import Callable
from datetime import datetime
from math import floor
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Team
from tests.kit.waiting import wait_until
from tests.servers import MetricTarget, PrometheusServer

_CONFIG = """\
default_indicators = false
[store]
url = "sqlite:///{store}"
[prometheus]
url = "{url}"
"""
_REPOSITORY = '[[repository]]\nservice = "payments-api"\npath = "payments"\n'


@pytest.fixture
def payments(prometheus: PrometheusServer, metric_target: MetricTarget, tmp_path: Path) -> Team:
    """A team whose Prometheus scrapes v1.4.1 of payments-api, with its repository beside it."""
    prometheus.targets = {"payments-api": [metric_target.address]}
    prometheus.reload()
    _run(metric_target, "v1.4.1", 1_700_000_000)
    prometheus.wait_for("count(payments_build_info)", lambda count: count == 1)
    repository = tmp_path / "payments"
    repository.mkdir()
    identity = ["-c", "user.name=alice", "-c", "user.email=alice@example.com"]
    for line in (
        "init -q -b main",
        "commit -q --allow-empty -m receipts",
        "tag v1.4.1",
        "commit -q --allow-empty -m loop",
        "tag v1.4.2",
    ):
        subprocess.run(["git", *identity, *line.split()], cwd=repository, check=True)
    config = _CONFIG.format(store=tmp_path / "ops.db", url=prometheus.url) + _REPOSITORY
    return Team(tmp_path, config)


def _run(target: MetricTarget, version: str, began: float) -> None:
    target.text = (
        f'payments_build_info{{version="{version}"}} 1\nprocess_start_time_seconds {began}\n'
    )


def _listed(team: Team) -> list[dict[str, Any]]:
    done = team.run("deploy", "list", "--since", "9999d", "--format", "json")
    found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    return found


def _engine_looks(team: Team, end: Callable[[subprocess.Popen[bytes]], None]) -> None:
    """Let an engine live until it has looked at what runs, then end it."""
    looked = "SELECT coalesce(max(seen_at), 0) FROM instance"

    def newest() -> int:
        with sqlite3.connect(f"file:{team.folder}/ops.db?mode=ro", uri=True) as raw:
            try:
                found: int = raw.execute(looked).fetchone()[0]
            except sqlite3.OperationalError:
                found = 0
        raw.close()
        return found

    before = newest() if (team.folder / "ops.db").exists() else 0
    engine = team.start_engine()
    wait_until(lambda: (team.folder / "ops.db").exists() and newest() > before)
    end(engine)
    engine.wait(timeout=60)


def test_check_looks_at_what_runs_and_into_the_repository(payments: Team) -> None:
    """What is found is named; a query that is none, a job that is not there and a folder that is no repository fail."""
    # While a scrape of a busy target takes too long, nothing is shown of it.
    done = wait_until(lambda: done if (done := payments.run("check")).returncode == 0 else None)
    assert done is not None and done.stderr == ""
    assert "ok    [deployments]: 1 instance of payments-api, version v1.4.1" in done.stdout
    assert f"ok    [[repository]] payments-api: {payments.folder}/payments" in done.stdout
    config = payments.config.read_text()
    for more, told in (
        ('[deployments]\njobs = ["no-such-job"]\n', "no version or start of no-such-job is shown"),
        ('[deployments]\nversion_query = "sum(x) by"\n', "cannot tell what runs: "),
    ):
        payments.config.write_text(config + more)
        done = payments.run("check")
        assert done.returncode == 1
        assert f"FAIL  [deployments]: {told}" in done.stdout
    payments.config.write_text(config.replace('"payments"', '"nowhere"'))
    done = payments.run("check")
    assert done.returncode == 1
    assert "FAIL  [[repository]] payments-api: " in done.stdout
    assert "No such file or directory" in done.stdout


def test_engines_that_die_notice_a_deployment_once(
    payments: Team, prometheus: PrometheusServer, metric_target: MetricTarget
) -> None:
    """What changed between the death of one and the start of the next is found, with its commits, once."""
    _engine_looks(payments, subprocess.Popen.kill)
    assert _listed(payments) == []
    began = floor(time.time()) - 60
    _run(metric_target, "v1.4.2", began)
    prometheus.wait_for('count(payments_build_info{version="v1.4.2"})', lambda n: n == 1)
    prometheus.wait_for("min(process_start_time_seconds)", lambda start: start == began)
    for _ in range(2):
        _engine_looks(payments, subprocess.Popen.terminate)
        (found,) = _listed(payments)
        assert (found["kind"], found["version"], found["source"]) == (
            "version seen",
            "v1.4.2",
            "prometheus",
        )
        assert datetime.fromisoformat(found["at"]).timestamp() == began
    assert payments.run("deploy", "record", "payments-api", "--version", "v1.4.1").returncode == 0
    payments.start_engine()
    wait_until(lambda: all(one["commits"] for one in _listed(payments)[:1]))
    assert [c["subject"] for c in _listed(payments)[0]["commits"]] == ["receipts"]
    assert _listed(payments)[0]["note"] == "takes back 1 commit"
    payments.stop_engines()
