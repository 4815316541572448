"""Rows 3 and 4: one-shot commands, against an empty Python and against amtool."""

import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.servers import AlertmanagerServer, ServerMissingError

from bench.bed import OPSDASH, Bed, run_costs
from bench.figure import Figure, Size, ratio, script
from bench.fixture import Fixture

_PASS = [sys.executable, "-c", "pass"]


def measure(size: Size) -> Iterator[Figure]:
    """Run the commands that run often, and the one that lists ten thousand alerts."""
    yield from _often(size.of(7, 15, 31))
    yield from _many(size.of(2_000, 10_000), size.of(3, 5, 9))


def _often(rounds: int) -> Iterator[Figure]:
    with Fixture(alerts=20) as fixture, Bed(fixture.url) as bed, bed.engine():
        bed.command("status")
        commands = {
            "pass": _PASS,
            "--version": [*OPSDASH, "--version"],
            "status": [*OPSDASH, "status", "--format", "tmux"],
        }
        walls: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                walls[name].append(run_costs(command, bed.environment)[0])
    floor = f"python -c pass {statistics.median(walls['pass']) * 1000:.0f} ms"
    for name, words, most in (
        ("--version", "opsdash --version", 3),
        ("status", "opsdash status --format tmux", 6),
    ):
        found = ratio(walls[name], walls["pass"])
        yield Figure("3", words, f"≤ {most} × pass", f"{found:.1f} ×", found <= most, floor)


def _many(count: int, rounds: int) -> Iterator[Figure]:
    what = f"opsdash alerts --format json, {count:,} alerts"
    budget = "≤ 0.5 × amtool -o json alert query"
    try:
        server = AlertmanagerServer()
        amtool = shutil.which("amtool")
        if amtool is None:
            raise ServerMissingError(
                "amtool is not installed: apt-get install prometheus-alertmanager"
            )
        server.start()
    except ServerMissingError as error:
        yield Figure("4", what, budget, f"skipped: {error}", None)
        return
    try:
        with Fixture() as fixture, Bed(fixture.url, server.url) as bed:
            for start in range(0, count, 2_000):
                server.post_alerts([_alert(n) for n in range(start, min(start + 2_000, count))])
            with bed.engine():
                ours, theirs = [], []
                listed = json.loads(bed.command("alerts", "--format", "json").stdout)
                peer = [amtool, f"--alertmanager.url={server.url}", "-o", "json", "alert", "query"]
                shown = len(
                    json.loads(subprocess.run(peer, capture_output=True, check=True).stdout)
                )
                for _ in range(rounds):
                    theirs.append(run_costs(peer)[0])
                    command = [*OPSDASH, "alerts", "--format", "json"]
                    ours.append(run_costs(command, bed.environment)[0])
            found = ratio(ours, theirs)
            assert len(listed) == shown == count, (len(listed), shown)
    finally:
        server.kill()
    yield Figure(
        "4",
        what,
        budget,
        f"{found:.2f} ×, {statistics.median(ours) * 1000:.0f} ms",
        # The budget is one for ten thousand: with fewer, starting Python is most of it.
        found <= 0.5 if count >= 10_000 else None,
        f"amtool {statistics.median(theirs) * 1000:.0f} ms",
    )


def _alert(number: int) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "labels": {
            "alertname": f"Alert{number % 40}",
            "severity": ("critical", "warning", "info")[number % 3],
            "instance": f"web-{number}.example:9100",
            "job": "payments-api",
            "namespace": "payments",
            "pod": f"payments-api-{number}",
            "region": "eu-west-1",
            "team": "checkout",
        },
        "annotations": {
            "summary": f"web-{number} is slow",
            "description": "The checkout answers slowly; look at the pool, then at the database.",
            "runbook_url": "https://runbooks.example/checkout",
        },
        "startsAt": (now - timedelta(hours=1)).isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "generatorURL": "http://prometheus.example/graph",
    }


if __name__ == "__main__":
    script(measure)
