"""Relations among people, schedules and escalation policies: ids, references, order."""

from collections.abc import Iterator
from datetime import timedelta

from opsdash.config.check_notify import check_reach
from opsdash.config.check_oncall import is_fed
from opsdash.config.finding import Finding, Raw, nearest, table, tables, word, words
from opsdash.config.lines import Path
from opsdash.domain.duration import parse_duration
from opsdash.domain.escalation import LEVEL_HAS
from opsdash.domain.schedule import NOBODY, WEEKDAYS


def check_people(raw: Raw) -> Iterator[Finding]:
    """Yield what is wrong among who is called, when, and in which order."""
    for kind in ("person", "schedule", "escalation_policy", "notifier"):
        yield from _unique(raw, kind)
    people = _ids(raw, "person")
    schedules = _ids(raw, "schedule")
    for index, schedule in tables(raw, "schedule"):
        yield from _schedule(("schedule", index), schedule, people)
    known = [f"person:{name}" for name in people] + [f"schedule:{name}" for name in schedules]
    for index, policy in tables(raw, "escalation_policy"):
        yield from _policy(raw, ("escalation_policy", index), policy, known)
    yield from _targets(raw, ("paging",), table(raw, "paging"), "fallback", known)


def _ids(raw: Raw, kind: str) -> list[str]:
    return [word(entry, "id") for _, entry in tables(raw, kind) if word(entry, "id")]


def _unique(raw: Raw, kind: str) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, entry in tables(raw, kind):
        name = word(entry, "id")
        if name in first:
            yield Finding(
                (kind, index, "id"),
                f"{name!r} is the id of {kind}[{first[name]}] already",
                "write another",
            )
        elif name:
            first[name] = index


def _schedule(path: tuple[str, int], schedule: Raw, people: list[str]) -> Iterator[Finding]:
    yield from _weeks(path, schedule, people)
    layers = (layer for _, layer in tables(schedule, "layers"))
    elsewhere = is_fed(schedule) or any(is_fed(one) or one.get("calendar") for one in layers)
    if "weeks" not in schedule and not elsewhere:
        yield Finding((*path, "weeks"), "missing", "add the weeks of the rotation, in order")
    if "handoff" not in schedule and ("weeks" in schedule or not elsewhere):
        yield Finding((*path, "handoff"), "missing", "add when its shifts begin")
    for index, layer in tables(schedule, "layers"):
        here = (*path, "layers", index)
        yield from _weeks(here, layer, people)
        if [bool(layer.get("weeks")), bool(layer.get("calendar")), is_fed(layer)].count(True) != 1:
            cure = "write one: a rotation, the path or address of an iCalendar, or pagerduty"
            yield Finding(here, "it needs either weeks or a calendar", cure)


def _weeks(path: Path, rotation: Raw, people: list[str]) -> Iterator[Finding]:
    named = False
    for index, week in tables(rotation, "weeks"):
        for day in WEEKDAYS:
            person = word(week, day)
            named = named or (day in week and person != NOBODY)
            if person and person not in (*people, NOBODY):
                yield Finding(
                    (*path, "weeks", index, day),
                    f"no [[person]] has the id {person!r}",
                    nearest(person, people) if people else "add the person",
                )
    if rotation.get("weeks") and not named:
        yield Finding((*path, "weeks"), "nobody is ever on call", 'name somebody, as mon = "john"')


def _policy(raw: Raw, path: Path, policy: Raw, known: list[str]) -> Iterator[Finding]:
    before = timedelta()
    for index, level in tables(policy, "levels"):
        here = (*path, "levels", index)
        yield from _targets(raw, here, level, "notify", known)
        try:
            usual = before + LEVEL_HAS if index else before
            after = parse_duration(word(level, "after")) if "after" in level else usual
        except ValueError:
            continue
        if index and after < before:
            yield Finding((*here, "after"), "due before the level above it", "write a longer time")
        before = after


def _targets(raw: Raw, path: Path, entry: Raw, key: str, known: list[str]) -> Iterator[Finding]:
    seen: set[str] = set()
    for position, target in words(entry, key):
        here = (*path, key, position)
        kind, _, name = target.partition(":")
        if kind not in ("person", "schedule", "notifier") or not name:
            cure = 'write "schedule:ID", "person:ID" or "notifier:ID"'
            yield Finding(here, f"found {target!r}", cure)
        elif kind == "notifier":
            yield from check_reach(raw, here, name)
        elif target not in known:
            yield Finding(
                here,
                f"no [[{kind}]] has the id {name!r}",
                nearest(target, known) if known else f"add the {kind}",
            )
        elif target in seen:
            yield Finding(here, f"{target!r} twice", "take one out")
        seen.add(target)
