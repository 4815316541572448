"""A rule's alerts as the merge takes them: the same nouns as those of Alertmanager and Prometheus."""

import math
from collections.abc import Iterable, Mapping
from urllib.parse import quote_plus

from opsdash.domain.alert import AlertState, Observation
from opsdash.domain.rules.evaluate import ActiveAlert, Memory
from opsdash.domain.rules.rule import AlertRule
from opsdash.domain.text import LIMIT, SafeText, clean

Known = dict[str, tuple[Memory, dict[str, Observation]]]
"""What was made of each rule's memory the last time, by the rule's id."""


def observations(
    rules: Iterable[tuple[AlertRule, Memory]],
    known: Known | None = None,
    external_url: str = "",
) -> dict[str, Observation]:
    """Return every alert by fingerprint; of two rules with the same labels the one further on.

    A memory that is in `known` as it is now is not looked through again. `external_url` is where
    people reach the Prometheus that was asked.
    """
    found: dict[str, Observation] = {}
    for rule, memory in rules:
        for key, seen in _of_rule(rule, memory, known, external_url).items():
            other = found.get(key)
            if other is None or other.state is AlertState.PENDING:
                found[key] = seen
    return found


def _of_rule(
    rule: AlertRule, memory: Memory, known: Known | None, external_url: str
) -> dict[str, Observation]:
    before = None if known is None else known.get(rule.id)
    if before is not None and before[0] is memory:
        return before[1]
    link = graph_link(external_url, rule.expr) if memory.active else SafeText("")
    made = {key: observe(rule, key, alert, link) for key, alert in memory.active.items()}
    if known is not None:
        known[rule.id] = (memory, made)
    return made


def graph_link(external_url: str, expression: str) -> SafeText:
    """Return the page of Prometheus that evaluates an expression, empty where it has no address.

    It has the shape of Prometheus' own `generatorURL` (`strutil.TableLinkForExpression`). One that
    is too long to be kept whole is none.
    """
    asked = quote_plus(expression.encode(errors="replace"))
    link = f"{external_url.rstrip('/')}/graph?g0.expr={asked}&g0.tab=1"
    return clean(link) if external_url and len(link) <= LIMIT else SafeText("")


def observe(
    rule: AlertRule, fingerprint: str, alert: ActiveAlert, link: SafeText = SafeText("")
) -> Observation:
    """Return one alert of a rule as it is seen now; `link` leads to its expression."""
    firing = alert.fired_at is not None
    return Observation(
        fingerprint=fingerprint,
        labels=_clean(alert.labels),
        annotations=_clean(alert.annotations),
        state=AlertState.FIRING if firing else AlertState.PENDING,
        active_at=alert.active_at,
        fired_at=alert.fired_at,
        fires_at=None if firing else alert.active_at + rule.hold,
        value=alert.value if math.isfinite(alert.value) else None,
        generator_url=link,
    )


def _clean(labels: Mapping[str, str]) -> dict[str, SafeText]:
    return {str(clean(name, 200)): clean(text) for name, text in labels.items()}
