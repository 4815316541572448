"""The test kit itself: real servers do what a test relies on, and every fault is what it says."""

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faultserver import FaultServer, marks
from tests.kit.certificates import Certificates, Pair
from tests.kit.faults import FAULTS
from tests.servers import (
    AlertmanagerServer,
    MetricTarget,
    NodeExporter,
    PrometheusServer,
    ServerFailedError,
    ServerMissingError,
    VictoriaMetrics,
    find_program,
    openmetrics,
    read_json,
    wait_until,
)

ROOT = Path(__file__).parent.parent


def test_prometheus_scrapes_the_target_and_sees_it_go(
    prometheus: PrometheusServer, metric_target: MetricTarget
) -> None:
    """A value set on the target is what Prometheus answers, and a target that stops is down."""
    metric_target.set("app_users", 2450, pod='a"b')
    assert prometheus.wait_for("app_users") == 2450
    metric_target.set("app_users", 7, pod='a"b')
    prometheus.wait_for("app_users", lambda value: value == 7)
    assert prometheus.query("app_users")[0]["metric"]["pod"] == 'a"b'
    metric_target.stop()
    prometheus.wait_for("up", lambda value: value == 0)


def test_prometheus_takes_pushed_samples_at_once(prometheus: PrometheusServer) -> None:
    """A pushed sample is there at the next query, many series at once too, with their history."""
    prometheus.push("app_users", 2450.5, pod="ä")
    assert prometheus.query("app_users")[0]["metric"] == {"__name__": "app_users", "pod": "ä"}
    assert prometheus.value("app_users") == 2450.5
    now = time.time()
    prometheus.push_series(
        ({"__name__": "many", "n": str(n)}, [(now - 60, n), (now - 30, n), (now - 1, n)])
        for n in range(3000)
    )
    assert prometheus.value("count(many)") == 3000
    assert prometheus.value("sum(count_over_time(many[5m]))") == 9000


def test_prometheus_keeps_port_and_history_through_restart_and_kill(
    prometheus: PrometheusServer,
) -> None:
    """History written before is there after a restart and after a kill, at the same address."""
    now = time.time()
    url = prometheus.url
    prometheus.backfill(
        openmetrics("old_total", [(now - 3600 + 60 * n, n) for n in range(30)], "counter", job="x")
    )
    assert prometheus.value("count_over_time(old_total[2h])") == 30
    prometheus.kill()
    with pytest.raises(OSError):
        read_json(f"{url}/api/v1/labels")
    prometheus.start()
    assert prometheus.url == url
    assert prometheus.value("count_over_time(old_total[2h])") == 30


def test_prometheus_freezes_and_goes_on(prometheus: PrometheusServer) -> None:
    """A stopped process accepts a connection and answers nothing until it is continued."""
    prometheus.stop_hung()
    with pytest.raises(TimeoutError):
        urllib.request.urlopen(f"{prometheus.url}/-/ready", timeout=0.3)
    prometheus.cont()
    wait_until(prometheus.ready)


def test_prometheus_alerts_reach_alertmanager(
    alertmanager: AlertmanagerServer, metric_target: MetricTarget, tmp_path: Path
) -> None:
    """A rule given as text is loaded on reload, fires, and its alert arrives at Alertmanager."""
    rules = {"groups": [{"name": "g", "rules": [{"alert": "UsersGone", "expr": "app_users < 1"}]}]}
    metric_target.set("app_users", 0)
    with PrometheusServer(
        tmp_path / "own",
        targets={"app": [metric_target.address]},
        alertmanagers=[alertmanager.address],
        prefix="/prometheus",
    ) as server:
        assert server.url.endswith("/prometheus")
        server.rules = json.dumps(rules)
        server.reload()
        wait_until(lambda: [a for a in server.alerts() if a["state"] == "firing"])
        (alert,) = wait_until(alertmanager.alerts)
    assert alert["labels"]["alertname"] == "UsersGone"


