"""`escalate`, `oncall take` and `oncall give`: whom they wake is said before, and nothing runs ahead."""

import sys
from collections.abc import Iterator

import pytest

from opsdash.domain.climb import owner
from opsdash.runtime import now
from opsdash.store import alerts, climbs, entries
from opsdash.store.connection import Connection
from opsdash.store.opening import connect
from tests.cli.conftest import Team
from tests.domain.alerts import an_alert
from tests.kit.source_tree import ROOT
from tests.paging.world import team as staff
from tests.stored import put
from tests.terminal import Terminal


@pytest.fixture
def store(team: Team) -> Iterator[Connection]:
    """The team's store, in which `aa/1` is critical and `bb/1` a warning, both at level 1."""
    opened = connect(team.folder / "ops.db")
    fired = (an_alert("aa", service="pay"), an_alert("bb", service="web", severity="warning"))
    opened.write(put, staff(), now(), *fired)
    yield opened
    opened.close()


def level(store: Connection, id: str = "aa/1") -> int:
    """Return at which level an alert is."""
    found = store.read(alerts.load, id)
    assert found is not None
    return found.level


def whose(store: Connection, id: str = "aa/1") -> str:
    """Return whose an alert is."""
    found = store.read(alerts.load, id)
    assert found is not None
    return str(owner(found, store.read(climbs.load, id)))


def written(store: Connection) -> tuple[int, int]:
    """Return how many entries and messages there are."""
    return (
        store.read(entries.last_id),
        store.read(lambda c: int(c.execute("SELECT count(*) FROM outbox").fetchone()[0])),
    )


def test_a_dry_run_of_escalating_says_whom_it_would_page_and_writes_nothing(
    team: Team, store: Connection
) -> None:
    """By name and through what; what stays is said on the other channel, exit 2."""
    before = written(store)
    done = team.run("escalate", "aa/1", "--reason", "x", "--dry-run")
    assert (done.returncode, done.stdout) == (
        *(0, "aa/1 AA: level 1 to level 2\nThis pages 2 Tech Lead: Maria through maria\n"),
    )
    down = team.run(
        "escalate", "aa/1", "--to", "3", "--from-level", "1", "--reason", "x", "--dry-run"
    )
    assert "This pages 3 PM: Priya through priya" in down.stdout
    for arguments, words in (
        (("bb/1", "--to", "4"), "bb/1: level 4 CEO is for critical alerts, this one is warning"),
        (("aa/1", "--from-level", "2"), "aa/1: it is at level 1 by now"),
    ):
        stays = team.run("escalate", *arguments, "--reason", "x", "--dry-run")
        assert (stays.returncode, stays.stdout) == (2, "")
        assert words in stays.stderr
    assert written(store) == before and level(store) == 1


def test_going_down_pages_nobody_and_a_dry_run_says_so(team: Team, store: Connection) -> None:
    """As on the screen."""
    assert team.run("escalate", "aa/1", "--to", "3", "--reason", "x").returncode == 0
    done = team.run("escalate", "aa/1", "--to", "1", "--reason", "x", "--dry-run")
    assert done.stdout.endswith("level 3 to level 1\nThis goes down: nobody is paged\n")
    assert level(store) == 3


def test_two_people_who_saw_level_1_climb_one_level(team: Team, store: Connection) -> None:
    """The second one is refused with who moved it; without `--from-level` it would be level 3."""
    first = team.run("escalate", "aa/1", "--from-level", "1", "--reason", "first")
    assert (first.returncode, first.stdout) == (0, "escalated aa/1\n"), first.stderr
    second = team.run("escalate", "aa/1", "--from-level", "1", "--reason", "second")
    assert (second.returncode, second.stdout) == (2, "")
    assert "moved it to level 2 Tech Lead" in second.stderr
    assert level(store) == 2


@pytest.mark.parametrize("command", ["take", "give"])
def test_what_changed_hands_is_refused_to_whoever_knew_another_owner(
    team: Team, store: Connection, command: str
) -> None:
    """`--from` is whose it is as the person knows it; `nobody` for an alert that nobody has."""
    more = ("--to", "tech-lead", "--reason", "hers") if command == "give" else ("--reason", "mine")
    wrong = team.run("oncall", command, "aa/1", "--from", "sarah", *more)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "aa/1: nobody has it any more" in wrong.stderr
    right = team.run("oncall", command, "aa/1", "--from", "nobody", *more)
    assert right.returncode == 0, right.stderr
    has = whose(store)
    assert has
    late = team.run("oncall", command, "aa/1", "--from", "nobody", *more)
    assert late.returncode == 2 and f"aa/1: {has} has it now" in late.stderr


def test_a_dry_run_of_taking_says_from_whom_and_that_it_wakes_nobody(
    team: Team, store: Connection
) -> None:
    """And writes nothing."""
    given = team.run("oncall", "give", "aa/1", "--to", "pm", "--reason", "hers")
    assert (given.returncode, given.stdout) == (0, "gave aa/1\n")
    before = written(store)
    done = team.run("oncall", "take", "aa/1", "--dry-run")
    assert (done.returncode, done.stdout) == (
        0,
        "aa/1 AA\nYou take it over from pm.\n"
        "It wakes nobody; whoever was paged is told that you have it.\n",
    )
    late = team.run("oncall", "take", "aa/1", "--from", "nobody", "--dry-run")
    assert late.returncode == 2 and "pm has it now" in late.stderr
    assert written(store) == before and whose(store) == "pm"


def test_a_dry_run_of_giving_says_whom_it_would_page(team: Team, store: Connection) -> None:
    """Whom the policy keeps for other severities, and who is not there, stays out; exit 2."""
    before = written(store)
    done = team.run("oncall", "give", "aa/1", "--to", "ceo", "--reason", "x", "--dry-run")
    assert (done.returncode, done.stdout) == (0, "aa/1 AA\nThis pages Chen through chen\n")
    barred = team.run("oncall", "give", "bb/1", "--to", "ceo", "--reason", "x", "--dry-run")
    assert (barred.returncode, barred.stdout) == (2, "")
    assert "bb/1: ceo is reached for critical alerts, this one is warning" in barred.stderr
    nobody = team.run("oncall", "give", "aa/1", "--to", "zoe", "--reason", "x", "--dry-run")
    assert nobody.returncode == 2 and "there is no person zoe" in nobody.stderr
    assert written(store) == before


def test_on_a_terminal_it_says_whom_it_wakes_and_asks(team: Team, store: Connection) -> None:
    """No answer but yes does it; `--yes` asks nothing."""

    def run(*more: str) -> Terminal:
        command = [sys.executable, "-m", "opsdash", "escalate", "aa/1", "--reason", "x", *more]
        return Terminal(command, cwd=ROOT, env=team.environment, columns=100, lines=10)

    with run() as terminal:
        terminal.wait_for("This pages 2 Tech Lead: Maria through maria")
        terminal.wait_for("Go on? [y/N]:")
        assert level(store) == 1
        terminal.send("n", "enter")
        terminal.wait_for("nothing was done")
        assert terminal.wait_exit() == 1
    assert level(store) == 1
    with run() as terminal:
        terminal.wait_for("Go on? [y/N]:")
        terminal.send("y", "enter")
        terminal.wait_for("escalated aa/1")
    assert level(store) == 2
    with run("--yes") as terminal:
        terminal.wait_for("This pages 3 PM: Priya through priya")
        terminal.wait_for("escalated aa/1")
    assert level(store) == 3
