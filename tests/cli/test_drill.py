"""`opsdash drill` and `opsdash audit`: whether pages arrive, tried for real."""

import json
from typing import Any

import pytest

from tests.kit.team import Team
from tests.kit.team import config as demo_config
from tests.kit.waiting import wait_until
from tests.notifiers.receivers import PagerDutyServer

PAGER = """
[[notifier]]
id = "pd"
kind = "pagerduty"
url = "{url}/v2"
routing_key_file = "pd.key"
"""


@pytest.fixture
def pager() -> "PagerDutyServer":
    """A stand-in that holds to PagerDuty's published schema."""
    return PagerDutyServer()


def drills(pager: PagerDutyServer) -> list[dict[str, Any]]:
    """Return the events of drills that the pager got."""
    events = [one.message for one in pager.requests if one.path.endswith("/v2/enqueue")]
    return [event for event in events if "drill" in event["dedup_key"]]


def aim(team: Team, pager: PagerDutyServer) -> None:
    """Give John, who is on call, a pager at this receiver."""
    config = demo_config(team.folder / "ops.db").replace(
        'name = "John"', 'name = "John"\nnotify = ["pd"]'
    )
    team.config.write_text(config + PAGER.format(url=pager.url))
    key = team.folder / "pd.key"
    key.write_text(pager.routing_key)
    key.chmod(0o600)


def test_a_drill_reaches_the_pager_is_timed_and_resolves(
    team: Team, pager: PagerDutyServer
) -> None:
    """Who is on call gets one page marked TEST through the engine, told how fast; it is over at once."""
    with pager:
        aim(team, pager)
        team.start_engine()
        done = team.run("drill", "--yes", "--wait", "90")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("pd accepted in ")
        trigger, resolve = wait_until(lambda: drills(pager)[:2] if drills(pager)[1:] else [])
    assert trigger["payload"]["summary"].startswith("TEST: ")
    assert (trigger["event_action"], resolve["event_action"]) == ("trigger", "resolve")
    assert trigger["dedup_key"] == resolve["dedup_key"]


def test_a_drill_is_for_who_is_on_call_now_by_their_own_rules(
    team: Team, pager: PagerDutyServer
) -> None:
    """An override in the store counts, and a rule that tells somebody later is tried at once; it asks first."""
    with pager:
        aim(team, pager)
        rules = '[ { notify = ["pd"], severity = ["critical"], after = "10m" } ]'
        text = team.config.read_text()
        text = text.replace('name = "Priya"', f'name = "Priya"\nrules = {rules}')
        team.config.write_text(text)
        cover = ("oncall", "override", "add", "primary", "--person", "pm", "--for", "2h")
        assert team.run(*cover, "--reason", "ill").returncode == 0
        asked = team.run("drill")
        assert (asked.returncode, "This pages Priya by pd. Go on?" in asked.stderr) == (1, True)
        done = team.run("drill", "--yes", "--wait", "1")
        assert "is an engine running?" in done.stderr


def test_without_an_engine_a_drill_fails_and_says_why(team: Team, pager: PagerDutyServer) -> None:
    """Nobody sends it: exit 1, the pager is named, and nothing is left to be sent later."""
    with pager:
        aim(team, pager)
        done = team.run("drill", "--yes", "--wait", "1")
        assert done.returncode == 1
        assert "is an engine running?" in done.stderr
        team.start_engine()
        again = team.run("drill", "--yes", "--wait", "90")
        assert again.returncode == 0, again.stderr
        keys = {event["dedup_key"] for event in drills(pager)}
    assert len(keys) == 1


def test_a_drill_that_would_wake_nobody_is_refused(team: Team) -> None:
    """Without notifiers it ends in one line, exit 2."""
    done = team.run("drill", "--yes")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


def test_the_audit_is_content_while_pages_arrive(team: Team, pager: PagerDutyServer) -> None:
    """With every page accepted it exits 0 and lists nothing, in text and in JSON."""
    with pager:
        aim(team, pager)
        team.start_engine()
        team.wait_for_alert("DiskWillFill")
        done = team.run("audit")
        assert (done.returncode, done.stdout) == (
            0,
            "everything that fires has reached somebody, or says why not\n",
        )
        assert json.loads(team.run("audit", "--format", "json").stdout) == []


def test_without_pagers_the_audit_says_so(team: Team) -> None:
    """A team that configured no notifiers is told that nobody is ever paged."""
    team.start_engine()
    team.wait_for_alert("DiskWillFill")
    assert team.run("audit").stdout == "no notifiers are configured: nobody is ever paged\n"
