"""`opsdash incident`: reports are marked as written from a shell, and everybody sees it."""

import json
import time
from typing import Any

from opsdash.domain.alert import Alert
from opsdash.runtime import now
from opsdash.store.opening import connect
from tests.cli.conftest import Team
from tests.domain.alerts import an_alert
from tests.paging.world import team as staff
from tests.stored import end, put


def _over(team: Team) -> None:
    """Write an incident that is over into the team's store."""
    store = connect(team.folder / "ops.db")
    opened: tuple[Alert, ...] = store.write(put, staff(), now(), an_alert("aa", service="pay"))
    time.sleep(0.002)
    store.write(end, staff(), now(), opened)
    store.close()


def _listed(team: Team, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        team.run("incident", "list", "--format", "json", *options).stdout
    )
    return found


def test_a_report_is_owed_marked_and_taken_back(team: Team) -> None:
    """The list and the handoff name it until somebody says where it is; a second one is refused."""
    _over(team)
    (owing,) = _listed(team, "--unreported")
    assert (owing["id"], owing["owes_report"], owing["report"]) == ("INC-001", True, None)
    assert "owed" in team.run("incident", "list").stdout
    done = team.run("incident", "reported", "INC-001", "--url", "https://wiki/1", "--note", "short")
    assert (done.returncode, done.stdout) == (0, "reported INC-001\n"), done.stderr
    assert _listed(team, "--unreported") == []
    assert team.run("incident", "list", "--unreported").stdout == "every incident has its report\n"
    (found,) = _listed(team)
    assert not found["owes_report"]
    assert set(found["report"]) == {"by", "at", "url", "note"}
    assert (found["report"]["url"], found["report"]["note"]) == ("https://wiki/1", "short")
    assert "https://wiki/1" in team.run("incident", "list").stdout
    again = team.run("incident", "reported", "inc-1", "--note", "mine")
    assert again.returncode == 2
    assert "inc-1: you said" in again.stderr and "https://wiki/1" in again.stderr
    back = team.run("incident", "unreported", "INC-001")
    assert (back.returncode, back.stdout) == (0, "owes its report again: INC-001\n")
    assert len(_listed(team, "--unreported")) == 1


def test_what_cannot_be_marked_is_said_in_one_line(team: Team) -> None:
    """No report without a place or a word, none of an incident that is not there; exit 2."""
    _over(team)
    for arguments, words in (
        (("INC-001",), "say where its report is, or why none is needed"),
        (("INC-001", "--url", "wiki"), "that is no web address; write it as https://HOST/PATH"),
        (("INC-007", "--note", "x"), "INC-007: there is no such incident"),
        (("aa/1", "--note", "x"), "aa/1: there is no such incident"),
    ):
        done = team.run("incident", "reported", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr and len(done.stderr.splitlines()) == 1
    assert len(_listed(team, "--unreported")) == 1


def test_the_handoff_as_json_has_checklist_and_reports(team: Team) -> None:
    """What the shift owes, word for word as on the screen."""
    _over(team)
    found = json.loads(team.run("oncall", "handoff", "--format", "json").stdout)
    owed = {duty["id"]: duty for duty in found["duties"]}
    assert list(owed) == ["monitor", "respond", "communicate", "escalate", "document"]
    assert not owed["document"]["done"] and "INC-001" in owed["document"]["missing"][0]
    assert [one["id"] for one in found["unreported"]] == ["INC-001"]
    assert "Incidents without a report: 1" in found["text"]
    team.run("incident", "reported", "INC-001", "--note", "false alarm")
    found = json.loads(team.run("oncall", "handoff", "--format", "json").stdout)
    assert found["unreported"] == [] and found["duties"][-1]["done"]
