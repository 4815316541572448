"""Against a real Prometheus: a quantile in the +Inf bucket is known as a lower bound, a share by its sides."""

import time

import pytest

from opsdash import presets
from opsdash.domain.companion import Beside, beside, with_companions
from opsdash.domain.indicator import Indicator
from tests.servers import PrometheusServer
from tests.sources.indicators import now, source_at

pytestmark = pytest.mark.servers

BOUNDS = ("0.1", "1", "10", "+Inf")


def push(server: PrometheusServer, name: str, counts: tuple[int, ...], **labels: str) -> None:
    """Push a histogram that counted these within the last minutes, cumulated by bucket."""
    moment = time.time()
    server.push_series(
        [
            (
                {"__name__": f"{name}_bucket", "le": bound} | labels,
                [(moment - 200, 0.0), (moment - 100, count / 2), (moment, float(count))],
            )
            for bound, count in zip(BOUNDS, counts, strict=True)
        ]
    )


def preset(id: str) -> Indicator:
    """Return the default indicator `id`."""
    return next(i for i in presets.DEFAULT_SETUP.indicators if i.id == id)


async def known(server: PrometheusServer, indicator: Indicator) -> tuple[float | None, Beside]:
    """Return the value of an indicator, and what is known beside it."""
    source = source_at(server.url)
    try:
        found = await source.read(with_companions((indicator,)), now())
    finally:
        await source.close()
    return found[indicator.id].value, beside(indicator, found)


async def test_the_largest_finite_bound_is_told_from_a_value(prometheus: PrometheusServer) -> None:
    """Six of a hundred beyond ten seconds put the p95 into +Inf; four do not."""
    latency = "http_request_duration_seconds"
    push(prometheus, latency, (10, 50, 94, 100), job="payments-api")
    value, beyond = await known(prometheus, preset("p95"))
    assert (value, beyond.at_least) == (10.0, True)
    database = "db_client_operation_duration_seconds"
    push(prometheus, database, (10, 50, 96, 100), job="payments-api")
    value, within = await known(prometheus, preset("database_p95"))
    assert value is not None
    assert 1 < value < 10
    assert not within.at_least


async def test_payments_are_counted_on_both_sides(prometheus: PrometheusServer) -> None:
    """412 of 418: customers' declines are on neither side, and no failure at all is all of them."""
    moment = time.time()

    def paid(outcome: str, count: float) -> None:
        series = {"__name__": "payments_total", "outcome": outcome}
        # A day's increase is extrapolated to its edges only by what the series' own pace allows.
        points = [(moment - 120, 0.0), (moment - 60, count / 2), (moment, count)]
        prometheus.push_series([(series, points)])

    paid("succeeded", 412.0)
    paid("declined", 90.0)
    _, every = await known(prometheus, preset("success_ratio"))
    assert every.numerator == every.denominator is not None
    paid("failed", 6.0)
    share, some = await known(prometheus, preset("success_ratio"))
    assert some.numerator is not None and some.denominator is not None
    assert some.numerator / some.denominator == pytest.approx(share)
    assert some.numerator / some.denominator == pytest.approx(412 / 418)
