"""Alerts from Prometheus' own rules: pending ones, and since when the condition holds."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from opsdash.domain.alert import AlertState, Observation
from opsdash.domain.labels import fingerprint
from opsdash.domain.text import clean
from opsdash.http.client import HttpClient
from opsdash.http.errors import RemoteError
from opsdash.http.settings import HttpSettings
from opsdash.sources.alertmanager import AlertmanagerSource
from opsdash.sources.external_labels import external_labels
from opsdash.sources.prometheus_rules import PrometheusRulesSource
from opsdash.sources.source import AlertReport, AlertSource
from tests.faultserver import FaultServer
from tests.servers import AlertmanagerServer, MetricTarget, PrometheusServer
from tests.sources.indicators import now

RULES = """
groups:
- name: app
  rules:
  - alert: TooHigh
    expr: app_value > 5
    for: 1s
    labels: {severity: critical}
    annotations: {summary: "{{ $labels.pod }} is at {{ $value }}"}
  - alert: HighForLong
    expr: app_value > 5
    for: 1h
    labels: {severity: warning}
  - alert: Broken
    expr: app_value * on () group_left () app_value
  - record: app:value:sum
    expr: sum(app_value)
"""

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def rules_at(url: str, **labels: str) -> PrometheusRulesSource:
    return PrometheusRulesSource(HttpClient(HttpSettings(url)), external_labels=labels)


async def report_when(
    source: AlertSource, ready: Callable[[AlertReport], bool], deadline: float = 60.0
) -> AlertReport:
    """Return the first report that is `ready`."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + deadline
    while True:
        report = await source.alerts(now())
        if ready(report):
            return report
        assert loop.time() < ends, report
        await asyncio.sleep(0.1)


def by_name(report: AlertReport) -> dict[str, Observation]:
    return {o.labels["alertname"]: o for o in report.observations}


def group(*alerts: dict[str, Any], **rule: Any) -> list[dict[str, Any]]:
    """Return rule groups as the API writes them, with one rule that has these alerts."""
    whole = {"name": "R", "type": "alerting", "duration": 300, "health": "ok", "alerts": alerts}
    return [{"name": "g", "rules": [whole | rule]}]


def alert(**changes: Any) -> dict[str, Any]:
    """Return one alert as the API writes it."""
    return {
        "labels": {"alertname": "R", "pod": "a"},
        "annotations": {"summary": "s"},
        "state": "firing",
        "activeAt": "2026-11-24T11:00:00.123456789Z",
        "value": "1e+00",
    } | changes


@pytest.mark.servers
async def test_pending_and_firing_alerts_of_a_real_prometheus(
    tmp_path: Path, metric_target: MetricTarget, alertmanager: AlertmanagerServer
) -> None:
    """Both states are shown with their moments, a failing rule is named, and Alertmanager's
    fingerprint and moment of firing are the same."""
    metric_target.set("app_value", 9, pod="a")
    metric_target.set("app_value", 1, pod="b")
    with PrometheusServer(
        tmp_path / "rules",
        targets={"app": [metric_target.address]},
        rules=RULES,
        alertmanagers=[alertmanager.address],
    ) as prometheus:
        source = rules_at(prometheus.url)
        report = await report_when(
            source,
            lambda r: (
                "TooHigh" in by_name(r)
                and by_name(r)["TooHigh"].state is AlertState.FIRING
                and bool(r.warnings)
            ),
        )
        assert report.restarted, "a server that has just started has not seen everything"
        assert len(report.warnings) == 1
        assert report.warnings[0].startswith("rule Broken of group app fails: ")
        firing, pending = by_name(report)["TooHigh"], by_name(report)["HighForLong"]
        assert set(by_name(report)) == {"TooHigh", "HighForLong"}
        assert firing.active_at and firing.fired_at
        assert timedelta() <= firing.fired_at - firing.active_at <= timedelta(seconds=2)
        assert firing.value == 9.0
        assert firing.annotations["summary"] == "a is at 9"
        assert firing.labels["severity"] == "critical"
        assert pending.state is AlertState.PENDING
        assert pending.active_at and pending.fired_at is None
        assert pending.fires_at == pending.active_at + timedelta(hours=1)

        other = AlertmanagerSource([HttpClient(HttpSettings(alertmanager.url))])
        told = by_name(await report_when(other, lambda r: bool(r.observations)))["TooHigh"]
        assert told.fingerprint == firing.fingerprint
        assert told.fired_at and abs(told.fired_at - firing.fired_at) < timedelta(seconds=30)
        assert told.active_at is None, "Alertmanager does not know when the condition began"

        metric_target.set("app_value", 1, pod="a")
        ended = await report_when(source, lambda r: not r.observations)
        assert ended.restarted
        await source.close()
        await other.close()


