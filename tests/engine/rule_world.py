"""A server for rules that says what the test tells it, and rules to ask it."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from opsdash.domain.rules.rule import RuleView
from opsdash.domain.sample import Sample
from opsdash.domain.text import SafeText
from opsdash.engine.rules import Rules
from opsdash.http.errors import NoAnswerError, RemoteError
from opsdash.sources.rule_file import load_rule_files
from opsdash.sources.vector import QueryError, Vector
from opsdash.store import rules as stored
from tests.engine.world import START, World

Truth = Callable[[datetime], tuple[Sample, ...]]
"""What a query gives at a moment."""


def bad(at: datetime, value: float = 1.0, **labels: str) -> tuple[Sample, ...]:
    """Return one sample."""
    return (Sample(value, at, {"__name__": "x", "job": "api", **labels}),)


class ToldVectors:
    """Answers queries by `truths`; the rest gives nothing. It can be down, slow or partial."""

    def __init__(self) -> None:
        self.truths: dict[str, Truth] = {}
        self.down = False
        self.faulty: set[str] = set()
        self.silent: set[str] = set()
        self.hangs = False
        self.partial: SafeText | None = None
        self.asked: list[tuple[str, datetime]] = []
        self.ranges: list[tuple[str, tuple[datetime, ...]]] = []

    def say(self, query: str, since: float, until: float = 1e9, value: float = 1.0) -> None:
        """Have a query give a sample between two moments, in seconds after START."""

        def truth(at: datetime) -> tuple[Sample, ...]:
            seconds = (at - START).total_seconds()
            return bad(at, value) if since <= seconds < until else ()

        self.truths[query] = truth

    async def vector(self, query: str, at: datetime) -> Vector:
        """Answer an instant query."""
        self.asked.append((query, at))
        await self._behave(query)
        truth = self.truths.get(query)
        return Vector(truth(at) if truth else (), self.partial)

    async def vectors(
        self, query: str, times: tuple[datetime, ...]
    ) -> Mapping[datetime, tuple[Sample, ...]]:
        """Answer a range query."""
        self.ranges.append((query, times))
        await self._behave(query)
        truth = self.truths.get(query)
        return {at: truth(at) if truth else () for at in times}

    async def _behave(self, query: str) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.down:
            raise RemoteError(SafeText("refused the connection"))
        if query in self.silent:
            raise NoAnswerError(SafeText("no answer within 5 s"))
        if query in self.faulty:
            raise QueryError(SafeText("execution: many-to-many matching"))


class RuleWorld:
    """A world whose engine evaluates rules."""

    def __init__(self, world: World, folder: Path, text: str) -> None:
        self.world = world
        self.source = ToldVectors()
        (folder / "rules.yml").write_text(text)
        self.folder = folder
        world.engine.rules = self.rules()

    def rules(self) -> Rules:
        """Return the file's rules anew, as another engine reads them."""
        return Rules(load_rule_files(["rules.yml"], self.folder), self.source)

    async def live(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass, beating often."""
        for _ in range(round(seconds / step)):
            self.world.clock.turn(step)
            await self.world.beat()
            await self.world.beat()

    async def views(self) -> dict[str, RuleView]:
        """Return the rules screen's rows by name."""
        found = await self.world.store.read(stored.load_views)
        return {view.name: view for view in found}

    async def view(self, name: str = "A") -> RuleView:
        """Return one row of the rules screen."""
        return (await self.views())[name]

    def succeed(self, seconds: float) -> "RuleWorld":
        """Return the world of an engine that takes over so long after this one died."""
        world = World(self.world.store, self.world.clock, holder="engine two")
        world.clock.turn(seconds)
        made = RuleWorld.__new__(RuleWorld)
        made.world, made.source, made.folder = world, self.source, self.folder
        world.engine.rules = made.rules()
        return made


def seconds(at: datetime | None) -> float | None:
    """Return a moment as seconds after START."""
    return None if at is None else (at - START) / timedelta(seconds=1)
