"""The reliability goals at a small size: their counts, never their times."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from bench.ledger import contradictions

from bench import contention, kill9, stall, storage, together
from opsdash import response
from opsdash.domain.text import SafeText
from opsdash.domain.timeline import Actor
from opsdash.store.opening import connect

T = TypeVar("T")


def enough(run: Callable[[float], T], seconds: float, is_enough: Callable[[T], bool]) -> T:
    """Return what a run came to that lasted as long as a busy machine needs to do enough in it."""
    for times in (1, 5, 25):
        done = run(seconds * times)
        if is_enough(done):
            return done
    raise AssertionError(f"too little was done: {done}")


def test_nothing_confirmed_is_lost_under_kill_9() -> None:
    """R1: workers and commands are killed at random; each confirmed change is there, none is there twice."""
    done = kill9.run(processes=4, kills=40, changes=400)
    assert done.kills >= 40 and done.confirmed > 100
    # How many had to wait for more than five seconds is a matter of the machine, and R1's figure.
    assert (done.lost, done.wrong) == ([], [])


def test_nine_processes_never_meet_a_locked_store() -> None:
    """R3: everybody acts and everybody sees what the others did."""
    seen = enough(contention.run, 2.0, lambda seen: len(seen.acts) > 10 and len(seen.delays) > 10)
    assert seen.locked == 0


def test_dashboards_that_stall_hold_nobody_up() -> None:
    """R4: unread and stopped dashboards leave engine and writers to their work."""
    done = enough(
        lambda seconds: stall.run(dashboards=2, seconds=seconds),
        4,
        lambda done: done.stopped >= 2 and len(done.waits) > 20 and bool(done.gaps),
    )
    assert done.failures == 0


def test_every_fault_of_the_store_is_named() -> None:
    """R11: ten faults, each in words, with every confirmed acknowledgement intact after it."""
    found = storage.run(confirmed=10)
    assert len(found) == 10
    assert {
        name: told for name, (named, intact, told) in found.items() if not named or not intact
    } == {}


def test_a_crowd_on_one_file_under_kill_9() -> None:
    """Two dashboards, three engines and commands: no change lost or doubled, and the store follows."""
    done = enough(
        together.run,
        6,
        lambda done: done.kills >= 5 and done.confirmed >= 3 and done.pressed >= 5,
    )
    assert (done.lost, done.wrong) == ([], [])


_TAMPER = {
    "a lost acknowledgement": "DELETE FROM entry WHERE kind = 'acknowledge'",
    "two winners": "INSERT INTO entry (at, author, kind, text, alert, claimed)"
    " VALUES (0, 'john', 'acknowledge', 'x', '0000/1', '{}')",
    "a second page": "INSERT INTO entry (at, author, kind, text, alert, claimed)"
    " VALUES (0, 'engine', 'escalate', 'level 1', '0000/1', '{}')",
    "a doubled climb": "INSERT INTO entry (at, author, kind, text, alert, claimed, before)"
    " SELECT at, author, kind, text, alert, claimed, before FROM entry WHERE before LIKE '%to%'",
    "fired twice": "INSERT INTO entry (at, author, kind, text, alert, claimed)"
    " VALUES (0, 'engine', 'firing', 'firing', '0000/1', '{}')",
    "a torn change": "UPDATE alert SET level = 3 WHERE id = '0000/1'",
    "an occurrence that is gone": "UPDATE alert SET occurrence = 2 WHERE id = '0000/1'",
    "an incident that is gone": "DELETE FROM incident WHERE number = 1",
}


@pytest.mark.parametrize("what", _TAMPER)
def test_the_ledger_finds(tmp_path: Path, what: str) -> None:
    """The judge of the runs above is not blind: each tampering is found, an honest store has none."""
    path = tmp_path / "opsdash.db"
    kill9.fill(path)
    store = connect(path)
    maria, now = Actor(SafeText("maria")), datetime.now(UTC)
    store.write(response.acknowledge, maria, now, ["0000/1"])
    store.write(response.escalate, maria, now, ["0000/1"], {"0000/1": 1}, "why")
    store.close()
    assert contradictions(path) == []
    with sqlite3.connect(path) as raw:
        # The store itself refuses to lose an entry; the judge must find it all the same.
        raw.execute("DROP TRIGGER entry_is_kept")
        raw.execute(_TAMPER[what])
    raw.close()
    assert contradictions(path) != []
