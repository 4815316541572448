"""R13: canaries in every place where a secret may be given, and nowhere else after all that could spill them.

Every server echoes what it was sent in its errors; logs are at their loudest; the dashboard and the
engine are made to crash. Then every byte that was written anywhere is searched.
"""

import base64
import contextlib
import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.kit.process import free_port
from tests.notifiers.receivers import Answered, Received, Receiver
from tests.terminal import Terminal

from bench.bed import OPSDASH, Bed
from bench.figure import Figure, Size, script
from bench.pagers import ignore
from bench.watch import children

_FILES = {
    "password": "canary-Pa55word-01",
    "user": "canary-user-02",
    "header": "canary-header-03",
    "slack": "{url}/services/T0/B0/canary-slack-04",
    "routing": "canaryr0utingkey05canaryr0utingk",
    "smtp": "canary-smtp&pass/06",
    "apprise": "json://ops:canary-apprise-07@127.0.0.1:{port}/x",
    "hook": "{url}/hook/canary-hook-08",
    "signing": "canary-signing-09",
}
_VARIABLES = {
    "CANARY_BEARER": "canary-bearer-10",
    "CANARY_TOKEN": "canary-token-11",
    "CANARY_PULSE": "{url}/ping/canary-pulse-12",
}

_CONFIG = """\
refresh = "1s"
[store]
url = "sqlite:///{store}"
[engine]
autostart = false
[prometheus]
url = "{url}/prometheus"
basic_auth = {{ username_file = "user", password_file = "password" }}
http_headers = {{ X-Scope-OrgID = {{ files = ["header"] }} }}
[alertmanager]
urls = ["{url}"]
authorization = {{ credentials_env = "CANARY_BEARER" }}
[[notifier]]
id = "pd"
kind = "pagerduty"
url = "{url}"
api_url = "{url}/rest"
routing_key_file = "routing"
token_env = "CANARY_TOKEN"
sender = "ops@example.com"
[[notifier]]
id = "slack"
kind = "slack"
url_file = "slack"
[[notifier]]
id = "mail"
kind = "email"
host = "127.0.0.1"
port = {port}
security = "starttls"
username = "ops"
password_file = "smtp"
sender = "ops@example.com"
to = ["john@example.com"]
[[notifier]]
id = "hook"
kind = "webhook"
url_file = "hook"
secret_file = "signing"
[[notifier]]
id = "more"
kind = "apprise"
url_file = "apprise"
[heartbeat]
url_env = "CANARY_PULSE"
every = "5s"
[paging]
group_wait = "0s"
deadline = "5s"
[[escalation_policy]]
id = "all"
levels = [ {{ name = "On call", notify = [
  "notifier:pd", "notifier:slack", "notifier:mail", "notifier:hook", "notifier:more" ] }} ]
"""

PATIENCE = 240.0
"""Seconds that a screen or an end may take: an engine that logs everything is slow on a busy machine."""

_LOUD = """\
import logging, signal, sys, threading
from opsdash.cli import logs
quiet = logs.log_to_stderr
def loud(as_json):
    quiet(as_json)
    for name in ("", "httpx", "httpcore", "asyncio", "aiosqlite", "aiosmtplib", "apprise"):
        logging.getLogger(name).setLevel(logging.DEBUG)
logs.log_to_stderr = loud
def later():
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(logging.DEBUG)
for pause in (2, 4, 8):
    threading.Timer(pause, later).start()
def crash(*_):
    raise RuntimeError("forced")
signal.signal(signal.SIGUSR1, crash)
sys.argv = ["opsdash", "engine"]
from opsdash.__main__ import main
main()
"""

_CRASHING = """\
import sys
from opsdash.plan import FileRef, SecretRef
from opsdash.secret import Secret
from opsdash.ui.app import OpsdashApp
secret = Secret(SecretRef(FileRef(sys.argv.pop(), "")))
def crash(*_):
    password = secret.reveal()
    raise ValueError(f"http://ops:{password}@host refused {password}")
OpsdashApp.action_of = crash
from opsdash.__main__ import main
main()
"""

_ALERT = {
    "fingerprint": "00ff",
    "labels": {"alertname": "Spill", "severity": "critical"},
    "annotations": {"summary": "page everybody"},
    "startsAt": "2025-12-22T14:00:00Z",
    "endsAt": "2099-12-22T14:00:00Z",
    "updatedAt": "2025-12-22T14:00:00Z",
    "generatorURL": "",
    "receivers": [],
    "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
}


