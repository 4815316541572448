"""What `opsdash check` says of the people behind each escalation level: whom no page would reach."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import product

from opsdash.domain.alert import Severity
from opsdash.domain.coverage import LOOKED_AHEAD
from opsdash.domain.escalation import DEFAULT_POLICY
from opsdash.domain.routing import route
from opsdash.domain.schedule import shifts
from opsdash.domain.setup import Setup
from opsdash.domain.standing_in import stand_ins

PAGED = (Severity.CRITICAL, Severity.WARNING)
"""The severities for which people are paged."""


def try_reach(setup: Setup, now: datetime) -> Iterator[tuple[bool, str]]:
    """Yield a line for each policy, and one for each person or level that a page cannot reach.

    Schedules are looked at for the fortnight ahead; that nobody is on call is said as a gap.
    """
    if not setup.paging.notifiers:
        yield True, "no [[notifier]] is configured: alerts are shown, nobody is paged"
        return
    said: set[tuple[int, str]] = set()
    for policy in setup.policies:
        bad = False
        found: dict[str, list[str]] = {}
        for number, level in enumerate(policy.levels, start=1):
            if policy == DEFAULT_POLICY and number > 1:
                # Nobody wrote that there is a tech lead, a PM or a CEO.
                break
            severities = [s for s in PAGED if level.admits(s)]
            for remark in _unreached(setup, level.notify, now, severities, number):
                bad = True
                if (number, remark) not in said:
                    said.add((number, remark))
                    found.setdefault(remark, []).append(f"{number} {level.name}")
        for remark, levels in found.items():
            yield False, f"policy {policy.id}, {_levels(levels)}: {remark}"
        if not bad:
            yield True, f"policy {policy.id}: pages have somewhere to go"
    for schedule in setup.schedules:
        yield from _schedule(setup, schedule.id, now, said)
    yield from _fallback(setup, now)


def _schedule(
    setup: Setup, id: str, now: datetime, said: set[tuple[int, str]]
) -> Iterator[tuple[bool, str]]:
    """Yield whom a page by a schedule does not reach, with the levels at which it does not.

    A rule may name any schedule for level 1, a policy for each of its levels; what is `said` of a level
    already is left out. What holds whatever the level is said without one.
    """
    targets = (f"schedule:{id}",)
    admitted: dict[int, set[Severity]] = {1: set(PAGED)}
    for policy in setup.policies:
        for number, level in enumerate(policy.levels, start=1):
            if targets[0] in level.notify:
                admitted.setdefault(number, set()).update(s for s in PAGED if level.admits(s))
    found: dict[str, list[str]] = {}
    for number, severities in sorted(admitted.items()):
        kinds = [s for s in PAGED if s in severities]
        for remark in _unreached(setup, targets, now, kinds, number):
            if (number, remark) not in said:
                said.add((number, remark))
                found.setdefault(remark, []).append(str(number))
    if not found:
        return
    every = [
        set(_unreached(setup, targets, now, PAGED, number))
        for number in range(
            1, 1 + max((len(policy.levels) for policy in setup.policies), default=1)
        )
    ]
    for remark, levels in found.items():
        at = "" if all(remark in one for one in every) else f", {_levels(levels)}"
        yield False, f"schedule {id}{at}: {remark}"


def _levels(named: Sequence[str]) -> str:
    if len(named) == 1:
        return f"level {named[0]}"
    return f"levels {', '.join(named[:-1])} and {named[-1]}"


def _fallback(setup: Setup, now: datetime) -> Iterator[tuple[bool, str]]:
    """Yield whom of the fallback no page reaches, and for which alerts a policy leaves all of it out."""
    targets = setup.paging.fallback
    for remark in _unreached(setup, targets, now, PAGED, 1):
        yield False, f"paging fallback: {remark}"
    for policy, severity in product(setup.policies, PAGED):
        found = [
            stand_ins(setup, policy, moment, severity, 1)
            for moment in _moments(setup, targets, now)
        ]
        out = ", ".join(dict.fromkeys(whom for one in found for whom, _ in one.left_out))
        if out:
            left = all(one.route.destinations for one in found)
            whom = "others are paged" if left else "the next level is paged instead"
            text = f"paging fallback: {out} is left out for {severity} alerts by policy {policy.id}"
            yield left, f"{text}: {whom}"


def _moments(setup: Setup, targets: tuple[str, ...], now: datetime) -> list[datetime]:
    """Return now and when a shift of the targets' schedules begins within the fortnight ahead."""
    named = {target.removeprefix("schedule:") for target in targets}
    begun = {
        max(shift.start, now)
        for schedule in setup.schedules
        if schedule.id in named
        for shift in shifts(schedule, now, now + LOOKED_AHEAD)
    }
    return sorted({now} | begun)


def _unreached(
    setup: Setup,
    targets: tuple[str, ...],
    now: datetime,
    severities: Sequence[Severity],
    level: int,
) -> list[str]:
    """Return why some of `targets` lead nowhere, at any moment of the fortnight ahead.

    People are reached by their rules: who has none for a severity is named with it.
    """
    found: dict[str, list[str]] = {}
    moments = _moments(setup, targets, now)
    for moment, target, severity in product(moments, targets, severities):
        behind = route(setup, (target,), moment, severity, level)
        if behind.answered and behind.destinations:
            continue
        for remark in behind.remarks:
            kinds = found.setdefault(str(remark), [])
            kinds += [severity] if severity not in kinds else []
    return [
        remark if len(kinds) == len(severities) else f"{remark} for {', '.join(kinds)} alerts"
        for remark, kinds in found.items()
        if "nobody is on call" not in remark
    ]
