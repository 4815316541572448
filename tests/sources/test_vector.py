"""Vectors for rules: labels as the server sent them, and every strange answer an error of the query."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opsdash.sources.vector import QueryError, read_vector, read_vectors

AT = datetime(2025, 12, 22, 14, 0, tzinfo=UTC)


def _payload(kind: str, result: Any, **more: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": result}, **more}


def _series(value: Any, **labels: str) -> dict[str, Any]:
    return {"metric": labels, "value": [AT.timestamp(), value]}


def test_labels_stay_as_they_were_sent() -> None:
    """A rule's alert is its raw labels: nothing is cleaned, cut or left out before the fingerprint."""
    labels = {"__name__": "x", "path": "a\x1b[31m\nb", "long": "y" * 5000}
    (sample,) = read_vector(_payload("vector", [_series("1.5", **labels)]), AT).samples
    assert (sample.value, sample.labels, sample.at) == (1.5, labels, AT)


@pytest.mark.parametrize(
    ("text", "value"), [("NaN", "nan"), ("+Inf", "inf"), ("-Inf", "-inf"), ("1e+06", "1000000.0")]
)
def test_values_as_the_api_writes_them(text: str, value: str) -> None:
    """Infinities, NaN and exponents are numbers; whether they fire is for the query to say."""
    (sample,) = read_vector(_payload("vector", [_series(text)]), AT).samples
    assert repr(sample.value) == value


def test_a_scalar_is_one_sample_and_a_histogram_too() -> None:
    """As in Prometheus a scalar alerts without labels, and a native histogram with its own."""
    (scalar,) = read_vector(_payload("scalar", [AT.timestamp(), "3"]), AT).samples
    assert (scalar.value, scalar.labels) == (3.0, {})
    histogram = {"metric": {"a": "b"}, "histogram": [AT.timestamp(), {"count": "1"}]}
    (sample,) = read_vector(_payload("vector", [histogram]), AT).samples
    assert (sample.value, sample.labels) == (0.0, {"a": "b"})


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (_payload("matrix", []), "not a vector or scalar"),
        (_payload("string", [0, "x"]), "not a vector or scalar"),
        (_payload("vector", {}), "not a vector or scalar"),
        (_payload("vector", [_series("abc")]), "no number"),
        (_payload("vector", [{"metric": {}}]), "no number"),
        (_payload("vector", [{"metric": {"a": 1}, "value": [0, "1"]}]), "without labels"),
        (_payload("vector", [5]), "without labels"),
        (_payload("vector", [{"metric": None, "value": [0, "1"]}]), "without labels"),
        (_payload("vector", [_series("1", a="b"), _series("2", a="b")]), "same labels"),
    ],
)
def test_a_strange_answer_is_an_error_and_never_empty(payload: dict[str, Any], words: str) -> None:
    """What is not understood must not pass for an empty vector, which would resolve alerts (F16)."""
    with pytest.raises(QueryError, match=words):
        read_vector(payload, AT)


@pytest.mark.parametrize(
    ("more", "partial"),
    [
        ({}, None),
        ({"warnings": []}, None),
        ({"warnings": ["store sidecar-1 is down"]}, "partial answer: store sidecar-1 is down"),
        ({"warnings": ["PromQL warning: bucket label is missing"]}, None),
        ({"warnings": ["PromQL info: x", "truncated"]}, "partial answer: truncated"),
        ({"isPartial": True}, "partial answer: a part of the storage did not answer"),
        ({"isPartial": False, "infos": ["PromQL info: no counter"]}, None),
        ({"warnings": "broken"}, None),
    ],
)
def test_partial_answers_are_told_from_remarks(more: dict[str, Any], partial: str | None) -> None:
    """Thanos' warnings and VictoriaMetrics' flag are partial; remarks on the query are not (F14)."""
    assert read_vector(_payload("vector", [], **more), AT).partial == partial


def test_the_past_is_sorted_by_moment_and_freed_of_skew() -> None:
    """Each moment has the samples of that moment, by our clock where the server's is ahead."""
    times = tuple(AT + timedelta(seconds=15 * n) for n in range(3))
    shift = timedelta(seconds=90)
    stamps = [(at + shift).timestamp() for at in times]
    payload = _payload(
        "matrix",
        [
            {"metric": {"a": "1"}, "values": [[stamps[0], "1"], [stamps[2], "3"]]},
            {"metric": {"a": "2"}, "values": [[stamps[2], "9"], [stamps[2] + 1, "8"]]},
        ],
    )
    found = read_vectors(payload, times, shift)
    assert [[(s.value, s.labels["a"]) for s in found[at]] for at in times] == [
        [(1.0, "1")],
        [],
        [(3.0, "1"), (9.0, "2")],
    ]
    with pytest.raises(QueryError, match="no matrix"):
        read_vectors(_payload("vector", []), times)
