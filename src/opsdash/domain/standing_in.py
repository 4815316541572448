"""Who stands in for whom a page did not reach: the fallback, but nobody whom a policy keeps out."""

from datetime import datetime

from opsdash.domain.alert import Severity
from opsdash.domain.escalation import EscalationPolicy
from opsdash.domain.frozen import dataclass
from opsdash.domain.routing import Destination, Route, route
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean


@dataclass(frozen=True, slots=True)
class StandIns:
    """Whom the fallback reaches, and who is left out of it with the reason."""

    route: Route
    left_out: tuple[tuple[SafeText, SafeText], ...]


def stand_ins(
    setup: Setup, policy: EscalationPolicy, now: datetime, severity: Severity, level: int
) -> StandIns:
    """Return who stands in at `now` for an alert of `severity` whose page for `level` did not arrive.

    Each target counts for itself: a receiver that one may not be reached by for this is open to another.
    """
    open_to: dict[tuple[str, str], Destination] = {}
    left_out: dict[SafeText, SafeText] = {}
    remarks: list[SafeText] = []
    for target in setup.paging.fallback:
        found = route(setup, (target,), now, severity, level)
        remarks += found.remarks
        for one in found.destinations:
            why = _barred(setup, policy, one, severity)
            if why:
                left_out[one.reached or clean(one.target)] = why
            else:
                open_to.setdefault((one.notifier, one.address), one)
    return StandIns(Route(tuple(open_to.values()), tuple(remarks)), tuple(left_out.items()))


def _barred(
    setup: Setup, policy: EscalationPolicy, destination: Destination, severity: Severity
) -> SafeText:
    """Say why a policy keeps alerts of `severity` from whoever is there; empty where it does not."""
    person = next((p for p in setup.people if p.name == destination.reached), None)
    if person is not None:
        return policy.bars(person.id, severity)
    levels = [level for level in policy.levels if destination.target in level.notify]
    if not levels or any(level.admits(severity) for level in levels):
        return SafeText("")
    wanted = ", ".join(dict.fromkeys(str(s) for level in levels for s in level.severity))
    return clean(f"it is for {wanted} alerts, this one is {severity}")
