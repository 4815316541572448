"""Metrics from Prometheus: true values with true ages, and a reason for everything else."""

import asyncio
import functools
import math
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from opsdash.domain.sample import Answer
from opsdash.domain.text import clean
from opsdash.http.errors import RemoteError
from opsdash.sources.prometheus import PrometheusSource
from tests.faultserver import FaultServer
from tests.servers import MetricTarget, PrometheusServer, openmetrics
from tests.sources.failing import failure_of
from tests.sources.indicators import indicator, indicators, now, source_at


@asynccontextmanager
async def open_source(url: str, timeout: float = 60.0) -> AsyncIterator[PrometheusSource]:
    source = source_at(url, timeout)
    try:
        yield source
    finally:
        await source.close()


async def read(source: PrometheusSource, **queries: str) -> Mapping[str, Answer]:
    return await source.read(indicators(**queries), now())


async def read_one(source: PrometheusSource, query: str) -> Answer:
    return (await read(source, it=query))["it"]


TWENTY = {f"t{n}": f"sum(app_value) + {n}" for n in range(20)}


def aged(seconds: float = 1.0, value: float = 7.0):  # type: ignore[no-untyped-def]
    """Return a FaultServer value: `value` for tiles, and for ages a sample `seconds` old."""
    return lambda labels: (
        time.time() - seconds if labels.get("__opsdash", "").startswith("s") else value
    )


async def test_all_tiles_of_a_refresh_are_one_request(fault_server: FaultServer) -> None:
    """Twenty tiles with their ages and the server's clock cost one POST."""
    fault_server.value = aged(3)
    async with open_source(fault_server.url) as source:
        before = now()
        found = await source.read(indicators(**TWENTY), before)
        after = now()
    assert [r.method for r in fault_server.requests] == ["POST"]
    assert {answer.value for answer in found.values()} == {7.0}
    moments = [
        answer.sampled_at + timedelta(seconds=3) for answer in found.values() if answer.sampled_at
    ]
    assert len(moments) == len(TWENTY)
    slack = timedelta(seconds=0.1)
    assert before - slack < min(moments) <= max(moments) < after + slack


async def test_values_and_ages_of_a_real_server(
    filled_prometheus: PrometheusServer,
) -> None:
    """Vectors, scalars, comments, newlines and arithmetic are read as Prometheus computes them."""
    async with open_source(filled_prometheus.url) as source:
        for _ in range(2):  # the second time scalars are in the union as well
            before = now()
            found = await read(
                source,
                sum="sum(app_value)",
                comment="sum(app_value) # and this is why",
                lines="sum(\n  app_value{pod='a'} # one\n)\n",
                quoted='sum(app_value{pod=~"a|b",x!="#"})',
                scalar="scalar(sum(app_value)) * 2",
                number="42",
                empty_numerator='sum(app_value{pod="none"}) / sum(app_value)',
                zero='(sum(app_value{pod="none"}) or vector(0)) / sum(app_value)',
                one='app_value{pod="b"}',
            )
            after = now()
    assert {id: answer.value for id, answer in found.items()} == {
        "sum": 12.0,
        "comment": 12.0,
        "lines": 5.0,
        "quoted": 12.0,
        "scalar": 24.0,
        "number": 42.0,
        "empty_numerator": None,
        "zero": 0.0,
        "one": 7.0,
    }
    assert found["empty_numerator"].reason == "no data: the query returned no series"
    assert found["one"].labels["pod"] == "b"
    assert "__opsdash" not in found["one"].labels
    assert found["number"].sampled_at is None
    for id in ("sum", "comment", "lines", "quoted", "scalar", "one"):
        at = found[id].sampled_at
        assert at is not None and before - timedelta(seconds=30) < at <= after, id


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("sum(", "bad_data: invalid parameter"),
        ("", "no expression found"),
        ("nosuch(app_value)", 'unknown function with name "nosuch"'),
        ("app_value", "query returned 2 series; aggregate it, for example with sum()"),
        ("app_value * on () group_left () app_value", "execution: found duplicate series"),
        ("app_value[5m]", "a range vector; wrap it"),
        ('"text"', "a string, not a number"),
        ("vector(0) / vector(0)", "NaN"),
        ("0 / 0", "NaN"),
        ("vector(1) / 0", "+Inf"),
        ("-vector(1) / 0", "-Inf"),
        ("nosuch_metric", "no data: the query returned no series"),
        ("app_value > 100", "no data: the query returned no series"),
        ('app_value{pod="a"} # \n) or (1', "bad_data"),
        ("`unclosed", "bad_data"),
        ("sum(app_value) or (", "bad_data"),
    ],
)
async def test_a_tile_without_a_value_has_a_reason_and_blanks_only_itself(
    filled_prometheus: PrometheusServer, query: str, reason: str
) -> None:
    """No shape of answer or error is a number, and the tiles beside it keep theirs."""
    async with open_source(filled_prometheus.url) as source:
        for _ in range(2):
            found = await source.read([*indicators(**TWENTY), indicator("it", query)], now())
            assert found["it"].value is None
            assert reason in (found["it"].reason or "")
            assert found["it"].reason == clean(found["it"].reason)
            others = [answer for id, answer in found.items() if id != "it"]
            assert [answer.value for answer in others] == [12.0 + n for n in range(20)]
            assert all(answer.sampled_at for answer in others)