def test_alertmanager_takes_silences_expires_and_resolves(alertmanager: AlertmanagerServer) -> None:
    """An alert posted with amtool is shown, silenced, shown again when that ends, and resolves."""
    labels = {"alertname": "Disk full", "device": "[/dev/sda1]"}
    alertmanager.post_alert(labels, {"summary": 'say "no"'})

    def state() -> Any:
        return [alert["status"]["state"] for alert in alertmanager.alerts()]

    wait_until(lambda: state() == ["active"])
    (alert,) = alertmanager.alerts()
    assert alert["labels"] == labels
    assert alert["annotations"] == {"summary": 'say "no"'}
    silence = alertmanager.silence("alertname=Disk full", comment="known")
    wait_until(lambda: state() == ["suppressed"])
    assert alertmanager.alerts()[0]["status"]["silencedBy"] == [silence]
    alertmanager.expire(silence)
    wait_until(lambda: state() == ["active"])
    alertmanager.resolve(labels)
    wait_until(lambda: state() == [])


def test_node_exporter_shows_this_machine(node_exporter: NodeExporter) -> None:
    """node_exporter's metrics can be read at its address."""
    with urllib.request.urlopen(f"{node_exporter.url}/metrics", timeout=10) as answer:
        assert b"node_memory_MemAvailable_bytes" in answer.read()


def test_victoria_metrics_answers_what_was_pushed(victoria_metrics: VictoriaMetrics) -> None:
    """A pushed sample can be queried at once through the same API as Prometheus'."""
    victoria_metrics.push('app_users{pod="a"} 12\n')
    assert victoria_metrics.wait_for("app_users") == 12
    victoria_metrics.restart()
    assert victoria_metrics.wait_for("app_users") == 12


@pytest.mark.servers
def test_a_server_dies_with_the_test_process(tmp_path: Path) -> None:
    """A test process that is killed leaves no server behind."""
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tests.servers import NodeExporter\n"
        "server = NodeExporter(Path(sys.argv[1])).start()\n"
        "print(server.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    find_program("prometheus-node-exporter", "prometheus-node-exporter")
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    wait_until(lambda: not _alive(pid), what="the server's end")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIG_DFL)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.servers
def test_a_server_that_fails_says_why(tmp_path: Path) -> None:
    """A configuration that the server refuses is an error that holds the server's own words."""
    with pytest.raises(ServerFailedError, match="no_such_key"):
        PrometheusServer(tmp_path, config="no_such_key: 1").start()


def test_a_missing_program_names_its_package() -> None:
    """What is not installed is reported with the package to install."""
    with pytest.raises(ServerMissingError, match="apt-get install prometheus-moon"):
        find_program("prometheus-moon", "prometheus-moon")


@pytest.mark.parametrize(("ci", "outcome"), [("true", "failed"), ("", "skipped")])
def test_a_missing_program_skips_by_name_and_fails_in_ci(
    ci: str, outcome: str, tmp_path: Path
) -> None:
    """Without the program a test is skipped naming the package; with CI set it fails."""
    test = tmp_path / "test_absent.py"
    test.write_text(
        "from tests.conftest import *\n"
        "from tests.servers import find_program\n"
        "def test_absent():\n    find_program('prometheus-moon', 'prometheus-moon')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-rsf", "-c", os.devnull, test],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"CI": ci, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert f"1 {outcome}" in done.stdout, done.stdout
    assert "apt-get install prometheus-moon" in done.stdout


def _ask(server: FaultServer, mode: str, query: str = "x", timeout: float = 20) -> httpx.Response:
    return httpx.post(f"{server.at(mode)}/api/v1/query", data={"query": query}, timeout=timeout)


