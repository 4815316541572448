"""Looking at what a rule holds against what, where its own answer does not tell: the rules screen's figures.

A rule that gives nothing is looked into once a minute, and each 15 s while there is nothing to judge; one
that fires only where its samples are not the figure, or the threshold is a query.
"""

from dataclasses import field
from datetime import datetime, timedelta

from opsdash.domain.frozen import dataclass
from opsdash.domain.rules.deciding import PRESENT, Deciding, Kind, decide, nearest, threshold_of
from opsdash.domain.rules.evaluate import ActiveAlert, Memory
from opsdash.domain.rules.expression import comparison, presence
from opsdash.domain.rules.rule import AlertRule, RuleGroup, Trouble
from opsdash.domain.sample import Sample
from opsdash.domain.text import SafeText, clean
from opsdash.http.errors import RemoteError
from opsdash.sources.vector import Vector, VectorSource

LOOK_EVERY = timedelta(minutes=1)
"""How often it is looked what a rule compares while nothing passes its comparison."""

LOOK_AGAIN = timedelta(seconds=15)
"""How often it is looked whether data has come that was not there, and at the figure of what fires."""

_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a rule's data: whether there is none, the figure, what it is held against.

    `fires` is whether the expression gave samples then. None where nothing could be seen.
    """

    at: datetime
    fires: bool
    empty: bool | None = None
    figure: float | None = None
    threshold: SafeText | None = None


@dataclass(slots=True)
class Looks:
    """The last look at each rule, by its id."""

    source: VectorSource
    known: dict[str, Look] = field(default_factory=dict)

    async def look(
        self, rule: AlertRule, group: RuleGroup, before: Memory, found: Vector, at: datetime
    ) -> Look | None:
        """Return what is seen of a rule that gave `found`, None where `found` tells everything."""
        fires = bool(found.samples)
        decided = decide(rule.expr)
        if fires and len(decided) < 2 and all(one.is_told for one in decided):
            self.known.pop(rule.id, None)
            return None
        known = self.known.get(rule.id)
        if known is not None and known.fires is fires and not _is_due(rule, known, at):
            return known
        look = await _Looking(self.source, rule, at, at - group.query_offset).see(
            decided, before.furthest, found.samples
        )
        self.known[rule.id] = look
        return look


def _is_due(rule: AlertRule, known: Look, at: datetime) -> bool:
    always = rule.on_no_data is not Trouble.OK and not known.fires
    pause = LOOK_EVERY if known.empty is False and not known.fires else LOOK_AGAIN
    return always or not timedelta() <= at - known.at < pause


class _Looking:
    """One look at one rule."""

    def __init__(
        self, source: VectorSource, rule: AlertRule, at: datetime, asked_at: datetime
    ) -> None:
        self.source = source
        self.rule = rule
        self.at = at
        self.asked_at = asked_at
        self.asked: dict[str, Vector | None] = {}

    async def ask(self, query: str) -> Vector | None:
        """Return what a query gives, None where it cannot be told; each is asked once."""
        if query not in self.asked:
            try:
                self.asked[query] = await self.source.vector(query, self.asked_at)
            except RemoteError:
                self.asked[query] = None
        return self.asked[query]

    async def see(
        self,
        decided: tuple[Deciding, ...],
        alert: ActiveAlert | None,
        samples: tuple[Sample, ...],
    ) -> Look:
        wanted = None if alert is None else dict(alert.labels)
        branch, given = await self.branch(decided, samples)
        figure, threshold = None, threshold_of(self.rule.expr)
        if branch is not None and branch.kind is not Kind.ANY:
            figure, bound = await self.figure(branch, given, wanted)
            if samples or bound is not None:
                threshold = branch.threshold(bound)
        empty = False if samples else await self.is_empty()
        return Look(self.at, bool(samples), empty, figure, clean(threshold, _LONGEST))

    async def branch(
        self, decided: tuple[Deciding, ...], samples: tuple[Sample, ...]
    ) -> tuple[Deciding | None, tuple[Sample, ...]]:
        """Return the branch that fires with its samples, else the one to show first."""
        if len(decided) > 1 and samples:
            for one in decided:
                found = await self.ask(one.branch)
                if found is not None and found.samples:
                    return one, found.samples
        return (decided[0] if decided else None), samples

    async def figure(
        self, branch: Deciding, given: tuple[Sample, ...], wanted: dict[str, str] | None
    ) -> tuple[float | None, float | None]:
        """Return the figure and, where it is a query, its bound."""
        figures, bounds = given, None
        if not (given and branch.sampled):
            found = await self.ask(branch.figure)
            if found is None:
                return None, None
            figures = found.samples
        if not branch.is_number:
            bounds = await self.ask(branch.bound)
        figure, bound = nearest(branch, figures, bounds.samples if bounds else (), wanted)
        if branch.kind is Kind.ABSENT and figure is None:
            figure = PRESENT
        return figure, bound

    async def is_empty(self) -> bool | None:
        """Return whether nothing of what the rule looks at is there, None where that cannot be told."""
        compared = comparison(self.rule.expr)
        query = presence(self.rule.expr) if compared is None else compared.left
        found = await self.ask(query) if query else None
        return None if found is None or found.partial is not None else not found.samples
