"""Queries that go with an indicator's own: whether a quantile is only a lower bound, and of what a share is one.

A quantile that falls into a histogram's +Inf bucket comes back as the largest finite bound (S9), and
so does every higher one: it is a lower bound exactly where it equals the quantile 1 of the same
histogram, for the value of a finite bucket stays below that bucket's end.
"""

import math
import re
from collections.abc import Iterable, Mapping

from opsdash.domain.frozen import dataclass
from opsdash.domain.indicator import Indicator, Level, Unit
from opsdash.domain.sample import Answer

_QUANTILE = r"(?i)\bhistogram_quantile\s*\(\s*(0?\.\d+)\s*,"
_TOP, _NUMERATOR, _DENOMINATOR = "/top", "/numerator", "/denominator"


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known beside a value: whether it is only a lower bound, and the two sides of a share."""

    at_least: bool = False
    numerator: float | None = None
    denominator: float | None = None


NOTHING = Beside()
"""Nothing is known beside the value."""


def companions(indicator: Indicator) -> tuple[Indicator, ...]:
    """Return the queries that go with an indicator's own, under ids that no configured one has."""
    found = []
    quantiles = re.findall(_QUANTILE, indicator.query)
    if len(quantiles) == 1 and "histogram_quantile" not in re.sub(_QUANTILE, "", indicator.query):
        top = re.sub(_QUANTILE, "histogram_quantile(1,", indicator.query)
        found.append(_beside(indicator, _TOP, top))
    if indicator.numerator and indicator.denominator:
        found.append(_beside(indicator, _NUMERATOR, indicator.numerator))
        found.append(_beside(indicator, _DENOMINATOR, indicator.denominator))
    return tuple(found)


def _beside(indicator: Indicator, end: str, query: str) -> Indicator:
    return Indicator(indicator.id + end, indicator.title, query, Unit.COUNT)


def with_companions(indicators: Iterable[Indicator]) -> tuple[Indicator, ...]:
    """Return the indicators, each followed by the queries that go with it."""
    return tuple(one for each in indicators for one in (each, *companions(each)))


def asked_sides(indicator: Indicator) -> tuple[Indicator, ...]:
    """Return the sides of a share that somebody wrote a query for, which may be wrong."""
    return tuple(one for one in companions(indicator) if not one.id.endswith(_TOP))


def beside(indicator: Indicator, answers: Mapping[str, Answer]) -> Beside:
    """Return what the answers say beside an indicator's own; what failed there takes nothing from it."""
    own, top = _value(answers, indicator.id), _value(answers, indicator.id + _TOP)
    numerator = _value(answers, indicator.id + _NUMERATOR)
    denominator = _value(answers, indicator.id + _DENOMINATOR)
    if numerator is None or denominator is None:
        numerator = denominator = None
    return Beside(own is not None and own > 0 and own == top, numerator, denominator)


def _value(answers: Mapping[str, Answer], id: str) -> float | None:
    answer = answers.get(id)
    value = None if answer is None else answer.value
    return value if value is not None and math.isfinite(value) else None


def judged(indicator: Indicator, level: Level, known: Beside) -> Level:
    """Return the level of a value of which only a lower bound is known: it may be beyond any limit."""
    limits = indicator.warn is not None or indicator.crit is not None
    if known.at_least and limits and level is Level.OK and not indicator.below:
        return Level.UNKNOWN
    return level
