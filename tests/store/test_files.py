"""The store's files: private, on a local disk, and the same ones from the first write to the last."""

import os
import sqlite3
import tempfile
from pathlib import Path

import pytest

from opsdash.store import changes
from opsdash.store.connection import Connection
from opsdash.store.errors import StoreCorrupt, StoreError, StoreReadOnly, StoreReplaced
from opsdash.store.files import file_system, identify, refuse_network
from opsdash.store.opening import connect, connect_to_read
from tests.store.actors import another_process, go_on, run_in_another

_FILES = ("", "-wal", "-shm")


def _mode(path: Path | str) -> int:
    return os.stat(path).st_mode & 0o777


@pytest.mark.parametrize("umask", [0o022, 0o000, 0o077, 0o177, 0o777])
def test_the_files_are_private_under_any_umask(path: Path, umask: int) -> None:
    """Database, WAL and shared memory are 0600, the folders made for them 0700."""
    before = os.umask(umask)
    try:
        connection = connect(path)
        connection.write(changes.next_change)
    finally:
        os.umask(before)
    assert [_mode(f"{path}{suffix}") for suffix in _FILES] == [0o600] * 3
    assert _mode(path.parent) == 0o700
    connection.close()


def test_a_folder_and_a_file_that_exist_keep_their_modes(path: Path) -> None:
    """A store shared by a group is the administrator's decision, for all three files."""
    path.parent.mkdir(mode=0o770)
    path.parent.chmod(0o770)
    path.touch()
    path.chmod(0o660)
    connection = connect(path)
    connection.write(changes.next_change)
    assert _mode(path.parent) == 0o770
    assert [_mode(f"{path}{suffix}") for suffix in _FILES] == [0o660] * 3
    connection.close()


def test_a_second_connection_leaves_the_locks_of_the_first(path: Path) -> None:
    """A dashboard has two connections: opening and closing one must not unlock the other's files.

    POSIX drops all locks of a process on a file when it closes any descriptor of it; another
    process that closes the store would then delete the WAL under the dashboard.
    """
    first, second = connect(path), connect(path)
    files = identify(path)
    run_in_another(path, "c = connect(path); c.write(changes.next_change); c.close()")
    assert identify(path) == files
    first.write(changes.next_change)
    second.close()
    run_in_another(path, "c = connect(path); c.write(changes.next_change); c.close()")
    assert identify(path) == files
    first.write(changes.next_change)
    assert run_in_another(path, "print(connect(path).read(changes.last_change))") == "4\n"
    first.close()


@pytest.mark.parametrize("suffix", _FILES)
@pytest.mark.parametrize("put_back", [False, True])
def test_files_that_were_taken_away_take_no_more_writes(
    store: Connection, path: Path, suffix: str, put_back: bool
) -> None:
    """SQLite would write into the void and say yes (F39): deleted or replaced is said instead."""
    os.rename(f"{path}{suffix}", f"{path}.away")
    if put_back:
        Path(f"{path}{suffix}").write_bytes(Path(f"{path}.away").read_bytes())
    words = "was deleted or replaced while it was open; restart opsdash"
    with pytest.raises(StoreReplaced, match=words):
        store.write(changes.next_change)
    with pytest.raises(StoreReplaced, match=words):
        store.data_version()


def test_a_file_replaced_during_a_write_is_noticed(store: Connection, path: Path) -> None:
    """Taken away between the beginning and the commit, the write is not confirmed."""

    def write(connection: sqlite3.Connection) -> None:
        changes.next_change(connection)
        path.rename(path.with_suffix(".away"))

    with pytest.raises(StoreReplaced):
        store.write(write)


def test_a_symbolic_link_is_followed(path: Path, tmp_path: Path) -> None:
    """A store behind a link is watched, locked and checked where it really is."""
    link = tmp_path / "link.db"
    path.parent.mkdir()
    link.symlink_to(path)
    connection = connect(link)
    connection.write(changes.next_change)
    connection.checkpoint()
    assert Path(f"{path}-wal").exists()
    Path(f"{path}-wal").unlink()
    with pytest.raises(StoreReplaced):
        connection.write(changes.next_change)
    connection.close()


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "ceph", "fuse.sshfs", "lustre"])
def test_a_network_disk_is_refused(tmp_path: Path, kind: str) -> None:
    """A WAL that two hosts share is corrupt one day: the message names disk and cure."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        f"40 22 0:50 / /mnt/our\\040state rw,relatime shared:2 master:3 - {kind} host:/x rw\n"
    )
    with pytest.raises(StoreError, match=f"is on {kind}, a network file system; put it on a local"):
        refuse_network(Path("/mnt/our state/opsdash/opsdash.db"), mounts)
    refuse_network(Path("/mnt/our/opsdash.db"), mounts)
    refuse_network(Path("/var/lib/opsdash.db"), mounts)


def test_a_network_disk_is_refused_before_anything_is_made(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left behind where the store may not be."""
    monkeypatch.setattr("opsdash.store.files.file_system", lambda *_: "nfs4")
    with pytest.raises(StoreError, match="nfs4"):
        connect(path)
    assert not path.parent.exists()


