"""Alerts from Alertmanager: one list of several URLs, why one is mute, and what absence proves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
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
from opsdash.sources.source import AlertReport
from tests.faultserver import FaultServer
from tests.kit.process import free_port
from tests.servers import AlertmanagerServer
from tests.sources.failing import failure_of
from tests.sources.indicators import now

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
INTERVAL = timedelta(seconds=1)


@asynccontextmanager
async def open_source(
    *urls: str, timeout: float = 60.0, interval: timedelta = INTERVAL
) -> AsyncIterator[AlertmanagerSource]:
    clients = [HttpClient(HttpSettings(url, timeout=timeout)) for url in urls]
    source = AlertmanagerSource(clients, group_interval=interval)
    try:
        yield source
    finally:
        await source.close()


async def report_when(
    source: AlertmanagerSource,
    ready: Callable[[AlertReport], bool],
    later: timedelta = timedelta(),
) -> AlertReport:
    """Return the first report that is `ready`, as if it were `later`."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + 60
    while True:
        report = await source.alerts(now() + later)
        if ready(report):
            return report
        assert loop.time() < ends, report
        await asyncio.sleep(0.05)


def by_name(report: AlertReport) -> dict[str, Observation]:
    return {o.labels["alertname"]: o for o in report.observations}


def alert(name: str = "A", **changes: Any) -> dict[str, Any]:
    """Return one alert as the API writes it."""
    labels = {"alertname": name}
    return {
        "labels": labels,
        "annotations": {"summary": "s"},
        "fingerprint": fingerprint(labels),
        "startsAt": "2026-11-24T11:00:00.123Z",
        "endsAt": "2026-11-24T13:00:00.000Z",
        "updatedAt": "2026-11-24T11:59:00.000Z",
        "generatorURL": "http://prometheus/graph",
        "receivers": [{"name": "nobody"}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
    } | changes


INHIBITING = """
route: {receiver: nobody, group_wait: 1s, group_interval: 1s, group_by: [alertname]}
receivers: [{name: nobody}, {name: other}]
inhibit_rules:
- source_matchers: [severity = critical]
  target_matchers: [severity = warning]
  equal: [service]
"""


@pytest.mark.servers
async def test_alerts_of_a_real_alertmanager(alertmanager: AlertmanagerServer) -> None:
    """Posted alerts appear with their fingerprint, are silenced and inhibited by name, and resolve."""
    alertmanager.config = INHIBITING
    alertmanager.reload()
    down = {"alertname": "Down", "severity": "critical", "service": "pay"}
    slow = {"alertname": "Slow", "severity": "warning", "service": "pay"}
    odd = {"alertname": "Odd", "text": 'quote " back \\ line\nbreak é 🚨', "esc": "\x1b[31mred"}
    alertmanager.post_alerts(
        [
            {"labels": down, "annotations": {"summary": "it is down"}, "generatorURL": "http://g/"},
            {"labels": slow},
            {"labels": odd, "startsAt": "2026-11-24T05:00:00.123456789+01:00"},
        ]
    )
    async with open_source(alertmanager.url) as source:
        report = await report_when(
            source, lambda r: bool(r.observations) and bool(by_name(r)["Slow"].inhibited_by)
        )
        seen = by_name(report)
        assert set(seen) == {"Down", "Slow", "Odd"}
        assert all(o.state is AlertState.FIRING and o.active_at is None for o in seen.values())
        assert seen["Down"].annotations == {"summary": "it is down"}
        assert seen["Down"].generator_url == "http://g/"
        assert seen["Down"].fingerprint == fingerprint(down)
        assert seen["Slow"].inhibited_by == (fingerprint(down),)
        assert seen["Odd"].fingerprint == fingerprint(odd), "the fingerprint is of the raw labels"
        assert seen["Odd"].labels["esc"] == "\ufffd[31mred"
        assert seen["Odd"].fired_at == datetime(2026, 11, 24, 4, 0, 0, 123000, UTC)

        silence = alertmanager.silence("alertname=Down", author="sarah", comment="deploy [b]now")
        report = await report_when(
            source, lambda r: bool(r.observations) and bool(by_name(r)["Down"].silenced_by)
        )
        assert by_name(report)["Down"].silenced_by == (silence,)
        alertmanager.expire(silence)
        report = await report_when(
            source, lambda r: bool(r.observations) and not by_name(r)["Down"].silenced_by
        )

        alertmanager.resolve(down)
        report = await report_when(source, lambda r: "Down" not in by_name(r) and not r.unchanged)
        assert set(by_name(report)) == {"Slow", "Odd"}


@pytest.mark.servers
async def test_an_alert_missing_after_a_restart_is_not_resolved(
    alertmanager: AlertmanagerServer,
) -> None:
    """After kill -9 and a restart the reports are marked until two group intervals are over (F17)."""
    alertmanager.post_alert({"alertname": "Down"})
    interval, over = timedelta(minutes=5), timedelta(minutes=11)
    async with open_source(alertmanager.url, interval=interval) as source:
        await report_when(source, lambda r: bool(r.observations))
        settled = await report_when(source, lambda r: not r.restarted, over)
        assert not settled.restarted
        alertmanager.kill()
        with pytest.raises(RemoteError, match="refused the connection"):
            await source.alerts(now())
        alertmanager.start()
        report = await report_when(source, lambda r: not r.unchanged)
        assert report.observations == () and report.restarted
        settled = await report_when(source, lambda r: not r.restarted, over)
        assert not settled.unchanged, "what was held back is now told"
        assert settled.observations == ()


@pytest.mark.servers
async def test_what_a_young_alertmanager_has_shown_and_dropped_has_ended(
    alertmanager: AlertmanagerServer,
) -> None:
    """Within two group intervals of its start its own word counts; after another kill it does not."""
    alertmanager.post_alert({"alertname": "Other"})
    down = {"labels": {"alertname": "Down"}, "endsAt": (now() + timedelta(hours=1)).isoformat()}
    async with open_source(alertmanager.url, interval=timedelta(hours=1)) as source:
        alertmanager.post_alerts([down])
        first = await report_when(source, lambda r: len(r.observations) == 2)
        assert first.restarted and first.ended == frozenset()
        alertmanager.post_alerts([{**down, "endsAt": now().isoformat()}])
        report = await report_when(source, lambda r: set(by_name(r)) == {"Other"})
        assert report.restarted
        assert report.ended == {fingerprint({"alertname": "Down"})}
        alertmanager.kill()
        with pytest.raises(RemoteError):
            await source.alerts(now())
        alertmanager.start()
        report = await report_when(source, lambda r: not r.observations and not r.unchanged)
        assert report.restarted and report.ended == frozenset()


async def test_while_a_server_of_several_is_down_nothing_has_ended(
    fault_server: FaultServer,
) -> None:
    """The one that does not answer may show it still."""
    fault_server.answer("/api/v2/status", {"uptime": now().isoformat()})
    fault_server.alerts = [alert("A")]
    closed = f"http://127.0.0.1:{free_port()}"
    async with (
        open_source(fault_server.url, closed, interval=timedelta(minutes=5)) as source,
        open_source(fault_server.url, interval=timedelta(minutes=5)) as alone,
    ):
        for one in (source, alone):
            await one.alerts(now())
        fault_server.alerts = []
        assert (await source.alerts(now())).ended == frozenset()
        assert (await alone.alerts(now())).ended == {fingerprint({"alertname": "A"})}


async def test_a_vanished_alert_is_resolved_where_the_server_has_run_on(
    fault_server: FaultServer,
) -> None:
    """Only a recent start makes an absence doubtful; it is asked for when something vanishes."""
    fault_server.alerts = [alert("A"), alert("B")]
    async with open_source(fault_server.url, interval=timedelta(minutes=5)) as source:
        first = await source.alerts(now())
        assert not first.restarted, "it has run for years"
        fault_server.alerts = [alert("A")]
        assert not (await source.alerts(now())).restarted
        started = (now() - timedelta(minutes=9)).isoformat()
        fault_server.answer("/api/v2/status", {"uptime": started})
        fault_server.alerts = []
        assert (await source.alerts(now())).restarted
        later = now() + timedelta(minutes=2)
        assert not (await source.alerts(later)).restarted


async def test_an_unchanged_answer_is_said_to_be(fault_server: FaultServer) -> None:
    """The same body is not read again; a change, an error in between or forget() gives all of it."""
    fault_server.alerts = [alert("A")]
    async with open_source(fault_server.url) as source:
        assert not (await source.alerts(AT)).unchanged
        assert (await source.alerts(AT)).unchanged
        fault_server.alerts = [alert("A"), alert("B")]
        changed = await source.alerts(AT)
        assert not changed.unchanged and set(by_name(changed)) == {"A", "B"}
        fault_server.mode = "500"
        with pytest.raises(RemoteError):
            await source.alerts(AT)
        fault_server.mode = "ok"
        again = await source.alerts(AT)
        assert not again.unchanged and set(by_name(again)) == {"A", "B"}
        assert (await source.alerts(AT)).unchanged
        source.forget()
        assert set(by_name(await source.alerts(AT))) == {"A", "B"}


async def test_several_urls_are_one_list_and_the_newest_update_counts(
    fault_server: FaultServer,
) -> None:
    """An alert of two servers is one, as the server shows it that heard of it last."""
    with FaultServer() as other:
        active = {"state": "active", "silencedBy": [], "inhibitedBy": []}
        muted = {"state": "suppressed", "silencedBy": ["s-1"], "inhibitedBy": []}
        fault_server.alerts = [
            alert("A", updatedAt="2026-11-24T11:59:00.5Z", status=active),
            alert("Here"),
        ]
        other.alerts = [
            alert("A", updatedAt="2026-11-24T11:59:00.501Z", status=muted),
            alert("There"),
        ]
        async with open_source(fault_server.url, other.url) as source:
            seen = by_name(await source.alerts(AT))
        assert set(seen) == {"A", "Here", "There"}
        assert seen["A"].silenced_by == ("s-1",)


async def test_one_url_that_fails_is_a_warning(fault_server: FaultServer) -> None:
    """The other's alerts are shown; what the failing one alone had shown is not taken as resolved."""
    with FaultServer() as other:
        fault_server.alerts = [alert("Both")]
        other.alerts = [alert("Both")]
        async with open_source(fault_server.url, other.url) as source:
            await source.alerts(AT)
            other.mode = "500"
            both = await source.alerts(AT)
            assert set(by_name(both)) == {"Both"} and not both.restarted
            assert len(both.warnings) == 1 and other.url in both.warnings[0]
            assert (await source.alerts(AT)).unchanged
            other.mode = "ok"
            other.alerts = [alert("Both"), alert("Only")]
            assert set(by_name(await source.alerts(AT))) == {"Both", "Only"}
            other.mode = "500"
            alone = await source.alerts(AT)
            assert set(by_name(alone)) == {"Both"} and alone.restarted
            fault_server.mode = "500"
            with pytest.raises(RemoteError) as raised:
                await source.alerts(AT)
            assert fault_server.url in raised.value.reason and other.url in raised.value.reason


async def test_a_url_that_never_answered_makes_absence_doubtful_for_a_while(
    fault_server: FaultServer,
) -> None:
    """A wrong second URL does not keep alerts from resolving for ever."""
    fault_server.alerts = [alert("A")]
    dead = f"http://127.0.0.1:{free_port()}"
    async with open_source(fault_server.url, dead, interval=timedelta(minutes=5)) as source:
        assert (await source.alerts(AT)).restarted
        assert not (await source.alerts(AT + timedelta(minutes=11))).restarted


async def test_a_url_that_asks_to_wait_is_not_asked_meanwhile(fault_server: FaultServer) -> None:
    """429 with Retry-After rests one URL while the other goes on."""
    with FaultServer() as other:
        other.mode = "429=60"
        async with open_source(fault_server.url, other.url) as source:
            for seconds in (0, 5, 10):
                report = await source.alerts(AT + timedelta(seconds=seconds))
                assert "asked to wait" in report.warnings[0]
            assert len(other.requests) == 1
            other.mode = "ok"
            report = await source.alerts(AT + timedelta(seconds=61))
            assert report.warnings == ()


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"startsAt": "0001-01-01T00:00:00Z"}, lambda o: o.fired_at is None),
        ({"endsAt": "0001-01-01T00:00:00Z"}, lambda o: o.state is AlertState.FIRING),
        ({"startsAt": "2026-11-24T11:00:00.123456789Z"}, lambda o: o.fired_at.second == 0),
        ({"startsAt": None}, lambda o: o.fired_at is None),
        ({"fingerprint": "x"}, lambda o: o.fingerprint == fingerprint({"alertname": "A"})),
        ({"annotations": None}, lambda o: o.annotations == {}),
        ({"generatorURL": None}, lambda o: o.generator_url == ""),
        ({"status": {"state": "unprocessed"}}, lambda o: o.silenced_by == ()),
        ({"status": {"state": "suppressed"}}, lambda o: o.silenced_by == ("suppressed",)),
        (
            {"status": {"state": "suppressed", "silencedBy": [], "mutedBy": ["nights"]}},
            lambda o: o.silenced_by == ("time interval nights",),
        ),
    ],
)
async def test_odd_fields_are_read_as_they_are_meant(
    fault_server: FaultServer, changes: dict[str, Any], check: Callable[[Observation], bool]
) -> None:
    """Year 1, nanoseconds, missing fields and newer states do not keep an alert from being shown."""
    fault_server.alerts = [alert("A", **changes)]
    async with open_source(fault_server.url) as source:
        report = await source.alerts(AT)
    (seen,) = report.observations
    assert check(seen)
    assert seen.state is AlertState.FIRING
    assert report.warnings == ()


