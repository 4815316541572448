"""An alerting rule of Prometheus' `/api/v1/rules` as the rules screen shows it."""

import math
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from opsdash.domain.rules.deciding import ABSENT, PRESENT, threshold_of
from opsdash.domain.rules.view import RuleState, RuleView
from opsdash.domain.text import SafeText, clean
from opsdash.sources.wire import read_number, read_time

_STATES = {
    "inactive": RuleState.INACTIVE,
    "pending": RuleState.PENDING,
    "firing": RuleState.FIRING,
}


def view_of(group: Mapping[str, Any], rule: Mapping[str, Any]) -> RuleView:
    """Return how a rule stands; whatever cannot be read of it is left out."""
    health = rule.get("health")
    error = clean(rule.get("lastError") or "", 400) if health == "err" else None
    query = str(rule.get("query") or "")
    alerts = [a for a in rule.get("alerts") or () if isinstance(a, dict)]
    firing = sum(alert.get("state") == "firing" for alert in alerts)
    labels = rule.get("labels")
    severity = labels.get("severity") if isinstance(labels, dict) else None
    state = _STATES.get(str(rule.get("state")), RuleState.WAITING)
    if health == "unknown":
        state = RuleState.WAITING
    threshold = _threshold(query)
    return RuleView(
        id="",
        group=clean(group.get("name") or "", 100),
        name=clean(rule.get("name") or "", 200),
        file=clean(PurePosixPath(str(group.get("file") or "")).name, 200),
        line=0,
        expr=clean(query),
        hold=_seconds(rule.get("duration")),
        interval=_seconds(group.get("interval")),
        state=RuleState.ERROR if error is not None else state,
        severity=clean(severity or "", 40),
        value=_value(alerts, threshold, state),
        threshold=threshold,
        pending=len(alerts) - firing,
        firing=firing,
        evaluated_at=read_time(rule.get("lastEvaluation")),
        duration=_seconds(rule.get("evaluationTime")),
        error=error,
    )


def _value(alerts: list[Any], threshold: str, state: RuleState) -> float | None:
    """The figure of the first alert: Prometheus tells none of a rule that has no alert.

    What an inactive rule only wants to be there is there.
    """
    if not alerts and threshold == ABSENT and state is RuleState.INACTIVE:
        return PRESENT
    value = read_number(alerts[0].get("value")) if alerts else None
    return value if value is not None and math.isfinite(value) else None


@lru_cache(maxsize=4096)
def _threshold(query: str) -> SafeText:
    return clean(threshold_of(query), 80)


def _seconds(raw: object) -> timedelta:
    length = read_number(raw)
    try:
        return timedelta(seconds=length or 0)
    except (OverflowError, ValueError):
        return timedelta()
