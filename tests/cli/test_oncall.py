"""`opsdash oncall`: who is on call, covers, rehearsals and the digest, from a shell."""

import json

from opsdash.domain.ical import read_calendar
from tests.cli.conftest import Team


def test_now_json_has_the_documented_shape(team: Team) -> None:
    """Without an engine or a store it answers from the configuration alone."""
    done = team.run("oncall", "now", "--at", "2025-12-22T14:05Z", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [
        {
            "schedule": "primary",
            "person": "john",
            "name": "John",
            "since": "2025-12-22T09:00:00.000Z",
            "until": "2025-12-29T09:00:00.000Z",
        }
    ]


def test_a_cover_is_previewed_made_listed_and_taken_back(team: Team) -> None:
    """The same four lines that a person types when a colleague is ill."""
    cover = ("oncall", "override", "add", "primary", "--person", "pm", "--for", "2h")
    tried = team.run(*cover, "--reason", "ill", "--dry-run")
    assert (tried.returncode, "Priya" in tried.stdout, "cover" in tried.stdout) == (0, True, True)
    assert team.run("oncall", "override", "list").stdout == "no overrides\n"
    made = team.run(*cover, "--reason", "ill")
    assert made.stdout.startswith(
        "made 1: Priya is on call in place of whoever else is, for 2h00m\n"
    )
    assert json.loads(team.run("oncall", "now", "--format", "json").stdout)[0]["person"] == "pm"
    over = ("oncall", "override", "add", "primary", "--person", "tech-lead", "--for", "1h")
    tried = team.run(*over, "--reason", "ill too", "--dry-run")
    assert (tried.returncode, "Maria" in tried.stdout) == (0, True), "as if it were made last"
    (listed,) = json.loads(team.run("oncall", "override", "list", "--format", "json").stdout)
    assert (listed["kind"], listed["person"], listed["reason"]) == ("replace", "pm", "ill")
    assert team.run("oncall", "override", "remove", "1").stdout == "removed 1\n"
    assert "John" in team.run("oncall", "now").stdout
    (john,) = json.loads(team.run("oncall", "now", "--format", "json").stdout)
    # A store is there by now, which knows the past: a shift that runs ends when it does, not now.
    assert john["until"][10:] == "T09:00:00.000Z"


def test_taking_a_shift_is_previewed_before_it_is_made(team: Team) -> None:
    """--dry-run makes nothing with --take either; a length beside it is refused, not ignored."""
    take = ("oncall", "override", "add", "primary", "--person", "pm", "--take", "--reason", "ill")
    tried = team.run(*take, "--dry-run")
    assert (tried.returncode, tried.stderr) == (0, "")
    assert "Priya" in tried.stdout
    assert team.run("oncall", "override", "list").stdout == "no overrides\n"
    mixed = team.run(*take, "--for", "2h")
    assert (mixed.returncode, "--take is the running shift" in mixed.stderr) == (2, True)
    assert team.run(*take).stdout.startswith("made 1: Priya is on call in place of John")
    again = team.run(*take, "--dry-run")
    assert (again.returncode, again.stderr) == (2, "opsdash: primary: pm is on call already\n")


def test_simulate_says_who_is_woken_at_three_on_sunday(team: Team) -> None:
    """Level by level with times; a warning does not reach the CEO; an unknown policy is refused."""
    at = ("--at", "2025-12-28 03:00")
    listed = json.loads(team.run("oncall", "simulate", *at, "--format", "json").stdout)
    assert [(rung["at"][11:16], rung["who"]) for rung in listed] == [
        ("03:00", ["John"]), ("03:05", ["Maria"]), ("03:15", ["Priya"]), ("03:30", ["Chen"]), ("03:45", []),
    ]  # fmt: skip
    assert listed[-1]["exhausted"]
    text = team.run("oncall", "simulate", *at, "--labels", "severity=warning").stdout
    assert "Priya" in text
    assert "Chen" not in text
    wrong = team.run("oncall", "simulate", "--policy", "nights")
    assert (wrong.returncode, wrong.stderr) == (
        2, "opsdash: there is no policy 'nights'; there are default\n",
    )  # fmt: skip


def test_a_calendar_program_can_read_the_export(team: Team) -> None:
    """The shifts of a month as iCalendar, read back as they are."""
    from datetime import UTC, datetime

    done = team.run("oncall", "export", "--at", "2025-12-22T14:05Z", "--days", "28")
    turns = read_calendar(
        done.stdout, "UTC", datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    )
    assert [(t.person, f"{t.start:%d %b}") for t in turns] == [
        ("John", "22 Dec"), ("John", "29 Dec"), ("John", "05 Jan"), ("John", "12 Jan"), ("John", "19 Jan"),
    ]  # fmt: skip


def test_maintenance_from_a_shell(team: Team) -> None:
    """Made, listed and ended; without an end or with a bad matcher it is refused in one line."""
    made = team.run(
        "oncall", "maintenance", "add", "severity=warning", "--for", "1h", "--reason", "rack"
    )
    assert (made.returncode, made.stdout) == (0, "made 1\n")
    (window,) = json.loads(team.run("oncall", "maintenance", "list", "--format", "json").stdout)
    assert (window["matchers"], window["reason"]) == (['severity="warning"'], "rack")
    assert team.run("oncall", "maintenance", "end", "1").stdout == "ended 1\n"
    assert team.run("oncall", "maintenance", "list").stdout == "no maintenance\n"
    for wrong in (
        ("--reason", "x"),
        ("a=~(", "--for", "1h", "--reason", "x"),
        ("--for", "25h", "--reason", "x"),
    ):
        done = team.run("oncall", "maintenance", "add", *wrong)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1


def test_a_moment_that_is_none_is_refused(team: Team) -> None:
    """One line with the forms that are taken."""
    done = team.run("oncall", "now", "--at", "yesterday")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "opsdash: --at 'yesterday' is no time; write it as 2025-12-22T14:05Z"
    )
    assert done.stderr.count("\n") == 1


