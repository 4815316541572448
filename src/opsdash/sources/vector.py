"""The answers of queries that rules ask: whole vectors with their labels as the server sent them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from opsdash.domain.frozen import dataclass
from opsdash.domain.sample import Sample
from opsdash.domain.text import SafeText, clean
from opsdash.http.errors import RemoteError
from opsdash.http.json_body import MalformedError
from opsdash.sources.wire import raw_labels, read_epoch, read_number


class QueryError(RemoteError):
    """The server answers, and this one query is at fault."""


@dataclass(frozen=True, slots=True)
class Vector:
    """The samples of one query at one moment; `partial` says what the server could not look at."""

    samples: tuple[Sample, ...] = ()
    partial: SafeText | None = None


class VectorSource(Protocol):
    """Answers queries for rules. Raises QueryError for a query at fault, else RemoteError."""

    async def vector(self, query: str, at: datetime) -> Vector:
        """Return what `query` gives at `at`."""
        ...

    async def vectors(
        self, query: str, times: tuple[datetime, ...]
    ) -> Mapping[datetime, tuple[Sample, ...]]:
        """Return what `query` gave at each of `times`, which are equally far apart."""
        ...


@runtime_checkable
class Clocked(Protocol):
    """A source with a clock of its own, by which it answers: nothing is judged before it is known."""

    async def meet_clock(self, now: datetime) -> None:
        """Find how far the clock is off at `now`, unless that is known; raise RemoteError if it is not told."""
        ...

    def forget_clock(self) -> None:
        """Ask anew: somebody may have set this host's clock."""
        ...


def read_vector(payload: Mapping[str, Any], at: datetime) -> Vector:
    """Return the vector in Prometheus' envelope; a scalar is one sample without labels."""
    kind, result = payload["data"]["resultType"], payload["data"]["result"]
    if kind == "scalar" and isinstance(result, list) and len(result) == 2:
        return Vector((Sample(_number(result), at, {}),), _partial(payload))
    if kind != "vector" or not isinstance(result, list):
        raise QueryError(SafeText("rule result is not a vector or scalar"))
    samples = tuple(_sample(series, at) for series in result)
    if len({tuple(sorted(sample.labels.items())) for sample in samples}) < len(samples):
        raise QueryError(SafeText("unexpected answer: two series with the same labels"))
    return Vector(samples, _partial(payload))


def read_vectors(
    payload: Mapping[str, Any], times: tuple[datetime, ...], shift: timedelta = timedelta()
) -> dict[datetime, tuple[Sample, ...]]:
    """Return the samples of a range query by moment; the server's clock is ahead by `shift`."""
    kind, result = payload["data"]["resultType"], payload["data"]["result"]
    if kind != "matrix" or not isinstance(result, list):
        raise QueryError(SafeText("unexpected answer: no matrix"))
    found: dict[datetime, list[Sample]] = {at: [] for at in times}
    known = {round((at + shift).timestamp() * 1000): at for at in times}
    for series in result:
        labels = _labels(series)
        for pair in series.get("values") or series.get("histograms") or ():
            moment = read_epoch(pair[0]) if isinstance(pair, list) and len(pair) == 2 else None
            at = None if moment is None else known.get(round(moment.timestamp() * 1000))
            if at is not None:
                value = 0.0 if "values" not in series else _number(pair)
                found[at].append(Sample(value, at, labels))
    return {at: tuple(samples) for at, samples in found.items()}


def _sample(series: Any, at: datetime) -> Sample:
    labels = _labels(series)
    if "histogram" in series and "value" not in series:
        # A native histogram fires an alert like any sample; its value is that of no float.
        return Sample(0.0, at, labels)
    return Sample(_number(series.get("value")), at, labels)


def _labels(series: Any) -> Mapping[str, str]:
    try:
        return raw_labels(series.get("metric") if isinstance(series, dict) else None)
    except MalformedError:
        raise QueryError(SafeText("unexpected answer: a series without labels")) from None


def _number(pair: Any) -> float:
    value = read_number(pair[1]) if isinstance(pair, list) and len(pair) == 2 else None
    if value is None:
        raise QueryError(SafeText("unexpected answer: a sample that is no number"))
    return value


def _partial(payload: Mapping[str, Any]) -> SafeText | None:
    """Return what keeps the answer from being whole; remarks on the query itself are not that."""
    warnings = payload.get("warnings")
    texts = [t for t in warnings if isinstance(t, str)] if isinstance(warnings, list) else []
    missing = [text for text in texts if not text.startswith("PromQL ")]
    if missing:
        return clean(f"partial answer: {missing[0]}", 200)
    if payload.get("isPartial") is True:
        return SafeText("partial answer: a part of the storage did not answer")
    return None
