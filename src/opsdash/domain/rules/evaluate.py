"""One evaluation of a rule: what it remembered and what its query gave, to what it remembers now.

The steps and their order are Prometheus' (rules/alerting.go, AlertingRule.Eval). It differs where
the engine was away: `for` goes on from what the store holds, however short it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache

from opsdash.domain.labels import fingerprint
from opsdash.domain.rules.rule import AlertRule, RuleState, Trouble
from opsdash.domain.rules.template import Template, TemplateData
from opsdash.domain.sample import Sample
from opsdash.domain.text import SafeText, clean

OUTAGE_TOLERATED = timedelta(hours=1)
"""How long nothing may have been evaluated before a pending alert begins anew (Prometheus' default)."""

TROUBLE_LABEL = "opsdash_trouble"
"""The label of an alert that fires because its rule cannot judge: `error` or `no data`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule's query came to: samples with their labels as sent, or the reason why there are none.

    `partial` says that the server could not look everywhere. `empty_of_data` says that nothing
    of what the expression looks at is there; None where nobody looked. `figure` is what is
    compared where the samples do not tell it.
    """

    samples: tuple[Sample, ...] = ()
    error: SafeText | None = None
    partial: SafeText | None = None
    empty_of_data: bool | None = None
    figure: float | None = None


@dataclass(frozen=True, slots=True)
class ActiveAlert:
    """A pending or firing alert of a rule. `fired_at` is None while it is pending.

    `kept_since` is since when it fires without its condition, by `keep_firing_for`.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    active_at: datetime
    value: float
    fired_at: datetime | None = None
    kept_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What a rule remembers between evaluations: its alerts by fingerprint, and how it fared.

    `at` is the last evaluation, failed ones included. `value` is the figure last compared.
    """

    active: Mapping[str, ActiveAlert] = field(default_factory=dict)
    at: datetime | None = None
    state: RuleState = RuleState.WAITING
    value: float | None = None
    error: SafeText | None = None
    error_since: datetime | None = None

    @property
    def firing(self) -> int:
        """How many of its alerts fire."""
        return sum(alert.fired_at is not None for alert in self.active.values())

    @property
    def furthest(self) -> ActiveAlert | None:
        """The alert that is furthest on."""
        alerts = self.active.values()
        return min(alerts, key=lambda a: (a.fired_at is None, a.active_at), default=None)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What templates see besides the sample, and the group's limit."""

    external_labels: Mapping[str, str] = field(default_factory=dict)
    external_url: str = ""
    limit: int = 0


def evaluate(
    rule: AlertRule, before: Memory, outcome: Outcome, at: datetime, around: Surroundings
) -> Memory:
    """Return what the rule remembers after its evaluation at `at`."""
    before = _after_outage(before, at)
    if outcome.error is not None:
        return _troubled(rule, before, Trouble(rule.on_error), "error", outcome.error, at, around)
    try:
        present = _present(rule, outcome.samples, at, around)
    except _RefusedError as error:
        reason = clean(str(error))
        return _troubled(rule, before, Trouble(rule.on_error), "error", reason, at, around)
    no_data = not present and outcome.empty_of_data is True
    if no_data and rule.on_no_data is not Trouble.OK:
        reason = SafeText("there is no data to judge")
        return _troubled(rule, before, rule.on_no_data, "no data", reason, at, around)
    # A part of the answer proves presence, never absence.
    kept = before.active if outcome.partial is not None else {}
    active = _step(rule, before.active, present, kept, at)
    if 0 < around.limit < len(active):
        reason = SafeText(f"exceeded limit of {around.limit} with {len(active)} alerts")
        return _with_error(replace(before, active={}, at=at), reason, at)
    state = RuleState.NO_DATA if no_data and not active else _state(active)
    value = _figure(active, before.value) if outcome.figure is None else outcome.figure
    if outcome.partial is not None:
        after = _with_error(replace(before, active=active, at=at), outcome.partial, at)
        return replace(after, state=state, value=value)
    return Memory(active, at, state, value)


def _after_outage(before: Memory, at: datetime) -> Memory:
    """Begin pending alerts anew where nobody looked for too long, or the clock went back."""
    if before.at is None or not before.active:
        return before
    anew = at - before.at > OUTAGE_TOLERATED
    active = {
        key: replace(alert, active_at=at)
        if alert.fired_at is None and (anew or alert.active_at > at)
        else alert
        for key, alert in before.active.items()
    }
    return replace(before, active=active)


class _RefusedError(Exception):
    """A result that Prometheus counts as a failed evaluation."""


def _present(
    rule: AlertRule, samples: tuple[Sample, ...], at: datetime, around: Surroundings
) -> dict[str, ActiveAlert]:
    found: dict[str, ActiveAlert] = {}
    for sample in samples:
        alert = _alert(rule, sample.labels, sample.value, at, around)
        key = print_of(alert.labels)
        if key in found:
            raise _RefusedError(
                "vector contains metrics with the same labelset after applying alert labels"
            )
        found[key] = alert
    return found


def _alert(
    rule: AlertRule,
    sample: Mapping[str, str],
    value: float,
    at: datetime,
    around: Surroundings,
) -> ActiveAlert:
    seen = TemplateData(sample, value, at.timestamp(), around.external_labels, around.external_url)
    labels = {name: text for name, text in sample.items() if name != "__name__"}
    labels.update(_expanded(rule.labels, seen))
    labels["alertname"] = rule.name
    # External labels are added when an alert is sent, and never over one that is there.
    whole = {**around.external_labels, **{n: text for n, text in labels.items() if text}}
    return ActiveAlert(whole, _expanded(rule.annotations, seen), at, value)


def _expanded(templates: Mapping[str, Template], data: TemplateData) -> dict[str, str]:
    return {name: template.expand(data) for name, template in templates.items()}


def print_of(labels: Mapping[str, str]) -> str:
    """Return the fingerprint of a label set; each set is computed once."""
    return _print(tuple(sorted(labels.items())))


@lru_cache(maxsize=50_000)
def _print(pairs: tuple[tuple[str, str], ...]) -> str:
    return fingerprint(dict(pairs))


def _step(
    rule: AlertRule,
    before: Mapping[str, ActiveAlert],
    present: Mapping[str, ActiveAlert],
    kept: Mapping[str, ActiveAlert],
    at: datetime,
) -> dict[str, ActiveAlert]:
    """Return the alerts after one good evaluation: new ones pending, due ones firing, others gone."""
    active: dict[str, ActiveAlert] = {}
    for key, known in before.items():
        if key in present:
            seen = present[key]
            active[key] = replace(
                known, value=seen.value, annotations=seen.annotations, kept_since=None
            )
        elif key in kept:
            active[key] = known
        elif known.fired_at is not None and rule.keep_firing_for:
            since = known.kept_since or at
            if at - since < rule.keep_firing_for:
                active[key] = replace(known, kept_since=since)
    for key, seen in present.items():
        active.setdefault(key, seen)
    return {key: _held(rule, alert, at, key in present) for key, alert in active.items()}


def _held(rule: AlertRule, alert: ActiveAlert, at: datetime, present: bool) -> ActiveAlert:
    """Fire an alert whose `for` is over, and put one back for whom it has become longer."""
    over = at - alert.active_at >= rule.hold
    if alert.fired_at is None and over and present:
        return replace(alert, fired_at=at)
    if alert.fired_at is not None and not over:
        return replace(alert, fired_at=None, kept_since=None)
    return alert


def _troubled(
    rule: AlertRule,
    before: Memory,
    policy: Trouble,
    kind: str,
    reason: SafeText,
    at: datetime,
    around: Surroundings,
) -> Memory:
    """Return the memory of a rule that cannot judge now, by its policy."""
    active: dict[str, ActiveAlert] = {}
    if policy is not Trouble.OK:
        active = dict(before.active)
    if policy is Trouble.FIRE:
        alert = _alert(rule, {TROUBLE_LABEL: kind}, float("nan"), at, around)
        alert = replace(alert, annotations=_trouble_words(rule, alert.annotations, kind, reason))
        key = print_of(alert.labels)
        alert = replace(alert, active_at=active[key].active_at) if key in active else alert
        known = active.get(key)
        fired_at = None if known is None else known.fired_at
        active[key] = _held(rule, replace(alert, fired_at=fired_at), at, present=True)
    after = _with_error(replace(before, active=active, at=at), reason, at)
    return after if kind == "error" else replace(after, state=RuleState.NO_DATA)


def _trouble_words(
    rule: AlertRule, annotations: Mapping[str, str], kind: str, reason: SafeText
) -> dict[str, str]:
    """Return what the alert says: the rule's own words would claim a figure that nobody has."""
    words = {
        "summary": clean(f"{rule.name} cannot be judged: {kind}"),
        "description": reason,
        TROUBLE_LABEL: reason,
    }
    told = {name: text for name, text in annotations.items() if name.endswith("url")}
    return {**told, **words}


def _with_error(after: Memory, reason: SafeText, at: datetime) -> Memory:
    since = after.error_since if after.error is not None else None
    return replace(after, state=RuleState.ERROR, error=reason, error_since=since or at)


def _state(active: Mapping[str, ActiveAlert]) -> RuleState:
    if any(alert.fired_at is not None for alert in active.values()):
        return RuleState.FIRING
    return RuleState.PENDING if active else RuleState.INACTIVE


def _figure(active: Mapping[str, ActiveAlert], otherwise: float | None) -> float | None:
    """Return the value of the alert that is furthest on, without one `otherwise`."""
    furthest = Memory(active).furthest
    return otherwise if furthest is None else furthest.value
