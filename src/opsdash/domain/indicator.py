"""Indicators: one figure of a pane, its thresholds, and the judgement of a value against them."""

import math
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum

from opsdash.domain.failures import FailureBatch
from opsdash.domain.frozen import dataclass
from opsdash.domain.labels import Labels
from opsdash.domain.sample import Answer, Point
from opsdash.domain.text import SafeText


class Unit(StrEnum):
    """The base unit of a value; the screen chooses how to write it."""

    SECONDS = "seconds"
    RATIO = "ratio"
    PERCENT = "percent"
    BYTES = "bytes"
    RATE = "rate"
    COUNT = "count"
    UP = "up"


class Level(StrEnum):
    """How bad a figure is. `unknown` is never healthy."""

    OK = "ok"
    WARN = "warn"
    CRIT = "crit"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One figure of a pane as configured.

    `warn` and `crit` are in the base unit. A value is beyond them when it is strictly above, or
    strictly below where `crit` is less than `warn` (or `below` is set). `compare` is how long ago
    the value is compared with. `alerts` are the names of the alerts that
    its chart explains. `investigate` says that its value counts failures that people look into.
    `numerator` and `denominator` are the queries of the two sides of a share (S16), shown beside it.
    """

    id: str
    title: SafeText
    query: str
    unit: Unit
    warn: float | None = None
    crit: float | None = None
    below: bool = False
    compare: timedelta | None = None
    note: SafeText = SafeText("")
    alerts: tuple[str, ...] = ()
    investigate: bool = False
    numerator: str = ""
    denominator: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of an indicator now: the last good value with its age, and what went wrong since.

    `value` is the last good one and stays when a later read fails; `read_at` is when it was read,
    `sampled_at` when the newest sample under it was taken. `failed_at` and `reason` are set while
    the newest read brought no value. `compared` is the value `Indicator.compare` ago.
    `history` has one point a minute, oldest first. `batch` are the failures that it counts and that
    have not ended, for an indicator with `investigate`. `at_least` says that `value` is only a lower
    bound: a quantile beyond the largest finite bucket (S9). `numerator` and `denominator` are the two
    sides of a share.
    """

    indicator: Indicator
    value: float | None = None
    level: Level = Level.UNKNOWN
    read_at: datetime | None = None
    sampled_at: datetime | None = None
    failed_at: datetime | None = None
    reason: SafeText | None = None
    compared: float | None = None
    labels: Labels = field(default_factory=dict)
    history: tuple[Point, ...] = ()
    batch: FailureBatch | None = None
    at_least: bool = False
    numerator: float | None = None
    denominator: float | None = None


@dataclass(frozen=True, slots=True)
class Pane:
    """A titled list of readings."""

    id: str
    title: SafeText
    readings: tuple[Reading, ...]


def judge(indicator: Indicator, answer: Answer) -> Level:
    """Return the level of an answer: absent, NaN and infinite values are unknown, never healthy."""
    value = answer.value
    if value is None or not math.isfinite(value):
        return Level.UNKNOWN
    if indicator.unit is Unit.UP:
        return Level.OK if value >= 1 else Level.CRIT
    if indicator.crit is not None and _beyond(value, indicator.crit, indicator.below):
        return Level.CRIT
    if indicator.warn is not None and _beyond(value, indicator.warn, indicator.below):
        return Level.WARN
    return Level.OK


def _beyond(value: float, threshold: float, below: bool) -> bool:
    return value < threshold if below else value > threshold
