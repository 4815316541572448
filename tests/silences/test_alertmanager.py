"""Silences in a real Alertmanager: made, edited and ended once each, whoever dies in between."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from opsdash import runtime, silencing
from opsdash.domain.matchers import parse_matchers
from opsdash.domain.outcome import Outcome
from opsdash.domain.setup import Setup
from opsdash.domain.silence import Silence, SilenceState
from opsdash.domain.silence_sync import Task
from opsdash.domain.text import clean
from opsdash.domain.timeline import Actor
from opsdash.engine.cycle import beat
from opsdash.engine.engine import Engine
from opsdash.engine.silencer import Silencing
from opsdash.http.client import HttpClient
from opsdash.http.settings import HttpSettings
from opsdash.runtime import RealClock
from opsdash.sources.alertmanager import AlertmanagerSource
from opsdash.sources.alertmanager_silences import AlertmanagerSilences
from opsdash.store import alerts, silences
from opsdash.store.session import Store, open_store
from tests.faultserver import FaultServer
from tests.servers import AlertmanagerServer, free_port, read_json

pytestmark = pytest.mark.servers

SARAH = Actor(clean("sarah"))


class Dying:
    """Does what it is told, and has the engine die before it hears of it."""

    def __init__(self, inner: AlertmanagerSilences) -> None:
        self.id = inner.id
        self._inner = inner
        self.done: list[Task] = []

    async def load(self, now: datetime) -> Mapping[str, Silence]:
        return await self._inner.load(now)

    async def do(self, task: Task, now: datetime) -> str:
        await self._inner.do(task, now)
        self.done.append(task)
        return await asyncio.Future()


@dataclass
class Bench:
    """A store, an Alertmanager, and engines between them."""

    store: Store
    server: AlertmanagerServer
    urls: Sequence[str]
    clients: list[HttpClient] = field(default_factory=list)

    def start(self, dying: bool = False) -> Engine:
        """Return a new engine, the one before as good as killed."""
        self.clients = [HttpClient(HttpSettings(url, timeout=60)) for url in self.urls]
        silencer = AlertmanagerSilences(self.clients)
        self.dying = Dying(silencer)
        self.engine = Engine(
            store=self.store,
            setup=Setup(refresh=timedelta(seconds=0.1)),
            clock=RealClock(),
            holder=f"engine {id(silencer)}",
            metric_sources=(),
            alert_sources=(AlertmanagerSource(self.clients, "alertmanager"),),
            silencing=Silencing(self.dying if dying else silencer),
        )
        return self.engine

    async def take_over(self, dying: bool = False) -> None:
        """Start an engine in place of one that was killed: its lease is given up as if it had run out."""
        await self.store.write(lambda c: c.execute("UPDATE lease SET expires_at = 0"))
        self.start(dying)

    async def until(self, condition: Any, what: str = "") -> Any:
        """Beat until the condition holds and return what it gave."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + 60
        while True:
            await beat(self.engine)
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            assert loop.time() < ends, what or condition
            await asyncio.sleep(0.02)

    def there(self, state: str | None = None) -> list[dict[str, Any]]:
        """Return the silences that Alertmanager has."""
        found: list[dict[str, Any]] = read_json(f"{self.server.url}/api/v2/silences")
        return [one for one in found if state in (None, one["status"]["state"])]

    async def row(self, id: str = "S1") -> Silence:
        """Return a silence as the store has it."""
        found = await self.store.read(silences.load, id)
        assert found is not None
        return found

    async def make(self, text: str = "Down", minutes: float = 30, comment: str = "why") -> str:
        """Silence as Sarah does."""
        outcome = await self.store.write(
            silencing.silence,
            SARAH,
            runtime.now(),
            parse_matchers(text),
            timedelta(minutes=minutes),
            comment,
        )
        return outcome.done[0]

    async def change(self, id: str, **changes: Any) -> Outcome:
        """Change a silence as Sarah does."""
        return await self.store.write(silencing.change, SARAH, runtime.now(), id, **changes)

    async def synced(self, id: str = "S1") -> Silence:
        """Beat until Alertmanager has a silence as it is here."""

        async def is_synced() -> bool:
            row = await self.row(id)
            return row.synced == row.revision and not self.engine.silencing.under_way

        await self.until(is_synced)
        return await self.row(id)


@pytest.fixture
async def bench(tmp_path: Path, alertmanager: AlertmanagerServer) -> AsyncIterator[Bench]:
    """An engine over a fresh store and a real Alertmanager."""
    store = await open_store(tmp_path / "ops.db", checkpoints=True)
    made = Bench(store, alertmanager, (alertmanager.url,))
    made.start()
    yield made
    for client in made.clients:
        await client.close()
    await store.close()