async def test_an_unknown_state_fires_and_is_named(fault_server: FaultServer) -> None:
    """A word that no version has is a warning; the alert is shown."""
    fault_server.alerts = [alert("A", status={"state": "pensive"})]
    async with open_source(fault_server.url) as source:
        report = await source.alerts(AT)
    assert len(report.observations) == 1
    assert "'pensive'" in report.warnings[0]


async def test_an_alert_that_cannot_be_read_is_counted_and_not_resolved(
    fault_server: FaultServer,
) -> None:
    """The readable ones are shown, and absence proves nothing while one is unreadable."""
    fault_server.alerts = [alert("A"), alert("B")]
    async with open_source(fault_server.url) as source:
        await source.alerts(AT)
        fault_server.alerts = [alert("A"), alert("B", labels={"alertname": 7})]
        report = await source.alerts(AT)
    assert set(by_name(report)) == {"A"}
    assert report.warnings == ("1 alerts could not be read",)
    assert report.restarted


async def test_hostile_text_is_clean(fault_server: FaultServer) -> None:
    """Labels, annotations, links, ids and silences hold no control character."""
    evil = "\x1b]52;c;aGk=\x07[@click=app.quit]\u202e"
    labels = {"alertname": evil, evil: evil}
    fault_server.alerts = [
        alert(
            labels=labels,
            annotations={evil: evil},
            generatorURL=evil,
            status={"state": evil, "silencedBy": [evil], "inhibitedBy": [evil]},
        )
    ]
    async with open_source(fault_server.url) as source:
        report = await source.alerts(AT)
    (seen,) = report.observations
    texts = [*seen.labels, *seen.labels.values(), *seen.annotations, *seen.annotations.values()]
    texts += [seen.generator_url, *seen.silenced_by, *seen.inhibited_by, *report.warnings]
    assert len(texts) == 10
    assert [text for text in texts if text != clean(text)] == []