async def test_the_age_of_a_sample_is_asked_for(filled_prometheus: PrometheusServer) -> None:
    """A value that Prometheus still answers from an old sample carries the sample's own age (F15)."""
    moment = time.time()
    filled_prometheus.push("app_old", 3, at=moment - 200)
    filled_prometheus.push("app_new", 1)
    async with open_source(filled_prometheus.url) as source:
        found = await read(source, old="sum(app_old)", new="sum(app_new)", both="app_old + app_new")
    old, new = found["old"].sampled_at, found["new"].sampled_at
    assert found["old"].value == 3.0
    assert old is not None and abs(old.timestamp() - (moment - 200)) < 0.01
    assert new is not None and new.timestamp() > moment - 20
    assert found["both"].sampled_at == new, "the newest sample counts"


async def test_a_dead_target_s_rate_grows_old_while_its_gauges_vanish(
    prometheus: PrometheusServer, metric_target: MetricTarget
) -> None:
    """After the target's death a gauge is absent at once, and a rate over a window has its true age."""
    metric_target.set("app_value", 1)
    metric_target.set("app_requests_total", 10)
    prometheus.wait_for("count_over_time(app_requests_total[1m])", lambda count: count >= 3)
    queries = {
        "gauge": "sum(app_value)",
        "rate": "sum(rate(app_requests_total[1m]))",
        "up": 'sum(up{job="app"})',
        "ratio": "sum(rate(app_errors_total[1m])) / sum(rate(app_requests_total[1m]))",
    }
    async with open_source(prometheus.url) as source:
        alive = await read(source, **queries)
        assert (alive["gauge"].value, alive["up"].value) == (1.0, 1.0)
        metric_target.stop()
        died = now()
        prometheus.wait_for('up{job="app"}', lambda up: up == 0)
        await read(source, **queries)
        dead = await read(source, **queries)
    assert dead["gauge"].value is None and dead["gauge"].sampled_at is None
    assert dead["ratio"].value is None, "a ratio falls silent when its target dies"
    assert dead["up"].value == 0.0
    assert dead["rate"].value is not None, "the window still holds samples"
    last = dead["rate"].sampled_at
    assert last is not None and died - timedelta(seconds=20) < last < died + timedelta(seconds=1)


async def test_a_comparison_is_the_same_query_that_long_ago(prometheus: PrometheusServer) -> None:
    """The value a day ago comes from a day ago; where there was nothing it is absent with a reason."""
    moment = time.time()
    day, hour = moment - 86_400, moment - 3600
    points = [(day + n * 15, 10.0) for n in range(-20, 20)]
    points += [(hour + n * 15, 20.0) for n in range(-20, 20)]
    prometheus.backfill(openmetrics("app_users", points))
    asked = [
        indicator("day", "sum(app_users)", timedelta(days=1)),
        indicator("scalar", "scalar(sum(app_users)) + 1", timedelta(days=1)),
        indicator("hour", "sum(app_users)", timedelta(hours=1)),
        indicator("none", "sum(app_users)", timedelta(days=3)),
        indicator("broken", "sum(", timedelta(days=1)),
        indicator("not compared", "sum(app_users)"),
    ]
    async with open_source(prometheus.url) as source:
        found = await source.compare(asked, now())
    assert {id: answer.value for id, answer in found.items()} == {
        "day": 10.0,
        "scalar": 11.0,
        "hour": 20.0,
        "none": None,
        "broken": None,
    }
    assert found["none"].reason == "no data: the query returned no series"
    assert "bad_data" in (found["broken"].reason or "")