class Echo(Receiver):
    """Fails by saying back all it was sent, in every shape that its clients know errors in."""

    def __init__(self) -> None:
        super().__init__()
        self._server.handle_error = ignore  # type: ignore[method-assign]
        self.failing = False
        self.count = 0

    def answer(self, received: Received) -> Answered:
        """Say it back."""
        path = received.path.partition("?")[0]
        if path.startswith("/api/v2/") and not self.failing:
            found = {"/api/v2/alerts": [_ALERT], "/api/v2/silences": []}
            return Answered(200, found.get(path, {"uptime": "2020-01-01T00:00:00Z"}))
        self.count += 1
        said = " ".join(f"{name}: {value}" for name, value in received.headers.items())
        said = f"{said} {self._plain(received)} {received.path} {received.body.decode()}"
        match self.count % 5:
            case 0:
                body = {"status": "error", "errorType": "bad_data", "error": said, "message": said}
                return Answered(422, body | {"errors": [said]})
            case 1:
                return Answered(500, said)
            case 2:
                return Answered(400, json.dumps(said), {"Content-Type": "application/json"})
            case 3:
                return Answered(401, {"error": {"message": said, "errors": [said]}})
        return Answered(302, said, {"Location": f"http://127.0.0.1:1/{urllib.parse.quote(said)}"})

    @staticmethod
    def _plain(received: Received) -> str:
        """Return what basic authentication says, as a server that decodes it for its log does."""
        kind, _, coded = received.headers.get("authorization", "").partition(" ")
        return base64.b64decode(coded).decode() if kind == "Basic" else ""

    def _serve(self, exchange: BaseHTTPRequestHandler) -> None:
        super()._serve(exchange)
        self.requests[:] = self.requests[-50:]


@dataclass(slots=True)
class Run:
    """What a run came to: where canaries were found, and which files were not refused."""

    canaries: int = 0
    places: int = 0
    octets: int = 0
    asked: int = 0
    found: list[str] = field(default_factory=list)
    refused: int = 0
    taken: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Search:
    """Looks for canaries in all that it is shown."""

    def __init__(self, secrets: Mapping[str, str], done: Run) -> None:
        self._forms = {
            form.encode(): name for name, value in secrets.items() for form in _forms(value)
        }
        self._done = done
        self._done.canaries = len(secrets)

    def look(self, place: str, written: bytes) -> None:
        """Search what was written in one place."""
        self._done.places += 1
        self._done.octets += len(written)
        for form, name in self._forms.items():
            if form in written:
                at = written.find(form)
                around = written[max(0, at - 60) : at + 90].decode(errors="replace")
                self._done.found.append(f"{name} in {place} after {around!r}")


def _forms(value: str) -> set[str]:
    """Return how a secret may be written: its telling part plain, quoted, and in base64 both ways."""
    part = re.search(r"canary[\w&/-]*", value)
    telling = part[0] if part else value
    coded = {base64.b64encode(text.encode()).decode().rstrip("=") for text in (value, telling)}
    both = base64.b64encode(f"canary-user-02:{telling}".encode()).decode()
    return {telling, urllib.parse.quote(telling, safe=""), both, *coded}


