"""Schedules kept elsewhere, from a shell: `check` reads them, the engine keeps them, commands use them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.kit.team import Team
from tests.kit.waiting import wait_until
from tests.notifiers.receivers import PagerDutyServer
from tests.sources.test_shift_feed import CalendarServer

CONFIG = """\
refresh = "1s"

[store]
url = "sqlite:///{folder}/ops.db"

[simulation]
speed = 1

[[person]]
id = "john"
name = "John"
email = "john@example.com"

[[schedule]]
id = "primary"
pagerduty = "PI7DH85"

[[schedule]]
id = "database"
ical_url_file = "calendar.url"
gaps_allowed = true

[[notifier]]
id = "pd"
kind = "pagerduty"
routing_key_file = "pd.key"
token_file = "pd.token"
sender = "john@example.com"
url = "{pagerduty}/v2"
api_url = "{pagerduty}"
"""


@pytest.fixture
def pagerduty() -> Iterator[PagerDutyServer]:
    """PagerDuty with John on call for a month around now."""
    with PagerDutyServer() as made:
        made.users = {"PJOHN": ("John Doe", "john@example.com"), "PJANE": ("Jane Doe", "j@x.org")}
        now = datetime.now(UTC)
        start, end = now - timedelta(days=20), now + timedelta(days=49)
        made.schedules["PI7DH85"] = [(start.isoformat(), end.isoformat(), "PJOHN")]
        yield made
    assert made.wrong == []


@pytest.fixture
def calendars() -> Iterator[CalendarServer]:
    """A calendar in which nobody has anything now."""
    with CalendarServer() as made:
        yield made


@pytest.fixture
def remote_team(
    tmp_path: Path, pagerduty: PagerDutyServer, calendars: CalendarServer
) -> Iterator[Team]:
    """A team whose rota is at PagerDuty and in a calendar; no engine runs yet."""
    secrets = {
        "pd.key": pagerduty.routing_key,
        "pd.token": pagerduty.token,
        "calendar.url": f"{calendars.url}/private-77aa41/team.ics",
    }
    for name, secret in secrets.items():
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    made = Team(tmp_path, CONFIG.format(folder=tmp_path, pagerduty=pagerduty.url))
    yield made
    made.stop_engines()


def test_check_reads_each_and_names_strangers(
    remote_team: Team, pagerduty: PagerDutyServer, calendars: CalendarServer
) -> None:
    """Without a store or an engine: how many shifts, whose, and who is nobody here."""
    before = datetime.now(UTC)
    done = remote_team.run("check")
    after = datetime.now(UTC)
    assert "ok    PagerDuty schedule PI7DH85: 1 shift: John Doe\n" in done.stdout
    assert "ok    the calendar whose address is in calendar.url: " in done.stdout
    # Both are the same day, but for a test that runs at midnight.
    untils = [f"{day + timedelta(days=50):%a %d %b %Y}" for day in (before, after)]
    assert any(
        "ok    schedule primary: somebody is always on call;"
        f" its shifts are known until {until} 00:00 UTC, not after\n" in done.stdout
        for until in untils
    ), done.stdout
    assert "private-77aa41" not in done.stdout + done.stderr
    start, end, _ = pagerduty.schedules["PI7DH85"][0]
    pagerduty.schedules["PI7DH85"][0] = (start, end, "PJANE")
    calendars.status = 410
    done = remote_team.run("check")
    assert done.returncode == 1
    assert "FAIL  schedule primary: no [[person]] is Jane Doe (j@x.org PJANE): write" in done.stdout
    assert "FAIL  the calendar whose address is in calendar.url: " in done.stdout
    assert "answered 410" in done.stdout
    assert "private-77aa41" not in done.stdout + done.stderr


def test_commands_work_on_what_the_engine_read_also_when_it_cannot_any_more(
    remote_team: Team, pagerduty: PagerDutyServer
) -> None:
    """`now`, `schedule`, `simulate`, `export`, a cover; and with PagerDuty down the age is said."""
    before = remote_team.run("oncall", "now", "--format", "json")
    assert before.returncode == 1
    assert "! PagerDuty schedule PI7DH85 was not read yet: run `opsdash engine`" in before.stderr
    engine = remote_team.start_engine()

    def known() -> bool:
        return '"john"' in remote_team.run("oncall", "now", "--format", "json").stdout

    wait_until(known)
    (shift,) = json.loads(remote_team.run("oncall", "now", "--format", "json").stdout)
    assert (shift["schedule"], shift["person"], shift["name"]) == ("primary", "john", "John")
    engine.terminate()
    engine.wait(timeout=60)
    listed = remote_team.run("oncall", "schedule", "--schedule", "primary")
    assert listed.stdout.startswith("primary, UTC\n")
    assert "are known until" not in listed.stderr
    longer = remote_team.run("oncall", "schedule", "--schedule", "primary", "--days", "90")
    assert "! schedule primary: its shifts are known until" in longer.stderr
    later = remote_team.run("oncall", "now", "--at", "+60d")
    assert later.returncode == 1
    assert "! schedule primary: its shifts are known until" in later.stderr
    assert "nobody is on call on primary" not in later.stderr
    assert "John" in listed.stdout
    rungs = json.loads(remote_team.run("oncall", "simulate", "--format", "json").stdout)
    assert rungs[0]["who"] == ["John"]
    assert "SUMMARY:John" in remote_team.run("oncall", "export").stdout
    off = ("oncall", "override", "add", "primary", "--off", "john", "--for", "2h")
    assert remote_team.run(*off, "--reason", "ill").returncode == 0
    assert "! nobody is on call on primary" in remote_team.run("oncall", "now").stderr
    pagerduty.faults = ["500"] * 50
    remote_team.start_engine()

    def failing() -> bool:
        return "answered 500" in remote_team.run("oncall", "now").stderr

    wait_until(failing)
    said = remote_team.run("oncall", "now", "--at", "+3h")
    assert "John" in said.stdout
    assert "schedule primary: PagerDuty schedule PI7DH85: " in said.stderr
    assert "; what was read " in said.stderr


def test_the_week_that_is_told_has_them(remote_team: Team) -> None:
    """`publish` works on schedules from elsewhere as on any other."""
    remote_team.start_engine()
    wait_until(lambda: "  John\n" in remote_team.run("oncall", "publish", "--dry-run").stdout)
