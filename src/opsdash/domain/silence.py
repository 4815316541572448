"""Silences: which alerts they match, until when, who made them and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from opsdash.domain.frozen import dataclass
from opsdash.domain.labels import Labels
from opsdash.domain.matchers import Matcher, Op, quoted
from opsdash.domain.text import LIMIT, SafeText, clean

__all__ = [
    "LONGEST",
    "USUAL",
    "Matcher",
    "Muting",
    "Op",
    "Silence",
    "SilenceState",
    "matches",
    "prefill",
    "refusal",
]

LONGEST = timedelta(days=30)
"""How long a silence may last from now: one that is forgotten must not hide alerts for ever."""

USUAL = timedelta(hours=2)
"""How long a silence lasts that a person is about to make."""

MOST_MATCHERS = 50
LONGEST_COMMENT = 1000
_MOST_VALUES = 10
_IDENTITY = ("alertname", "namespace", "job", "service", "host", "node", "instance", "pod")
"""The labels that say which alert it is and where, in the order in which they are shown."""


class SilenceState(StrEnum):
    """Where a silence is in its life, in Alertmanager's words."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence.

    `id` is `S12` for one made here, Alertmanager's own id for one made there (`own` is false then).
    `ended_at` and `ended_by` say who ended it before its time. Of one made here, `remote` is the id
    that Alertmanager gave it, `token` the mark by which it is found there, `revision` counts its
    changes and `synced` is the newest that Alertmanager has; `error` is why it has no newer one.
    """

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    author: SafeText
    comment: SafeText
    own: bool = True
    made_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: SafeText | None = None
    revision: int = 1
    synced: int = 0
    remote: str | None = None
    token: str = ""
    error: SafeText | None = None
    error_since: datetime | None = None
    claimed: Mapping[str, SafeText] = field(default_factory=dict)

    @property
    def until(self) -> datetime:
        """When it ends, or did."""
        return self.ends_at if self.ended_at is None else min(self.ended_at, self.ends_at)

    def state(self, now: datetime) -> SilenceState:
        """Return where it is in its life at `now`."""
        if now >= self.until:
            return SilenceState.EXPIRED
        return SilenceState.PENDING if now < self.starts_at else SilenceState.ACTIVE

    @property
    def text(self) -> str:
        """Its matchers as a person writes them."""
        return ", ".join(map(str, self.matchers))


def matches(matchers: Sequence[Matcher], labels: Labels) -> bool:
    """Whether every matcher holds for `labels`, where an absent label is an empty one."""
    for matcher in matchers:  # noqa: SIM110 - asked of ten thousand alerts at once
        if not matcher.matches(labels.get(matcher.name, "")):
            return False
    return True


def refusal(matchers: Sequence[Matcher], comment: str, length: timedelta) -> str:
    """Say why a silence of these parts must not be; empty where it may.

    That one matcher must not match the empty string is Alertmanager's rule: such a silence would
    hide everything.
    """
    if not matchers:
        return "a silence needs a matcher, such as alertname=HighErrorRate"
    if len(matchers) > MOST_MATCHERS:
        return f"a silence has at most {MOST_MATCHERS} matchers"
    if all(matcher.matches("") for matcher in matchers):
        return "it would hide everything: one matcher at least must not match an empty label"
    if not comment.strip():
        return "a reason is needed: say why it may be quiet"
    if len(comment) > LONGEST_COMMENT:
        return f"the reason has more than {LONGEST_COMMENT} characters"
    if length <= timedelta():
        return "it would end before it begins"
    if length > LONGEST:
        return f"a silence lasts at most {LONGEST.days} days, so that none is forgotten"
    return ""


def prefill(labels: Sequence[Labels]) -> tuple[Matcher, ...]:
    """Return matchers that hold for all of these label sets and for little else.

    They are about what the alert is and where. Where values differ, a regular expression names
    them; a label whose text was not shown as it is (cleaned or cut) cannot be matched and is left
    out.
    """
    found = []
    for name in _IDENTITY:
        values = list(dict.fromkeys(each.get(name, "") for each in labels))
        if not values or any(not value or not _shown_whole(value) for value in values):
            continue
        if len(values) == 1:
            found.append(Matcher(clean(name), Op.EQUAL, clean(values[0])))
        elif len(values) <= _MOST_VALUES:
            pattern = "|".join(map(quoted, values))
            found.append(Matcher(clean(name), Op.MATCHES, clean(pattern)))
    return tuple(found)


def _shown_whole(value: str) -> bool:
    return "\ufffd" not in value and len(value) < LIMIT


class Muting:
    """The silences of one moment, asked of many alerts: each alert's labels are looked at once.

    Moments at which a silence begins or ends make it another one; `changes_at` is the next.
    """

    _REMEMBERED = 50_000

    def __init__(self, silences: Iterable[Silence] = (), now: datetime | None = None) -> None:
        known = list(silences)
        now = now or datetime.max.replace(tzinfo=UTC)
        self.active = tuple(s for s in known if s.state(now) is SilenceState.ACTIVE)
        self.names = {s.remote: s.id for s in known if s.remote}
        self._known = {s.id for s in known}
        self._places: dict[str, dict[str, list[int]]] = {}
        self._rest: list[int] = []
        for number, silence in enumerate(self.active):
            self._place(number, silence)
        moments = [m for s in known for m in (s.starts_at, s.until) if m > now]
        self.changes_at = min(moments, default=None)
        self._found: dict[str, tuple[str, ...]] = {}

    def by(self, fingerprint: str, labels: Labels) -> tuple[str, ...]:
        """Return the ids of the silences that match an alert now."""
        if not self.active:
            return ()
        found = self._found.get(fingerprint)
        if found is None:
            if len(self._found) >= self._REMEMBERED:
                self._found.clear()
            candidates = list(self._rest)
            for name, values in self._places.items():
                candidates += values.get(labels.get(name, ""), ())
            numbers = sorted(n for n in candidates if matches(self.active[n].matchers, labels))
            found = tuple(self.active[n].id for n in numbers)
            self._found[fingerprint] = found
        return found

    def _place(self, number: int, silence: Silence) -> None:
        """File a silence under a value that it asks for, so that few are tried on each alert."""
        for matcher in silence.matchers:
            if matcher.op is Op.EQUAL:
                values = self._places.setdefault(matcher.name, {})
                values.setdefault(matcher.value, []).append(number)
                return
        self._rest.append(number)

    def all_of(
        self, fingerprint: str, labels: Labels, said: Iterable[str], kept: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """Return everything that silences an alert: what its sources say, and these silences.

        `kept` is what it was silenced by while a source cannot be asked; of these silences only
        what matches now counts.
        """
        if not said and not kept:
            return self.by(fingerprint, labels)
        names = [self.names.get(id, id) for id in said]
        names += [id for id in kept if id not in self._known]
        return tuple(dict.fromkeys((*names, *self.by(fingerprint, labels))))
