"""`ack`, `unack` and `escalate`: what the keys do, from a shell."""

import getpass
import json
from typing import Any

from tests.cli.conftest import Team


def _alert(team: Team, name: str = "HighErrorRate") -> dict[str, Any]:
    listed = json.loads(team.run("alerts", "--format", "json").stdout)
    found: dict[str, Any] = next(a for a in listed if a["labels"]["alertname"] == name)
    return found


def test_alerts_json_has_the_documented_shape(live_team: Team) -> None:
    """The JSON of `alerts` is a list whose items have the documented keys, times in RFC 3339."""
    alert = _alert(live_team)
    assert {
        "id", "fingerprint", "state", "severity", "labels", "annotations", "active_at", "fired_at",
        "acknowledged_by", "acknowledged_at", "level", "level_name", "silenced_by", "inhibited_by",
        "sources",
    } <= set(alert)  # fmt: skip
    assert alert["state"] == "firing"
    assert alert["severity"] == "critical"
    assert alert["fired_at"].endswith("Z")
    assert (alert["level"], alert["level_name"]) == (1, "On-call engineer")
    assert alert["incident"] == "INC-001"


def test_acknowledge_by_prefix_then_again_then_back(live_team: Team) -> None:
    """A prefix of the fingerprint is enough; a second acknowledgement is refused with who and when."""
    id = _alert(live_team)["id"]
    done = live_team.run("ack", id[:6], "--comment", "on it")
    assert (done.returncode, done.stdout) == (0, f"acknowledged {id}\n")
    taken = _alert(live_team)
    assert taken["acknowledged_by"] == getpass.getuser()
    assert taken["comment"] == "on it"
    again = live_team.run("ack", id)
    assert again.returncode == 2
    assert f"{id}: acknowledged by you" in again.stderr
    back = live_team.run("unack", id)
    assert (back.returncode, back.stdout) == (0, f"unacknowledged {id}\n")
    assert _alert(live_team)["acknowledged_by"] is None


def test_an_incident_stands_for_its_alerts(live_team: Team) -> None:
    """`INC-001` acknowledges every open alert of that incident."""
    members = _alert(live_team)["incident"]
    done = live_team.run("ack", members)
    assert done.returncode == 0
    assert _alert(live_team)["acknowledged_by"]


def test_escalate_climbs_level_by_level_and_names_the_person(live_team: Team) -> None:
    """Without --to it is the next level; its name and person are recorded; the last one is the end."""
    id = _alert(live_team)["id"]
    for level, name in ((2, "Tech Lead"), (3, "PM"), (4, "CEO")):
        assert live_team.run("escalate", id, "--reason", "needs more").returncode == 0
        alert = _alert(live_team)
        assert (alert["level"], alert["level_name"]) == (level, name)
    beyond = live_team.run("escalate", id, "--reason", "further")
    assert beyond.returncode == 2
    assert "level 4 CEO is the last one" in beyond.stderr
    down = live_team.run("escalate", id, "--to", "2", "--reason", "enough")
    assert down.returncode == 0
    assert _alert(live_team)["level"] == 2


def test_the_ceo_is_reached_for_critical_alerts_only(live_team: Team) -> None:
    """A warning is refused at level 4, with the reason."""
    id = _alert(live_team, "DiskWillFill")["id"]
    done = live_team.run("escalate", id, "--to", "4", "--reason", "now")
    assert done.returncode == 2
    assert "level 4 CEO is for critical alerts, this one is warning" in done.stderr


def test_what_is_not_there_is_said_in_one_line(live_team: Team) -> None:
    """An unknown id ends with one line, exit 2, and changes nothing."""
    for wrong, words in (("zzzz", "no alert has the id"), ("INC-999", "there is no INC-999")):
        done = live_team.run("ack", wrong)
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
