"""The sample's configuration: held to Debian's own promtool, amtool, Prometheus and Alertmanager."""

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opsdash.config import validated
from opsdash.presets import DEFAULT_SETUP
from opsdash.resources import shipped
from opsdash.sources.exposition import serve
from opsdash.sources.simulation.alerts import RULES
from opsdash.sources.simulation.clock import SimulatedClock
from tests.servers import PrometheusServer, find_program, read_json

SAMPLE = shipped("sample_data")

GUIDE = {
    "HighErrorRate": ("High error rate detected in payments API", 300, "primary"),
    "DatabasePerformanceDegraded": ("Database performance degradation detected", 300, "database"),
    "MemoryLeakSuspected": ("Potential memory leak detected", 900, "backend"),
    "PaymentGatewayOffline": (
        "Payment gateway offline - no transactions possible",
        120,
        "backend,primary",
    ),
}

CONTRACT = (
    'http_requests_total{job="payments-api",method="POST",handler="/payments",status="200"}',
    'http_request_duration_seconds_bucket{job="payments-api",le="0.15"}',
    'payments_total{processor="stripe",outcome="succeeded"}',
    'payment_processing_seconds_bucket{job="payments-api"}',
    "payment_processing_seconds_sum",
    "app_active_users",
    'db_client_operation_duration_seconds_bucket{job="payments-api",le="0.5"}',
    'process_resident_memory_bytes{job="payments-api"}',
    'process_start_time_seconds{job="payments-api"}',
    'payments_build_info{version=~"v1.*"}',
    'probe_success{processor="stripe"}',
    'probe_http_status_code{processor="stripe"}',
    'node_cpu_seconds_total{job="node",mode="idle"}',
    "node_memory_MemTotal_bytes",
    "node_memory_MemAvailable_bytes",
    'node_filesystem_size_bytes{mountpoint="/var"}',
    'node_filesystem_avail_bytes{fstype="ext4"}',
    "node_filesystem_readonly",
    'kube_deployment_spec_replicas{namespace="payments",deployment="payment-service"}',
)
"""The names and labels that the default indicators and the rules read."""