async def test_a_silence_is_made_in_alertmanager_and_hides_there(bench: Bench) -> None:
    """Under the person's name, with the comment, until the same moment; Alertmanager mutes by it."""
    bench.server.post_alert({"alertname": "Down", "pod": 'a"b\\c'})
    await bench.make(r'alertname="Down", pod=~"a\"b.*"')
    row = await bench.synced()
    (there,) = bench.there("active")
    assert there["id"] == row.remote
    assert there["createdBy"] == "sarah"
    assert there["comment"] == f"why [opsdash:{row.token}]"
    assert datetime.fromisoformat(there["endsAt"]) - row.ends_at < timedelta(seconds=1)
    assert {(m["name"], m["value"], m["isRegex"]) for m in there["matchers"]} == {
        ("alertname", "Down", False),
        ("pod", 'a"b.*', True),
    }

    async def hidden() -> bool:
        (alert,) = bench.server.alerts()
        found = await bench.store.read(alerts.load_silenced)
        return alert["status"]["silencedBy"] == [row.remote] and found[0].silenced_by == ("S1",)

    await bench.until(hidden)


async def test_extending_and_changing_follow_there(bench: Bench) -> None:
    """One silence is active there at any time, whichever id it has by then."""
    await bench.make()
    first = await bench.synced()
    await bench.change("S1", ends_at=first.ends_at + timedelta(hours=1), comment="longer")
    longer = await bench.synced()
    (there,) = bench.there("active")
    assert datetime.fromisoformat(there["endsAt"]) - longer.ends_at < timedelta(seconds=1)
    assert there["comment"].startswith("longer [")
    await bench.change("S1", matchers=parse_matchers("Other"))
    other = await bench.synced()
    (there,) = bench.there("active")
    assert there["matchers"][0]["value"] == "Other"
    assert there["id"] == other.remote
    assert other.remote != first.remote


async def test_ending_it_ends_it_there(bench: Bench) -> None:
    """Alertmanager shows the alert again."""
    await bench.make()
    await bench.synced()
    await bench.store.write(silencing.expire, SARAH, runtime.now(), ["S1"])
    await bench.synced()
    assert bench.there("active") == []
    assert len(bench.there("expired")) == 1


@pytest.mark.parametrize("act", ["make", "extend", "change", "expire"])
async def test_killed_after_asking_it_is_not_done_twice(bench: Bench, act: str) -> None:
    """The engine dies after Alertmanager has done it and before it is written down; the next finds it."""
    if act != "make":
        await bench.make()
        await bench.synced()
    await bench.take_over(dying=True)
    if act == "make":
        await bench.make()
    elif act == "extend":
        await bench.store.write(silencing.extend, SARAH, runtime.now(), ["S1"])
    elif act == "change":
        await bench.change("S1", matchers=parse_matchers("Other"))
    else:
        await bench.store.write(silencing.expire, SARAH, runtime.now(), ["S1"])
    await bench.until(lambda: bench.dying.done)
    posted = len(bench.there())
    await bench.take_over()
    row = await bench.synced()
    assert len(bench.there()) == posted
    active = bench.there("active")
    assert len(active) == (0 if act == "expire" else 1)
    assert all(there["id"] == row.remote for there in active)


async def test_made_twice_all_the_same_the_second_is_ended(bench: Bench) -> None:
    """An engine that was stopped while its request was on the way wakes up after another took over."""
    await bench.make()
    row = await bench.synced()
    late = AlertmanagerSilences(bench.clients)
    await late.do(Task(row, None), runtime.now())
    assert len(bench.there("active")) == 2
    await bench.until(lambda: len(bench.there("active")) == 1)
    assert bench.there("active")[0]["id"] == row.remote


async def test_one_made_there_is_listed_here(bench: Bench) -> None:
    """With author, comment and end; it hides what Alertmanager does not know; amtool ends it."""
    made = bench.server.silence("alertname=~Do.*", author="john", comment="deploy [b]now")
    found = await bench.until(lambda: bench.store.read(silences.load_mirrored))
    mirrored = found[made]
    assert (mirrored.author, mirrored.comment) == ("john", "deploy [b]now")
    assert mirrored.text == 'alertname=~"Do.*"'
    assert not mirrored.own
    assert mirrored.ends_at > runtime.now() + timedelta(minutes=50)
    bench.server.expire(made)

    async def ended() -> bool:
        return (await bench.row(made)).state(runtime.now()) is SilenceState.EXPIRED

    await bench.until(ended)


