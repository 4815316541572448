"""R11: ten faults of the store: each is named in words, and what was confirmed before is there after it."""

import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from bench.figure import Figure, Size, script
from bench.kill9 import fill
from opsdash import response
from opsdash.domain.text import SafeText
from opsdash.domain.timeline import Actor
from opsdash.snapshot import take_snapshot
from opsdash.store import alerts, changes
from opsdash.store.connection import Connection
from opsdash.store.errors import StoreError
from opsdash.store.files import refuse_network
from opsdash.store.library import weakness
from opsdash.store.opening import connect, connect_to_read

CONFIRMED = 100
"""Acknowledgements that are confirmed before each fault, unless a run asks for fewer."""

_MARIA = Actor(SafeText("maria"))

Fault = Callable[[Path, Connection], str]
"""Does the fault to a store, and returns what a person is told of it."""


def _told(act: Callable[[], object]) -> str:
    try:
        act()
    except StoreError as error:
        return str(error)
    return ""


def _write(store: Connection) -> str:
    return _told(lambda: store.write(changes.next_change))


def _full(path: Path, store: Connection) -> str:
    """A disk without room: the write is refused, reading goes on."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = max(os.path.getsize(f"{path}{suffix}") for suffix in ("", "-wal", "-shm"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        told = _told(lambda: store.write(_much))
        store.read(take_snapshot, datetime.now(UTC))
        return told
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _much(connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO entry (at, author, kind, text, claimed) VALUES (0, 'a', 'note', ?, '{}')",
        ("x" * 2_000_000,),
    )


def _read_only(path: Path, store: Connection) -> str:
    """A user who may only read: refused to write, allowed to read."""
    for suffix in ("", "-wal", "-shm"):
        os.chmod(f"{path}{suffix}", 0o444)
    code = (
        "import os, sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from opsdash.store.opening import connect, connect_to_read\n"
        "from opsdash.snapshot import take_snapshot\n"
        "os.getuid() or (os.setgroups([]), os.setresgid(65534, 65534, 65534),"
        " os.setresuid(65534, 65534, 65534))\n"
        "path = Path(sys.argv[1])\n"
        "assert connect_to_read(path).read(take_snapshot, datetime.now(UTC)).alerts\n"
        "try: connect(path)\n"
        "except Exception as error: print(error)"
    )
    os.chmod(path.parent, 0o755)
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )
    for suffix in ("", "-wal", "-shm"):
        os.chmod(f"{path}{suffix}", 0o600)
    return done.stdout.strip() or done.stderr


def _corrupt(path: Path, store: Connection) -> str:
    """Noise in the pages of a copy, as of a bad disk."""
    store.checkpoint(truncate_above=0)
    bad = path.with_name("bad.db")
    whole = bytearray(path.read_bytes())
    whole[4096:] = os.urandom(len(whole) - 4096)
    bad.write_bytes(whole)
    return _told(lambda: connect_to_read(bad).read(take_snapshot, datetime.now(UTC)))


def _garbage(path: Path, store: Connection) -> str:
    """A file that is no database, which stays as it was."""
    bad = path.with_name("notes.txt")
    bad.write_text("not a database\n" * 500)
    told = _told(lambda: connect(bad))
    return told if bad.read_text() == "not a database\n" * 500 else ""


def _torn_wal(path: Path, store: Connection) -> str:
    """A WAL cut in the middle of its last frame by a power cut: all before it is there."""
    store.write(changes.next_change)
    torn = path.with_name("torn.db")
    torn.write_bytes(path.read_bytes())
    Path(f"{torn}-wal").write_bytes(Path(f"{path}-wal").read_bytes()[:-300])
    with closing(connect(torn)) as opened:
        return "opens whole" if _taken(opened) == _taken(store) else ""


def _deleted(path: Path, store: Connection) -> str:
    """The file goes under an open store."""
    away = path.with_name("away.db")
    path.rename(away)
    told = _write(store)
    away.rename(path)
    return told


def _network(path: Path, store: Connection) -> str:
    """A disk that hosts share."""
    mounts = path.with_name("mountinfo")
    mounts.write_text(f"22 1 0:50 / {path.parent} rw - nfs4 host:/x rw\n")
    return _told(lambda: refuse_network(path, mounts))


def _modes(path: Path, store: Connection) -> str:
    """Every file private, whatever the umask."""
    before = os.umask(0)
    try:
        with closing(connect(path.parent / "more" / "own.db")) as own:
            own.write(changes.next_change)
            files = [own.path.parent, *own.path.parent.iterdir()]
            modes = {file.name: file.stat().st_mode & 0o777 for file in files}
    finally:
        os.umask(before)
    private = all(mode in (0o600, 0o700) for mode in modes.values()) and len(modes) == 4
    return "private" if private else ""


def _long_reader(path: Path, store: Connection) -> str:
    """A picture that is held open keeps neither writers nor the checkpoint waiting."""
    with closing(connect(path)) as reader:
        reader.raw.execute("BEGIN")
        reader.raw.execute("SELECT * FROM counter").fetchall()
        for _ in range(20):
            store.write(_much)
        store.checkpoint()
        if _write(store):
            return ""
    store.checkpoint()
    return "cut" if os.path.getsize(f"{path}-wal") == 0 else ""


def _old_sqlite(path: Path, store: Connection) -> str:
    """A SQLite with the WAL-reset bug is named."""
    return weakness((3, 40, 1)) or ""


FAULTS: dict[str, tuple[Fault, str]] = {
    "full": (_full, "disk"),
    "read-only": (_read_only, "cannot be written; check its owner, mode and mount"),
    "corrupt": (_corrupt, "is damaged"),
    "garbage": (_garbage, "not an opsdash database"),
    "torn WAL": (_torn_wal, "opens whole"),
    "deleted": (_deleted, "was deleted or replaced while it was open"),
    "network": (_network, "a network file system"),
    "modes": (_modes, "private"),
    "long reader": (_long_reader, "cut"),
    "old SQLite": (_old_sqlite, "WAL-reset bug"),
}
"""Each fault, and words of what a person is told (or of what holds where nothing needs saying)."""


@contextmanager
def _store(confirmed: int) -> Iterator[tuple[Path, Connection]]:
    with tempfile.TemporaryDirectory(prefix="opsdash-storage-") as name:
        path = Path(name) / "opsdash.db"
        fill(path)
        with closing(connect(path, checkpoints=True, busy_timeout_ms=1000)) as store:
            for number in range(confirmed):
                ids = [f"{number:04x}/1"]
                done = store.write(response.acknowledge, _MARIA, datetime.now(UTC), ids)
                assert done.done == tuple(ids)
            yield path, store


def _taken(store: Connection) -> int:
    """Return how many alerts are acknowledged; -1 where the store is damaged."""
    found = store.read(alerts.load_open).values()
    whole = store.raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return sum(1 for alert in found if alert.acknowledgement is not None) if whole else -1


def run(confirmed: int = CONFIRMED) -> dict[str, tuple[bool, bool, str]]:
    """Do every fault to a store of its own; return whether it was named, what is intact, the words."""
    found = {}
    for name, (fault, words) in FAULTS.items():
        with _store(confirmed) as (path, store):
            told = fault(path, store)
            intact = False
            with suppress(StoreError), closing(connect(path)) as after:
                intact = _taken(after) == confirmed
            found[name] = (words in told, intact, told.replace(str(path.parent), ""))
    return found


def measure(size: Size) -> Iterator[Figure]:
    """Measure R11."""
    found = run()
    bad = [
        f"{name}: {told!r}"
        for name, (named, intact, told) in found.items()
        if not named or not intact
    ]
    yield Figure(
        "R11",
        f"{len(found)} faults of the store, {CONFIRMED} confirmed acknowledgements before each",
        "each named, nothing confirmed lost",
        f"{len(found) - len(bad)} of {len(found)}" + "".join(f"; {line}" for line in bad),
        not bad,
    )


if __name__ == "__main__":
    script(measure)
