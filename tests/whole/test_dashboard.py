"""Dashboards on a real Prometheus, Alertmanager and node_exporter."""

import os
import re
import signal
import subprocess
import sys

import pytest

from tests.kit.waiting import wait_until
from tests.whole.conftest import Production, has_ended, pid_of_engine

pytestmark = pytest.mark.servers

DOWN = {"alertname": "PosDown", "severity": "critical", "service": "pos"}


def test_an_alert_of_amtool_appears_is_silenced_and_resolves(production: Production) -> None:
    """A dashboard on nothing but a configuration: its engine is its child, its history stays."""
    am = production.alertmanager
    with production.dashboard() as screen:
        screen.wait_for("All quiet")
        screen.wait_for("App value")
        am.amtool("alert", "add", *(f"{k}={v}" for k, v in DOWN.items()))
        screen.wait_for("PosDown")
        screen.wait_for(lambda text: "CRITICAL" in text and "1 unacknowledged" in text)
        silence = am.silence("alertname=PosDown", author="sarah", comment="deploying")
        screen.wait_for("silenced")
        screen.wait_for("0 unacknowledged")
        am.expire(silence)
        screen.wait_for("1 unacknowledged")
        am.resolve(DOWN)
        screen.wait_for("resolved")
        screen.wait_for("0 unacknowledged")
        assert "PosDown" in screen.text(), "history stays"
        screen.send("q")
        assert screen.wait_exit() == 0
        assert screen.restored


def test_a_rule_of_prometheus_is_one_row_with_alertmanager(production: Production) -> None:
    """Pending with the time left, then firing in both, with external labels: one row each."""
    with production.dashboard() as screen:
        screen.wait_for("All quiet")
        production.target.set("app_value", 9, pod="a")
        screen.wait_for(lambda text: "HighForLong" in text and "fires in 59m" in text)
        wait_until(lambda: '"alertmanager"' in production.run("alerts", "--format", "json").stdout)
        seen: list[str] = []

        def fires(text: str) -> bool:
            seen[:] = [row for row in text.splitlines() if "✖ CRIT" in row and "TooHigh" in row]
            return bool(seen)

        screen.wait_for(fires)
        assert len(seen) == 1, seen


def test_a_prometheus_that_dies_is_named_and_its_figures_age(production: Production) -> None:
    """Kill it under a running dashboard: nothing stays live, nothing resolves; then it comes back."""
    production.target.set("app_value", 9, pod="a")
    with production.dashboard() as screen:
        screen.wait_for(lambda text: "TooHigh" in text and "Performance" in text)
        screen.wait_for(lambda text: re.search(r"App value +9 ", text) is not None)
        production.prometheus.kill()
        screen.wait_for(lambda text: re.search(r"App value +9 +\d+s old", text) is not None)
        screen.wait_for(lambda text: re.search(r"prometheus.*: http://", text) is not None)
        screen.wait_for("refused the connection")
        screen.wait_for(lambda text: re.search(r"App value +no data", text) is not None, 60)
        shown = screen.text()
        assert "TooHigh" in shown and "resolved" not in shown
        assert not re.search(r"App value.* ok ", shown)
        assert "HEALTHY" not in shown
        production.prometheus.start()
        screen.wait_for(lambda text: "refused the connection" not in text, 60)
        screen.wait_for(lambda text: re.search(r"App value +9 ", text) is not None)


def test_what_one_does_is_on_the_other_dashboard(production: Production) -> None:
    """Two dashboards, one engine: an acknowledgement, its undoing and an escalation, seen on both."""
    production.target.set("app_value", 9, pod="a")
    production.start_engine()
    with production.dashboard() as mine, production.dashboard(80, 24) as theirs:
        for screen in (mine, theirs):
            screen.wait_for("TooHigh")
        mine.wait_for("1 unacknowledged")
        mine.send("a")
        mine.wait_for("acknowledged TooHigh")
        theirs.wait_for("0 unacked")
        theirs.send("u")
        theirs.wait_for("nobody has it again")
        theirs.send("enter")
        theirs.wait_for("1 unacked")
        mine.wait_for("1 unacknowledged")
        mine.send("e")
        mine.wait_for("reason")
        mine.send("cannot reach the pod", "enter")
        for screen in (mine, theirs):
            screen.wait_for("to level 2 Tech Lead: cannot reach the pod")


def test_two_processes_acknowledge_the_same_alert(production: Production) -> None:
    """One wins; the other is told by whom and when, on one line, exit status 2."""
    production.alertmanager.post_alert(DOWN)
    production.start_engine()
    production.wait_for_alert("PosDown")
    (row,) = [one for one in production.run("alerts").stdout.splitlines() if "PosDown" in one]
    assert "nobody" in row or "-" in row
    listed = production.run("alerts", "--format", "json").stdout
    found = re.search(r'"fingerprint": "([0-9a-f]{16})"', listed)
    assert found
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "opsdash", "ack", found[1]],
            env=production.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    told = sorted((one.wait(120), *one.communicate()) for one in both)
    assert [code for code, *_ in told] == [0, 2]
    assert re.search(r"acknowledged by \w+ .* ago", told[1][2]), told
    assert told[1][2].count("\n") == 1


def test_an_engine_that_is_killed_is_replaced_or_named(production: Production) -> None:
    """The dashboard's own child is started anew; where somebody else runs it, ENGINE DOWN is said."""
    with production.dashboard() as screen:
        screen.wait_for("All quiet")
        first = pid_of_engine(screen.pid)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: pid_of_engine(screen.pid) not in (0, first))
        screen.wait_for(lambda text: "All quiet" in text and "ENGINE" not in text)
    production.configure(autostart=False)
    engine = production.start_engine()
    with production.dashboard() as screen:
        screen.wait_for("All quiet")
        engine.kill()
        screen.wait_for("ENGINE DOWN since")
        screen.wait_for("UNKNOWN")
        assert "All quiet" not in screen.text()


def test_an_engine_dies_with_its_dashboard(production: Production) -> None:
    """Even kill -9 of the dashboard leaves no engine behind."""
    with production.dashboard() as screen:
        screen.wait_for("All quiet")
        child = pid_of_engine(screen.pid)
        screen.signal(signal.SIGKILL)
        wait_until(lambda: has_ended(child))


def test_every_figure_of_this_machine_is_there(production: Production) -> None:
    """node_exporter's own names fill the infrastructure pane of the defaults."""
    with production.dashboard() as screen:
        screen.wait_for(
            lambda text: (
                re.search(r"Memory +\d+ %", text) is not None
                and re.search(r"Disk +\d+ %", text) is not None
                and re.search(r"CPU +\d+ %", text) is not None
            ),
            60,
        )
