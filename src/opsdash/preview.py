"""What an act by hand would do to each alert, and whom it pages: said before it is done, anywhere."""

from collections.abc import Iterable, Iterator, Sequence

from opsdash.domain.alert import Alert, AlertState, Severity
from opsdash.domain.climb import owner
from opsdash.domain.escalation import EscalationPolicy, Refused, next_level
from opsdash.domain.frozen import dataclass
from opsdash.domain.maintenance import Maintenance, holding
from opsdash.domain.silence import Silence
from opsdash.domain.text import SafeText, clean
from opsdash.domain.waking import NO_NOTIFIER, Wakes, wakes_level, wakes_person
from opsdash.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one alert: the level it goes to or why it stays, and whom that wakes.

    `wakes` is None where nobody is paged: on the way down, and where it stays.
    """

    alert: Alert
    target: int | Refused
    name: SafeText = SafeText("")
    wakes: Wakes | None = None


def escalations(alerts: Iterable[Alert], snapshot: Snapshot, to: int | None = None) -> list[Step]:
    """Return what escalating each of the alerts would do, to level `to` or each to its next."""
    return [_escalation(alert, snapshot, to) for alert in alerts]


def _escalation(alert: Alert, snapshot: Snapshot, to: int | None) -> Step:
    policy = policy_of(alert, snapshot)
    target = next_level(policy, alert.level, alert.severity, to)
    if isinstance(target, Refused):
        return Step(alert, target)
    up = target > alert.level
    woken = wakes_level(snapshot.setup, policy, alert, target, snapshot.taken_at) if up else None
    return Step(alert, target, policy.name(target), woken)


def pages_words(steps: Sequence[Step]) -> tuple[SafeText, ...]:
    """Return whom escalating wakes, a line for each level that differs; empty where all go down."""
    found = [_level_words(step) for step in steps if step.wakes is not None]
    return tuple(dict.fromkeys(sorted(found)))


def _level_words(step: Step) -> SafeText:
    level, woken = f"{step.target} {step.name}", step.wakes or Wakes()
    people = f" ({', '.join(woken.names)})" if woken.names else ""
    if woken.remarks == (NO_NOTIFIER,):
        return clean(f"{level}{people}: nobody is paged, {NO_NOTIFIER}")
    if not woken.reached:
        why = "; ".join(woken.remarks) or "it has nobody to page"
        return clean(f"This pages NOBODY at {level}: {why}")
    return clean(f"This pages {level}: {woken.words}")


def shown_again(silences: Iterable[Silence], snapshot: Snapshot) -> list[Alert]:
    """Return the open alerts that nothing silences any more once these silences have ended."""
    ended = {silence.id for silence in silences}
    return [a for a in snapshot.alerts if a.open and a.silenced_by and ended >= {*a.silenced_by}]


def paged_again(shown: Iterable[Alert]) -> list[Alert]:
    """Return those of alerts that are shown again that are paged then: what fires and is nobody's."""
    return [
        alert
        for alert in shown
        if alert.state is AlertState.FIRING
        and alert.severity is not Severity.INFO
        and alert.acknowledgement is None
        and not alert.inhibited_by
    ]


def held_back(window: Maintenance, snapshot: Snapshot) -> list[Alert]:
    """Return the alerts that are paged once a maintenance window ends."""
    needing = (a for a in snapshot.alerts if a.needs_person and a.severity is not Severity.INFO)
    return [a for a in needing if holding((window,), a, snapshot.taken_at)]


def standing_words(alerts: Iterable[Alert], snapshot: Snapshot) -> tuple[SafeText, ...]:
    """Return whom it wakes that alerts are paged where they stand, those that have no level at the first."""
    return pages_words([_standing(alert, snapshot) for alert in alerts])


def _standing(alert: Alert, snapshot: Snapshot) -> Step:
    policy, level = policy_of(alert, snapshot), max(alert.level, 1)
    woken = wakes_level(snapshot.setup, policy, alert, level, snapshot.taken_at)
    return Step(alert, level, policy.name(level), woken)


def person_words(person: str, alerts: Iterable[Alert], snapshot: Snapshot) -> tuple[SafeText, ...]:
    """Return whom giving alerts to `person` wakes, and through what: a line for each way that differs."""
    setup, at = snapshot.setup, snapshot.taken_at
    found = [_given_words(person, wakes_person(setup, person, alert, at)) for alert in alerts]
    return tuple(dict.fromkeys(found))


def _given_words(person: str, woken: Wakes) -> SafeText:
    name = next(iter(woken.names), person)
    if woken.reached:
        return clean(f"This pages {woken.words}")
    why = "; ".join(woken.remarks)
    return clean(f"Nothing is sent, {why}: it is shown as given to {name}")


def take_words(alerts: Sequence[Alert], snapshot: Snapshot, own: frozenset[str]) -> tuple[str, ...]:
    """Return what taking the alerts over does: from whom, and that it wakes nobody.

    `own` are the names, in lower case, of whoever takes them.
    """
    return tuple(_taken_words(alerts, snapshot, own))


def _taken_words(alerts: Sequence[Alert], snapshot: Snapshot, own: frozenset[str]) -> Iterator[str]:
    climbs = snapshot.roster.climbs
    owners = dict.fromkeys(str(owner(alert, climbs.get(alert.id))) for alert in alerts)
    others = [name for name in owners if name and name.casefold() not in own]
    if others:
        yield f"You take it over from {', '.join(others)}."
    paging = bool(snapshot.setup.paging.notifiers)
    yield "It wakes nobody" + ("; whoever was paged is told that you have it." if paging else ".")


def policy_of(alert: Alert, snapshot: Snapshot) -> EscalationPolicy:
    """Return the policy that an alert follows, as it was when it was paged."""
    return snapshot.roster.policy_of(alert, snapshot.setup)
