"""What `opsdash check` says of the people behind each escalation level: whom no page would reach."""

from collections.abc import Iterator
from datetime import datetime

from opsdash.domain.coverage import LOOKED_AHEAD
from opsdash.domain.escalation import DEFAULT_POLICY
from opsdash.domain.routing import route
from opsdash.domain.schedule import shifts
from opsdash.domain.setup import Setup


def try_reach(setup: Setup, now: datetime) -> Iterator[tuple[bool, str]]:
    """Yield a line for each policy, and one for each person or level that a page cannot reach.

    Schedules are looked at for the fortnight ahead; that nobody is on call is said as a gap.
    """
    if not setup.paging.notifiers:
        yield True, "no [[notifier]] is configured: alerts are shown, nobody is paged"
        return
    said: set[str] = set()
    for policy in setup.policies:
        bad = False
        for number, level in enumerate(policy.levels, start=1):
            if policy == DEFAULT_POLICY and number > 1:
                # Nobody wrote that there is a tech lead, a PM or a CEO.
                break
            for remark in _unreached(setup, level.notify, now):
                bad = True
                if remark not in said:
                    said.add(remark)
                    yield False, f"policy {policy.id}, level {number} {level.name}: {remark}"
        if not bad:
            yield True, f"policy {policy.id}: pages have somewhere to go"
    for schedule in setup.schedules:
        for remark in _unreached(setup, (f"schedule:{schedule.id}",), now):
            if remark not in said:
                said.add(remark)
                yield False, f"schedule {schedule.id}: {remark}"


def _unreached(setup: Setup, targets: tuple[str, ...], now: datetime) -> list[str]:
    """Return why some of `targets` lead nowhere, at any moment of the fortnight ahead."""
    end = now + LOOKED_AHEAD
    named = {target.removeprefix("schedule:") for target in targets}
    moments = {now} | {
        max(shift.start, now)
        for schedule in setup.schedules
        if schedule.id in named
        for shift in shifts(schedule, now, end)
    }
    found: dict[str, None] = {}
    for moment in sorted(moments):
        for target in targets:
            behind = route(setup, (target,), moment)
            if behind.answered and behind.destinations:
                continue
            found.update((str(r), None) for r in behind.remarks if "nobody is on call" not in r)
    return list(found)
