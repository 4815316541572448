"""Metrics from Prometheus' HTTP API, or anything that speaks it: all tiles in one union query."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from opsdash.domain.indicator import Indicator
from opsdash.domain.sample import Answer, Point, Sample
from opsdash.domain.text import SafeText, clean
from opsdash.http.client import HttpClient
from opsdash.http.errors import RemoteError
from opsdash.http.json_body import MalformedError, read_json
from opsdash.sources.divide import Divider, QueryFaultError
from opsdash.sources.query_api import QueryApi, series_of, wrong_type
from opsdash.sources.server_clock import ServerClock
from opsdash.sources.union import (
    Member,
    Parts,
    Traits,
    Union,
    answer_of,
    build,
    notes_of,
    number_answer,
    points_of,
    take_apart,
    traits_of,
)
from opsdash.sources.vector import QueryError, Vector, read_vector, read_vectors

MOST_POINTS = 11_000
"""Intervals between the points of one series that Prometheus gives in one range query."""


class PrometheusSource:
    """Reads indicators over one client.

    `clock` is the server's, known after the first read; `warnings` name what does not keep it from
    answering. Ages are counted by the server's clock: where the clocks differ by more than two
    seconds, `sampled_at` is shifted to ours.
    """

    kind = "prometheus"

    def __init__(self, client: HttpClient, id: str = "prometheus") -> None:
        self.id = id
        self.client = client
        self.clock = ServerClock()
        self._api = QueryApi(client)
        self._version: SafeText | None = None
        self._probed = False
        self._traits: dict[str, Traits] = {}
        self._present: Divider[Member, Answer] = Divider()
        self._past: dict[timedelta, Divider[Member, Answer]] = {}
        self._ranges: Divider[Member, tuple[Point, ...]] = Divider(eager=True)

    @property
    def warnings(self) -> tuple[SafeText, ...]:
        """What a person should know of this server though it answers: a clock that is off."""
        return self.clock.warnings(self.client.origin)

    @property
    def asked(self) -> asyncio.Event:
        """Set once a question has gone out."""
        return self.client.asked

    async def read(self, indicators: Sequence[Indicator], now: datetime) -> Mapping[str, Answer]:
        """Return the value of each indicator now, with the age of its newest sample."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        deadline = began + self.client.settings.timeout

        async def ask(members: tuple[Member, ...]) -> Mapping[str, Answer]:
            sent = now + timedelta(seconds=loop.time() - began)
            return await self._ask_present(members, sent, deadline)

        members = self._members(indicators)
        answers, faults = await self._present.collect(members, now, ask)
        return _complete(indicators, answers, faults)

    async def compare(self, indicators: Sequence[Indicator], now: datetime) -> Mapping[str, Answer]:
        """Return what each indicator with `compare` was that long ago."""
        deadline = asyncio.get_running_loop().time() + self.client.settings.timeout
        spans: dict[timedelta, list[Indicator]] = {}
        for indicator in indicators:
            if indicator.compare is not None:
                spans.setdefault(indicator.compare, []).append(indicator)
        found = await asyncio.gather(
            *(self._compare(span, group, now, deadline) for span, group in spans.items())
        )
        return {id: answer for group in found for id, answer in group.items()}

    async def history(
        self, indicators: Sequence[Indicator], start: datetime, end: datetime, step: timedelta
    ) -> Mapping[str, tuple[Point, ...]]:
        """Return the points of each indicator at multiples of `step` from `start` to `end`.

        An indicator without points, or whose query fails, has none.
        """
        every = max(step.total_seconds(), 0.001)
        first = -(-start.timestamp() // every) * every
        last = end.timestamp() // every * every
        points: dict[str, tuple[Point, ...]] = {indicator.id: () for indicator in indicators}
        members = self._members(indicators)
        while first <= last:
            until = min(last, first + MOST_POINTS * every)
            window = {"start": f"{first:.3f}", "end": f"{until:.3f}", "step": f"{every:.3f}"}

            async def ask(
                group: tuple[Member, ...], window: Mapping[str, str] = window
            ) -> Mapping[str, tuple[Point, ...]]:
                return await self._ask_range(group, window)

            found, _ = await self._ranges.collect(members, end, ask)
            for id, more in found.items():
                points[id] += more
            first = until + every
        return points

    async def vector(self, query: str, at: datetime) -> Vector:
        """Return what `query` gives at `at` by our clock; raise QueryError where it is at fault."""
        try:
            payload = await self._api.ask({"query": query, "time": self._unix(at)}, None)
        except QueryFaultError as error:
            raise QueryError(error.reason) from None
        return read_vector(payload, at)

    async def vectors(
        self, query: str, times: tuple[datetime, ...]
    ) -> Mapping[datetime, tuple[Sample, ...]]:
        """Return what `query` gave at `times`, which are equally far apart; raise as `vector` does."""
        step = times[1] - times[0] if len(times) > 1 else timedelta(seconds=1)
        window = {
            "start": self._unix(times[0]),
            "end": self._unix(times[-1]),
            "step": f"{step.total_seconds():.3f}",
        }
        try:
            payload = await self._api.ask({"query": query, **window}, None, "query_range")
        except QueryFaultError as error:
            raise QueryError(error.reason) from None
        return read_vectors(payload, times, self.clock.shift)

    async def meet_clock(self, now: datetime) -> None:
        """Find how far the server's clock is ahead, unless that is known; raise RemoteError if it is not told."""
        await self.clock.meet(self._api, now)

    def forget_clock(self) -> None:
        """Ask for the server's clock anew: somebody may have set this host's."""
        self.clock.skew = None

    def _unix(self, at: datetime) -> str:
        return f"{(at + self.clock.shift).timestamp():.3f}"

    async def version(self) -> SafeText | None:
        """Return the server's version, asked for once; None where it does not tell."""
        if not self._probed:
            self._probed = True
            try:
                found = read_json((await self.client.fetch("/api/v1/status/buildinfo")).body)
                told = found["data"]["version"]
                self._version = clean(told, 60) if isinstance(told, str) and told else None
            except (RemoteError, MalformedError, KeyError, TypeError):
                self._version = None
        return self._version

    async def close(self) -> None:
        """Let go of connections."""
        await self.client.close()

    def _members(self, indicators: Sequence[Indicator]) -> list[Member]:
        known = self._traits
        self._traits = {i.query: known.get(i.query) or traits_of(i.query) for i in indicators} | (
            known if len(known) < 500 else {}
        )
        return [Member(i.id, i.query, self._traits[i.query]) for i in indicators]

    async def _compare(
        self, span: timedelta, indicators: Sequence[Indicator], now: datetime, deadline: float
    ) -> Mapping[str, Answer]:
        at = now + (self.clock.skew or timedelta()) - span
        time = {"time": f"{at.timestamp():.3f}"}

        async def ask(members: tuple[Member, ...]) -> Mapping[str, Answer]:
            if len(members) == 1:
                return {members[0].id: await self._ask_plain(members[0], time, deadline)}
            union = build(members, ages=False)
            payload = await self._api.ask({"query": union.text, **time}, deadline)
            return _answers(
                take_apart(series_of(payload, "vector")), notes_of(payload, union), members
            )

        past = self._past.setdefault(span, Divider())
        answers, faults = await past.collect(self._members(indicators), now, ask)
        return _complete(indicators, answers, faults)

    async def _ask_present(
        self, members: tuple[Member, ...], sent: datetime, deadline: float
    ) -> Mapping[str, Answer]:
        """Ask for members in one union; a single one that fails so is asked as it is written."""
        loop = asyncio.get_running_loop()
        union = build(members, ages=True)
        began = loop.time()
        try:
            payload = await self._api.ask({"query": union.text}, deadline)
            parts = take_apart(series_of(payload, "vector"))
        except QueryFaultError:
            if len(members) > 1:
                raise
            answer = await self._ask_plain(members[0], {}, deadline)
            members[0].traits.age_faults += 1
            return {members[0].id: answer}
        clock = parts.clock()
        if clock is not None:
            self.clock.compare(clock, sent, began)
        answers = _answers(parts, notes_of(payload, union), members)
        return self._with_ages(parts, union, members, answers)

    def _with_ages(
        self,
        parts: Parts,
        union: Union,
        members: tuple[Member, ...],
        answers: Mapping[str, Answer],
    ) -> Mapping[str, Answer]:
        shift = self.clock.shift
        aged = {}
        for member in members:
            answer, at = answers[member.id], parts.sampled_at(union, member)
            windowed = any(selector.window for selector in member.traits.selectors)
            if answer.value is not None and windowed:
                member.traits.drained = at is None or member.traits.drained
            aged[member.id] = replace(answer, sampled_at=at - shift if at else None)
        return aged

    async def _ask_plain(self, member: Member, time: Mapping[str, str], deadline: float) -> Answer:
        """Ask for one query as it is written, and learn what keeps it out of a union."""
        payload = await self._api.ask({"query": member.query, **time}, deadline)
        kind, result = payload["data"]["resultType"], payload["data"]["result"]
        if kind == "scalar":
            member.traits.scalar = True
            raw = result[1] if isinstance(result, list) and len(result) == 2 else None
            return number_answer(raw, None)
        if kind != "vector" or not isinstance(result, list):
            raise wrong_type(kind)
        found = [series for series in result if isinstance(series, dict)]
        if len(found) < len(result):
            raise QueryFaultError(SafeText("unexpected answer: a series without labels"))
        return answer_of(found, None)

    async def _ask_range(
        self, members: tuple[Member, ...], window: Mapping[str, str]
    ) -> Mapping[str, tuple[Point, ...]]:
        union = build(members, ages=False)
        try:
            payload = await self._api.ask({"query": union.text, **window}, None, "query_range")
            parts = take_apart(series_of(payload, "matrix"))
        except QueryFaultError:
            if len(members) > 1:
                raise
            form = {"query": members[0].query, **window}
            payload = await self._api.ask(form, None, "query_range")
            found = [one for one in series_of(payload, "matrix") if isinstance(one, dict)]
            return {members[0].id: points_of(found)}
        return {m.id: points_of(parts.series[str(n)]) for n, m in enumerate(members)}


def _answers(
    parts: Parts, notes: Mapping[int | None, SafeText], members: Sequence[Member]
) -> Mapping[str, Answer]:
    """Return each member's answer without its age, partial ones with the reason."""
    answers = {}
    for number, member in enumerate(members):
        found = parts.series.get(str(number), [])
        answer = answer_of(found, None)
        if not found and parts.broken:
            answer = replace(answer, reason=SafeText("unexpected answer: a series without labels"))
        note = notes.get(number) or notes.get(None)
        if note is not None:
            reason = note if answer.reason is None else clean(f"{answer.reason}; {note}")
            answer = replace(answer, reason=reason)
        answers[member.id] = answer
    return answers


def _complete(
    indicators: Sequence[Indicator],
    answers: Mapping[str, Answer],
    faults: Mapping[str, SafeText],
) -> Mapping[str, Answer]:
    missing = SafeText("not asked")
    return {
        i.id: answers.get(i.id) or Answer(None, None, faults.get(i.id, missing)) for i in indicators
    }
