"""The cache of plans on the disk, and the one answer that needs no more than it.

It imports no dataclass and nothing of the domain: a status line asks every few seconds.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import opsdash
from opsdash.config.find import cache_folder, default_store_path

KEPT = 16
"""Plans that are kept, of so many configurations."""


def kept_store_path(path: Path, env: Mapping[str, str] = os.environ) -> Path | None:
    """Return the store of the configuration in `path` where its plan is kept and nothing changed.

    None says that the plan has to be asked for, which tells what is wrong where something is.
    """
    kept = _kept(path, env)
    return None if kept is None else _store_path(kept, path, env)


def kept_autostart(path: Path, env: Mapping[str, str] = os.environ) -> Path | None:
    """Return the same store where the plan has a dashboard start the engine that it misses."""
    kept = _kept(path, env)
    engine = None if kept is None else kept.get("engine")
    if kept is None or not isinstance(engine, dict) or engine.get("autostart") is not True:
        return None
    return _store_path(kept, path, env)


def _kept(path: Path, env: Mapping[str, str]) -> dict[str, object] | None:
    path = Path(os.path.abspath(path))
    cache = cache_of(path, env)
    try:
        return recall(cache, key_of(path.read_bytes(), path)) if cache else None
    except (OSError, ValueError):
        return None


def _store_path(kept: Mapping[str, object], path: Path, env: Mapping[str, str]) -> Path | None:
    store = kept.get("store_path")
    return Path(store) if isinstance(store, str) and store else default_store_path(path, env)


def cache_of(path: Path, env: Mapping[str, str]) -> Path | None:
    """Return where the plan of the configuration in `path` is kept; None where there is no home."""
    folder = cache_folder(env)
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
    return folder / f"plan-{name}.json" if folder else None


def key_of(raw: bytes, path: Path) -> str:
    """Return what a plan hangs on: the file's bytes, its path, its rights and the program."""
    digest = hashlib.sha256(raw)
    mode = os.stat(path).st_mode if path.exists() else 0
    digest.update(f"\0{path}\0{mode}\0{opsdash.__version__}\0{_program()}".encode(errors="replace"))
    return digest.hexdigest()


def _program() -> str:
    """Name the state of the code that a plan is made by: a checkout changes under one version."""
    package = Path(opsdash.__file__).parent
    states = []
    for folder in (package, package / "config", package / "domain"):
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if entry.name.endswith(".py"):
                found = entry.stat()
                states.append(f"{entry.name} {found.st_mtime_ns} {found.st_size}")
    return "\n".join(states)


def recall(cache: Path, key: str) -> dict[str, object] | None:
    """Return the plan that was kept under `key`; None where it is another, broken or not private."""
    try:
        descriptor = os.open(cache, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if found.st_uid != os.geteuid() or found.st_mode & 0o077:
                return None
            kept = json.loads(file.read())
        if kept["key"] != key or kept["sum"] != _sum(kept["plan"]):
            return None
        plan = json.loads(kept["plan"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return plan if isinstance(plan, dict) else None


def keep(cache: Path, key: str, plan: str) -> None:
    """Write `plan`, as JSON, for the next start; without a place for it nothing happens."""
    content = json.dumps({"key": key, "sum": _sum(plan), "plan": plan})
    # Without a cache every start is 200 ms slower, and nothing else is lost.
    with suppress(OSError):
        if not _own(cache.parent):
            return
        cache.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = cache.with_name(f".{cache.name}.{os.getpid()}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with suppress(FileNotFoundError):
            draft.unlink()
        with os.fdopen(os.open(draft, flags, 0o600), "w") as file:
            file.write(content)
        os.replace(draft, cache)
        for old in _by_age(cache.parent)[KEPT:]:
            old.unlink()


def _by_age(folder: Path) -> list[Path]:
    """Return the kept plans, the newest first: a demo writes a new configuration each time."""
    kept = folder.glob("plan-*.json")
    return sorted(kept, key=lambda path: path.lstat().st_mtime_ns, reverse=True)


def _own(folder: Path) -> bool:
    """Whether `folder`, or what it would be made in, is this user's: sudo may keep another's home."""
    while not folder.exists():
        folder = folder.parent
    return folder.stat().st_uid == os.geteuid()


def _sum(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