_BROKEN: dict[str, type[Exception]] = {
    "hang": httpx.ReadTimeout,
    "many-headers": httpx.RemoteProtocolError,
    "cut": httpx.RemoteProtocolError,
    "cut-chunk": httpx.RemoteProtocolError,
    "no-answer": httpx.RemoteProtocolError,
    "reset": httpx.ReadError,
    "not-http": httpx.RemoteProtocolError,
    "truncated": json.JSONDecodeError,
    "empty": json.JSONDecodeError,
    "login": json.JSONDecodeError,
    "login-json": json.JSONDecodeError,
    "garbage": ValueError,
    "bad-utf8": UnicodeDecodeError,
    "deep": RecursionError,
    "bigint": ValueError,
}


@pytest.mark.parametrize("mode", _BROKEN)
def test_faults_that_break_a_client(mode: str, fault_server: FaultServer) -> None:
    """Each fault gives a plain httpx client the error that it stands for."""
    with pytest.raises(_BROKEN[mode]):
        _ask(fault_server, mode, timeout=0.5 if mode == "hang" else 20).json()


@pytest.mark.parametrize("mode", ["drip=0.05", "headerdrip=0.05"])
def test_drips_outlive_a_read_timeout(mode: str, fault_server: FaultServer) -> None:
    """A dripping body or header keeps a per-read timeout from ever passing: bytes go on arriving."""
    path = f"/{mode}/api/v1/query?query=x"
    with socket.create_connection(("127.0.0.1", fault_server.port), timeout=0.5) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        began = time.monotonic()
        while time.monotonic() - began < 1:
            assert client.recv(4096)


_STATUS = {
    "500": 500,
    "503-html": 503,
    "bad_data": 400,
    "execution": 422,
    "canceled": 503,
    "timeout": 503,
    "internal": 500,
    "unavailable": 500,
    "not_found": 404,
    "not_acceptable": 406,
    "401": 401,
    "403": 403,
    "429=7": 429,
    "redirect": 302,
    "redirect=307": 307,
}


@pytest.mark.parametrize("mode", _STATUS)
def test_faults_that_are_a_status(mode: str, fault_server: FaultServer) -> None:
    """Each status fault answers with its status, and an API error names its errorType."""
    answer = _ask(fault_server, mode)
    assert answer.status_code == _STATUS[mode]
    if mode.isidentifier() and mode != "redirect":
        assert answer.json()["errorType"] == mode
    if mode == "429=7":
        assert answer.headers["Retry-After"] == "7"


def test_redirects_lead_where_they_say(fault_server: FaultServer) -> None:
    """One redirect stays here and ends sound, one leaves for another origin, one never ends."""
    with httpx.Client(follow_redirects=True) as client:
        sound = client.get(f"{fault_server.at('redirect')}/api/v1/query?query=x")
        assert sound.json()["status"] == "success"
        with pytest.raises(httpx.TooManyRedirects):
            client.get(f"{fault_server.at('redirect-loop')}/api/v1/query?query=x")
    with FaultServer() as other:
        fault_server.elsewhere = other.url
        answer = _ask(fault_server, "redirect-other")
        assert answer.headers["Location"].startswith(other.url)
        assert other.requests == []


_SHAPES: dict[str, Callable[[Any], object]] = {
    "nan": lambda a: a["data"]["result"][0]["value"][1] == "NaN",
    "+inf": lambda a: a["data"]["result"][0]["value"][1] == "+Inf",
    "-inf": lambda a: a["data"]["result"][0]["value"][1] == "-Inf",
    "bare-nan": lambda a: a["data"]["result"][0]["value"][1] != a["data"]["result"][0]["value"][1],
    "no-data": lambda a: a["data"]["result"] == [],
    "warnings=half of it": lambda a: a["warnings"] == ["half of it"] and a["data"]["result"],
    "duplicates": lambda a: a["data"]["result"][0]["metric"] == a["data"]["result"][2]["metric"],
    "histogram": lambda a: "value" not in a["data"]["result"][0],
    "scalar": lambda a: a["data"]["resultType"] == "scalar",
    "string": lambda a: a["data"]["resultType"] == "string",
    "matrix": lambda a: a["data"]["resultType"] == "matrix",
    "old=500": lambda a: a["data"]["result"][0]["value"][0] < time.time() - 499,
    "gzip": lambda a: a["status"] == "success",
    "json-null": lambda a: a is None,
    "json-list": lambda a: isinstance(a, list),
    "wrong-types": lambda a: None in a["data"]["result"],
}
_UNION = (
    'label_replace(vector(1), "opsdash", "p95", "", "")'
    ' or label_replace(up{job=~"a,\\"b"}, "opsdash", "errors", "", "")'
)


