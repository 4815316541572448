"""`opsdash engine`: alone, without a terminal, and told what to do by signals."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.cli.conftest import Team
from tests.kit.waiting import wait_until


class Running:
    """One engine with its log."""

    def __init__(self, team: Team, *arguments: str) -> None:
        self.log = team.folder / "running.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "opsdash", "engine", *arguments],
                env=team.environment,
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        team.adopt(self.process)

    def wait_for(self, words: str) -> str:
        """Return the log line that holds `words`, once it is there."""
        return wait_until(
            lambda: next((one for one in self.log.read_text().splitlines() if words in one), ""),
            what=words,
        )

    def end(self) -> int:
        """Tell it to end as systemd would, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


@pytest.fixture
def running(team: Team) -> Running:
    """An engine that holds the lease and logs JSON."""
    engine = Running(team, "--log-format", "json", "--metrics-listen", "127.0.0.1:0")
    engine.wait_for("holding the lease")
    return engine


def test_it_logs_one_json_object_a_line_and_ends_cleanly(running: Running) -> None:
    """Every line parses, with a time in UTC, a level and a message; SIGTERM ends it, exit 0."""
    assert running.end() == 0
    lines = [json.loads(line) for line in running.log.read_text().splitlines()]
    assert lines
    for line in lines:
        assert set(line) == {"ts", "level", "component", "msg"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["ts"])


_SLOW_NAMES = """\
import socket, sys, time
look_up = socket.getaddrinfo
def hang(*given, flags=0, **named):
    if flags == socket.AI_NUMERICHOST:
        return look_up(*given, flags=flags, **named)
    print("looking up", file=sys.stderr, flush=True)
    time.sleep(600)
socket.getaddrinfo = hang
sys.argv = ["opsdash", "engine"]
from opsdash.__main__ import main
main()
"""


def test_a_resolver_that_hangs_does_not_keep_it(team: Team) -> None:
    """SIGTERM ends it, exit 0, although a name is looked up for ten minutes."""
    text = f'[store]\nurl = "sqlite:///{team.folder / "slow.db"}"\n'
    team.config.write_text(text + '[prometheus]\nurl = "http://nowhere.example.com:9090"\n')
    command = [sys.executable, "-c", _SLOW_NAMES]
    with subprocess.Popen(command, env=team.environment, stderr=subprocess.PIPE) as engine:
        assert engine.stderr is not None
        while b"looking up" not in (line := engine.stderr.readline()):
            assert line, "the engine ended before it looked anything up"
        engine.send_signal(signal.SIGTERM)
        try:
            assert engine.wait(timeout=60) == 0
        finally:
            engine.kill()


def test_it_serves_its_own_metrics(running: Running) -> None:
    """`--metrics-listen` answers scrapes and the question whether it is ready."""
    port = re.search(r"own metrics on port (\d+)", running.log.read_text())
    assert port is not None
    base = f"http://127.0.0.1:{port[1]}"

    def answer(path: str) -> str:
        try:
            with urlopen(f"{base}{path}", timeout=60) as answered:
                return str(answered.read().decode())
        except OSError:
            return ""

    wait_until(lambda: answer("/-/ready"), what="an engine that is ready")
    wait_until(lambda: "opsdash_lease_held 1.0" in answer("/metrics"), what="the lease")
    running.end()


def test_a_reload_takes_a_good_configuration_and_refuses_a_bad_one(
    team: Team, running: Running
) -> None:
    """SIGHUP: a bad file is refused line by line and the old kept; a good one is what screens show."""
    good = team.config.read_text()
    os.utime(team.config)
    team.config.write_text(good + "\nnonsense = 1\n")
    running.process.send_signal(signal.SIGHUP)
    refused = running.wait_for("reload refused")
    assert "nonsense" in refused
    team.config.write_text(good.replace("Payment App Production", "Renamed"))
    running.process.send_signal(signal.SIGHUP)
    running.wait_for("configuration read again")
    wait_until(lambda: team.run("status").stdout.startswith("Renamed:"))
    assert running.end() == 0


def test_systemd_is_told_that_it_is_ready_alive_and_stopping(team: Team, tmp_path: Path) -> None:
    """With NOTIFY_SOCKET set it sends READY=1, WATCHDOG=1 while the loop beats, and STOPPING=1."""
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        team.environment["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        engine = Running(team)
        told = {manager.recv(64), manager.recv(64)}
        assert told == {b"READY=1", b"WATCHDOG=1"}
        engine.end()
        while manager.recv(64) != b"STOPPING=1":
            pass


def test_logfmt_quotes_what_needs_it(team: Team) -> None:
    """The default log is logfmt: names without blanks, values quoted where they have any."""
    engine = Running(team)
    line = engine.wait_for("holding the lease")
    assert re.fullmatch(
        r'ts=\S+ level=info component=opsdash\.engine msg="holding the lease, epoch \d+"', line
    )
    engine.end()