SOURCE_FAULTS = [
    ("404", "answered 404: 404"),
    ("500", "answered 500"),
    ("502-html", "an HTML page"),
    ("401", "auth failed"),
    ("403", "auth failed"),
    ("429", "asked to wait 1h"),
    ("redirect", "redirects to"),
    ("redirect-loop", "not followed"),
    ("hang", "no answer"),
    ("drip", "bytes of an answer"),
    ("headerdrip", "no answer"),
    ("login", "an HTML page; is there a login"),
    ("login-json", "no JSON"),
    ("empty", "an empty answer"),
    ("truncated", "no JSON"),
    ("garbage", "no"),
    ("bad-utf8", "not UTF-8"),
    ("cut", "broke HTTP"),
    ("json-null", "not Alertmanager's list"),
    ("json-string", "not Alertmanager's list"),
    ("no-status", "not Alertmanager's list"),
    ("deep", "nested too deep"),
    ("bigint", "number too large"),
    ("big=33", "larger than 32 MiB"),
    ("bomb=40", "compressed answer"),
]


@pytest.mark.parametrize(("mode", "reason"), SOURCE_FAULTS)
async def test_a_server_at_fault_is_a_source_error(
    fault_server: FaultServer, mode: str, reason: str
) -> None:
    """Nothing but RemoteError leaves; healed, everything is told anew."""
    fault_server.alerts = [alert("A")]
    later = AT + timedelta(minutes=6)
    async with open_source(fault_server.url) as source:
        clients = [peer.client for peer in source._peers]
        fault_server.mode = mode
        await failure_of(lambda: source.alerts(AT), clients, mode, reason)
        fault_server.mode = "ok"
        await source.alerts(later)
        fault_server.mode = mode
        error = await failure_of(lambda: source.alerts(later), clients, mode, reason)
        assert reason in error.reason
        assert error.reason == clean(error.reason)
        fault_server.mode = "ok"
        report = await source.alerts(AT + timedelta(minutes=12))
        assert set(by_name(report)) == {"A"}


