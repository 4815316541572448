"""`opsdash demo --metrics-listen`: the same simulation, for a Prometheus to scrape."""

import re
import signal
import subprocess
import sys
from urllib.request import urlopen

import pytest


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_the_simulation_is_served_for_scrapes(signum: int) -> None:
    """It names its port, answers with payments' exposition, and ends cleanly when told to."""
    command = [sys.executable, "-m", "opsdash", "demo", "--metrics-listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout is not None
            told = serving.stdout.readline()
            port = re.fullmatch(r"SIMULATED metrics on port (\d+), path /metrics; .*\n", told)
            assert port is not None, told
            with urlopen(f"http://127.0.0.1:{port[1]}/metrics", timeout=60) as answer:
                assert answer.headers["Content-Type"].startswith("text/plain")
                text = answer.read().decode()
            serving.send_signal(signum)
            assert serving.wait(timeout=60) == 0
        finally:
            serving.kill()
    assert re.search(r"^payments_total\{[^}]+\} \d", text, re.M), text[:500]