@pytest.mark.parametrize("mode", _SHAPES)
def test_faults_that_are_a_shape(mode: str, fault_server: FaultServer) -> None:
    """Each shape fault answers 200 with the JSON that it names, for every branch of a union."""
    answer = _ask(fault_server, mode, _UNION)
    assert answer.status_code == 200
    assert _SHAPES[mode](answer.json())


def test_duplicate_keys_are_in_the_text(fault_server: FaultServer) -> None:
    """The answer with duplicate keys holds `value` twice in one object."""
    assert _ask(fault_server, "duplicate-keys").text.count('"value"') == 2


def test_big_bodies_are_as_big_as_asked(fault_server: FaultServer) -> None:
    """`big` streams that many MiB; `bomb` is small on the wire and that many MiB unpacked."""
    with httpx.stream("GET", f"{fault_server.at('big=2')}/api/v1/query?query=x") as answer:
        assert sum(map(len, answer.iter_raw())) > 1.9 * 2**20
    with httpx.stream("GET", f"{fault_server.at('bomb=4')}/api/v1/query?query=x") as answer:
        packed = sum(map(len, answer.iter_raw()))
    assert packed < 100_000
    assert len(_ask(fault_server, "bomb=4").content) > 3.8 * 2**20


def test_endless_never_ends(fault_server: FaultServer) -> None:
    """The endless body goes on past any cap."""
    with httpx.stream("GET", f"{fault_server.at('endless')}/api/v1/query?query=x") as answer:
        arrived = answer.iter_raw(2**20)
        assert len([next(arrived) for _ in range(12)]) == 12


def test_marks_are_read_from_a_union() -> None:
    """The labels that a union query writes are read from it, quotes and commas notwithstanding."""
    assert marks(_UNION) == [{"opsdash": "p95"}, {"opsdash": "errors"}]
    assert marks("sum(up)") == [{}]


def test_requests_are_logged_and_answers_can_be_set(fault_server: FaultServer) -> None:
    """What arrived can be read back, and JSON set for a path is what it answers."""
    fault_server.answer("/api/v1/query", lambda request: {"echo": request.query})
    answer = httpx.post(
        f"{fault_server.url}/api/v1/query", data={"query": "up"}, headers={"X-Scope-OrgID": "t"}
    )
    assert answer.json() == {"echo": "up"}
    (request,) = fault_server.wait_for_requests(1)
    assert (request.method, request.path) == ("POST", "/api/v1/query")
    assert request.headers["X-Scope-OrgID"] == "t"
    assert request.body == b"query=up"


def test_one_query_can_be_the_culprit(fault_server: FaultServer) -> None:
    """A fault tied to a part of a query leaves other queries sound, on one kept-alive connection."""
    fault_server.when("node_mem", "bad_data")
    with httpx.Client() as client:
        url = f"{fault_server.url}/api/v1/query"
        assert client.get(url, params={"query": "up"}).status_code == 200
        assert client.get(url, params={"query": "1 or node_mem"}).status_code == 400
    assert fault_server.connections == 1


def test_alertmanager_answers(fault_server: FaultServer) -> None:
    """Alerts set on the server are what Alertmanager's API shows, under any fault-free prefix."""
    fault_server.alerts = [{"labels": {"alertname": "x"}}]
    assert httpx.get(f"{fault_server.url}/am/api/v2/alerts").json() == fault_server.alerts
    assert httpx.get(f"{fault_server.url}/api/v2/status").json()["uptime"]
    assert httpx.get(f"{fault_server.url}/nothing").status_code == 404


