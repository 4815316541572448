"""Ask for many in one request; where that fails, halve to find the culprit, and remember it.

Facts of a request come in as exceptions: QueryFaultError says that what was asked is at fault,
NoAnswerError that nothing came in time (a slow query and a hung server look alike), any other
RemoteError that the server as a whole does not answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from opsdash.domain.text import SafeText
from opsdash.http.errors import NoAnswerError, RemoteError

_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(seconds=60)
_SMALL_STEPS = 200


class Named(Protocol):
    """Anything that is asked for under an id."""

    @property
    def id(self) -> str:
        """What it is known by."""


M = TypeVar("M", bound=Named)
T = TypeVar("T")


class QueryFaultError(Exception):
    """A request that fails because of what it asks; its reason is clean and for people."""

    def __init__(self, reason: SafeText) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class _Culprit:
    """A member that is asked alone: why, how often it failed in a row, and when it is due again."""

    reason: SafeText
    strikes: int
    due: datetime
    probation: int = 0


@dataclass(slots=True)
class _Round(Generic[M, T]):
    """What one collection brought: answers, faults by id, and the groups that got no answer."""

    answers: dict[str, T] = field(default_factory=dict)
    faults: dict[str, SafeText] = field(default_factory=dict)
    silent: list[tuple[M, ...]] = field(default_factory=list)
    errors: list[tuple[tuple[M, ...], RemoteError]] = field(default_factory=list)
    split: list[int] = field(default_factory=list)


class Divider(Generic[M, T]):
    """Collects answers for members, keeping between collections what it learnt of them."""

    def __init__(self, eager: bool = False) -> None:
        self._eager = eager
        self._culprits: dict[str, _Culprit] = {}
        self._suspects: list[tuple[str, ...]] = []
        self._largest: int | None = None
        self._calm = 0

    async def collect(
        self,
        members: Sequence[M],
        now: datetime,
        ask: Callable[[tuple[M, ...]], Awaitable[Mapping[str, T]]],
    ) -> tuple[Mapping[str, T], Mapping[str, SafeText]]:
        """Return answers and faults by id; raise RemoteError where there is neither.

        A member that failed alone is asked again only when its pause is over; until then its
        last fault stands.
        """
        if not members:
            return {}, {}
        found: _Round[M, T] = _Round()
        groups = self._groups(members, now, found)
        await asyncio.gather(*(self._ask(group, ask, found) for group in groups))
        self._settle(found, now)
        return found.answers, found.faults

    def _groups(
        self, members: Sequence[M], now: datetime, found: _Round[M, T]
    ) -> list[tuple[M, ...]]:
        """Return what to ask for together: the sound ones, halves of suspects, each culprit due."""
        by_id = {member.id: member for member in members}
        self._culprits = {i: c for i, c in self._culprits.items() if i in by_id}
        groups: list[tuple[M, ...]] = []
        for name, culprit in self._culprits.items():
            member = by_id.pop(name)
            if culprit.due <= now:
                groups.append((member,))
            else:
                found.faults[name] = culprit.reason
        for suspects in self._suspects:
            group = tuple(by_id.pop(name) for name in suspects if name in by_id)
            groups += _halves(group) if len(group) > 1 else [group] if group else []
        sound = tuple(by_id.values())
        size = self._largest or max(len(sound), 1)
        return groups + [sound[n : n + size] for n in range(0, len(sound), size)]

    async def _ask(
        self,
        group: tuple[M, ...],
        ask: Callable[[tuple[M, ...]], Awaitable[Mapping[str, T]]],
        found: _Round[M, T],
    ) -> None:
        try:
            found.answers.update(await ask(group))
            return
        except QueryFaultError as fault:
            if len(group) == 1:
                found.faults[group[0].id] = fault.reason
                return
            before = len(found.faults)
            await asyncio.gather(*(self._ask(half, ask, found) for half in _halves(group)))
            if len(found.faults) == before:
                found.split.append((len(group) + 1) // 2)
        except NoAnswerError as error:
            if self._eager and len(group) > 1:
                await self._ask_halves_once(group, ask, found)
            else:
                found.silent.append(group)
                found.faults.update({member.id: error.reason for member in group})
        except RemoteError as error:
            found.errors.append((group, error))

    async def _ask_halves_once(
        self,
        group: tuple[M, ...],
        ask: Callable[[tuple[M, ...]], Awaitable[Mapping[str, T]]],
        found: _Round[M, T],
    ) -> None:
        """Ask for the halves of a silent group one after the other, unless the first is silent too."""
        first, second = _halves(group)
        known = len(found.answers)
        await self._ask(first, ask, found)
        if len(found.answers) > known:
            await self._ask(second, ask, found)
        else:
            found.silent.append(second)
            reason = SafeText("not asked: the server is slow")
            found.faults.update({member.id: reason for member in second})

    def _settle(self, found: _Round[M, T], now: datetime) -> None:
        """Learn from a round, and raise where it says that the server itself is at fault."""
        silent = {member.id for group in found.silent for member in group}
        judged = {i: r for i, r in found.faults.items() if i not in silent}
        if not found.answers and not (judged.keys() - self._culprits.keys()):
            if found.errors:
                raise found.errors[0][1]
            if silent:
                # The halves are tried once; where none of them answers the server hangs.
                self._suspects = [] if self._suspects else _ids(found.silent)
                raise NoAnswerError(next(r for i, r in found.faults.items() if i in silent))
        if not found.answers and not found.errors and len(found.faults) > 1:
            reasons = set(found.faults.values())
            if len(reasons) == 1:
                self._culprits.clear()
                raise RemoteError(reasons.pop())
        for group, error in found.errors:
            found.faults.update({member.id: error.reason for member in group})
        failed = {member.id for group, _ in found.errors for member in group}
        self._suspects = _ids(group for group in found.silent if len(group) > 1)
        alone = {group[0].id for group in found.silent if len(group) == 1}
        self._remember({i: r for i, r in judged.items() if i not in failed}, now)
        self._remember({i: found.faults[i] for i in alone}, now)
        self._forgive(found.answers)
        self._resize(found.split)

    def _remember(self, faults: Mapping[str, SafeText], now: datetime) -> None:
        for name, reason in faults.items():
            known = self._culprits.get(name)
            if known is not None and known.due > now:
                continue
            strikes = known.strikes + 1 if known else 1
            pause = min(_FIRST_PAUSE * 2 ** min(strikes - 1, 6), _LONGEST_PAUSE)
            self._culprits[name] = _Culprit(reason, strikes, now + pause, min(strikes, 10))

    def _forgive(self, answers: Iterable[str]) -> None:
        """Let a culprit that answers back among the others, the later the more often it failed."""
        for name in answers:
            known = self._culprits.get(name)
            if known is not None:
                known.probation -= 1
                if known.probation <= 0:
                    del self._culprits[name]

    def _resize(self, split: Sequence[int]) -> None:
        """Ask for fewer at once after a union that only failed as a whole; grow again in time."""
        if split:
            self._largest, self._calm = min(split), 0
        elif self._largest is not None:
            self._calm += 1
            if self._calm >= _SMALL_STEPS:
                self._largest, self._calm = self._largest * 2, 0


def _halves(group: tuple[M, ...]) -> list[tuple[M, ...]]:
    middle = (len(group) + 1) // 2
    return [group[:middle], group[middle:]]


def _ids(groups: Iterable[tuple[M, ...]]) -> list[tuple[str, ...]]:
    return [tuple(member.id for member in group) for group in groups]
