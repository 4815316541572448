"""Shifts that are kept elsewhere: as they were read last, and whose they are here."""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime

from opsdash.domain.frozen import dataclass
from opsdash.domain.rotation import NOBODY, Layer, Turn
from opsdash.domain.schedule import Person, Schedule
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Attendant:
    """Somebody as another service names them: by its own id and e-mail address where it has those."""

    name: SafeText
    id: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """What was read: turns, whose `person` is a key of `people`; they were asked for up to `until`."""

    turns: tuple[Turn, ...] = ()
    people: Mapping[str, Attendant] = field(default_factory=dict)
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedState:
    """The last that was read and when, None before that, and since when and why reading fails."""

    feed: Feed = field(default_factory=Feed)
    read_at: datetime | None = None
    failed_since: datetime | None = None
    reason: SafeText = SafeText("")

    @property
    def tried(self) -> bool:
        """Whether anybody has tried to read it yet."""
        return self.read_at is not None or self.failed_since is not None


def feed_keys(setup: Setup) -> tuple[str, ...]:
    """Return the key of every feed in the schedules, each once."""
    layers = (layer for schedule in setup.schedules for layer in schedule.layers)
    return tuple(dict.fromkeys(layer.feed for layer in layers if layer.feed))


def fed(setup: Setup, states: Mapping[str, FeedState]) -> Setup:
    """Return `setup` with the turns of these feeds in their layers, each for the person whose it is."""
    if not feed_keys(setup):
        return setup
    schedules = tuple(_fed(schedule, setup.people, states) for schedule in setup.schedules)
    return replace(setup, schedules=schedules)


def strangers(
    setup: Setup, states: Mapping[str, FeedState]
) -> tuple[tuple[str, tuple[Attendant, ...]], ...]:
    """Return for each schedule whom its feeds name that no person of the configuration is."""
    found = []
    for schedule in setup.schedules:
        unknown = {
            str(attendant.id or attendant.name): attendant
            for layer in schedule.layers
            if layer.feed
            for attendant in states.get(layer.feed, FeedState()).feed.people.values()
            if person_of(attendant, setup.people) is None and attendant.name != NOBODY
        }
        if unknown:
            found.append((schedule.id, tuple(unknown.values())))
    return tuple(found)


def stranger_words(attendants: Iterable[Attendant]) -> SafeText:
    """Say who is no [[person]], and what would make them one."""
    listed = list(attendants)
    names = ", ".join(_named(one) for one in listed[:_NAMED])
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    if not any(one.id for one in listed):
        return clean(f"no [[person]] is called {names}{more}")
    cure = "write their email, or their id there as pagerduty, in a [[person]]"
    return clean(f"no [[person]] is {names}{more}: {cure}")


def person_of(attendant: Attendant, people: Iterable[Person]) -> str | None:
    """Return whose turn it is by id, e-mail address or, where there is neither, name; None: nobody's.

    A name that people give themselves elsewhere pages nobody here where there is a surer sign.
    """
    if attendant.id:
        return next((p.id for p in people if _is_same(p, attendant)), None)
    name = attendant.name.casefold()
    if name == NOBODY:
        return NOBODY
    wanted = {person.id: person.id for person in people}
    wanted |= {str(person.name).casefold(): person.id for person in people}
    return wanted.get(name)


def _is_same(person: Person, attendant: Attendant) -> bool:
    if person.pagerduty:
        return person.pagerduty == attendant.id
    email = attendant.email.casefold()
    known = [person.email, *(reach.partition(":")[2] for reach in person.notify)]
    return "@" in email and email in (address.casefold() for address in known)


def _fed(
    schedule: Schedule, people: tuple[Person, ...], states: Mapping[str, FeedState]
) -> Schedule:
    if not any(layer.feed for layer in schedule.layers):
        return schedule

    def turned(layer: Layer) -> Layer:
        if layer.feed not in states:
            return layer
        feed = states[layer.feed].feed
        whose = {key: _whose(one, people) for key, one in feed.people.items()}
        turns = tuple(replace(t, person=whose.get(t.person, t.person)) for t in feed.turns)
        return replace(layer, turns=turns, until=feed.until)

    return replace(schedule, layers=tuple(turned(layer) for layer in schedule.layers))


def _whose(attendant: Attendant, people: tuple[Person, ...]) -> str:
    person = person_of(attendant, people)
    if person is not None:
        return person
    name = str(attendant.name) or attendant.id
    # A stranger's name that is somebody's id here would be paged as them.
    taken = name == NOBODY or any(name == one.id for one in people)
    return f"{name} (not a [[person]])" if taken else name


def _named(attendant: Attendant) -> str:
    known = " ".join(filter(None, (attendant.email, attendant.id)))
    return f"{attendant.name} ({known})" if known else str(attendant.name)
