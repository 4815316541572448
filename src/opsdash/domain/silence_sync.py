"""What has to happen so that Alertmanager and the store have the same silences: facts in, plan out.

A silence made here is found in Alertmanager by the mark in its comment, so that an engine that died
between making it and writing down its id makes no second one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from opsdash.domain.frozen import dataclass
from opsdash.domain.silence import Silence, SilenceState
from opsdash.domain.text import SafeText, clean

_SAME_MOMENT = timedelta(seconds=1.5)
_MARK = re.compile(r"\s*\[opsdash:([0-9a-f]{6,32})\]\s*$")

ELSEWHERE = SafeText("Alertmanager")
"""Who ended a silence that was ended there."""


def marked_comment(silence: Silence) -> str:
    """Return the comment with the mark by which the silence is known again."""
    return f"{silence.comment} [opsdash:{silence.token}]" if silence.token else silence.comment


def split_mark(comment: str) -> tuple[SafeText, str]:
    """Return a comment without its mark, and the mark, empty where it has none."""
    found = _MARK.search(comment)
    if found is None:
        return clean(comment), ""
    return clean(comment[: found.start()]), found[1]


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to ask of Alertmanager: to have `silence` as it is, or (`end`) to end `remote`.

    `remote` is the id there of what is changed or ended, None for a new one.
    """

    silence: Silence
    remote: str | None
    end: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What to store, what to forget, and what to ask of Alertmanager."""

    save: tuple[Silence, ...] = ()
    forget: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()


def plan(
    own: Iterable[Silence],
    mirrored: Mapping[str, Silence],
    found: Mapping[str, Silence],
    now: datetime,
) -> Plan:
    """Return what follows from the silences made here, those mirrored, and what Alertmanager has.

    What a person changed here is brought there; where nothing waits for that, what Alertmanager says
    is right: one that was changed or ended there is so here too.
    """
    planner = _Planner(found, now)
    for silence in own:
        planner.own(silence)
    planner.mirror(mirrored)
    return Plan(tuple(planner.save), tuple(planner.forget), tuple(planner.tasks))


class _Planner:
    def __init__(self, found: Mapping[str, Silence], now: datetime) -> None:
        self.found = found
        self.now = now
        self.save: list[Silence] = []
        self.forget: list[str] = []
        self.tasks: list[Task] = []
        self._carrying: set[str] = set()
        self._by_token: dict[str, list[Silence]] = {}
        for silence in found.values():
            if silence.token:
                self._by_token.setdefault(silence.token, []).append(silence)

    def own(self, silence: Silence) -> None:
        """Plan for one silence that was made here."""
        carriers = {c.id: c for c in self._carriers(silence)}
        self._carrying.update(carriers)
        live = [c for c in carriers.values() if self._lives(c)]
        live.sort(key=lambda c: (c.id != silence.remote, c.id))
        if not self._lives(silence):
            self._end(silence, live)
            return
        for extra in live[1:]:
            self.tasks.append(Task(silence, extra.id, end=True))
        kept = live[0] if live else None
        if silence.synced < silence.revision:
            self._bring(silence, kept)
        elif kept is not None:
            if not _same(kept, silence) or kept.id != silence.remote:
                self.save.append(_adopt(silence, kept))
        elif (there := self.found.get(silence.remote or "")) is not None:
            ended_at = min(there.until, self.now)
            self.save.append(replace(silence, ended_at=ended_at, ended_by=ELSEWHERE))
        else:
            # Alertmanager has lost it, as one without its storage does when it restarts.
            self.tasks.append(Task(silence, None))

    def mirror(self, stored: Mapping[str, Silence]) -> None:
        """Plan for what was made in Alertmanager."""
        for id, seen in self.found.items():
            if id in self._carrying:
                continue
            known = stored.get(id)
            if known is None:
                if self._lives(seen):
                    self.save.append(seen)
            elif known.synced < known.revision:
                self._bring_mirrored(known, seen)
            elif not _same(known, seen) or known.until != seen.until:
                self.save.append(
                    replace(seen, revision=known.revision, synced=known.synced, error=None)
                )
        self.forget += [id for id in stored if id not in self.found or id in self._carrying]

    def _carriers(self, silence: Silence) -> Iterator[Silence]:
        if silence.token:
            yield from self._by_token.get(silence.token, ())
        there = self.found.get(silence.remote or "")
        if there is not None:
            yield there

    def _lives(self, silence: Silence) -> bool:
        return silence.state(self.now) is not SilenceState.EXPIRED

    def _end(self, silence: Silence, live: list[Silence]) -> None:
        pending = silence.synced < silence.revision
        if silence.ended_at is not None or pending:
            self.tasks += [Task(silence, each.id, end=True) for each in live]
        if pending and not live:
            self.save.append(_settled(silence))

    def _bring(self, silence: Silence, kept: Silence | None) -> None:
        if kept is not None and _same(kept, silence):
            self.save.append(_settled(silence, kept.id))
        else:
            self.tasks.append(Task(silence, None if kept is None else kept.id))

    def _bring_mirrored(self, known: Silence, seen: Silence) -> None:
        if not self._lives(seen):
            self.save.append(replace(seen, revision=known.revision, synced=known.revision))
        elif not self._lives(known):
            self.tasks.append(Task(known, seen.id, end=True))
        elif _same(known, seen):
            self.save.append(_settled(known))
        else:
            self.tasks.append(Task(known, seen.id))


def _same(one: Silence, other: Silence) -> bool:
    return (
        sorted(map(str, one.matchers)) == sorted(map(str, other.matchers))
        and abs(one.ends_at - other.ends_at) <= _SAME_MOMENT
        and one.comment == other.comment
    )


def _settled(silence: Silence, remote: str | None = None) -> Silence:
    return replace(
        silence,
        synced=silence.revision,
        remote=remote or silence.remote,
        error=None,
        error_since=None,
    )


def _adopt(silence: Silence, kept: Silence) -> Silence:
    return replace(
        silence,
        matchers=kept.matchers,
        ends_at=silence.ends_at
        if abs(silence.ends_at - kept.ends_at) <= _SAME_MOMENT
        else kept.ends_at,
        comment=kept.comment,
        remote=kept.id,
        error=None,
        error_since=None,
    )