async def test_times_with_nine_digits_and_offsets_are_read(fault_server: FaultServer) -> None:
    """RFC 3339 with nanoseconds and an offset is one moment; a pending alert knows when it fires."""
    fault_server.groups = group(
        alert(state="pending", activeAt="2026-11-24T12:59:00.123456789+01:00"), keepFiringFor=60
    )
    source = rules_at(fault_server.url)
    (seen,) = (await source.alerts(AT)).observations
    assert seen.active_at == datetime(2026, 11, 24, 11, 59, 0, 123456, UTC)
    assert seen.fires_at == datetime(2026, 11, 24, 12, 4, 0, 123456, UTC)
    await source.close()


async def test_it_fired_when_for_had_passed_and_not_in_the_future(
    fault_server: FaultServer,
) -> None:
    """`fired_at` is the beginning plus `for`, and never later than now."""
    fault_server.groups = group(alert(), alert(labels={"alertname": "S"}, activeAt=AT.isoformat()))
    source = rules_at(fault_server.url)
    first, second = (await source.alerts(AT)).observations
    assert first.fired_at == datetime(2026, 11, 24, 11, 5, 0, 123456, UTC)
    assert second.fired_at == AT
    await source.close()


@pytest.mark.parametrize(
    ("raw", "value"), [("1e+00", 1.0), ("NaN", None), ("+Inf", None), (None, None), ("x", None)]
)
async def test_a_value_is_a_number_or_unknown(
    fault_server: FaultServer, raw: object, value: float | None
) -> None:
    """NaN and infinity are no value."""
    fault_server.groups = group(alert(value=raw))
    source = rules_at(fault_server.url)
    assert (await source.alerts(AT)).observations[0].value == value
    await source.close()


@pytest.mark.servers
async def test_a_prometheus_tells_its_external_labels(
    metric_target: MetricTarget, tmp_path: Path
) -> None:
    """What it adds to what it sends is asked of it, so that its alert is Alertmanager's (one row)."""
    metric_target.set("app_value", 9, pod="a")
    with AlertmanagerServer(tmp_path / "am") as alertmanager:
        server = PrometheusServer(
            tmp_path / "prometheus",
            targets={"app": [metric_target.address]},
            rules=RULES,
            alertmanagers=[alertmanager.address],
            external_labels={"replica": "1", "region": 'eu "west"'},
        )
        with server:
            source = PrometheusRulesSource(HttpClient(HttpSettings(server.url)))
            sent = AlertmanagerSource([HttpClient(HttpSettings(alertmanager.url))])
            mine = await report_when(
                source,
                lambda r: any(o.state is AlertState.FIRING for o in r.observations),
            )
            theirs = await report_when(sent, lambda r: "TooHigh" in by_name(r))
            await source.close()
            await sent.close()
    assert by_name(mine)["TooHigh"].labels == by_name(theirs)["TooHigh"].labels
    assert by_name(mine)["TooHigh"].fingerprint == by_name(theirs)["TooHigh"].fingerprint
    assert by_name(mine)["TooHigh"].labels["region"] == 'eu "west"'


@pytest.mark.parametrize(
    "config",
    ["", "global: {}\n", "global:\n  external_labels: [a]\n", "global: ]\n", "scrape_configs: []"],
)
def test_a_configuration_without_external_labels_has_none(config: str) -> None:
    """Whatever a server shows for a configuration, it is no error."""
    assert external_labels(config) == {}


def test_only_the_global_section_is_looked_at() -> None:
    """Every value is a text, and a key of the same name elsewhere is another thing."""
    config = (
        "global:\n  scrape_interval: 1m\n  external_labels:\n    replica: 1\n    on: yes\n"
        "remote_write:\n- external_labels: {a: b}\n"
    )
    assert external_labels(config) == {"replica": "1", "on": "yes"}


async def test_external_labels_are_asked_for_again_after_a_failure(
    fault_server: FaultServer,
) -> None:
    """A server that was away may have come back with others; one that hides them has none."""
    fault_server.groups = group(alert())
    source = PrometheusRulesSource(HttpClient(HttpSettings(fault_server.url)))

    async def region() -> str | None:
        (seen,) = (await source.alerts(AT)).observations
        return seen.labels.get("region")

    assert await region() is None
    config = {"yaml": "global:\n  external_labels:\n    region: eu\n"}
    fault_server.answer("/api/v1/status/config", {"status": "success", "data": config})
    assert await region() is None
    fault_server.mode = "500"
    with pytest.raises(RemoteError):
        await source.alerts(AT)
    fault_server.mode = "ok"
    assert await region() == "eu"
    await source.close()


