"""The simulated application as a source of metrics, alerts, story entries and tickets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta

from opsdash.domain.alert import AlertState, Observation, SafeLabels
from opsdash.domain.deployment import Deployment
from opsdash.domain.failures import BatchState, FailureBatch
from opsdash.domain.indicator import Indicator
from opsdash.domain.labels import Labels
from opsdash.domain.sample import Answer, Point
from opsdash.domain.text import SafeText, clean
from opsdash.domain.ticket import Ticket
from opsdash.domain.timeline import Entry
from opsdash.resources import shipped
from opsdash.sources.simulation.alerts import HIGH_ERROR_RATE, PROMETHEUS, RULES, Rule
from opsdash.sources.simulation.application import WINDOW, Application, Figures
from opsdash.sources.simulation.clock import SimulatedClock
from opsdash.sources.simulation.deployments import deployments
from opsdash.sources.simulation.story import (
    FIRED,
    RESOLVED,
    SCRIPT,
    Beat,
    Scene,
    moment_of,
    scene,
)
from opsdash.sources.simulation.tickets import move_open, parse_tickets
from opsdash.sources.source import AlertReport

INDICATORS = frozenset(field.name for field in fields(Figures))
"""The ids of the indicators that the simulation has; the default configuration uses the same."""

_UNKNOWN = Answer(None, None, SafeText("the simulation has no such figure"))
_WRITTEN_AFTER = timedelta(seconds=4)
_LABELS: Mapping[str, Labels] = {"disk": {"instance": "payments-db:9100", "mountpoint": "/var"}}


class SimulatedSource:
    """Both a MetricSource and an AlertSource over the simulation; it never fails."""

    id = "simulation"
    kind = "simulated"

    def __init__(self, clock: SimulatedClock, seed: int = 1) -> None:
        self._clock = clock
        self._application = Application(seed)

    async def read(self, indicators: Sequence[Indicator], now: datetime) -> Mapping[str, Answer]:
        """Return each indicator's figure now, in its base unit."""
        figures = self._application.figures(self._clock.elapsed(now))
        return {i.id: _present(i.id, figures, now) for i in indicators}

    async def compare(self, indicators: Sequence[Indicator], now: datetime) -> Mapping[str, Answer]:
        """Return each figure `Indicator.compare` of simulated time ago."""
        elapsed = self._clock.elapsed(now)
        return {
            i.id: _answer(
                i.id,
                self._application.figures(elapsed - i.compare.total_seconds()),
                now - i.compare,
            )
            for i in indicators
            if i.compare is not None
        }

    async def history(
        self,
        indicators: Sequence[Indicator],
        start: datetime,
        end: datetime,
        step: timedelta,
    ) -> Mapping[str, tuple[Point, ...]]:
        """Return each figure's points from `start` to `end`, also from before the demo began."""
        known = [i.id for i in indicators if i.id in INDICATORS]
        points: dict[str, list[Point]] = {name: [] for name in known}
        for at in _grid(start, end, step):
            figures = self._application.figures(self._clock.elapsed(at))
            for name in known:
                points[name].append(Point(at, getattr(figures, name)))
        return {i.id: tuple(points.get(i.id, ())) for i in indicators}

    async def alerts(self, now: datetime) -> AlertReport:
        """Return the pending and firing alerts; a resolved one is missing, as from a Prometheus."""
        elapsed = self._clock.elapsed(now)
        figures = self._application.figures(elapsed)
        seen = (self._observation(rule, elapsed, figures) for rule in RULES)
        return AlertReport(tuple(o for o in seen if o is not None))

    def events(self, since: datetime, until: datetime) -> tuple[Entry, ...]:
        """Return the entries that became known after `since` and up to `until`, in order.

        People write down what they did some seconds after it, and by then the engine has seen the
        alert that it belongs to.
        Each one's `alert` is the *fingerprint* of HighErrorRate: the occurrence and the incident
        are for the engine to fill in. Moments and the times inside the texts are real ones.
        """
        first = scene(self._clock.elapsed(since - _WRITTEN_AFTER)).loop
        last = scene(self._clock.elapsed(until)).loop
        entries = (
            self._entry(beat, Scene(loop, beat.seconds))
            for loop in range(first, last + 1)
            for beat in SCRIPT
        )
        return tuple(e for e in entries if since < e.at + _WRITTEN_AFTER <= until)

    def deployments(self, since: datetime, until: datetime) -> tuple[Deployment, ...]:
        """Return what the team deployed after `since` and up to `until`, oldest first."""
        first = scene(self._clock.elapsed(since)).loop
        last = scene(self._clock.elapsed(until)).loop
        shipped = deployments(self._clock, first, last)
        return tuple(one for one in shipped if since < one.at <= until)

    def failures(self) -> tuple[FailureBatch, ...]:
        """Return the failed payments that the team had looked into before the demo began."""
        start = self._clock.start
        return (
            FailureBatch(
                1,
                "failed",
                BatchState.INVESTIGATED,
                2,
                opened_at=start - timedelta(minutes=47),
                grown_at=start - timedelta(minutes=44),
                by=SafeText("sarah"),
                at=start - timedelta(minutes=31),
                note=SafeText("Card issuer timed out; both paid at the second try"),
            ),
        )

    def tickets(self) -> tuple[Ticket, ...]:
        """Return the sample's tickets, the open ones as old as on the incident's day."""
        text = (shipped("sample_data") / "tickets.json").read_text(encoding="utf-8")
        return move_open(parse_tickets(text), self._clock.start)

    async def close(self) -> None:
        """Do nothing: there is no connection."""

    def _observation(self, rule: Rule, elapsed: float, figures: Figures) -> Observation | None:
        span = rule.span(elapsed)
        if span is None:
            return None
        active, fires = span
        firing = elapsed >= fires
        value = rule.value(figures)
        due = self._clock.moment(fires)
        return Observation(
            fingerprint=rule.fingerprint,
            labels=_clean(rule.label_set),
            annotations=_clean(rule.annotations(value)),
            state=AlertState.FIRING if firing else AlertState.PENDING,
            active_at=self._clock.moment(active),
            fired_at=due if firing else None,
            fires_at=None if firing else due,
            value=value,
            silenced_by=rule.silenced_by,
            generator_url=clean(PROMETHEUS + rule.name),
        )

    def _entry(self, beat: Beat, at: Scene) -> Entry:
        begun, ended = (self._clock.moment(moment_of(at.loop, s)) for s in (FIRED, RESOLVED))
        text = beat.text.format(begun=f"{begun:%H:%M}", ended=f"{ended:%H:%M}", version=at.version)
        return Entry(
            at=self._clock.moment(moment_of(at.loop, at.seconds)),
            by=clean(beat.by),
            kind=beat.kind,
            text=clean(text),
            alert=HIGH_ERROR_RATE.fingerprint,
        )


def _answer(name: str, figures: Figures, at: datetime) -> Answer:
    if name not in INDICATORS:
        return _UNKNOWN
    return Answer(getattr(figures, name), at, labels=_LABELS.get(name, {}))


def _present(name: str, figures: Figures, at: datetime) -> Answer:
    """A figure of now, or one side of the share of payments that succeeded."""
    share, _, side = name.partition("/")
    if share != "success_ratio" or not side:
        return _answer(name, figures, at)
    # In hundreds: a count that waves with every read would draw the eye for nothing.
    attempts = round(WINDOW * figures.transactions, -2)
    return Answer(attempts - figures.failed if side == "numerator" else attempts, at)


def _clean(labels: Mapping[str, str]) -> SafeLabels:
    return {name: clean(value) for name, value in labels.items()}


def _grid(start: datetime, end: datetime, step: timedelta) -> Iterable[datetime]:
    if step <= timedelta():
        raise ValueError(f"step {step} is not positive")
    count = int((end - start) / step)
    return (start + n * step for n in range(count + 1))
