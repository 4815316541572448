"""`opsdash failures`: what the keys on a tile do, from a shell."""

import getpass
import json
from typing import Any

import pytest

from tests.cli.conftest import Team
from tests.kit.waiting import wait_until

ME = getpass.getuser()


def listed(team: Team, *options: str) -> list[dict[str, Any]]:
    """Return the batches in their documented shape."""
    done = team.run("failures", "list", "--format", "json", *options)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def on_the_tile(team: Team) -> dict[str, Any] | None:
    """Return the batch that the JSON of `status` carries."""
    shape = json.loads(team.run("status", "--format", "json").stdout)
    tiles = {i["id"]: i for pane in shape["panes"] for i in pane["indicators"]}
    found: dict[str, Any] | None = tiles["failed"]["failures"]
    return found


@pytest.fixture
def failing_team(live_team: Team) -> Team:
    """The team when all payments have failed that fail in the incident; two had before it."""
    wait_until(lambda: [b["count"] for b in listed(live_team)] == [3])
    return live_team


def test_failures_are_listed_taken_and_investigated(failing_team: Team) -> None:
    """From new to investigated, each step in list, status and its JSON; hostile notes are text."""
    batch, before = listed(failing_team, "--all")
    assert batch.pop("opened_at") <= batch.pop("grown_at")
    assert batch == {
        "id": "F2", "indicator": "failed", "state": "new", "count": 3,
        "by": None, "at": None, "note": None, "ended_at": None,
    }  # fmt: skip
    assert (before["id"], before["state"], before["by"]) == ("F1", "investigated", "sarah")
    assert before["ended_at"] is not None
    wait_until(lambda: "5  ok  (new)\n" in failing_team.run("status").stdout)
    taken = failing_team.run("failures", "take")
    assert (taken.returncode, taken.stdout) == (0, "investigating F2\n")
    again = failing_team.run("failures", "take", "F2")
    assert again.returncode == 2
    assert again.stderr.startswith("opsdash: F2: you began to look into it ")
    found = on_the_tile(failing_team)
    assert found is not None
    assert (found["state"], found["by"]) == ("investigating", ME)
    wait_until(lambda: f"(investigating, {ME})" in failing_team.run("status").stdout)
    done = failing_team.run("failures", "done", "failed", "--note", "issuer \x1b[31mdown\n[b]x")
    assert (done.returncode, done.stdout, done.stderr) == (0, "investigated F2\n", "")
    (after,) = listed(failing_team)
    assert (after["state"], after["by"]) == ("investigated", ME)
    assert after["note"] == "issuer \ufffd[31mdown [b]x"
    text = failing_team.run("failures", "list", "--all").stdout
    assert "\x1b" not in text
    assert text.splitlines()[0].split() == ["ID", "FIGURE", "COUNT", "SINCE", "STATE", "BY", "NOTE"]
    assert [line.split()[0] for line in text.splitlines()[1:]] == ["F2", "F1"]


def test_one_is_given_back_and_not_taken_over_from_oneself(failing_team: Team) -> None:
    """Each act in one line, what cannot be done with exit 2."""
    assert failing_team.run("failures", "take", "2").returncode == 0
    assert failing_team.run("failures", "give-back", "F2").stdout == "gave back F2\n"
    assert listed(failing_team)[0]["state"] == "new"
    assert failing_team.run("failures", "take", "failed").returncode == 0
    over = failing_team.run("failures", "take", "--over")
    assert over.returncode == 2
    assert "you began to look into it" in over.stderr


def test_a_restart_of_the_engine_opens_nothing_anew(failing_team: Team) -> None:
    """What was investigated stays so, and its number."""
    assert failing_team.run("failures", "done", "--note", "known").returncode == 0
    failing_team.stop_engines()
    failing_team.start_engine()

    def engine() -> str:
        shape = json.loads(failing_team.run("status", "--format", "json").stdout)
        return str(shape["engine"]["state"] if shape["as_of"] else "")

    wait_until(lambda: engine() == "running")
    states = [(b["id"], b["state"]) for b in listed(failing_team, "--all")]
    assert states == [("F2", "investigated"), ("F1", "investigated")]


def test_what_is_not_there_is_said_in_one_line(failing_team: Team) -> None:
    """An unknown id, and a note that is missing or empty."""
    for arguments, said in (
        (("take", "F9"), "opsdash: no batch has the id 'F9'; `opsdash failures list` lists them"),
        (("done", "F2", "--note", " "), "opsdash: F2: a note is needed: what was it?"),
    ):
        refused = failing_team.run("failures", *arguments)
        assert refused.returncode == 2
        assert refused.stderr.strip() == said
    assert failing_team.run("failures", "done", "F2").returncode == 2