async def test_history_is_read_in_one_request_and_aligned(prometheus: PrometheusServer) -> None:
    """Points stand at multiples of the step; gaps and NaN are left out; a bad query has none."""
    end = time.time() // 60 * 60
    points: list[tuple[float, float | str]] = [
        (end - 3600 + n * 60, float(n)) for n in range(60) if not 20 <= n < 35
    ]
    prometheus.backfill(openmetrics("app_users", points))
    async with open_source(prometheus.url) as source:
        found = await source.history(
            [
                *indicators(users="sum(app_users)", twice="2 * app_users", bad="sum("),
                *indicators(nan="sum(app_users) / 0 * 0", scalar="3"),
            ],
            datetime.fromtimestamp(end - 3600 + 7, UTC),
            datetime.fromtimestamp(end - 60, UTC),
            timedelta(minutes=1),
        )
    users = {p.at.timestamp(): p.value for p in found["users"]}
    assert all(at % 60 == 0 for at in users)
    assert users[end - 3600 + 60] == 1.0 and end - 3600 not in users
    assert users[end - 60] == 59.0
    assert end - 3600 + 30 * 60 not in users, "a gap is no line"
    assert [p.value for p in found["twice"]] == [2 * p.value for p in found["users"]]
    assert found["bad"] == () and found["nan"] == ()
    assert {p.value for p in found["scalar"]} == {3.0}


async def test_history_is_split_where_the_server_s_limit_of_points_is(
    filled_prometheus: PrometheusServer,
) -> None:
    """A span of more than 11,000 steps takes several requests and loses no point."""
    end = now().replace(microsecond=0)
    async with open_source(filled_prometheus.url) as source:
        found = await source.history(
            indicators(one="vector(1)"),
            end - timedelta(seconds=25_000),
            end,
            timedelta(seconds=1),
        )
    times = [point.at for point in found["one"]]
    assert len(times) == len(set(times)) == 25_001
    assert times == sorted(times)
    assert (times[0], times[-1]) == (end - timedelta(seconds=25_000), end)


async def test_series_that_take_turns_are_one_line(fault_server: FaultServer) -> None:
    """A rollout that changes a label leaves one history; moments with two values are left out."""
    series = [
        {"metric": {"__opsdash": "0", "version": "1"}, "values": [[0, "1"], [60, "2"]]},
        {"metric": {"__opsdash": "0", "version": "2"}, "values": [[60, "3"], [120, "4"]]},
    ]
    fault_server.answer(
        "/api/v1/query_range",
        {"status": "success", "data": {"resultType": "matrix", "result": series}},
    )
    async with open_source(fault_server.url) as source:
        start = datetime.fromtimestamp(0, UTC)
        found = await source.history(
            indicators(it="x"), start, start + timedelta(minutes=2), timedelta(minutes=1)
        )
    assert [(p.at.timestamp(), p.value) for p in found["it"]] == [(0.0, 1.0), (120.0, 4.0)]


SOURCE_FAULTS = [
    ("404", "answered 404"),
    ("500", "answered 500"),
    ("500-html", "an HTML page"),
    ("502-html", "answered 502"),
    ("503", "answered 503"),
    ("internal", "internal error: chunk not found"),
    ("unavailable", "TSDB not ready"),
    ("401", "auth failed"),
    ("403", "auth failed"),
    ("429", "asked to wait 1h"),
    ("redirect", "redirects to"),
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
    ("no-answer", "without an answer"),
    ("not-http", "without an answer"),
    ("json-null", "JSON that is not Prometheus'"),
    ("json-list", "JSON that is not Prometheus'"),
    ("json-string", "JSON that is not Prometheus'"),
    ("no-status", "JSON that is not Prometheus'"),
    ("no-result", "unexpected answer: no result"),
    ("deep", "nested too deep"),
    ("bigint", "number too large"),
    ("big=9", "larger than 8 MiB"),
    ("gzip", "compressed answer"),
    ("duplicate-keys", "one key twice"),
    ("bad_data", "bad_data: invalid parameter"),
    ("execution", "execution: query processing"),
    ("timeout", "query timed out"),
    ("unknown-type", "a result of type streams"),
]


