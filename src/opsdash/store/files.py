"""The store's files: made private, kept off network disks, and known again by their inodes."""

import contextlib
import mmap
import os
import stat
from pathlib import Path

from opsdash.store.errors import StoreError, StoreReadOnly

Identity = tuple[tuple[int, int], ...]
"""Device and inode of the database, its `-wal` and its `-shm`."""

_SHARED_BETWEEN_HOSTS = {
    *("nfs", "nfs4", "cifs", "smb3", "smbfs", "smb2", "afs", "ncpfs", "ceph", "lustre", "gfs2"),
    *("ocfs2", "gpfs", "beegfs", "pvfs2", "orangefs", "coda", "vboxsf", "prl_fs", "acfs"),
    *("fuse.vmhgfs-fuse", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.cephfs"),
    *("fuse.s3fs", "fuse.gcsfuse", "fuse.rclone", "fuse.juicefs", "fuse.moosefs", "fuse.mfs"),
    *(
        "fuse.lizardfs",
        "fuse.davfs",
        "fuse.davfs2",
        "fuse.curlftpfs",
        "fuse.goofys",
        "fuse.smbnetfs",
    ),
    *("fuse.blobfuse", "fuse.blobfuse2", "fuse.mount-s3", "fuse.mountpoint-s3", "fuse.seaweedfs"),
}
_DOUBTFUL = ("fuse", "ntfs", "9p", "virtiofs", "exfat", "vfat", "hgfs")


def make_private(path: Path) -> None:
    """Make an empty file of mode 0600 at `path`, its missing folders of 0700; leave what is there.

    Raises StoreReadOnly in words. The modes hold under any umask. A file that exists is never
    opened here: closing it would drop the locks that other connections of this process have on it.
    """
    try:
        # Through a symbolic link, also one whose target does not exist yet.
        path = path.resolve()
        for folder in reversed([path.parent, *path.parent.parents]):
            if not folder.exists():
                with contextlib.suppress(FileExistsError):
                    folder.mkdir(0o700)
                    folder.chmod(0o700)
        if path.exists():
            _require_usable(path)
            return
        # SQLite gives -wal and -shm the mode of the database, so this one decides all three.
        made = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(made, 0o600)
        finally:
            os.close(made)
    except FileExistsError:
        return  # another process was faster
    except OSError as error:
        raise StoreReadOnly(f"{path} cannot be made: {error.strerror}; check its folder") from error


def _require_usable(path: Path) -> None:
    if not stat.S_ISREG(path.stat().st_mode):
        raise StoreError(f"{path} is not a file; name a file for the store")
    if not os.access(path, os.R_OK | os.W_OK):
        raise StoreReadOnly(f"{path} cannot be written; check its owner, mode and mount")


def identify(path: Path) -> Identity:
    """Return which files the store is made of now; a missing one counts as (0, 0)."""
    return tuple(_inode(f"{path}{suffix}") for suffix in ("", "-wal", "-shm"))


def touched(path: Path) -> tuple[tuple[int, int], ...]:
    """Return what changes when the store is written, for who holds only a copy of it."""
    found = []
    for suffix in ("", "-wal"):
        try:
            seen = os.stat(f"{path}{suffix}")
            found.append((seen.st_mtime_ns, seen.st_size))
        except OSError:
            found.append((0, 0))
    return tuple(found)


def _inode(name: str) -> tuple[int, int]:
    try:
        found = os.stat(name)
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)


def refuse_network(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> None:
    """Raise StoreError where `path` is on a disk that hosts share, or one without shared memory.

    The WAL needs all processes on one host (sqlite.org/wal.html). A kind of file system that may
    or may not do is tried.
    """
    kind = file_system(path.resolve(), mounts)
    if kind in _SHARED_BETWEEN_HOSTS:
        raise StoreError(f"{path} is on {kind}, a network file system; put it on a local disk")
    if kind.startswith(_DOUBTFUL) and not _maps_shared(path.parent):
        raise StoreError(f"{path} is on {kind}, which has no shared memory; put it on a local disk")


def file_system(path: Path, mounts: Path) -> str:
    """Return the kind of file system that holds `path`, empty where it cannot be told."""
    best, kind = "", ""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 7 or "-" not in fields[6:]:
            continue
        point = _unescape(fields[4])
        inside = point == "/" or str(path) == point or str(path).startswith(point + "/")
        # A later line of the same point is mounted over the earlier one.
        if inside and len(point) >= len(best):
            best, kind = point, fields[fields.index("-", 6) + 1]
    return kind


def _unescape(point: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, character)
    return point


def _maps_shared(folder: Path) -> bool:
    """Whether two shared mappings of one file in `folder` see each other's writes."""
    probe = folder / f".opsdash-probe-{os.getpid()}"
    try:
        first = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(first, mmap.PAGESIZE)
            second = os.open(probe, os.O_RDWR | os.O_CLOEXEC)
            try:
                with (
                    mmap.mmap(first, mmap.PAGESIZE) as here,
                    mmap.mmap(second, mmap.PAGESIZE) as there,
                ):
                    here[0:1] = b"x"
                    return there[0:1] == b"x"
            finally:
                os.close(second)
        finally:
            os.close(first)
    except (OSError, ValueError):
        return False
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