def test_the_digest_names_what_is_open(live_team: Team) -> None:
    """The open incident, the firing alert and that nobody has it; the JSON carries the same text."""
    text = live_team.run("oncall", "handoff").stdout
    assert "On call: John, until" in text
    assert "- INC-001 critical" in text
    assert "HighErrorRate critical" in text
    assert "nobody has it" in text
    told = json.loads(live_team.run("oncall", "handoff", "--format", "json").stdout)
    assert told["incidents"][0]["id"] == "INC-001"
    assert "Handoff primary" in told["text"]
    figures = json.loads(live_team.run("oncall", "metrics", "--format", "json").stdout)
    assert {"from", "until", "timezone", "all", "people", "services", "shifts"} <= set(figures)


def test_check_names_the_gaps(team: Team) -> None:
    """A weekend that is nobody's is a failure of the check; without it each schedule is said to be whole."""
    assert "ok    schedule primary: somebody is always on call" in team.run("check").stdout
    team.config.write_text(
        team.config.read_text().replace('mon = "john"', 'mon = "john", sat = "nobody"')
    )
    done = team.run("check")
    assert done.returncode == 1
    assert "FAIL  schedule primary: nobody is on call Sat" in done.stdout


def test_an_alert_is_taken_given_snoozed_and_says_what_is_next(live_team: Team) -> None:
    """From a shell: what happens next, and each act changes it."""

    def next_of(name: str = "HighErrorRate") -> dict[str, object]:
        alerts = json.loads(live_team.run("alerts", "--format", "json").stdout)
        id = next(a["id"] for a in alerts if a["labels"]["alertname"] == name)
        listed = json.loads(live_team.run("oncall", "next", "--format", "json").stdout)
        found: dict[str, object] = next(one for one in listed if one["id"] == id)
        return found

    first = next_of()
    assert (first["next"], first["level"], first["who"]) == ("escalates", 2, ["Maria"])
    id = str(first["id"])
    assert live_team.run("oncall", "extend", id).stderr == (
        f"opsdash: {id}: nobody has acknowledged it\n"
    )
    assert live_team.run("oncall", "take", id).stdout == f"took {id}\n"
    assert next_of()["next"] == "acknowledgement_ends"
    assert live_team.run("oncall", "extend", id).stdout == f"extended {id}\n"
    snoozed = live_team.run("oncall", "snooze", id, "--for", "2h", "--reason", "batch")
    assert snoozed.stdout == f"snoozed {id}\n"
    assert next_of()["next"] == "snooze_ends"
    assert live_team.run("oncall", "give", id, "--to", "pm", "--reason", "hers").returncode == 0
    assert next_of()["owner"] == "pm"
    assert live_team.run("oncall", "reapply", id).returncode == 2
    assert "acknowledgement ends" in live_team.run("oncall", "next").stdout
