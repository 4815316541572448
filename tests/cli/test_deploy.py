"""`opsdash deploy`: what a pipeline reports, what a person reads, and what is refused."""

import getpass
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.conftest import Team

RECORD = ("deploy", "record", "payments-api", "--version", "v9.0.1")


def listed(team: Team, *options: str) -> list[dict[str, Any]]:
    """What `deploy list` shows as JSON."""
    done = team.run("deploy", "list", "--format", "json", *options)
    assert (done.returncode, done.stderr) == (0, "")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def ago(**length: float) -> str:
    return (datetime.now(UTC) - timedelta(**length)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_pipeline_reports_and_reports_again(team: Team) -> None:
    """No engine is needed; a retry with or without its time says so and adds nothing."""
    report = (*RECORD, "--commit", "4e91c0a", "--author", "alice", "--url", "https://ci/7")
    done = team.run(*report)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "recorded payments-api v9.0.1 4e91c0a\n"
    for again in (report, (*report, "--at", ago(minutes=2))):
        done = team.run(*again)
        assert (done.returncode, done.stdout) == (
            0,
            "already recorded payments-api v9.0.1 4e91c0a\n",
        )
    (found,) = listed(team)
    at = datetime.fromisoformat(found.pop("at"))
    assert timedelta() <= datetime.now(UTC) - at < timedelta(minutes=2)
    assert found == {
        "service": "payments-api",
        "version": "v9.0.1",
        "commit": "4e91c0a",
        "author": "alice",
        "url": "https://ci/7",
        "kind": "deploy",
        "source": getpass.getuser(),
        "commits": [],
        "commit_count": 0,
        "note": "",
    }


def test_the_list_is_by_time_and_service(team: Team) -> None:
    """`--at` decides the order, `--since` and `--service` what is shown; text has one line each."""
    assert team.run("deploy", "list").returncode == 2
    for service, version, at in (
        ("payments-api", "v1", ago(hours=30)),
        ("payments-api", "v3", ago(hours=1).lower()),
        ("payments-api", "v2", ago(hours=2).replace("Z", "+00:00")),
        ("edge", "v7", ago(minutes=30).replace("Z", ".123456789Z")),
    ):
        done = team.run("deploy", "record", service, "--version", version, "--at", at)
        assert done.returncode == 0, done.stderr
    assert [one["version"] for one in listed(team)] == ["v7", "v3", "v2"]
    assert [one["version"] for one in listed(team, "--service", "payments-api")] == ["v3", "v2"]
    assert [one["version"] for one in listed(team, "--since", "2d")] == ["v7", "v3", "v2", "v1"]
    assert len(listed(team, "--since", "999999d")) == 4
    text = team.run("deploy", "list").stdout.splitlines()
    assert text[0].split() == [
        "AT",
        "(UTC)",
        "SERVICE",
        "VERSION",
        "COMMIT",
        "ID",
        "KIND",
        "BY",
        "SEEN",
        "BY",
    ]
    assert [line.split()[2:4] for line in text[1:]] == [
        ["edge", "v7"],
        ["payments-api", "v3"],
        ["payments-api", "v2"],
    ]
    assert team.run("deploy", "list", "--since", "10m").stdout == (
        "no deployments in the last 10m\n"
    )


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--at", "2025-12-22 14:00:00Z"), "write RFC 3339, as 2025-12-22T14:00:00Z"),
        (("--at", "2025-12-22T14:00:00"), "write RFC 3339"),
        (("--at", "2025-12-22T14:00Z"), "write RFC 3339"),
        (("--at", "2025-02-30T14:00:00Z"), "is no time (day is out of range for month)"),
        (("--at", "yesterday"), "'yesterday' is no time"),
        (("--at", "1766412000"), "is no time"),
        (("--at", "2999-01-01T00:00:00Z"), "is in the future"),
        (("--at", "2001-01-01T00:00:00Z"), "longer ago than deployments are kept, which is 90d"),
        (("--at", "0001-01-01T00:00:00+14:00"), "--at: "),
        (("--at", "\x1b[2J"), "is no time"),
        (("--url", "javascript:alert(1)"), "--url is no web address"),
        (("--url", "https://ci/\x1b]0;x\x07"), "--url is no web address"),
        (("--version", " \t"), "--version is empty"),
    ],
)
def test_what_is_refused_says_what_to_write(team: Team, options: tuple[str, ...], why: str) -> None:
    """One line on standard error, exit status 2, no control character, nothing recorded."""
    done = team.run(*RECORD, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr
    assert done.stderr.startswith("opsdash: ")
    assert done.stderr.count("\n") == 1 and "\x1b" not in done.stderr
    assert team.run("deploy", "list").returncode == 2 or listed(team) == []


def test_hostile_words_stay_words(team: Team) -> None:
    """Escapes and markup from a pipeline reach no terminal, and are still told."""
    hostile = "\x1b]0;owned\x07[red]x\u202e\n$(reboot)"
    done = team.run(
        "deploy", "record", f"api{hostile}", "--version", f"v1{hostile}",
        "--commit", f"c{hostile}", "--author", f"eve{hostile}",
    )  # fmt: skip
    assert done.returncode == 0
    text = team.run("deploy", "list").stdout
    for printed in (done.stdout, text):
        assert not any(c in printed for c in "\x1b\x07\u202e")
        assert "[red]x" in printed and "$(reboot)" in printed
    assert len(text.splitlines()) == 2
    (found,) = listed(team)
    assert found["author"] == "eve\ufffd]0;owned\ufffd[red]x\ufffd $(reboot)"


def test_the_engine_tells_its_own(live_team: Team) -> None:
    """In the demo the version that brought the incident is listed with its commits."""
    found = {one["version"]: one for one in listed(live_team, "--since", "7d")}
    bad = found["v1.4.2"]
    assert (bad["kind"], bad["source"], bad["author"]) == ("deploy", "simulation", "alice")
    assert (bad["commits"][0]["subject"], bad["commit_count"]) == ("retry loop", 4)
    line = next(
        line
        for line in live_team.run("deploy", "list", "--since", "7d").stdout.splitlines()
        if "v1.4.2" in line
    )
    assert line.endswith("simulation  retry loop (+3 commits)")
