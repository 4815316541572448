"""A rule's alerts as the merge takes them: the same nouns as those of Alertmanager and Prometheus."""

import math
from collections.abc import Iterable, Mapping

from opsdash.domain.alert import AlertState, Observation
from opsdash.domain.rules.evaluate import ActiveAlert, Memory
from opsdash.domain.rules.rule import AlertRule
from opsdash.domain.text import SafeText, clean


def observations(
    rules: Iterable[tuple[AlertRule, Memory]], generator_url: SafeText = SafeText("")
) -> dict[str, Observation]:
    """Return every alert by fingerprint; of two rules with the same labels the one further on."""
    found: dict[str, Observation] = {}
    for rule, memory in rules:
        for key, alert in memory.active.items():
            known = found.get(key)
            if known is None or known.state is AlertState.PENDING:
                found[key] = observe(rule, key, alert, generator_url)
    return found


def observe(
    rule: AlertRule, fingerprint: str, alert: ActiveAlert, generator_url: SafeText = SafeText("")
) -> Observation:
    """Return one alert of a rule as it is seen now."""
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
        generator_url=generator_url,
    )


def _clean(labels: Mapping[str, str]) -> dict[str, SafeText]:
    return {str(clean(name, 200)): clean(text) for name, text in labels.items()}
