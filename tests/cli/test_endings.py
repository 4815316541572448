"""`silence expire` and `oncall maintenance end`: what they show again and whom they wake is said before."""

import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from opsdash import covering, silencing
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.matchers import parse_matchers
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor
from opsdash.runtime import now
from opsdash.store import maintenance, silences
from opsdash.store.connection import Connection
from opsdash.store.opening import connect
from tests.cli.conftest import Team
from tests.domain.alerts import an_alert
from tests.kit.source_tree import ROOT
from tests.paging.world import SARAH
from tests.paging.world import team as staff
from tests.stored import put
from tests.terminal import Terminal

HOUR = timedelta(hours=1)
OPS = Actor(clean("ops"))


@pytest.fixture
def store(team: Team) -> Iterator[Connection]:
    """The team's store: S1 hides `aa/1`, `cc/1` (info) and, with S2, `bb/1`; window 1 holds `dd/1`."""
    opened, moment = connect(team.folder / "ops.db"), now()
    for matcher in ("service=pay", "service=pay, alertname=BB"):
        given = (parse_matchers(matcher), HOUR, "deploying")
        opened.write(silencing.silence, SARAH, moment, *given)
    window = Maintenance(0, moment, moment + HOUR, OPS.user, SafeText("rack"), SafeText("web"))
    opened.write(covering.maintain, OPS, moment, window)
    fired = (
        an_alert("aa", service="pay", silenced_by=("S1",)),
        an_alert("bb", service="pay", silenced_by=("S1", "S2")),
        an_alert("cc", service="pay", severity="info", silenced_by=("S1",)),
        an_alert("dd", service="web", fired_at=moment),
    )
    opened.write(put, staff(), moment, *fired)
    yield opened
    opened.close()


def hides(store: Connection, id: str) -> bool:
    """Whether a silence has not ended."""
    found = store.read(silences.load, id)
    assert found is not None
    return found.ended_at is None


def holds(store: Connection) -> bool:
    """Whether the window holds pages."""
    moment = now()
    return any(w.until > moment for w in store.read(maintenance.load_since, moment))


def test_a_dry_run_of_ending_a_silence_says_what_comes_back_and_whom_it_pages(
    team: Team, store: Connection
) -> None:
    """What another silence hides too stays hidden, and what is only info wakes nobody."""
    done = team.run("silence", "expire", "S1", "--dry-run")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "2 alerts are shown again: AA, CC\n"
        "This pages 1 On-call engineer: John through john; channel #incidents\n",
        "",
    )
    both = team.run("silence", "expire", "S1", "S2", "--dry-run")
    assert "3 alerts are shown again: AA, BB, CC\n" in both.stdout
    none = team.run("silence", "expire", "S2", "--dry-run")
    assert none.stdout == "no open alert is hidden by it alone: nobody is paged\n"
    assert hides(store, "S1") and hides(store, "S2")


def test_a_dry_run_of_a_silence_that_has_ended_says_so(team: Team, store: Connection) -> None:
    """On the other channel, exit 2, beside what the other one would do."""
    assert team.run("silence", "expire", "S2").stdout == "ended S2\n"
    done = team.run("silence", "expire", "S1", "S2", "--dry-run")
    assert done.returncode == 2
    assert "3 alerts are shown again" not in done.stdout and "AA" in done.stdout
    assert "opsdash: S2: it ended" in done.stderr


def test_a_dry_run_of_ending_maintenance_says_what_it_held_and_whom_that_pages(
    team: Team, store: Connection
) -> None:
    """What fired before the window goes on as it was, and is none of it."""
    done = team.run("oncall", "maintenance", "end", "1", "--dry-run")
    assert (done.returncode, done.stdout) == (
        0,
        "1 alert is paged then: DD\n"
        "This pages 1 On-call engineer: John through john; channel #incidents\n",
    )
    assert holds(store)
    gone = team.run("oncall", "maintenance", "end", "7", "--dry-run")
    assert gone.returncode == 2
    assert "7: it is over already, or was never there" in gone.stderr


def test_in_a_script_nothing_is_asked(team: Team, store: Connection) -> None:
    """Both end at once and say only that."""
    assert team.run("silence", "expire", "S1").stdout == "ended S1\n"
    assert team.run("oncall", "maintenance", "end", "1").stdout == "ended 1\n"
    assert not hides(store, "S1") and not holds(store)


@pytest.mark.parametrize(
    ("command", "word"),
    [
        (("silence", "expire", "S1"), "ended S1"),
        (("oncall", "maintenance", "end", "1"), "ended 1"),
    ],
)
def test_on_a_terminal_it_says_whom_it_wakes_and_asks(
    team: Team, store: Connection, command: tuple[str, ...], word: str
) -> None:
    """No answer but yes does it."""

    def run(*more: str) -> Terminal:
        words = [sys.executable, "-m", "opsdash", *command, *more]
        return Terminal(words, cwd=ROOT, env=team.environment, columns=100, lines=10)

    def is_on() -> bool:
        return hides(store, "S1") if command[0] == "silence" else holds(store)

    with run() as terminal:
        terminal.wait_for("This pages 1 On-call engineer: John through john")
        terminal.wait_for("Go on? [y/N]:")
        terminal.send("n", "enter")
        terminal.wait_for("nothing was done")
        assert terminal.wait_exit() == 1
    assert is_on()
    with run("--yes") as terminal:
        terminal.wait_for(word)
        assert terminal.wait_exit() == 0
    assert not is_on()