def test_a_doubtful_disk_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of disk that may share memory or not is decided by two mappings of one file."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"22 1 8:1 / {tmp_path} rw - fuse.portal x rw\n")
    refuse_network(tmp_path / "opsdash.db", mounts)
    assert [p.name for p in tmp_path.iterdir()] == ["mountinfo"]
    monkeypatch.setattr("mmap.mmap", _no_mapping)
    with pytest.raises(StoreError, match=r"is on fuse\.portal, which has no shared memory"):
        refuse_network(tmp_path / "opsdash.db", mounts)


def _no_mapping(*_: object) -> object:
    raise OSError("no device")


def test_the_last_mount_over_a_folder_counts(tmp_path: Path) -> None:
    """What is mounted over another disk hides it; lines that make no sense are passed over."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 a rw\n\nx\n2 1 0:1 / /srv rw - nfs b rw\n3 1 8:2 / /srv rw - xfs c rw\n"
    )
    assert file_system(Path("/srv/x"), mounts) == "xfs"
    assert file_system(Path("/srvx"), mounts) == "ext4"
    assert file_system(Path("/srv"), tmp_path / "none") == ""


def test_another_programs_database_is_left_alone(path: Path) -> None:
    """A database with other tables is refused and not changed by a byte."""
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
        other.execute("PRAGMA user_version = 2")
    other.close()
    before = path.read_bytes()
    for opened in (connect, connect_to_read):
        with pytest.raises(StoreCorrupt, match="another program's database; name another file"):
            opened(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    """Garbage is named as such and kept for whoever needs it."""
    path.parent.mkdir()
    path.write_bytes(b"important notes\n" * 200)
    for opened in (connect, connect_to_read):
        with pytest.raises(StoreCorrupt, match="is damaged or not an opsdash database"):
            opened(path)
    assert path.read_bytes() == b"important notes\n" * 200


def test_a_folder_in_the_place_of_the_file(path: Path) -> None:
    """A folder is no store."""
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match="is not a file; name a file"):
        connect(path)


def test_where_no_store_is_reading_says_how_to_get_one(path: Path) -> None:
    """A command before the first engine says what to start; nothing is made by looking."""
    with pytest.raises(StoreError, match="does not exist yet: start `opsdash` or `opsdash engine`"):
        connect_to_read(path)
    assert not path.parent.exists()
    path.parent.mkdir()
    path.touch()
    with pytest.raises(StoreError, match="is empty: start"):
        connect_to_read(path)


def test_a_user_without_rights_reads_what_the_mode_allows() -> None:
    """A file that may be read only is read, one that may not is not: each is said in words (F42)."""
    try_both = """
        for opened in (connect_to_read, connect):
            try:
                print(opened(path).read(changes.last_change))
            except Exception as error:
                print(type(error).__name__, str(error).partition("opsdash.db ")[2])
    """
    refused = "StoreReadOnly cannot be written; check its owner, mode and mount"
    with tempfile.TemporaryDirectory(prefix="opsdash-") as folder:
        os.chmod(folder, 0o755)
        path = Path(folder) / "opsdash.db"
        store = connect(path)
        store.write(changes.next_change)
        for mode, read in (
            (0o444, "1"),
            (0, "StoreReadOnly cannot be read; check its owner and mode"),
        ):
            for suffix in _FILES:
                os.chmod(f"{path}{suffix}", mode)
            assert run_in_another(path, try_both, user="nobody").splitlines() == [read, refused]
        store.close()


def test_a_read_only_disk_is_read_from_a_copy(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a WAL database cannot be opened at all (F36) the last state is still shown, WAL included."""
    store = connect(path)
    store.write(changes.next_change)
    with another_process(
        path, "c = connect(path); c.write(changes.next_change); ready()"
    ) as holder:
        holder.kill()
        holder.wait()
        import opsdash.store.opening as module

        real = module._opening

        def refuse(opened: Path, timeout: int, said: Path | None = None) -> object:
            if opened == path:
                raise StoreReadOnly("cannot be opened")
            return real(opened, timeout, said)

        monkeypatch.setattr(module, "_opening", refuse)
        copy = connect_to_read(path)
    assert copy.read(changes.last_change) == 2
    copy.require_same_file()
    copy.close()
    store.close()


def test_go_on_returns_what_was_said(path: Path) -> None:
    """The kit itself: a process that is let go on finishes."""
    with another_process(path, "ready(); print('done')") as process:
        assert go_on(process) == "done\n"
