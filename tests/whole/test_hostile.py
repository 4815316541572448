"""Hostile text from the world through the engine and out of every command: seen, without effect."""

import json
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

from opsdash.domain.labels import fingerprint
from tests.cli.conftest import Team
from tests.faultserver import FaultServer
from tests.kit.hostile import HOSTILE, on_call
from tests.kit.waiting import wait_until

COMMANDS = (
    ("status",),
    ("status", "--format", "json"),
    ("status", "--format", "tmux"),
    ("alerts",),
    ("alerts", "--format", "json"),
    ("check",),
    ("oncall", "now"),
    ("oncall", "now", "--format", "json"),
    ("oncall", "schedule", "--days", "100"),
    ("oncall", "schedule", "--days", "100", "--format", "json"),
    ("oncall", "handoff"),
    ("oncall", "handoff", "--format", "json"),
    ("oncall", "simulate"),
    ("oncall", "simulate", "--format", "json"),
    ("oncall", "export", "--days", "100"),
)


def alert(text: str, number: int) -> dict[str, Any]:
    """An alert whose every text is hostile."""
    labels = {"alertname": text, "severity": "critical", "n": str(number), "instance": text}
    return {
        "labels": labels,
        "annotations": {"summary": text, "runbook_url": text, "description": text},
        "fingerprint": fingerprint(labels),
        "startsAt": "2025-12-22T14:00:00.000Z",
        "endsAt": "2035-12-22T14:00:00.000Z",
        "updatedAt": "2025-12-22T14:00:00.000Z",
        "generatorURL": text,
        "receivers": [{"name": text}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
    }


def harmful(text: str) -> list[str]:
    """What a terminal would obey, or a reader be deceived by."""
    kinds = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return sorted({repr(c) for c in text if unicodedata.category(c) in kinds} - {"'\\n'"})


def test_no_command_lets_a_control_character_through(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    """As name, label, annotation and link of alerts, as person and title: every command, text and JSON."""
    texts = [text for text in HOSTILE.values() if text.isprintable() or len(text) < 3000]
    sendable = [text.encode(errors="surrogatepass").decode(errors="replace") for text in texts]
    fault_server.alerts = [alert(text, n) for n, text in enumerate(sendable)]
    team = Team(
        tmp_path,
        f'refresh = "1s"\ntitle = {json.dumps(HOSTILE["H30"])}\n[store]\nurl = "sqlite:///{tmp_path}/ops.db"\n'
        f'[alertmanager]\nurls = ["{fault_server.url}"]\n{on_call(sendable)}',
    )
    team.start_engine()
    try:
        wait_until(
            lambda: (
                len(json.loads(team.run("alerts", "--format", "json").stdout or "[]")) == len(texts)
            ),
        )
        outputs: dict[tuple[str, ...], subprocess.CompletedProcess[str]] = {
            command: team.run(*command) for command in COMMANDS
        }
        found = json.loads(outputs["alerts", "--format", "json"].stdout)
        for one, act in zip(found[:12], (("ack",), ("escalate", "--reason", "x")) * 6, strict=True):
            outputs[act[0], one["id"]] = team.run(act[0], one["id"], *act[1:])
            if act[0] == "ack":
                outputs["unack", one["id"]] = team.run("unack", one["id"])
        outputs["ack", "evil"] = team.run("ack", "\x1b[2Jnobody\u202e")
    finally:
        team.stop_engines()
    for command, done in outputs.items():
        assert "Traceback" not in done.stderr, command
        assert harmful(done.stdout + done.stderr) == [], command
        if "unack" in command:
            assert done.stdout.startswith("unacknowledged"), done
        if command[0] == "oncall":
            assert done.returncode == 0, (command, done.stderr)
        if "schedule" in command:
            assert "@click=app.quit" in done.stdout and "DROP TABLE" in done.stdout
    assert (
        "[@click=app.quit]x[/]" in outputs["alerts",].stdout
        or "@click" in outputs["alerts",].stdout
    )
