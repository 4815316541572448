"""The fast way to a plan: what an unchanged file came to the last time, without its models."""

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import opsdash
from opsdash.config.find import cache_folder, default_store_path
from opsdash.config.problem import ConfigError, Problem
from opsdash.config.themes import theme_file
from opsdash.domain.record import decode, encode
from opsdash.domain.setup import Setup
from opsdash.plan import Plan

LIMIT = 1024 * 1024
"""Bytes that a configuration may have at most."""

KEPT = 16
"""Plans that are kept, of so many configurations."""


def validated(path: Path, env: Mapping[str, str] = os.environ) -> Plan:
    """Return the plan of the configuration in `path`; raise ConfigError with all that is wrong.

    What was validated once is kept under `$XDG_CACHE_HOME`, readable by its user alone and without
    any secret, and used while file, path and program are the same. A cache that is broken, or that
    another could have written, is ignored.
    """
    path = Path(os.path.abspath(path))
    raw = read_bytes(path)
    folder = cache_folder(env)
    key = _key(raw, path)
    cache = (
        folder / f"plan-{hashlib.sha256(os.fsencode(path)).hexdigest()[:32]}.json"
        if folder
        else None
    )
    plan = _recall(cache, key) if cache else None
    if plan is None:
        from opsdash.config.build import plan_of
        from opsdash.config.reading import parse

        plan = plan_of(parse(raw, path), path)
        if cache:
            _keep(cache, key, plan)
    if plan.store_path:
        return plan
    store = default_store_path(path, env)
    if store is None:
        cure = 'add [store] with url = "sqlite:////DIR/opsdash.db"'
        raise ConfigError((Problem(str(path), "store.url", "no home to keep state in", cure),))
    return replace(plan, store_path=str(store))


def read_bytes(path: Path) -> bytes:
    """Return what is in `path`; raise ConfigError where it cannot or must not be read."""
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            raw = file.read(LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a file's name"
        raise ConfigError(
            (Problem(str(path), "", f"cannot be read: {reason}", "name another with --config"),)
        ) from None
    if stat.S_ISREG(mode) and mode & stat.S_IWOTH:
        cure = f"run: chmod o-w {path}"
        raise ConfigError((Problem(str(path), "", "anybody can change it", cure),))
    if len(raw) > LIMIT:
        cure = f"write {LIMIT // 1024} KiB at most"
        raise ConfigError((Problem(str(path), "", "too large", cure),))
    return raw


def _key(raw: bytes, path: Path) -> str:
    digest = hashlib.sha256(raw)
    digest.update(f"\0{path}\0{opsdash.__version__}\0{_program()}".encode(errors="replace"))
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


def _recall(cache: Path, key: str) -> Plan | None:
    try:
        descriptor = os.open(cache, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if found.st_uid != os.geteuid() or found.st_mode & 0o077:
                return None
            kept = json.loads(file.read())
        body = kept["plan"]
        if kept["key"] != key or kept["sum"] != _sum(body):
            return None
        plan = decode(Plan, json.loads(body))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    theme = plan.setup.theme
    gone = theme != Setup().theme and theme_file(theme, Path(plan.config_path).parent) is None
    return None if gone else plan


def _keep(cache: Path, key: str, plan: Plan) -> None:
    body = json.dumps(encode(plan), ensure_ascii=True)
    content = json.dumps({"key": key, "sum": _sum(body), "plan": body})
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
