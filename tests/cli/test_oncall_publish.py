"""`opsdash oncall publish`: the week in the team's channel, from a shell, once however often it is typed."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.team import Team, config
from tests.kit.waiting import wait_until
from tests.notifiers.receivers import SlackServer

WEEK = ("oncall", "publish", "--week", "2025-W52")


@pytest.fixture
def server() -> Iterator[SlackServer]:
    """Slack."""
    with SlackServer() as slack:
        yield slack
    assert slack.wrong == []


@pytest.fixture
def slack_team(tmp_path: Path, server: SlackServer) -> Iterator[Team]:
    """A team with a bot, and with a webhook beside it."""
    for name, secret in (("bot", server.token), ("hook", f"{server.url}{server.hook}")):
        file = tmp_path / f"slack.{name}"
        file.write_text(secret)
        file.chmod(0o600)
    notifiers = f"""
[oncall]
publish = "chat"

[[notifier]]
id = "chat"
kind = "slack"
token_file = "slack.bot"
url = "{server.url}/api"
timeout = "12s"

[[notifier]]
id = "hook"
kind = "slack"
url_file = "slack.hook"
timeout = "12s"
"""
    made = Team(tmp_path, config(tmp_path / "ops.db", speed=1) + notifiers)
    yield made
    made.stop_engines()


def test_a_week_is_posted_then_unchanged_then_edited(slack_team: Team, server: SlackServer) -> None:
    """What a lead types on Monday, types again, and types after a swap."""
    first = slack_team.run("oncall", "publish")
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith("posted week 20")
    assert first.stdout.endswith(" to #oncall\n")
    again = slack_team.run("oncall", "publish")
    assert again.stdout.endswith(" is in #oncall already, as it is\n")
    cover = ("oncall", "override", "add", "primary", "--person", "pm", "--for", "1h")
    assert slack_team.run(*cover, "--reason", "ill").returncode == 0
    edited = slack_team.run("oncall", "publish", "--format", "json")
    shape = json.loads(edited.stdout)
    assert (shape["result"], shape["channel"], shape["reason"]) == ("edited", "#oncall", None)
    assert [one["schedule"] for one in shape["schedules"]] == ["primary"]
    assert len(shape["schedules"][0]["days"]) == 7
    assert "cover: Priya in place of whoever is on call" in shape["schedules"][0]["remarks"][0]
    assert len(server.posted) == 1
    assert "Priya (cover)" in json.dumps(list(server.messages.values()))


def test_a_dry_run_prints_the_week_and_sends_nothing(slack_team: Team, server: SlackServer) -> None:
    """Without a store, too."""
    done = slack_team.run(*WEEK, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:4] == [
        "Payment App Production: on call in week 52, Mon 22 Dec to Sun 28 Dec 2025",
        "",
        "primary (UTC)",
        "  Mon 22 Dec  John",
    ]
    shape = json.loads(slack_team.run(*WEEK, "--dry-run", "--format", "json").stdout)
    assert (shape["week"], shape["from"], shape["until"], shape["result"]) == (
        "2025-W52",
        "2025-12-22",
        "2025-12-28",
        "dry run",
    )
    assert server.requests == []


def test_four_commands_at_once_post_once(slack_team: Team, server: SlackServer) -> None:
    """Four people type it in the same second."""
    command = [sys.executable, "-m", "opsdash", *WEEK]
    running = [
        subprocess.Popen(
            command,
            env=slack_team.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    done = [process.communicate(timeout=120) for process in running]
    assert len(server.posted) == 1, done
    outs = [out for out, _ in done]
    assert sum(out == "posted week 2025-W52 to #oncall\n" for out in outs) == 1
    for out, err in done:
        assert out or "is telling it right now" in err


def test_a_command_that_is_killed_in_mid_post_leaves_one_message(
    slack_team: Team, server: SlackServer
) -> None:
    """kill -9 after Slack took it and before that was written: the next one finds it there."""
    server.faults = ["swallow"]
    command = [sys.executable, "-m", "opsdash", *WEEK]
    killed = subprocess.Popen(command, env=slack_team.environment, stderr=subprocess.DEVNULL)
    wait_until(lambda: len(server.posted) == 1)
    killed.kill()
    killed.wait(timeout=60)
    store = sqlite3.connect(slack_team.folder / "ops.db")
    # A minute passes, and the message is as old as its claim.
    store.execute("UPDATE published_week SET claimed_until = 0, claimed_at = 1700000000000")
    store.commit()
    store.close()
    done = slack_team.run(*WEEK)
    assert (done.returncode, done.stdout) == (0, "edited week 2025-W52 in #oncall\n")
    assert len(server.posted) == 1


def test_a_webhook_says_that_it_corrects(slack_team: Team, server: SlackServer) -> None:
    """It cannot edit: the command says so, and the message is headed Corrected."""
    hook = ("oncall", "publish", "--notifier", "hook")
    assert slack_team.run(*hook).stdout.endswith(" to the webhook's channel\n")
    assert "is in the webhook's channel already" in slack_team.run(*hook).stdout
    cover = ("oncall", "override", "add", "primary", "--person", "pm", "--for", "1h")
    slack_team.run(*cover, "--reason", "ill")
    done = slack_team.run(*hook)
    assert done.stdout.endswith(" again, corrected: a webhook cannot edit\n")
    assert [m["text"].startswith("Corrected: ") for m in server.posted] == [False, True]


def test_an_unsure_webhook_asks_a_person(slack_team: Team, server: SlackServer) -> None:
    """Exit 1 with what to look for; `--again` posts it."""
    hook = (*WEEK, "--notifier", "hook")
    server.faults = ["500"]
    done = slack_team.run(*hook)
    assert (done.returncode, done.stdout) == (1, "")
    assert "week 2025-W52 may be in the webhook's channel already" in done.stderr
    store = sqlite3.connect(slack_team.folder / "ops.db")
    store.execute("UPDATE published_week SET not_before = NULL")
    store.commit()
    store.close()
    assert slack_team.run(*hook).returncode == 1
    assert slack_team.run(*hook, "--again").returncode == 0
    assert len(server.posted) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--week", "2025-W53"), "--week '2025-W53': 2025 has no week 53"),
        (("--week", "soon"), "write a week as 2025-W52"),
        (
            ("--notifier", "mail"),
            "no notifier 'mail' of kind slack; the configuration has: chat, hook",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    slack_team: Team, arguments: tuple[str, ...], words: str
) -> None:
    """Exit 2, nothing sent."""
    done = slack_team.run("oncall", "publish", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_refusal_names_its_cure_and_no_secret(slack_team: Team, server: SlackServer) -> None:
    """Exit 2 with Slack's word and what to do."""
    server.members.clear()
    done = slack_team.run(*WEEK)
    assert done.returncode == 2
    assert "week 2025-W52 was not told: " in done.stderr
    assert "answered not_in_channel; invite the app to the channel" in done.stderr
    assert server.token not in done.stderr


def test_the_engine_tells_the_week_by_itself(slack_team: Team, server: SlackServer) -> None:
    """`[oncall] publish` is all it needs; a command at the same time posts nothing more."""
    slack_team.config.write_text(
        slack_team.config.read_text().replace('publish = "chat"', 'publish = "chat"\nat = "00:00"')
    )
    slack_team.start_engine()
    wait_until(lambda: len(server.posted) == 1)
    wait_until(lambda: slack_team.run("oncall", "publish").stdout.endswith(" already, as it is\n"))
    assert len(server.posted) == 1


def test_an_engine_with_other_schedules_is_named(slack_team: Team, server: SlackServer) -> None:
    """An edit that the engine has not read yet would be edited back: the command says what to do."""
    slack_team.start_engine()
    wait_until(lambda: slack_team.run("oncall", "publish").stdout.endswith(" already, as it is\n"))
    written = slack_team.config.read_text()
    slack_team.config.write_text(written.replace('{ mon = "john" }', '{ mon = "pm" }'))
    done = slack_team.run("oncall", "publish")
    assert done.stdout.startswith("edited week ")
    assert "the running engine has other schedules and will edit it back: send it SIGHUP" in (
        done.stderr
    )
