"""Indicators as the tests of metric sources ask for them."""

from datetime import UTC, datetime, timedelta

from opsdash.domain.indicator import Indicator, Unit
from opsdash.domain.text import clean
from opsdash.http.client import HttpClient
from opsdash.http.settings import HttpSettings
from opsdash.sources.prometheus import PrometheusSource


def indicator(id: str, query: str, compare: timedelta | None = None) -> Indicator:
    """Return an indicator that asks `query`."""
    return Indicator(id, clean(id), query, Unit.COUNT, compare=compare)


def indicators(**queries: str) -> list[Indicator]:
    """Return one indicator a query, its id the keyword."""
    return [indicator(id, query) for id, query in queries.items()]


def source_at(url: str, timeout: float = 60.0) -> PrometheusSource:
    """Return a source that reads the server at `url`."""
    return PrometheusSource(HttpClient(HttpSettings(url, timeout=timeout)))


def now() -> datetime:
    """Return the moment as sources are given it."""
    return datetime.now(UTC)
