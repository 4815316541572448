"""Where a page goes: the targets that an alert names, and the destinations behind each of them."""

from dataclasses import replace
from datetime import datetime, timedelta

from opsdash.domain.alert import Alert, Severity
from opsdash.domain.escalation import EscalationPolicy
from opsdash.domain.frozen import dataclass
from opsdash.domain.notify_rule import ways_to
from opsdash.domain.schedule import on_call
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean

PAGE_LABEL = "page"
"""The label by which a rule names the schedules to page, comma separated."""

FALLBACK_SCHEDULE = "primary"
"""The schedule that is paged in place of one that the configuration does not have."""

_NOBODY = "nobody is on call"
_AT_ONCE = timedelta()

_Delays = dict[tuple[str, str, str], timedelta]
"""How long after the page a person is told at a receiver, by the person's id, notifier and address."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One receiver: a notifier, and who is meant there where it serves several.

    `target` is what led here (`schedule:primary`), `reached` the person's name, if it is one. They
    are told `after` the page by a rule of the person's own.
    """

    notifier: str
    address: str = ""
    target: str = ""
    reached: SafeText = SafeText("")
    after: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Route:
    """The destinations of a page, each once, and what a person should know of how they were found.

    `answered` says whether anybody is there to answer: a channel that is told of a schedule on which
    nobody is on call is not.
    """

    destinations: tuple[Destination, ...]
    remarks: tuple[SafeText, ...] = ()
    answered: bool = True


def targets_of(alert: Alert, policy: EscalationPolicy, level: int) -> tuple[str, ...]:
    """Return the targets of `level`: at the first one what the alert's rule names, if it names any."""
    named = [part.strip() for part in alert.labels.get(PAGE_LABEL, "").split(",")]
    if level == 1 and any(named):
        return tuple(f"schedule:{name}" for name in named if name)
    found = policy.level(level)
    return found.notify if found is not None else ()


def unknown_schedules(setup: Setup, label: str) -> tuple[str, ...]:
    """Return the schedules that the `page` label of a rule names and the configuration does not have.

    Nobody is paged where there is no notifier, and a template is only known once it is expanded.
    """
    if not setup.paging.notifiers or "{{" in label:
        return ()
    known = {schedule.id for schedule in setup.schedules}
    named = (part.strip() for part in label.split(","))
    return tuple(name for name in named if name and name not in known)


def route(
    setup: Setup,
    targets: tuple[str, ...],
    now: datetime,
    severity: Severity | None = None,
    level: int = 0,
) -> Route:
    """Return the destinations behind `targets` at `now`, and a remark for each that leads nowhere.

    People are reached by their rules for a page of this severity at this level; without a severity
    by their `notify`.
    """
    delays: _Delays = {}
    if severity is not None:
        setup, delays = _by_their_rules(setup, severity, level)
    destinations: dict[tuple[str, str], Destination] = {}
    remarks: list[SafeText] = []
    answered = False
    for target in targets:
        found, remark = _behind(setup, target, now, delays)
        answered |= bool(found) and not remark.endswith(_NOBODY)
        if remark:
            remarks.append(clean(remark))
        for one in found:
            place = (one.notifier, one.address)
            known = destinations.setdefault(place, one)
            # Where several share a receiver, it is told when the first of them is to be.
            if one.after < known.after:
                destinations[place] = replace(known, after=one.after)
    return Route(tuple(destinations.values()), tuple(remarks), answered)


def _by_their_rules(setup: Setup, severity: Severity, level: int) -> tuple[Setup, _Delays]:
    """Return the setup with everybody reached as their rules say of such a page, and what is told later."""
    if not any(person.rules for person in setup.people):
        return setup, {}
    people = []
    delays: _Delays = {}
    for person in setup.people:
        ways = ways_to(person.notify, person.rules, severity, level)
        people.append(replace(person, notify=tuple(ways)))
        for entry, after in ways.items():
            notifier, _, address = entry.partition(":")
            if after:
                delays[person.id, notifier, address] = after
    return replace(setup, people=tuple(people)), delays


def _behind(
    setup: Setup, target: str, now: datetime, delays: _Delays
) -> tuple[list[Destination], str]:
    kind, _, id = target.partition(":")
    if kind == "notifier":
        return _split((id,), target, SafeText(""), setup)
    if kind == "person":
        return _person(setup, id, target, delays)
    if kind == "schedule":
        return _schedule(setup, id, target, now, delays)
    return [], f"{target} is no target; write schedule:ID, person:ID or notifier:ID"


def _person(setup: Setup, id: str, target: str, delays: _Delays) -> tuple[list[Destination], str]:
    person = next((p for p in setup.people if p.id == id), None)
    if person is None:
        return [], f"there is no person {id} to page"
    if not person.notify:
        return [], f"{person.name} has nothing to be reached by"
    found, remark = _split(person.notify, target, person.name, setup)
    if not delays:
        return found, remark
    # By id: two people of one name may each have a rule for a receiver that they share.
    late = [
        replace(one, after=delays.get((id, one.notifier, one.address), _AT_ONCE)) for one in found
    ]
    return late, remark


def _schedule(
    setup: Setup, id: str, target: str, now: datetime, delays: _Delays
) -> tuple[list[Destination], str]:
    schedule = next((s for s in setup.schedules if s.id == id), None)
    if schedule is None and id != FALLBACK_SCHEDULE:
        primary = f"schedule:{FALLBACK_SCHEDULE}"
        found, remark = _schedule(setup, FALLBACK_SCHEDULE, primary, now, delays)
        return found, f"there is no schedule {id}: paging {FALLBACK_SCHEDULE}; {remark}".rstrip(
            "; "
        )
    if schedule is None:
        return [], f"there is no schedule {id} to page"
    shared, _ = _split(schedule.notify, target, SafeText(""), setup)
    shifts = on_call(schedule, now)
    if not shifts:
        return shared, f"schedule {id}: {_NOBODY}"
    own: list[Destination] = []
    remarks = []
    for shift in shifts:
        found, remark = _person(setup, shift.person, target, delays)
        own += found
        remarks.append(remark)
    remark = next(filter(None, remarks), "")
    return [*own, *shared], "" if shared and not own else remark


def _split(
    entries: tuple[str, ...], target: str, reached: SafeText, setup: Setup
) -> tuple[list[Destination], str]:
    found: list[Destination] = []
    remark = ""
    for entry in entries:
        notifier, _, address = entry.partition(":")
        if notifier in setup.paging.notifiers:
            found.append(Destination(notifier, address, target, reached))
        else:
            remark = f"there is no notifier {notifier} to reach {reached or target} by"
    return found, remark
