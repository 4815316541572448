"""A storm met by real engines that are killed in the midst of it, as its receiver counts it."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime

from bench.pagers import Chat, Pager, PagingCrowd

from opsdash.domain.labels import fingerprint
from opsdash.store import lease, outbox
from opsdash.store.connection import Connection
from opsdash.store.opening import connect
from tests.kit.waiting import wait_until

STORM = 10
"""The limit: what is more than this at once is one page."""

FEW, MANY = 8, 40
"""Alerts whose pages are under way as the first engine dies, and those that it has written meanwhile."""

DEADLINE = 90.0
"""Seconds that anything may take: how fast they take over is measured elsewhere."""


class Killer:
    """Kills the lease's holder as often as it is armed, when a page has just been obeyed."""

    def __init__(self, crowd: PagingCrowd) -> None:
        self._crowd = crowd
        # Requests come in threads of their own, and a connection is one thread's at a time.
        self.store = connect(crowd.path)
        self._lock = threading.Lock()
        self._engines = {engine.pid: engine for engine in (crowd.start("engine") for _ in range(2))}
        self.armed = False
        self.before: Callable[[Connection], None] = lambda store: None
        self.kills = 0

    def strike(self, step: str) -> bool:
        """Kill the holder where a page came to; say whether nobody hears the answer any more."""
        with self._lock:
            if step != "obeyed" or not self.armed:
                return False
            held = self.store.read(lease.find)
            assert held is not None, "whoever sends holds it"
            holder = self._engines.pop(int(held.holder.rpartition(" ")[2]), None)
            if holder is None:
                return False
            self.armed = False
            self.before(self.store)
            holder.kill()
            holder.wait()
            self.kills += 1
            engine = self._crowd.start("engine")
            self._engines[engine.pid] = engine
            return True


def test_a_storm_that_engines_are_killed_in_is_told_whole_and_nothing_of_it_twice() -> None:
    """Each alert opens an incident of its own or is counted by the storm's one: never both, never neither."""
    with ExitStack() as stack:
        pager = stack.enter_context(Pager())
        chat = stack.enter_context(Chat())
        crowd = stack.enter_context(PagingCrowd(FEW + MANY, pager, chat, storm=STORM))
        killer = Killer(crowd)
        pager.hook = killer.strike
        stack.callback(killer.store.close)
        crowd.wait_whole()
        killer.before = lambda store: _write_storm(crowd, store)
        killer.armed = True
        _fire(crowd, range(FEW))
        wait_until(lambda: killer.kills == 1, DEADLINE, "an engine that was killed at a page")
        killer.before = lambda store: None
        killer.armed = True
        wait_until(lambda: killer.kills == 2, DEADLINE, "one that was killed in the storm")
        wait_until(lambda: _all_told(crowd), DEADLINE, "every alert told")
        among = _among(crowd)
    own = {f"opsdash:{fingerprint(labels)}/1" for labels in crowd.alerts.labels}
    opened = Counter(incident["key"] for incident in pager.incidents)
    assert set(opened.values()) == {1}, "no key opened two incidents"
    singles = set(opened) & own
    (storm,) = set(opened) - own
    assert singles.isdisjoint(among)
    assert singles | among == own
    assert len(singles) <= STORM + FEW
    sent = [request.message for request in pager.requests if request.message]
    told = [one for one in sent if one.get("dedup_key") == storm]
    assert str(told[-1]["payload"]["summary"]).startswith(f"{len(among)} alerts")


def _fire(crowd: PagingCrowd, numbers: range) -> None:
    began = datetime.now(UTC).isoformat()
    crowd.alerts.since.update(dict.fromkeys(numbers, began))


def _write_storm(crowd: PagingCrowd, store: Connection) -> None:
    """Let the storm begin while the first pages are under way, and its pages be in the outbox."""
    _fire(crowd, range(FEW, FEW + MANY))

    def written() -> bool:
        counts = store.read(outbox.count_by_state)
        return sum(n for (to, _), n in counts.items() if to == "pagerduty") >= FEW + MANY

    wait_until(written, DEADLINE, "a storm that is written")


def _all_told(crowd: PagingCrowd) -> bool:
    counts = crowd.store.read(outbox.count_by_state)
    told = counts.get(("pagerduty", "sent"), 0) + counts.get(("pagerduty", "bundled"), 0)
    waiting = crowd.store.read(outbox.load_waiting)
    return told > FEW + MANY and all(one.destination.notifier != "pagerduty" for one in waiting)


def _among(crowd: PagingCrowd) -> set[str]:
    """The keys of what the storm's page stands for at PagerDuty."""

    def bundled(connection: object) -> set[str]:
        rows = connection.execute(  # type: ignore[attr-defined]
            "SELECT key FROM outbox WHERE notifier = 'pagerduty' AND state = 'bundled'"
        )
        return {f"opsdash:{key}" for (key,) in rows}

    return crowd.store.read(bundled)
