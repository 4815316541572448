"""Where the configuration is looked for, and where its state and cache belong."""

import hashlib
import os
import pwd
from collections.abc import Mapping
from pathlib import Path

SYSTEM_CONFIG = Path("/etc/opsdash/opsdash.toml")
"""The configuration that all users of a host share."""


def find_config(explicit: Path | None, env: Mapping[str, str]) -> Path | None:
    """Return the configuration to use, or None where none is found.

    What a person named (`--config`, else `$OPSDASH_CONFIG`) is returned even when it does not
    exist, so that they are told; the user's own and then the system's only where it exists.
    """
    if explicit is not None:
        return explicit
    if env.get("OPSDASH_CONFIG"):
        return Path(env["OPSDASH_CONFIG"])
    return next((path for path in _usual_places(env) if path.exists()), None)


def own_place(env: Mapping[str, str]) -> Path:
    """Return where a person's own configuration is looked for, else the system's place."""
    return _usual_places(env)[0]


def default_store_path(config: Path, env: Mapping[str, str]) -> Path | None:
    """Return the database of `config` under `$XDG_STATE_HOME`; None where there is no home.

    A configuration in an unusual place has a database of its own, so that two of them never show
    each other's figures.
    """
    folder = _base(env, "XDG_STATE_HOME", ".local/state")
    if folder is None:
        return None
    place = Path(os.path.abspath(config))
    if place in _usual_places(env):
        return folder / "opsdash.db"
    digest = hashlib.sha256(os.fsencode(place)).hexdigest()[:8]
    return folder / f"{place.stem}-{digest}.db"


def cache_folder(env: Mapping[str, str]) -> Path | None:
    """Return the folder for what can be thrown away; None where there is no home."""
    return _base(env, "XDG_CACHE_HOME", ".cache")


def _usual_places(env: Mapping[str, str]) -> list[Path]:
    folder = _base(env, "XDG_CONFIG_HOME", ".config")
    return [folder / "opsdash.toml", SYSTEM_CONFIG] if folder else [SYSTEM_CONFIG]


def _base(env: Mapping[str, str], variable: str, below_home: str) -> Path | None:
    # The XDG specification has relative paths ignored.
    chosen = env.get(variable, "")
    if chosen.startswith("/"):
        return Path(chosen) / "opsdash"
    home = env.get("HOME", "") or _home()
    return Path(home) / below_home / "opsdash" if home.startswith("/") else None


def _home() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return ""