async def test_one_made_there_can_be_ended_and_extended_here(bench: Bench) -> None:
    """The engine does it there."""
    made = bench.server.silence("alertname=Down", author="john")
    await bench.until(lambda: bench.store.read(silences.load_mirrored))
    await bench.store.write(silencing.extend, SARAH, runtime.now(), [made])
    await bench.synced(made)
    (there,) = bench.there("active")
    ends_at = datetime.fromisoformat(there["endsAt"])
    assert ends_at > runtime.now() + timedelta(minutes=110)
    assert there["createdBy"] == "john"
    now_id = there["id"]
    await bench.until(lambda: bench.store.read(silences.load, now_id))
    await bench.store.write(silencing.expire, SARAH, runtime.now(), [now_id])
    await bench.until(lambda: bench.there("active") == [])


async def test_ended_there_it_is_ended_here(bench: Bench) -> None:
    """A colleague ends our silence with amtool: it is not made again."""
    await bench.make()
    row = await bench.synced()
    assert row.remote is not None
    bench.server.expire(row.remote)

    async def ended() -> bool:
        return (await bench.row()).ended_by == "Alertmanager"

    await bench.until(ended)
    for _ in range(20):
        await beat(bench.engine)
        await asyncio.sleep(0.02)
    assert bench.there("active") == []


async def test_an_alertmanager_that_is_down_is_said_and_tried_again(
    bench: Bench, tmp_path: Path
) -> None:
    """The silence counts here at once; when Alertmanager is back it is made there, once."""
    bench.server.post_alert({"alertname": "Down"})
    await bench.until(lambda: bench.engine.open_alerts)
    bench.server.stop()
    await bench.make()

    async def told() -> bool:
        row, hidden = await bench.row(), await bench.store.read(alerts.load_silenced)
        return bool(row.error) and bool(hidden)

    await bench.until(told)
    bench.server.start()
    row = await bench.synced()
    assert row.error is None
    assert len(bench.there()) == 1


async def test_the_first_url_that_answers_takes_it(bench: Bench) -> None:
    """A peer that is down does not keep a silence from the others."""
    bench.urls = (f"http://127.0.0.1:{free_port()}", bench.server.url)
    await bench.take_over()
    await bench.make()
    row = await bench.synced()
    assert [there["id"] for there in bench.there("active")] == [row.remote]


async def test_a_refusal_is_shown_on_the_row(bench: Bench) -> None:
    """This Alertmanager knows no UTF-8 names: its own words stand beside the silence."""
    await bench.make('"näme"="x"')

    async def refused() -> bool:
        return "invalid label name" in ((await bench.row()).error or "")

    await bench.until(refused)
    assert bench.there() == []
    await bench.change("S1", matchers=parse_matchers("Down"))
    assert (await bench.synced()).error is None


async def test_an_alertmanager_that_forgot_everything_is_told_again(bench: Bench) -> None:
    """It comes back without its storage."""
    await bench.make()
    await bench.synced()
    bench.server.stop()
    for kept in (bench.server.folder / "store").glob("*"):
        kept.unlink()
    bench.server.start()
    await bench.until(lambda: len(bench.there("active")) == 1)
    row = await bench.synced()
    assert bench.there("active")[0]["id"] == row.remote


async def test_a_hostile_list_of_silences_is_read_as_letters(fault_server: FaultServer) -> None:
    """Whatever stands in it: what cannot be understood is left out, the rest is clean."""
    evil = "\x1b]0;x\x07[red]\u202e"
    sound = {
        "id": evil,
        "createdBy": evil,
        "comment": evil,
        "startsAt": "2026-11-24T11:00:00Z",
        "endsAt": "2036-11-24T11:00:00Z",
        "matchers": [{"name": evil, "value": evil, "isRegex": True}],
    }
    broken: list[Any] = [None, 7, {"id": 3}, {"id": "x"}, sound | {"endsAt": evil}]
    broken += [sound | {"matchers": found} for found in (None, [], [1], "x")]
    fault_server.silences = [sound, *broken]
    client = HttpClient(HttpSettings(fault_server.url))
    found = await AlertmanagerSilences([client]).load(runtime.now())
    await client.close()
    (silence,) = found.values()
    texts = [silence.id, silence.author, silence.comment, silence.text]
    assert [text for text in texts if text != clean(text)] == []
    assert not silence.matchers[0].matches("anything")
