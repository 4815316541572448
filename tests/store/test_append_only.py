"""The timeline is append-only in the database itself: what was written is neither changed nor dropped."""

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from opsdash import response
from opsdash.domain.alert import Alert, AlertState
from opsdash.domain.text import SafeText
from opsdash.domain.timeline import Actor, Entry, EntryKind
from opsdash.store import alerts, changes, entries
from opsdash.store.connection import Connection
from opsdash.store.errors import StoreError
from opsdash.store.opening import connect
from tests.domain.alerts import NOON, an_alert

KEPT = timedelta(days=90)
SARAH = Actor(SafeText("sarah"))


def occurrence(number: int, at: datetime, resolved: datetime | None = None) -> Alert:
    state = AlertState.RESOLVED if resolved else AlertState.FIRING
    return replace(
        an_alert(), id=f"aa/{number}", fingerprint="aa", occurrence=number, state=state,
        active_at=at, fired_at=at, resolved_at=resolved,
    )  # fmt: skip


def put(connection: sqlite3.Connection, alert: Alert, incident: int | None = None) -> None:
    """Store an occurrence with one entry on its timeline."""
    change = changes.next_change(connection)
    alerts.insert(connection, alert, change)
    if incident is not None:
        alerts.set_incident(connection, alert.id, incident, change)
    said = Entry(alert.active_at, SafeText("engine"), EntryKind.FIRING, SafeText("fires"), alert.id)
    entries.add(connection, said, incident)


@pytest.fixture
def written(store: Connection) -> Connection:
    """A store whose alert resolved a hundred days ago and fired again since, with two entries."""
    store.write(put, occurrence(1, NOON - timedelta(days=101), NOON - timedelta(days=100)))
    store.write(put, occurrence(2, NOON - timedelta(days=1)))
    return store


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET text = 'nothing happened' WHERE id = 1",
        "UPDATE entry SET author = 'mallory'",
        "UPDATE entry SET at = at + 1 WHERE id = 1",
        "UPDATE entry SET alert = NULL",
        "UPDATE entry SET id = 100 WHERE id = 1",
        "UPDATE entry SET undone = 1, text = 'x' WHERE id = 1",
        "DELETE FROM entry WHERE id = 2",
        "DELETE FROM entry WHERE id = 1",
        "DELETE FROM entry",
        "REPLACE INTO entry (id, at, author, kind, text, claimed)"
        " VALUES (2, 0, 'mallory', 'note', 'x', '{}')",
        "INSERT OR REPLACE INTO entry (id, at, author, kind, text, claimed)"
        " VALUES (1, 0, 'mallory', 'note', 'x', '{}')",
        "INSERT INTO entry (id, at, author, kind, text, claimed)"
        " VALUES (-7, 0, 'mallory', 'note', 'x', '{}')",
    ],
)
def test_what_was_written_stays(written: Connection, path: Path, statement: str) -> None:
    """Whoever opens the file with whatever program is refused, and nothing of the timeline is changed."""
    before = written.read(entries.load_newest, 10)
    with sqlite3.connect(path) as other, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(statement)
    other.close()
    with pytest.raises(StoreError):
        written.write(lambda c: c.execute(statement))
    assert written.read(entries.load_newest, 10) == before


def test_what_was_taken_back_is_marked_once(written: Connection) -> None:
    """Undo appends what it did and marks the act; the mark itself cannot be taken away."""
    taken = written.write(response.acknowledge, SARAH, NOON, ["aa/2"])
    assert taken.done == ("aa/2",)
    assert written.write(response.undo, SARAH, NOON).done == ("aa/2",)
    kinds = [entry.kind for entry in written.read(entries.load_of_alert, "aa/2")]
    assert kinds == [EntryKind.FIRING, EntryKind.ACKNOWLEDGE, EntryKind.UNACKNOWLEDGE]
    with pytest.raises(StoreError):
        written.write(lambda c: c.execute("UPDATE entry SET undone = 0"))


def test_pruning_drops_what_it_may_and_that_alone(written: Connection) -> None:
    """After ninety days an occurrence that another followed goes with its entries, and nothing else."""
    written.write(
        put, replace(occurrence(1, NOON - KEPT * 3, NOON - KEPT * 2), id="bb/1", fingerprint="bb")
    )
    written.write(
        put,
        replace(occurrence(1, NOON - KEPT * 3, NOON - KEPT * 2), id="cc/1", fingerprint="cc"),
        7,
    )
    written.write(put, replace(occurrence(2, NOON), id="cc/2", fingerprint="cc"))
    written.write(alerts.prune, NOON, KEPT)
    left = {entry.alert for entry in written.read(entries.load_newest, 10)}
    assert left == {"aa/2", "bb/1", "cc/1", "cc/2"}
    assert written.read(alerts.load, "aa/1") is None
    with pytest.raises(StoreError):
        written.write(lambda c: c.execute("DELETE FROM entry WHERE alert = 'cc/1'"))
    with pytest.raises(StoreError):
        written.write(lambda c: c.execute("DELETE FROM entry WHERE alert = 'bb/1'"))


def test_pruning_cannot_be_told_to_drop_what_is_young(written: Connection) -> None:
    """A month is the least that is kept, whatever a program asks for."""
    with pytest.raises(StoreError):
        written.write(alerts.prune, NOON, timedelta(days=2))
    assert len(written.read(entries.load_newest, 10)) == 2


def test_numbers_of_entries_only_grow(written: Connection) -> None:
    """An entry that is written later stands behind all before it, also after pruning."""
    written.write(alerts.prune, NOON, KEPT)
    newest = written.read(entries.last_id)
    written.write(put, replace(occurrence(1, NOON), id="dd/1", fingerprint="dd"))
    assert written.read(entries.last_id) == newest + 1


def test_an_older_store_is_append_only_once_it_is_opened(path: Path) -> None:
    """What an older opsdash wrote is protected from then on as well."""
    from tests.store.test_schema import _make_old

    _make_old(path, 5)
    with sqlite3.connect(path) as raw:
        raw.execute(
            "INSERT INTO entry (at, author, kind, text, claimed) VALUES (0, 'sarah', 'note', 'x', '{}')"
        )
    raw.close()
    store = connect(path)
    with pytest.raises(StoreError):
        store.write(lambda c: c.execute("DELETE FROM entry"))
    assert [entry.text for entry in store.read(entries.load_newest, 10)] == ["x"]
    store.close()
