"""One query for many indicators: each branch marked by a label, joined by `or`, and taken apart."""

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from opsdash.domain.duration import format_duration, parse_duration
from opsdash.domain.frozen import dataclass
from opsdash.domain.promql import Selector, find_selectors
from opsdash.domain.sample import Answer, Point
from opsdash.domain.text import SafeText, clean
from opsdash.secret import redact
from opsdash.sources.wire import read_epoch, read_number, safe_labels

MARK = "__opsdash"
_CLOCK = "t"
_POSITION = re.compile(r"\((\d+):\d+\)\s*$")
_FINEST = timedelta(seconds=1)


@dataclass(slots=True)
class Traits:
    """What is known of a query: its selectors, and what was learnt by asking.

    `scalar` wants `vector()` around it in a union. `age_faults` counts how often it only worked
    without its ages, which are left out from the second time on. `drained` gave a value though its series had no sample at present: the age is then looked for
    within the window.
    """

    selectors: tuple[Selector, ...]
    scalar: bool = False
    age_faults: int = 0
    drained: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """One indicator's part in a union."""

    id: str
    query: str
    traits: Traits = field(compare=False)


def traits_of(query: str) -> Traits:
    """Return what the text of a query alone tells."""
    return Traits(find_selectors(query))


@dataclass(frozen=True, slots=True)
class Union:
    """A union query, the line at which each member's branch begins, and the marks of the ages."""

    text: str
    lines: tuple[int, ...]
    ages: Mapping[str, str]


def build(members: Sequence[Member], ages: bool) -> Union:
    """Return the union of the members' queries, with the ages of their samples and a clock.

    Each query ends its line, so that a comment at its end does not swallow the rest.
    """
    branches = [_branch(m.query, str(n), m.traits.scalar) for n, m in enumerate(members)]
    lines, line = [], 1
    for branch in branches:
        lines.append(line)
        line += branch.count("\n") + 1
    marks: dict[str, str] = {}
    if ages:
        for member in members:
            for query in _age_queries(member.traits):
                marks.setdefault(query, f"s{len(marks)}")
        branches += [_branch(query, mark) for query, mark in marks.items()]
        branches.append(_branch("vector(time())", _CLOCK))
    return Union("\nor ".join(branches), tuple(lines), marks)


def _branch(query: str, mark: str, scalar: bool = False) -> str:
    inner = f"vector({query}\n)" if scalar else query
    return f'label_replace({inner}\n, "{MARK}", "{mark}", "", "")'


def _age_queries(traits: Traits) -> list[str]:
    if traits.age_faults > 1:
        return []
    found = [_age_query(selector) for selector in traits.selectors]
    if traits.drained:
        found += filter(None, (_last_query(selector) for selector in traits.selectors))
    return found


@lru_cache(2000)
def _age_query(selector: Selector) -> str:
    return f"max(timestamp({selector.text}))"


@lru_cache(2000)
def _last_query(selector: Selector) -> str | None:
    """Return the query for the newest sample in the window, to a sixtieth of it."""
    try:
        window = parse_duration(selector.window or "")
    except ValueError:
        return None
    step = format_duration(max(_FINEST, window / 60))
    return f"max(max_over_time(timestamp({selector.text})[{selector.window}:{step}]))"


@dataclass(slots=True)
class Parts:
    """A union's answer taken apart by mark; `broken` says that a series could not be told."""

    series: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    broken: bool = False

    def clock(self) -> datetime | None:
        """Return the server's clock at the evaluation."""
        for series in self.series.get(_CLOCK, ()):
            pair = series.get("value")
            if isinstance(pair, list) and pair:
                return read_epoch(pair[0])
        return None

    def sampled_at(self, union: Union, member: Member) -> datetime | None:
        """Return when the newest sample under a member was taken, by the server's clock."""
        newest = None
        for query in _age_queries(member.traits):
            for series in self.series.get(union.ages[query], ()):
                at = read_epoch(_value_of(series))
                if at is not None and (newest is None or at > newest):
                    newest = at
        return newest


