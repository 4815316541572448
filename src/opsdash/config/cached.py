"""The fast way to a plan: what an unchanged file came to the last time, without its models."""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from opsdash.config.find import default_store_path
from opsdash.config.kept import cache_of, keep, key_of, recall
from opsdash.config.problem import ConfigError, Problem
from opsdash.config.themes import theme_file
from opsdash.domain.record import decode, encode
from opsdash.domain.setup import Setup
from opsdash.plan import Plan

if TYPE_CHECKING:
    from opsdash.config.models import Config

LIMIT = 1024 * 1024
"""Bytes that a configuration may have at most."""


def validated(path: Path, env: Mapping[str, str] = os.environ) -> Plan:
    """Return the plan of the configuration in `path`; raise ConfigError with all that is wrong.

    What was validated once is kept under `$XDG_CACHE_HOME`, readable by its user alone and without
    any secret, and used while file, path and program are the same. A cache that is broken, or that
    another could have written, is ignored.
    """
    path = Path(os.path.abspath(path))
    raw = read_bytes(path)
    cache = cache_of(path, env)
    key = key_of(raw, path)
    plan = _recalled(cache, key) if cache else None
    if plan is None:
        from opsdash.config.build import plan_of
        from opsdash.config.reading import parse

        plan = plan_of(parse(raw, path), path)
        if cache:
            keep(cache, key, json.dumps(encode(plan)))
    if plan.store_path:
        return plan
    store = default_store_path(path, env)
    if store is None:
        cure = 'add [store] with url = "sqlite:////DIR/opsdash.db"'
        raise ConfigError((Problem(str(path), "store.url", "no home to keep state in", cure),))
    return replace(plan, store_path=str(store))


def load(path: Path) -> "Config":
    """Return the configuration in `path`; raise ConfigError with all that is wrong with it."""
    from opsdash.config.reading import parse

    return parse(read_bytes(path), path)


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


def _recalled(cache: Path, key: str) -> Plan | None:
    kept = recall(cache, key)
    if kept is None:
        return None
    try:
        plan = decode(Plan, kept)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    theme = plan.setup.theme
    gone = theme != Setup().theme and theme_file(theme, Path(plan.config_path).parent) is None
    return None if gone else plan
