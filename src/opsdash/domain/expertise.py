"""Who on the team knows what an alert is about (S48): a hint for whoever escalates it."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from opsdash.domain.frozen import dataclass
from opsdash.domain.schedule import Person, on_call
from opsdash.domain.setup import Setup

_COVERS = {"fullstack": frozenset({"backend", "frontend"})}
"""What a tag knows beside what it says."""

_NOT_ABOUT = frozenset({"severity", "alertname", "instance", "pod", "le", "quantile"})
"""Labels whose values say where and how bad, not what it is about; the name has words of its own."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Expert:
    """Somebody who knows an area, what of it, and the schedules that they are on call on now."""

    person: Person
    areas: tuple[str, ...]
    on_call: tuple[str, ...] = ()


def experts(
    setup: Setup, name: str, labels: Mapping[str, str], now: datetime
) -> tuple[Expert, ...]:
    """Return who knows what the alert `name` with `labels` is about, who knows most of it first.

    A tag of `expertise` fits where it is a word of the alert's name or of a label such as team,
    service or job. Of those who know as much, whoever is on call comes first.
    """
    about = _about(name, labels)
    found = []
    for person in setup.people:
        areas = tuple(tag for tag in person.expertise if _fits(tag, about))
        if areas:
            found.append(Expert(person, areas, _on_call(setup, person.id, now)))
    return tuple(sorted(found, key=lambda one: (-len(one.areas), not one.on_call)))


def _about(name: str, labels: Mapping[str, str]) -> frozenset[str]:
    texts = [name, *(value for label, value in labels.items() if label not in _NOT_ABOUT)]
    found = {_plain(text) for text in texts}
    for text in texts:
        found |= {word.casefold() for word in _WORD.findall(text)}
    return frozenset(found - {""})


def _fits(tag: str, about: frozenset[str]) -> bool:
    plain = _plain(tag)
    return plain in about or not about.isdisjoint(_COVERS.get(plain, ()))


def _plain(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _on_call(setup: Setup, person: str, now: datetime) -> tuple[str, ...]:
    return tuple(
        schedule.id
        for schedule in setup.schedules
        if any(shift.person == person for shift in on_call(schedule, now))
    )


def knows(found: Iterable[Expert]) -> str:
    """Say who knows what: `Maria (database, on call), Sam (database)`."""
    said = []
    for one in found:
        duty = ", on call" if one.on_call else ""
        said.append(f"{one.person.name} ({', '.join(one.areas)}{duty})")
    return ", ".join(said)
