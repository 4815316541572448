"""Hostile text in what people wrote: every listing of the commands, as text and as JSON."""

import json
import subprocess
from pathlib import Path

from tests.faultserver import FaultServer
from tests.kit.hostile import HOSTILE, generated
from tests.whole.hostileworld import HostileTeam
from tests.whole.test_hostile import harmful

TEXTS = (*HOSTILE.values(), *generated(12, seed=11))

LISTINGS: tuple[tuple[str, ...], ...] = (
    ("alerts",),
    ("status",),
    ("silence", "list"),
    ("incident", "list"),
    ("failures", "list", "--all"),
    ("deploy", "list"),
    ("oncall", "now"),
    ("oncall", "handoff"),
    ("oncall", "metrics"),
)


def test_no_listing_lets_a_control_character_through(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    """Silences, incidents, failures, deployments, pages and people, each with another text a field."""
    team = HostileTeam(tmp_path, fault_server, TEXTS)
    told: dict[tuple[str, ...], subprocess.CompletedProcess[str]] = {}
    try:
        team.fill()
        for words in LISTINGS:
            told[words] = team.run(*words)
            told[*words, "json"] = team.run(*words, "--format", "json")
        told["audit",] = team.run("audit")
    finally:
        team.stop_engines()
    for words, done in told.items():
        assert harmful(done.stdout + done.stderr) == [], words
        assert "Traceback" not in done.stderr, words
        assert done.stdout.strip(), (words, done.stderr)
        if words[-1] == "json":
            json.loads(done.stdout)
    for words in (
        ("alerts",),
        ("silence", "list"),
        ("deploy", "list"),
        ("failures", "list", "--all"),
    ):
        assert "DROP TABLE" in told[words].stdout, words
