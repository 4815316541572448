"""`opsdash check --notify`: one harmless test, and what the receiver made of it."""

from pathlib import Path

import pytest

from tests.cli.conftest import Team
from tests.notifiers.receivers import PagerDutyServer, SlackServer

CONFIG = """
[simulation]

[[notifier]]
id = "pd"
kind = "pagerduty"
url = "{pagerduty}/v2"
routing_key_file = "pd.key"

[[notifier]]
id = "chat"
kind = "slack"
url = "{slack}/api"
token_file = "slack.token"
channel = "#incidents"
"""


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """A team whose notifiers are on this machine."""
    return Team(tmp_path, CONFIG)


def aim(team: Team, pagerduty: PagerDutyServer, slack: SlackServer) -> None:
    """Write the configuration and its secrets for these receivers."""
    team.config.write_text(CONFIG.format(pagerduty=pagerduty.url, slack=slack.url))
    for name, value in (("pd.key", pagerduty.routing_key), ("slack.token", slack.token)):
        path = team.folder / name
        path.write_text(value)
        path.chmod(0o600)


def test_a_test_arrives_and_leaves_nothing_open(team: Team) -> None:
    """PagerDuty's is resolved again, Slack's is addressed; both say TEST and who sent it."""
    with PagerDutyServer() as pagerduty, SlackServer() as slack:
        aim(team, pagerduty, slack)
        done = team.run("check", "--notify", "pd", "--notify", "chat:#other")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[1].startswith("ok    pd: accepted: Event processed (")
    assert lines[1].endswith(" s), resolved again")
    assert lines[2].startswith("ok    chat:#other: posted (")
    (incident,) = pagerduty.incidents
    assert incident["status"] == "resolved"
    payload = incident["events"][0]["payload"]
    assert payload["summary"] == "TEST: Test of opsdash: nothing is wrong and nothing is needed"
    assert payload["severity"] == "info"
    assert slack.posted[0]["channel"] == "#other"
    assert slack.posted[0]["text"].startswith("TEST · INFO · Test of opsdash: nothing is wrong")
    assert pagerduty.wrong == slack.wrong == []


def test_a_refusal_is_told_with_its_reason(team: Team) -> None:
    """Exit 1, the reason, whether it would be tried again, and no secret."""
    with PagerDutyServer() as pagerduty, SlackServer() as slack:
        aim(team, pagerduty, slack)
        slack.error = "not_in_channel"
        pagerduty.faults = ["", "503"]
        done = team.run("check", "--notify", "chat", "--notify", "pd")
    assert done.returncode == 1
    assert "FAIL  chat: http://127.0.0.1:" in done.stdout
    assert "invite the app to the channel (it would not be tried again)" in done.stdout
    assert "but the test stays open there: http://127.0.0.1:" in done.stdout
    for secret in (pagerduty.routing_key, slack.token):
        assert secret not in done.stdout + done.stderr


def test_an_unknown_notifier_is_named_with_those_there_are(team: Team) -> None:
    """Nothing is sent."""
    with PagerDutyServer() as pagerduty, SlackServer() as slack:
        aim(team, pagerduty, slack)
        done = team.run("check", "--notify", "pagerduty")
    assert done.returncode == 2
    assert done.stderr == ("opsdash: no notifier 'pagerduty'; the configuration has: pd, chat\n")
    assert pagerduty.requests == []


def test_a_check_tries_every_secret_of_the_notifiers(team: Team) -> None:
    """Without --notify nothing is sent, but a key that others may read is told."""
    with PagerDutyServer() as pagerduty, SlackServer() as slack:
        aim(team, pagerduty, slack)
        (team.folder / "pd.key").chmod(0o644)
        done = team.run("check")
        assert pagerduty.requests + slack.requests == []
    assert f"chmod 600 {team.folder}/pd.key" in done.stdout
    assert f"ok    secret {team.folder}/slack.token can be read" in done.stdout


def test_check_says_who_is_on_call_at_pagerduty(team: Team) -> None:
    """With a token it is asked, which also proves the token; a refused one is named without it."""
    with PagerDutyServer() as pagerduty, SlackServer() as slack:
        aim(team, pagerduty, slack)
        rest = f'token_file = "pd.token"\nsender = "{pagerduty.user}"\napi_url = "{pagerduty.url}"'
        key = 'routing_key_file = "pd.key"'
        team.config.write_text(team.config.read_text().replace(key, f"{key}\n{rest}"))
        token = team.folder / "pd.token"
        token.write_text(pagerduty.token)
        token.chmod(0o600)
        policy = {"id": "PE1", "summary": "Payments"}
        pagerduty.on_calls = [
            {"user": {"summary": "Jane Doe"}, "escalation_policy": policy, "escalation_level": 2}
        ]
        done = team.run("check")
        assert "ok    pd: on call there: Jane Doe (level 2 of Payments)" in done.stdout, done.stdout
        token.write_text("another-token")
        done = team.run("check")
        assert done.returncode == 1
        assert "FAIL  pd: who is on call there: " in done.stdout
        assert "another-token" not in done.stdout + done.stderr
        assert pagerduty.wrong == []