class Watched(threading.Thread):
    """Notes the command lines of a process and of all that it starts."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.ended = threading.Event()
        self.lines: set[bytes] = set()

    def run(self) -> None:
        """Look again and again."""
        while not self.ended.wait(0.02):
            waiting = [self._pid]
            while waiting:
                pid = waiting.pop()
                try:
                    self.lines.add(Path(f"/proc/{pid}/cmdline").read_bytes())
                except OSError:
                    continue
                waiting += children(pid)


def run(seconds: float) -> Run:
    """Let everything fail for so long, and search."""
    done = Run()
    with Echo() as echo, Bed(echo.url) as bed:
        port = int(echo.url.rpartition(":")[2])
        secrets = {
            name: text.format(url=echo.url, port=port)
            for name, text in {**_FILES, **_VARIABLES}.items()
        }
        for name in _FILES:
            (bed.folder / name).write_text(secrets[name])
            (bed.folder / name).chmod(0o600)
        bed.environment.update({name: secrets[name] for name in _VARIABLES})
        text = _CONFIG.format(store=bed.store, url=echo.url, port=free_port())
        bed.config.write_text(text)
        search = Search(secrets, done)
        _spill(bed, echo, search, done, seconds)
        for path in bed.folder.rglob("*"):
            if path.is_file() and path.name not in _FILES:
                search.look(str(path.relative_to(bed.folder)), path.read_bytes())
        _refuse(bed, done, text)
        done.asked = echo.count
    return done


def _spill(bed: Bed, echo: Echo, search: Search, done: Run, seconds: float) -> None:
    """Run everything that knows a secret, and break it."""
    with open(bed.folder / "engine.log", "ab") as log:
        engine = subprocess.Popen(
            [sys.executable, "-c", _LOUD],
            env={**bed.environment, "PYTHONASYNCIODEBUG": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    watched = Watched(engine.pid)
    watched.start()
    size = {"columns": 200, "lines": 50, "env": bed.environment}
    try:
        with Terminal(OPSDASH, **size) as terminal:  # type: ignore[arg-type]
            terminal.wait_for("Spill", PATIENCE)
            terminal.send("4", "enter")
            time.sleep(seconds / 2)
            echo.failing = True
            time.sleep(seconds / 2)
            search.look("the dashboard", terminal.raw)
            search.look("its last screen", terminal.text().replace("\n", "").encode())
        for words in (
            ("check",),
            *(("check", "--notify", id) for id in ("pd", "slack", "mail", "hook", "more")),
            ("status", "--live"),
            ("status", "--format", "json"),
            ("alerts", "--format", "json"),
            ("audit",),
        ):
            told = bed.command(*words)
            search.look(" ".join(words), (told.stdout + told.stderr).encode())
        crashing = [sys.executable, "-c", _CRASHING, str(bed.folder / "password")]
        with Terminal(crashing, **size) as terminal:  # type: ignore[arg-type]
            terminal.wait_for("Spill", PATIENCE)
            terminal.send("?", "x")
            if terminal.wait_exit(PATIENCE) != 70:
                done.wrong.append(f"the crash ended with {terminal.exit_code}")
            search.look("a crash on screen", terminal.raw)
        # Where the blow falls into a step it is that step's bug, and the engine lives on.
        engine.send_signal(signal.SIGUSR1)
        with contextlib.suppress(subprocess.TimeoutExpired):
            engine.wait(5)
    except AssertionError as error:
        said = (bed.folder / "engine.log").read_text(errors="replace")
        done.wrong.append(f"{str(error)[:700]} {said[-300:]}")
    finally:
        watched.ended.set()
        engine.kill()
        engine.wait()
    if not list(bed.folder.rglob("crash-*")):
        done.wrong.append("no crash file was written")
    search.look("command lines", b"\n".join(watched.lines))


def _refuse(bed: Bed, done: Run, text: str) -> None:
    """Show each secret file to others, and write secrets into the configuration itself."""
    for name in _FILES:
        # Every mode once, and every file once: a command a pair would be long.
        for mode in (0o640, 0o604, 0o660, 0o602) if name == "password" else (0o640,):
            path = bed.folder / name
            path.chmod(mode)
            told = bed.command("check")
            said = told.stdout + told.stderr
            path.chmod(0o600)
            if told.returncode != 0 and str(path) in said and "chmod 600" in said:
                done.refused += 1
            else:
                done.taken.append(f"{name} of mode {mode:o}")
    for wrong in (
        'password = "canary"',
        'routing_key = "canary"',
        'token = "canary"',
        'url = "http://ops:canary@127.0.0.1:1"',
    ):
        bed.config.write_text(text.replace('kind = "webhook"', f'kind = "webhook"\n{wrong}'))
        told = bed.command("check")
        if told.returncode == 2 and "canary" not in told.stdout + told.stderr:
            done.refused += 1
        else:
            done.taken.append(f"{wrong.partition(' ')[0]} in the configuration")
    bed.config.write_text(text)


def measure(size: Size) -> Iterator[Figure]:
    """Measure R13."""
    done = run(size.of(6, 15, 60))
    wrong = done.found + done.taken + done.wrong
    yield Figure(
        "R13",
        f"{done.canaries} canaries, {done.asked} errors that echo them, {done.places} places,"
        f" {done.octets // 1024} KiB searched",
        "found 0; files that others can read and secrets in the configuration refused 100 %",
        f"found {len(done.found)}, refused {done.refused} of {done.refused + len(done.taken)}"
        + "".join(f"; {one}" for one in wrong[:8]),
        not wrong,
    )


if __name__ == "__main__":
    script(measure)
