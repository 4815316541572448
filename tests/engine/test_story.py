"""The demo's story is told once, whoever holds the lease, and waits for the alert that it is about."""

from datetime import datetime, timedelta

from opsdash.domain.failures import BatchState, FailureBatch
from opsdash.domain.incident import ResponseStatus
from opsdash.domain.page import Page
from opsdash.domain.text import SafeText
from opsdash.domain.ticket import Priority, Ticket, TicketStatus
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.notifiers.notifier import Receipt
from opsdash.store.session import Store
from tests.engine.world import START, ToldAlerts, TurnedClock, World, alert
from tests.failures.conftest import FAILING, Counter

KNOWN = FailureBatch(
    *(1, "failed", BatchState.INVESTIGATED, 2, START, START),
    by=SafeText("sarah"),
    at=START,
    note=SafeText("issuer down"),
)


class Storyteller(ToldAlerts):
    """A source whose simulated people do something every ten seconds."""

    def __init__(self) -> None:
        super().__init__("simulation")
        self.script = [
            (seconds, EntryKind.ROOT_CAUSE if seconds == 30 else EntryKind.NOTE)
            for seconds in range(10, 100, 10)
        ]

    def events(self, since: datetime, until: datetime) -> tuple[Entry, ...]:
        """Return what was done after `since`, up to `until`."""
        return tuple(
            Entry(at, SafeText("john"), kind, SafeText(f"did {seconds}"), alert="aa")
            for seconds, kind in self.script
            if since < (at := START + timedelta(seconds=seconds)) <= until
        )

    def failures(self) -> tuple[FailureBatch, ...]:
        """Return the failures that its people have looked into."""
        return (KNOWN,)

    def tickets(self) -> tuple[Ticket, ...]:
        """Return one ticket."""
        return (Ticket(101, SafeText("s"), SafeText("c"), START, Priority.P1, TicketStatus.OPEN),)


async def _told(world: World) -> list[str]:
    return [line for line in await world.timeline("aa/1") if line.startswith("john")]


async def test_each_entry_is_told_once_on_the_occurrence_it_is_about(store: Store) -> None:
    """At its moment, in order, on the alert and its incident; a root cause moves the incident on."""
    world = World(store, alert_sources=(Storyteller(),))
    world.am.show(alert(active=0, fired=0))
    await world.pass_time(45)
    assert await _told(world) == [f"john: did {n}" for n in (10, 20, 30, 40)]
    picture = await world.picture()
    assert picture.incidents[0].response is ResponseStatus.IDENTIFIED
    assert [ticket.number for ticket in picture.tickets] == [101]
    in_incident = [e.text for e in await world.incident_timeline(1) if e.by == "john"]
    assert in_incident == [f"did {n}" for n in (10, 20, 30, 40)]


async def test_the_next_engine_goes_on_where_the_last_one_died(store: Store) -> None:
    """What happened while no engine ran is told by the next one, and nothing a second time."""
    first = World(store, alert_sources=(Storyteller(),))
    first.am.show(alert(active=0, fired=0))
    await first.pass_time(25)
    first.clock.turn(20)
    second = World(store, first.clock, "engine two", alert_sources=(Storyteller(),))
    second.am.show(alert(active=0, fired=0))
    await second.pass_time(20)
    assert await _told(second) == [f"john: did {n}" for n in (10, 20, 30, 40, 50, 60)]
    assert len((await second.picture()).tickets) == 1


async def test_what_is_done_about_an_alert_waits_until_the_alert_is_read(store: Store) -> None:
    """The alert is seen at the next refresh only: what people did about it is kept until then."""
    world = World(store, alert_sources=(Storyteller(),))
    await world.pass_time(35)
    world.am.show(alert(active=0, fired=0))
    await world.pass_time(10)
    assert await _told(world) == [f"john: did {n}" for n in (10, 20, 30, 40)]


class _Taker:
    """A notifier that takes what it is given."""

    id = "taker"
    kind = "test"

    async def send(self, page: Page, address: str, thread: str) -> Receipt:
        return Receipt(SafeText("ok"))

    async def close(self) -> None:
        pass


async def test_a_simulated_page_is_not_told_beside_a_real_one(store: Store) -> None:
    """A demo whose configuration has notifiers pages for real: the story's own page would be a second."""
    storyteller = Storyteller()
    storyteller.script = [(10, EntryKind.PAGE), (20, EntryKind.NOTE)]
    world = World(store, alert_sources=(storyteller,))
    world.engine.notifiers = {"taker": _Taker()}
    world.am.show(alert(active=0, fired=0))
    await world.pass_time(30)
    assert await _told(world) == ["john: did 20"]


async def test_failures_that_were_looked_into_before_it_began_are_brought_once(
    store: Store,
) -> None:
    """They are no news when they are counted, and no other engine brings them again."""
    clock = TurnedClock()
    for holder in ("engine one", "engine two"):
        world = Counter(store, clock, holder, FAILING, (Storyteller(),))
        world.metrics.values["failed"] = 2.0
        await world.pass_time(30)
        assert await world.batches() == [("F1", "investigated", 2, False)]
        assert await world.timeline("F1") == ["engine: 2 failures", "sarah: issuer down"]
        assert (await world.open()).note == "issuer down"
        clock.turn(60)