def take_apart(result: Sequence[Any]) -> Parts:
    """Return the series of a vector or matrix by the mark of their branch, the mark taken off."""
    parts = Parts()
    for series in result:
        metric = series.get("metric") if isinstance(series, dict) else None
        mark = metric.pop(MARK, None) if isinstance(metric, dict) else None
        if not isinstance(mark, str):
            parts.broken = True
            continue
        parts.series[mark].append(series)
    return parts


def _value_of(series: Mapping[str, Any]) -> float | None:
    pair = series.get("value")
    return read_number(pair[1]) if isinstance(pair, list) and len(pair) == 2 else None


def _metric_of(series: Mapping[str, Any]) -> dict[str, str] | None:
    metric = series.get("metric")
    sound = isinstance(metric, dict) and all(isinstance(text, str) for text in metric.values())
    return metric if sound else None


def answer_of(found: Sequence[Mapping[str, Any]], sampled_at: datetime | None) -> Answer:
    """Return the answer that the series of one query give: one finite number, or the reason why not."""
    if not found:
        return Answer(None, sampled_at, SafeText("no data: the query returned no series"))
    labels = [metric for series in found if (metric := _metric_of(series)) is not None]
    if len(labels) < len(found):
        return Answer(None, sampled_at, SafeText("unexpected answer: a series without labels"))
    if len({tuple(sorted(metric.items())) for metric in labels}) < len(found):
        return Answer(None, sampled_at, SafeText("the server sent one series twice"))
    if len(found) > 1:
        text = f"query returned {len(found)} series; aggregate it, for example with sum()"
        return Answer(None, sampled_at, SafeText(text))
    if "histogram" in found[0]:
        text = "the query returned a native histogram; use histogram_quantile() on it"
        return Answer(None, sampled_at, SafeText(text))
    pair = found[0].get("value")
    raw = pair[1] if isinstance(pair, list) and len(pair) == 2 else None
    return number_answer(raw, sampled_at, safe_labels(labels[0]))


def number_answer(
    raw: object, sampled_at: datetime | None, labels: Mapping[str, str] | None = None
) -> Answer:
    """Return the answer for one written value; NaN and the infinities are no value."""
    value = read_number(raw)
    if value is None:
        written = clean(raw, 40)
        reason = clean(f"unexpected answer: {written!r} is no number", 100)
        return Answer(None, sampled_at, reason)
    if math.isfinite(value):
        return Answer(value, sampled_at, None, labels or {})
    reason = SafeText("NaN: the query divides nothing by nothing (no traffic?)")
    if math.isinf(value):
        reason = SafeText(f"{'+' if value > 0 else '-'}Inf: the query divides by zero")
    return Answer(None, sampled_at, reason, labels or {})


def points_of(found: Sequence[Mapping[str, Any]]) -> tuple[Point, ...]:
    """Return the points of a range result, oldest first, without NaN and infinities.

    Several series are one line where no two have a value at the same moment (a label changed
    when the application was rolled out); moments where two have one are left out.
    """
    values: dict[float, float | None] = {}
    for series in found:
        pairs = series.get("values")
        for pair in pairs if isinstance(pairs, list) else ():
            if not isinstance(pair, list) or len(pair) != 2:
                continue
            at, value = read_number(pair[0]), read_number(pair[1])
            if at is None or value is None or not math.isfinite(value):
                continue
            values[at] = None if at in values else value
    moments = ((read_epoch(at), value) for at, value in sorted(values.items()) if value is not None)
    return tuple(Point(at, value) for at, value in moments if at is not None)


def notes_of(payload: Mapping[str, Any], union: Union) -> dict[int | None, SafeText]:
    """Return what makes an answer partial: by the member that a warning points at, or None for all."""
    notes: dict[int | None, SafeText] = {}
    if payload.get("isPartial") is True:
        notes[None] = SafeText("partial: the server could not read all its storage")
    warnings = payload.get("warnings")
    for warning in warnings if isinstance(warnings, list) else ():
        text = clean(redact(str(warning)), 200)
        position = _POSITION.search(text)
        if position is None:
            notes.setdefault(None, clean(f"partial: {text}"))
            continue
        line = int(position[1][:9])
        before = [n for n, start in enumerate(union.lines) if start <= line]
        if before:
            notes.setdefault(before[-1], clean(f"warning: {text}"))
    return notes
