"""Samples and series: what a metrics source answers."""

from dataclasses import field
from datetime import datetime

from opsdash.domain.frozen import dataclass
from opsdash.domain.labels import Labels
from opsdash.domain.text import SafeText


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one series at one moment, in the base unit of its indicator."""

    value: float
    at: datetime
    labels: Labels = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source knows of one indicator: a value, or the reason why there is none.

    `sampled_at` is when the newest underlying sample was taken, not when the query was evaluated;
    None where the source cannot say. `reason` explains an absent or partial value.
    """

    value: float | None
    sampled_at: datetime | None
    reason: SafeText | None = None
    labels: Labels = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a chart: a moment and a value in the base unit."""

    at: datetime
    value: float
