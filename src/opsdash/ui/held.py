"""Which terminals dashboards hold: a note for each, so that one killed -9 is known at the next start.

A note is a file that its dashboard keeps locked and takes away when it gives the terminal back. One
that nobody locks any more is of a dashboard that could not.
"""

import contextlib
import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from opsdash.domain.text import SafeText, clean

_PLACES = (("XDG_RUNTIME_DIR", "."), ("XDG_STATE_HOME", "."), ("HOME", ".local/state"))
_LONGEST = 200


class Broken(NamedTuple):
    """A terminal that its dashboard, the process `pid`, was killed in."""

    tty: SafeText
    pid: int


def notes_folder(env: Mapping[str, str]) -> Path | None:
    """Return the person's own folder for notes; None where they have no place for any."""
    for variable, below in _PLACES:
        if env.get(variable, "").startswith("/"):
            return Path(env[variable]) / below / "opsdash" / "terminals"
    return None


def tty_of(fd: int) -> str:
    """Return the name of the terminal that a descriptor is open on; empty where it is none."""
    try:
        return os.ttyname(fd)
    except OSError:
        return ""


class TerminalNote:
    """The note of this process on its terminal. Where none can be written there is no hint later."""

    def __init__(self, folder: Path | None, tty: str) -> None:
        self._path = _path_of(folder, tty) if folder is not None and tty else None
        self._tty = tty
        self._lock = -1

    def write(self) -> None:
        """Note that this process holds the terminal."""
        if self._path is None or self._lock >= 0:
            return
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            self._lock = os.open(draft, flags, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(self._lock, f"{self._tty}\n{os.getpid()} {_birth(self._tty)}\n".encode())
            # Nobody may find it without its lock.
            os.replace(draft, self._path)

    def take_away(self) -> None:
        """Take it away: the terminal is given back."""
        if self._path is None or self._lock < 0:
            return
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
        lock, self._lock = self._lock, -1
        os.close(lock)


def broken_terminals(folder: Path | None) -> list[Broken]:
    """Return the terminals that are there still as a killed dashboard left them, by name.

    Notes on terminals that were closed since are thrown away.
    """
    notes = sorted(folder.glob("dev-*")) if folder is not None else []
    return [broken for broken in map(_read, notes) if broken is not None]


def running_on(folder: Path | None, tty: str) -> int | None:
    """Return the process id of the dashboard that runs on a terminal; None where none does."""
    if folder is None:
        return None
    with contextlib.suppress(OSError, ValueError), _path_of(folder, tty).open() as note:
        if _locked(note.fileno()):
            return _parse(note.read(_LONGEST))[0].pid
    return None


def forget(folder: Path | None, tty: str) -> None:
    """Throw the note on a terminal away that is whole again."""
    if folder is not None:
        with contextlib.suppress(OSError):
            _path_of(folder, tty).unlink(missing_ok=True)


def _path_of(folder: Path, tty: str) -> Path:
    return folder / tty.strip("/").replace("/", "-")


def _birth(tty: str) -> int:
    """Return when the terminal was opened: the next one may have the same name."""
    return os.stat(tty).st_ctime_ns


def _read(path: Path) -> Broken | None:
    with contextlib.suppress(OSError, ValueError):
        with path.open() as note:
            if _locked(note.fileno()):
                return None
            broken, birth = _parse(note.read(_LONGEST))
        if _birth(broken.tty) == birth:
            return broken
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
    return None


def _parse(text: str) -> tuple[Broken, int]:
    tty, numbers = text.splitlines()
    pid, birth = numbers.split()
    return Broken(clean(tty), int(pid)), int(birth)


def _locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