@pytest.mark.parametrize(("mode", "reason"), SOURCE_FAULTS)
async def test_a_server_at_fault_is_a_source_error_and_then_forgiven(
    fault_server: FaultServer, mode: str, reason: str
) -> None:
    """Whatever is wrong with every answer fails the source with one clean line; healed, all is read."""
    fault_server.value = aged()
    asked = indicators(a="sum(a)", b="sum(b)", c="sum(c)")
    async with open_source(fault_server.url) as source:
        fault_server.mode = mode
        for method in (source.read, source.compare):
            moment = now()
            if method == source.compare:
                asked = [indicator(i.id, i.query, timedelta(days=1)) for i in asked]
            read = functools.partial(method, asked, moment)
            error = await failure_of(read, [source.client], mode, reason)
            assert reason in error.reason
            assert error.reason == clean(error.reason)
        fault_server.mode = "ok"
        found = await source.read(asked, now() + timedelta(seconds=1))
        assert [answer.value for answer in found.values()] == [7.0, 7.0, 7.0]


TILE_FAULTS = [
    ("nan", "NaN"),
    ("+inf", "+Inf"),
    ("-inf", "-Inf"),
    ("bare-nan", "NaN"),
    ("not-a-number", "is no number"),
    ("no-data", "no data"),
    ("duplicates", "one series twice"),
    ("histogram", "a native histogram"),
    ("string", "a string, not a number"),
    ("matrix", "a range vector"),
    ("wrong-types", "unexpected answer"),
]


@pytest.mark.parametrize(("mode", "reason"), TILE_FAULTS)
async def test_an_answer_that_is_no_value_is_a_reason_on_the_tile(
    fault_server: FaultServer, mode: str, reason: str
) -> None:
    """NaN, infinities, duplicates and shapes that are no number give no value (F10 to F16)."""
    fault_server.mode = mode
    async with open_source(fault_server.url) as source:
        answer = await read_one(source, "sum(a)")
    assert answer.value is None
    assert reason in (answer.reason or "")


async def test_a_scalar_is_a_value(fault_server: FaultServer) -> None:
    """A server that answers a scalar has said a number."""
    fault_server.mode = "scalar"
    async with open_source(fault_server.url) as source:
        assert (await read_one(source, "7")).value == 7.0


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("warnings", "partial: 1 store unreachable: partial response"),
        ("warnings=results truncated due to limit", "partial: results truncated due to limit"),
    ],
)
async def test_a_partial_answer_keeps_its_value_and_says_so(
    fault_server: FaultServer, mode: str, reason: str
) -> None:
    """Warnings mark every tile of the request partial (F14)."""
    fault_server.mode = mode
    fault_server.value = aged()
    async with open_source(fault_server.url) as source:
        found = await read(source, a="sum(a)", b="sum(b)")
    assert {(answer.value, answer.reason) for answer in found.values()} == {(7.0, reason)}


async def test_a_warning_about_one_query_marks_its_tile_alone(fault_server: FaultServer) -> None:
    """Prometheus 3 tells the line that a warning is about; the other tiles are whole."""
    fault_server.value = aged()
    fault_server.mode = "warnings=PromQL warning: quantile value should be between 0 and 1 (4:38)"
    async with open_source(fault_server.url) as source:
        found = await read(source, a="sum(a)", b="sum(\nb)", c="sum(c)")
    assert found["a"].reason is None and found["c"].reason is None
    assert (found["b"].reason or "").startswith("warning: PromQL warning: quantile value")


async def test_an_incomplete_answer_of_victoriametrics_is_partial(
    fault_server: FaultServer,
) -> None:
    """`isPartial` is a partial answer."""
    result = [{"metric": {"__opsdash": "0"}, "value": [1, "5"]}]
    fault_server.answer(
        "/api/v1/query",
        {
            "status": "success",
            "isPartial": True,
            "data": {"resultType": "vector", "result": result},
        },
    )
    async with open_source(fault_server.url) as source:
        answer = await read_one(source, "sum(a)")
    assert answer.value == 5.0
    assert (answer.reason or "").startswith("partial")


