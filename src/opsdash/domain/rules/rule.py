"""Alerting rules and their groups, as a rule file has them, and how a rule stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from opsdash.domain.rules.template import Template
from opsdash.domain.rules.view import RuleState, RuleView

__all__ = ["AlertRule", "RuleGroup", "RuleState", "RuleView", "Trouble"]

DEFAULT_INTERVAL = timedelta(minutes=1)
"""How often a group is evaluated that says nothing: Prometheus' own default."""

ON_ERROR = "opsdash_on_error"
"""The annotation that says what becomes of a rule's alerts while its query fails."""

ON_NO_DATA = "opsdash_on_no_data"
"""The annotation that says what becomes of a rule's alerts while there is nothing to judge."""


class Trouble(StrEnum):
    """What a rule does while it cannot judge: keep its alerts, fire, or count as all well."""

    KEEP = "keep"
    FIRE = "fire"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One alerting rule.

    `hold` is `for`. `labels` hold the group's as well. `id` is unique among all rules and stays
    the same while file, group and name do; `line` is where the rule begins.
    """

    id: str
    name: str
    expr: str
    file: str
    line: int
    hold: timedelta = timedelta()
    keep_firing_for: timedelta = timedelta()
    labels: Mapping[str, Template] = field(default_factory=dict)
    annotations: Mapping[str, Template] = field(default_factory=dict)
    on_error: Trouble = Trouble.KEEP
    on_no_data: Trouble = Trouble.OK


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules that are evaluated one after the other at one interval.

    `limit` is the most alerts that one of them may have, 0 for any number; `query_offset` is how
    far in the past the queries look.
    """

    name: str
    file: str
    rules: tuple[AlertRule, ...]
    interval: timedelta = DEFAULT_INTERVAL
    limit: int = 0
    query_offset: timedelta = timedelta()

    @property
    def id(self) -> str:
        """File and name, which together are unique."""
        return f"{self.file};{self.name}"