@pytest.mark.servers
async def test_errors_of_a_real_alertmanager_are_read(
    alertmanager: AlertmanagerServer,
) -> None:
    """Alertmanager's error strings and objects come out as their words, whatever the shape."""
    client = HttpClient(HttpSettings(alertmanager.url))
    string = await client.send("/api/v2/alerts", {"filter": "xx{"})
    assert client.words(string) == "bad matcher format: xx{"
    thing = await client.send("/api/v2/silence/no-uuid")
    assert "must be of type uuid" in client.words(thing)
    gone = await client.send("/api/v1/nothing")
    assert (gone.status, gone.content_type) == (404, "text/plain")
    await client.close()


@pytest.mark.servers
async def test_an_alert_in_two_groups_is_one(tmp_path: Path) -> None:
    """A route with `continue` puts an alert into two groups; the list has it once."""
    config = """
route:
  receiver: a
  group_wait: 1s
  routes:
  - {receiver: a, matchers: [severity = critical], continue: true}
  - {receiver: b, matchers: [severity = critical]}
receivers: [{name: a}, {name: b}]
"""
    with AlertmanagerServer(tmp_path / "am", config=config, prefix="/am") as server:
        server.post_alert({"alertname": "Down", "severity": "critical"})
        async with open_source(server.url) as source:
            report = await report_when(source, lambda r: bool(r.observations))
    assert len(report.observations) == 1


@pytest.mark.servers
async def test_ten_thousand_alerts_are_read(alertmanager: AlertmanagerServer) -> None:
    """A list of 8 MB is no error, and read again it is unchanged."""
    alertmanager.post_alerts(
        [
            {
                "labels": {"alertname": f"A{n % 50}", "n": str(n), "job": "payments-api"},
                "annotations": {"summary": "x" * 400},
                "endsAt": (now() + timedelta(hours=1)).isoformat(),
            }
            for n in range(10_000)
        ]
    )
    async with open_source(alertmanager.url) as source:
        report = await report_when(source, lambda r: len(r.observations) == 10_000)
        assert len({o.fingerprint for o in report.observations}) == 10_000
        again = await report_when(source, lambda r: r.unchanged)
        assert again.observations == ()