@pytest.mark.parametrize("mode", ["bad_data", "execution", "timeout", "big=9", "nan", "no-data"])
async def test_one_bad_query_of_twenty_blanks_only_its_tile(
    fault_server: FaultServer, mode: str
) -> None:
    """The others keep their values, and from the second read on the culprit costs them nothing."""
    fault_server.value = aged()
    fault_server.when("culprit", mode)
    asked = [*indicators(**TWENTY), indicator("it", "sum(culprit)")]
    async with open_source(fault_server.url, timeout=20.0) as source:
        found = await source.read(asked, now())
        fault_server.requests.clear()
        again = await source.read(asked, now())
    if mode in ("nan", "no-data"):
        return  # such an answer is one for the whole union here
    for answers in (found, again):
        assert answers["it"].value is None and answers["it"].reason
        assert {a.value for id, a in answers.items() if id != "it"} == {7.0}
    assert len(fault_server.requests) == 1


async def test_a_slow_query_is_narrowed_down_and_blanks_only_its_tile(
    fault_server: FaultServer,
) -> None:
    """A query that hangs the server is found within a few reads, none longer than the deadline."""
    fault_server.value = aged()
    fault_server.when("culprit", "hang")
    asked = [*indicators(**TWENTY), indicator("it", "sum(culprit)")]
    async with open_source(fault_server.url, timeout=1.5) as source:
        start = now()
        found: Mapping[str, Answer] = {}
        for n in range(12):
            began = time.monotonic()
            try:
                found = await source.read(asked, start + timedelta(seconds=5 * n))
            except RemoteError as error:
                assert "no answer" in error.reason
            assert time.monotonic() - began < 20, "one after another they would take 30 s"
    assert found["it"].value is None and "no answer" in (found["it"].reason or "")
    assert {answer.value for id, answer in found.items() if id != "it"} == {7.0}


async def test_a_server_that_gives_up_before_us_is_told_how_long_we_wait(
    fault_server: FaultServer,
) -> None:
    """The `timeout` parameter is shorter than our own, so that a slow query gets a name."""
    async with open_source(fault_server.url, timeout=5.0) as source:
        await read_one(source, "sum(a)")
    assert fault_server.requests[0].form["timeout"] == "4000ms"


@pytest.mark.parametrize("status", [403, 405])
async def test_a_proxy_that_only_lets_readers_pass_is_asked_by_get(
    fault_server: FaultServer, status: int
) -> None:
    """Where POST is refused and GET is not, GET is used from then on, in pieces that fit a URL."""
    fault_server.value = aged()

    class ReadOnly(FaultServer):
        def mode_for(self, request) -> str:  # type: ignore[no-untyped-def]
            return str(status) if request.method == "POST" else super().mode_for(request)

    long = {f"t{n}": f'sum(app_value{{pod!="{"x" * 300}"}}) + {n}' for n in range(20)}
    with ReadOnly() as server:
        server.value = aged()
        async with open_source(server.url) as source:
            for _ in range(3):
                found = await source.read(indicators(**long), now())
                assert {answer.value for answer in found.values()} == {7.0}
            server.requests.clear()
            await source.read(indicators(**long), now())
        assert {request.method for request in server.requests} == {"GET"}
        assert max(len(r.form["query"]) for r in server.requests if r.method == "GET") < 8000


async def test_a_clock_that_is_off_is_named_and_ages_stay_true(fault_server: FaultServer) -> None:
    """A server an hour behind is a warning, and a sample's age is counted by its own clock (F20)."""
    fault_server.age = 3600
    fault_server.value = aged(3610)
    async with open_source(fault_server.url) as source:
        before = source.warnings
        answer = await read_one(source, "sum(a)")
        warnings = source.warnings
    assert before == ()
    assert len(warnings) == 1 and "behind this host's" in warnings[0]
    assert "59m" in warnings[0] or "1h" in warnings[0]
    assert answer.sampled_at is not None
    assert timedelta(seconds=8) < now() - answer.sampled_at < timedelta(minutes=10)


async def test_a_clock_that_is_right_is_not_mentioned(filled_prometheus: PrometheusServer) -> None:
    """The usual difference of milliseconds gives no warning."""
    async with open_source(filled_prometheus.url) as source:
        await read_one(source, "vector(1)")
        assert source.clock.skew is not None and source.warnings == ()