def _run(program: str, package: str, *arguments: str) -> str:
    done = subprocess.run(
        [find_program(program, package), *arguments],
        cwd=SAMPLE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.servers
@pytest.mark.parametrize(
    "proofs",
    [
        "payments_test.yml",
        "payments_leak_test.yml",
        "payments_memory_test.yml",
        "opsdash_test.yml",
    ],
)
def test_each_alert_fires_when_it_should_and_only_then(proofs: str) -> None:
    """Every proof beside the rules holds in Prometheus' own engine."""
    assert "SUCCESS" in _run("promtool", "prometheus", "test", "rules", f"rules/{proofs}")


@pytest.mark.servers
def test_prometheus_takes_the_configuration() -> None:
    """The configuration and the rule file that it names are valid."""
    told = _run("promtool", "prometheus", "check", "config", "prometheus.yml")
    assert "1 rule files found" in told
    assert "9 rules found" in told


@pytest.mark.servers
def test_alertmanager_takes_the_configuration() -> None:
    """The configuration is valid."""
    assert "SUCCESS" in _run(
        "amtool", "prometheus-alertmanager", "check-config", "alertmanager.yml"
    )


def test_the_rules_record_nothing() -> None:
    """The file holds alerting rules only, so that opsdash loads it unchanged."""
    text = (SAMPLE / "rules" / "payments.yml").read_text()
    assert not re.search(r"^\s*- record:", text, re.MULTILINE)
    assert set(re.findall(r"- alert: (\w+)", text)) >= set(GUIDE)


def test_opsdash_takes_its_own_configuration() -> None:
    """The sample's opsdash.toml is valid and shows the default indicators."""
    plan = validated(SAMPLE / "opsdash.toml", env={"HOME": "/nonexistent"})
    assert plan.setup.indicators == DEFAULT_SETUP.indicators
    assert plan.prometheus is not None and len(plan.alertmanager) == 1


@pytest.fixture(scope="module")
def scraping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """A real Prometheus with the sample's configuration, but for the ports and a quicker pace."""
    clock = SimulatedClock(datetime.now(UTC), 1.0)
    exposition = serve("127.0.0.1:0", clock, lambda: datetime.now(UTC))
    config = (SAMPLE / "prometheus.yml").read_text()
    for old, new in (
        ("127.0.0.1:9400", f"127.0.0.1:{exposition.port}"),
        ("scrape_interval: 5s", "scrape_interval: 500ms"),
        ("scrape_timeout: 4s", "scrape_timeout: 500ms"),
        ("rules/payments.yml", str(SAMPLE / "rules" / "payments.yml")),
        ("127.0.0.1:9093", "127.0.0.1:1"),
    ):
        assert old in config
        config = config.replace(old, new)
    folder: Path = tmp_path_factory.mktemp("sample")
    try:
        with PrometheusServer(folder, config=config) as server:
            server.wait_for('count(up{job="payments-api"} == 1)')
            yield server
    finally:
        exposition.close()


@pytest.mark.servers
@pytest.mark.parametrize("series", CONTRACT)
def test_prometheus_scrapes_every_name_of_the_contract(
    scraping: PrometheusServer, series: str
) -> None:
    """Each metric that indicators and rules read is there, under its job."""
    assert scraping.wait_for(f"count({series})") > 0


@pytest.mark.servers
@pytest.mark.parametrize("indicator", DEFAULT_SETUP.indicators, ids=lambda i: i.id)
def test_every_default_indicator_has_a_value(scraping: PrometheusServer, indicator: object) -> None:
    """The default queries give believable figures on the sample; uptime needs a day of samples."""
    found = next(i for i in DEFAULT_SETUP.indicators if i is indicator)
    if found.id == "uptime":
        assert scraping.query(found.query) == []
        return
    low, high = {
        "p95": (0.13, 0.35),
        "error_ratio": (0.01, 0.03),
        "transactions": (30, 60),
        "requests": (120, 240),
        "users": (2400, 2500),
        "cpu": (0.5, 1),
        "memory": (0.6, 0.64),
        "disk": (0.34, 0.36),
        "database_p95": (0.15, 0.6),
        "pods": (2, 2),
        "success_ratio": (0.99, 1),
        "failed": (0, 5),
        "processing": (1, 2),
        "stripe": (1, 1),
    }[found.id]
    # The server has run for seconds: five minutes of samples are not there to take a rate of.
    query = found.query.replace("[5m]", "[10s]")
    assert low <= scraping.wait_for(query, lambda v: low <= v <= high, deadline=120) <= high


@pytest.mark.servers
def test_the_rules_load_with_the_guides_words(scraping: PrometheusServer) -> None:
    """Prometheus evaluates all nine; the guide's four say, wait and page what the guide says."""
    groups = read_json(f"{scraping.url}/api/v1/rules")["data"]["groups"]
    rules = {rule["name"]: rule for group in groups for rule in group["rules"]}
    assert len(rules) == 9
    assert {rule["type"] for rule in rules.values()} == {"alerting"}
    for name, (message, seconds, page) in GUIDE.items():
        rule = rules[name]
        assert rule["annotations"]["summary"] == message
        assert rule["duration"] == seconds
        assert rule["labels"]["page"] == page
        assert rule["labels"]["severity"] == "critical"
        assert rule["annotations"]["runbook_url"].endswith(f"/{name}")


@pytest.mark.servers
def test_the_simulation_labels_its_alerts_as_the_rules_do(scraping: PrometheusServer) -> None:
    """The demo's alerts bear the words and labels that the same rules give in a Prometheus."""
    groups = read_json(f"{scraping.url}/api/v1/rules")["data"]["groups"]
    rules = {rule["name"]: rule for group in groups for rule in group["rules"]}
    both = [rule for rule in RULES if rule.name in rules]
    assert {rule.name for rule in both} >= {"HighErrorRate", "DatabasePerformanceDegraded"}
    for rule in both:
        real = rules[rule.name]
        assert real["labels"].items() <= rule.label_set.items()
        assert real["annotations"]["summary"] == rule.summary
        assert real["annotations"]["runbook_url"] == rule.annotations(0)["runbook_url"]
        assert real["annotations"].keys() == rule.annotations(0).keys()