def test_range_queries_have_both_ends(fault_server: FaultServer) -> None:
    """A range query is answered with a point at each step, both ends included."""
    fault_server.value = lambda labels: None if labels.get("opsdash") == "errors" else 3
    answer = httpx.get(
        f"{fault_server.url}/api/v1/query_range",
        params={"query": _UNION, "start": 100, "end": 160, "step": "15s"},
    )
    (series,) = answer.json()["data"]["result"]
    assert [at for at, _ in series["values"]] == [100, 115, 130, 145, 160]


def test_stop_refuses_and_cuts_what_hangs(fault_server: FaultServer) -> None:
    """A stopped server refuses connections; one that hung is cut, and start takes the same port."""
    fault_server.mode = "hang"
    with socket.create_connection(("127.0.0.1", fault_server.port), timeout=5) as waiting:
        waiting.sendall(b"GET /api/v1/labels HTTP/1.1\r\nHost: x\r\n\r\n")
        fault_server.wait_for_requests(1)
        fault_server.stop()
        with contextlib.suppress(ConnectionResetError):
            assert waiting.recv(1) == b""
    with pytest.raises(httpx.ConnectError):
        httpx.get(fault_server.url)
    fault_server.mode = "ok"
    fault_server.start()
    assert httpx.get(f"{fault_server.url}/api/v1/labels").status_code == 200


_TLS: list[tuple[str, str]] = [
    ("good", ""),
    ("expired", "certificate has expired"),
    ("wrong_host", "IP address mismatch"),
    ("self_signed", "self-signed certificate"),
]


@pytest.mark.parametrize(("name", "reason"), _TLS)
def test_tls_faults(name: str, reason: str, certificates: Certificates) -> None:
    """A client that trusts the test authority takes the good certificate and refuses the others."""
    pair: Pair = getattr(certificates, name)
    context = ssl.create_default_context(cafile=str(certificates.ca))
    with FaultServer(tls=pair) as server:
        if not reason:
            answer = httpx.get(f"{server.url}/api/v1/labels", verify=context)
            assert answer.status_code == 200
            return
        with pytest.raises(httpx.ConnectError, match=reason):
            httpx.get(f"{server.url}/api/v1/labels", verify=context)
        assert server.requests == []


def test_tls_client_certificate(certificates: Certificates) -> None:
    """A server that asks for a client certificate takes ours, and neither none nor an alien's."""
    with FaultServer(tls=certificates.good, client_ca=certificates.ca) as server:
        for pair, welcome in (
            (None, False),
            (certificates.alien_client, False),
            (certificates.client, True),
        ):
            context = ssl.create_default_context(cafile=str(certificates.ca))
            if pair:
                context.load_cert_chain(pair.certificate, pair.key)
            if welcome:
                assert httpx.get(f"{server.url}/-/ready", verify=context).status_code == 200
            else:
                with pytest.raises(httpx.TransportError):
                    httpx.get(f"{server.url}/-/ready", verify=context)
        assert len(server.requests) == 1
        assert server.handshake_errors


def test_every_fault_meets_its_request(fault_server: FaultServer) -> None:
    """Every fault but those that wait forever ends a request, and none trips the server itself."""
    modes = sorted(set(FAULTS) - {"hang", "drip", "headerdrip", "endless", "bomb"})
    for mode in modes:
        with contextlib.suppress(httpx.HTTPError):
            _ask(fault_server, mode)
    assert [request.path.split("/")[1] for request in fault_server.requests] == modes
    assert fault_server.errors == []


def test_an_unknown_fault_is_a_mistake_of_the_test() -> None:
    """A misspelt mode is kept as an error that names those there are."""
    with FaultServer() as server:
        server.mode = "dripp"
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(server.url)
        (error,) = wait_until(lambda: server.errors)
    assert "'dripp'" in error
    assert "headerdrip" in error