async def test_the_version_is_told_or_missing(
    filled_prometheus: PrometheusServer, fault_server: FaultServer
) -> None:
    """Buildinfo is asked for once; a server without it is none the worse."""
    async with open_source(filled_prometheus.url) as source:
        assert (await source.version() or "").startswith("2.")
    async with open_source(fault_server.at("404")) as source:
        assert await source.version() is None
        assert await source.version() is None
    assert len(fault_server.requests) == 1


async def test_labels_are_clean(fault_server: FaultServer) -> None:
    """A hostile label reaches no screen raw."""
    metric = {"__opsdash": "0", "pod": "\x1b]52;c;aGk=\x07", "\x1bname": "x"}
    result = [{"metric": metric, "value": [1, "5"]}]
    fault_server.answer(
        "/api/v1/query",
        {"status": "success", "data": {"resultType": "vector", "result": result}},
    )
    async with open_source(fault_server.url) as source:
        answer = await read_one(source, "sum(a)")
    for text in (*answer.labels, *answer.labels.values()):
        assert text == clean(text)


async def test_a_stopped_and_restarted_server_is_read_again(prometheus: PrometheusServer) -> None:
    """While it is down the source says so; when it is back, the next read works."""
    async with open_source(prometheus.url) as source:
        assert (await read_one(source, "vector(1)")).value == 1.0
        prometheus.stop()
        with pytest.raises(RemoteError, match="refused the connection"):
            await read_one(source, "vector(1)")
        prometheus.start()

        async def works() -> bool:
            try:
                return (await read_one(source, "vector(1)")).value == 1.0
            except RemoteError:
                return False

        deadline = time.monotonic() + 60
        while not await works():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)


async def test_no_indicators_are_no_request(fault_server: FaultServer) -> None:
    """An empty configuration asks nothing."""
    async with open_source(fault_server.url) as source:
        assert await source.read([], now()) == {}
        assert await source.compare([], now()) == {}
    assert fault_server.requests == []


async def test_bounds_written_as_floats_are_no_trouble(fault_server: FaultServer) -> None:
    """Labels are passed on as written: `le="1.0"` of Prometheus 3 and `le="1"` of 2."""
    result = [{"metric": {"__opsdash": "0", "le": "1.0"}, "value": [1, "5"]}]
    fault_server.answer(
        "/api/v1/query",
        {"status": "success", "data": {"resultType": "vector", "result": result}},
    )
    async with open_source(fault_server.url) as source:
        answer = await read_one(source, "sum by (le) (a)")
    assert answer.labels == {"le": "1.0"}
    assert answer.value is not None and math.isfinite(answer.value)


async def test_figures_are_what_prometheus_computes_and_nothing_is_mended(
    filled_prometheus: PrometheusServer,
) -> None:
    """`increase()` stays a fraction, and an average over a day says nothing of its coverage."""
    moment = time.time()
    samples = [(moment - 65 + n * 15, value) for n, value in enumerate((0.0, 1.0, 2.0, 4.0))]
    filled_prometheus.push_series([({"__name__": "app_failed_total"}, samples)])
    async with open_source(filled_prometheus.url) as source:
        found = await read(
            source,
            failed="increase(app_failed_total[90s])",
            uptime='avg_over_time(up{job="app"}[24h])',
            coverage='count_over_time(up{job="app"}[24h]) / (24 * 3600 / 15)',
        )
    failed = found["failed"].value
    assert failed is not None and 4.0 < failed < 6.0 and failed != round(failed)
    assert found["uptime"].value == 1.0
    assert found["coverage"].value is not None and found["coverage"].value < 0.1


@pytest.mark.parametrize(("steps", "requests"), [(11_000, 1), (11_001, 2)])
async def test_the_limit_of_points_is_met_exactly(
    fault_server: FaultServer, steps: int, requests: int
) -> None:
    """11,000 steps are one request, one more is two: the server counts the gaps, not the points."""
    start = datetime.fromtimestamp(1_700_000_000, UTC)
    async with open_source(fault_server.url, timeout=20.0) as source:
        found = await source.history(
            indicators(it="x"), start, start + timedelta(seconds=steps), timedelta(seconds=1)
        )
    assert len(fault_server.requests) == requests
    assert len(found["it"]) == steps + 1