async def test_external_labels_are_part_of_the_identity(fault_server: FaultServer) -> None:
    """With Prometheus' external labels given, the fingerprint is the one Alertmanager computes."""
    fault_server.groups = group(alert())
    source = rules_at(fault_server.url, cluster="eu", pod="ignored")
    (seen,) = (await source.alerts(AT)).observations
    assert seen.labels == {"alertname": "R", "pod": "a", "cluster": "eu"}
    assert seen.fingerprint == fingerprint({"alertname": "R", "pod": "a", "cluster": "eu"})
    await source.close()


async def test_two_rules_with_the_same_labels_are_one_alert(fault_server: FaultServer) -> None:
    """Of a pending and a firing one the firing is shown, whichever comes first."""
    for order in (("pending", "firing"), ("firing", "pending")):
        fault_server.groups = group(*(alert(state=state) for state in order))
        source = rules_at(fault_server.url)
        (seen,) = (await source.alerts(AT)).observations
        assert seen.state is AlertState.FIRING
        await source.close()


async def test_hostile_text_is_clean_and_the_fingerprint_that_of_the_raw_labels(
    fault_server: FaultServer,
) -> None:
    """Escapes become visible marks; two alerts that look alike once clean stay two."""
    raw = {"alertname": "R", "pod": "\x1b[31m"}
    twin = {"alertname": "R", "pod": "\ufffd[31m"}
    fault_server.groups = group(
        alert(labels=raw, annotations={"summary": "a\nb\x07", "\x1bkey": "x"}), alert(labels=twin)
    )
    source = rules_at(fault_server.url)
    for _ in range(2):
        first, second = (await source.alerts(AT)).observations
        assert first.labels == second.labels == twin
        assert first.fingerprint == fingerprint(raw)
        assert second.fingerprint == fingerprint(twin)
        for text in (*first.annotations, *first.annotations.values()):
            assert text == clean(text)
    await source.close()


async def test_a_rule_not_evaluated_yet_or_unreadable_proves_no_absence(
    fault_server: FaultServer,
) -> None:
    """Health `unknown` and entries that cannot be read mark the report."""
    source = rules_at(fault_server.url)
    fault_server.groups = group(alert())
    assert not (await source.alerts(AT)).restarted
    fault_server.groups = group(health="unknown")
    assert (await source.alerts(AT)).restarted
    broken: list[list[Any]] = [[7], [{"rules": None}], [{"rules": ["x"]}], group({"labels": 7})]
    for groups in broken:
        fault_server.groups = groups
        report = await source.alerts(AT)
        assert report.restarted
        assert "could not be read" in report.warnings[0]
    await source.close()


async def test_a_restart_is_noticed_when_an_alert_vanishes(fault_server: FaultServer) -> None:
    """A server that runs for a minute proves nothing by what it does not show; one of an hour does."""
    for minutes, restarted in ((1, True), (60, False)):
        started = (now() - timedelta(minutes=minutes)).isoformat()
        fault_server.groups = group(alert())
        source = rules_at(fault_server.url)
        await source.alerts(now())
        fault_server.answer(
            "/api/v1/status/runtimeinfo", {"status": "success", "data": {"startTime": started}}
        )
        fault_server.groups = []
        assert (await source.alerts(now())).restarted is restarted
        await source.close()


async def test_many_failing_rules_are_summed_up(fault_server: FaultServer) -> None:
    """Twenty are named, the rest counted."""
    rules = [
        {"name": f"R{n}", "type": "alerting", "health": "err", "lastError": "no", "alerts": []}
        for n in range(50)
    ]
    fault_server.groups = [{"name": "g", "rules": rules}]
    source = rules_at(fault_server.url)
    warnings = (await source.alerts(AT)).warnings
    assert len(warnings) == 21
    assert warnings[-1] == "and 30 more rules with errors"
    await source.close()


@pytest.mark.parametrize(
    ("mode", "reason", "pause"),
    [
        ("404", "has no /api/v1/rules (404)", 300),
        ("400", "has no /api/v1/rules (400)", 300),
        ("500", "answered 500", None),
        ("401", "auth failed", 60),
        ("429", "asked to wait", 300),
        ("login", "an HTML page", None),
        ("empty", "an empty answer", None),
        ("json-null", "not Prometheus' rules", None),
        ("json-list", "not Prometheus' rules", None),
        ("no-result", "not Prometheus' rules", None),
        ("deep", "nested too deep", None),
        ("big=33", "larger than 32 MiB", None),
        ("redirect", "redirects to", None),
    ],
)
async def test_a_server_at_fault_is_a_source_error(
    fault_server: FaultServer, mode: str, reason: str, pause: int | None
) -> None:
    """Nothing but RemoteError leaves, with when to come back."""
    fault_server.mode = mode
    source = PrometheusRulesSource(HttpClient(HttpSettings(fault_server.url, timeout=60.0)))
    with pytest.raises(RemoteError) as raised:
        await source.alerts(AT)
    assert reason in raised.value.reason
    assert raised.value.retry_after == (None if pause is None else timedelta(seconds=pause))
    await source.close()
