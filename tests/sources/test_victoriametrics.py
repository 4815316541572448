"""VictoriaMetrics is read by the same source, unchanged."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from opsdash.domain.text import clean
from opsdash.http.client import HttpClient
from opsdash.http.errors import RemoteError
from opsdash.http.settings import HttpSettings
from opsdash.sources.prometheus import PrometheusSource
from opsdash.sources.prometheus_rules import PrometheusRulesSource
from tests.servers import VictoriaMetrics
from tests.sources.indicators import indicator, indicators, now, source_at

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VictoriaMetrics]:
    """A VictoriaMetrics with an hour of a gauge and a counter, and an old gauge."""
    with VictoriaMetrics(tmp_path_factory.mktemp("victoria")) as server:
        end = time.time()
        lines = []
        for n in range(240, -1, -1):
            at = int((end - n * 15) * 1000)
            lines.append(f'app_value{{pod="a"}} {min(240 - n, 200)} {at}')
            lines.append(f'app_value{{pod="b"}} 1 {at}')
            lines.append(f"app_requests_total {(240 - n) * 30} {at}")
        lines.append(f"app_old 3 {int((end - 200) * 1000)}")
        server.push("\n".join(lines) + "\n")
        server.wait_for("count(app_value)", lambda count: count == 2)
        yield server


@pytest.mark.parametrize("prefix", ["", "/prometheus"])
async def test_values_ages_and_reasons(filled: VictoriaMetrics, prefix: str) -> None:
    """Values, ages and reasons are what Prometheus would give, at either path, with a tenant header."""
    settings = HttpSettings(filled.url + prefix, headers={"X-Scope-OrgID": lambda: "team-a"})
    source = PrometheusSource(HttpClient(settings))
    queries = {
        "sum": "sum(app_value) # both",
        "rate": "sum(rate(app_requests_total[5m]))",
        "old": "sum(app_old)",
        "scalar": "scalar(sum(app_value))",
        "number": "42",
        "many": "app_value",
        "none": "nosuch_metric",
        "broken": "sum(",
        "function": "nosuch(app_value)",
        "range": "app_value[5m]",
    }
    for _ in range(2):
        found = await source.read(indicators(**queries), now())
        assert found["sum"].value == 201.0
        assert found["rate"].value == pytest.approx(2.0, rel=0.1)
        assert found["old"].value == 3.0
        assert found["scalar"].value == 201.0
        assert found["number"].value == 42.0
        for id in ("many", "none", "broken", "function", "range"):
            assert found[id].value is None, id
        assert found["many"].reason and found["many"].reason.startswith("query returned 2 series")
        assert found["none"].reason == "no data: the query returned no series"
        assert "unknown func" in (found["function"].reason or "")
        new, old = found["sum"].sampled_at, found["old"].sampled_at
        assert new is not None and old is not None
        assert now() - new < timedelta(seconds=180)
        assert timedelta(seconds=195) < now() - old < timedelta(seconds=380)
    assert source.warnings == (), "its evaluation lag is no clock that is off"
    await source.close()


async def test_history_and_comparison(filled: VictoriaMetrics) -> None:
    """Range queries and a value in the past work as with Prometheus."""
    source = source_at(filled.url)
    end = datetime.fromtimestamp(time.time() // 60 * 60 - 180, UTC)
    found = await source.history(
        indicators(b='app_value{pod="b"}', bad="sum("),
        end - timedelta(minutes=30),
        end,
        timedelta(minutes=1),
    )
    assert len(found["b"]) == 31 and {p.value for p in found["b"]} == {1.0}
    assert found["bad"] == ()
    ago = await source.compare([indicator("sum", "sum(app_value)", timedelta(minutes=30))], now())
    assert ago["sum"].value == pytest.approx(121.0, abs=15)
    assert await source.version() is None
    await source.close()


async def test_rules_live_elsewhere(filled: VictoriaMetrics) -> None:
    """A path without rules is said plainly and tried again slowly; the stub of one is empty."""
    source = PrometheusRulesSource(HttpClient(HttpSettings(filled.url + "/nothing/here")))
    with pytest.raises(RemoteError) as raised:
        await source.alerts(now())
    assert "has no /api/v1/rules" in raised.value.reason
    assert raised.value.reason == clean(raised.value.reason)
    assert raised.value.retry_after == timedelta(minutes=5)
    stub = PrometheusRulesSource(HttpClient(HttpSettings(filled.url)))
    assert (await stub.alerts(now())).observations == ()
    await source.close()
    await stub.close()
