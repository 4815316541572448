"""What the screen needs: keys that reach it and do one thing each, a theme that exists, a store."""

import re
from collections.abc import Iterator
from pathlib import Path as FilePath

from opsdash.config.finding import Finding, Raw, nearest, table, word
from opsdash.config.themes import theme_file, theme_names
from opsdash.domain.actions import ACTIONS, DEFAULT_KEYS, FORBIDDEN_KEYS

_NAMED = (
    "enter|escape|tab|space|backspace|delete|insert|home|end|pageup|pagedown|up|down|left|right"
    "|comma|plus|f[1-9]|f1[0-9]|f2[0-4]"
)
_KEY = re.compile(
    rf"[^\s,+]|(?:ctrl\+)?(?:alt\+)?(?:shift\+)?(?:{_NAMED})|(?:ctrl\+|alt\+|ctrl\+alt\+)[a-z0-9]"
)
"""Keys as they arrive: a letter with shift is the capital, one with ctrl the small letter."""


def check_screen(raw: Raw, folder: FilePath) -> Iterator[Finding]:
    """Yield what is wrong with keys, theme and store; themes may be beside `folder`'s files."""
    yield from _keys(table(raw, "keys"))
    theme = word(raw, "theme")
    if theme and theme_file(theme, folder) is None:
        names = theme_names(folder)
        cure = nearest(theme, names) if names else f"add themes/{theme}.toml beside this file"
        yield Finding(("theme",), f"no theme {theme!r}", cure)
    if raw.get("rule_files") and "prometheus" not in raw:
        cure = "add [prometheus] with url, or take rule_files out"
        yield Finding(("rule_files",), "there is no Prometheus to ask for the rules", cure)
    store = table(raw, "store")
    url = word(store, "url")
    if url and not re.fullmatch(r"sqlite:///[^?\x00-\x1f\x7f]*[^/?\x00-\x1f\x7f]", url):
        yield Finding(
            ("store", "url"),
            "not a database that opsdash can open",
            'write "sqlite:////DIR/opsdash.db" (four slashes: an absolute path)',
        )


def _keys(keys: Raw) -> Iterator[Finding]:
    owners: dict[str, str] = {}
    for action, default in DEFAULT_KEYS.items():
        if default and action not in keys:
            owners |= dict.fromkeys(default.split(","), action)
    for action, value in keys.items():
        if action not in ACTIONS:
            yield Finding(("keys", action), "unknown action", nearest(action, ACTIONS))
        if not isinstance(value, str):
            continue
        for key in (part.strip() for part in value.split(",")):
            if fault := _fault(key):
                yield Finding(("keys", action), *fault)
            elif key in owners:
                yield Finding(
                    ("keys", action),
                    f"{key!r} is the key of {owners[key]}",
                    f"write another, or give {owners[key]} one of its own",
                )
            else:
                owners[key] = action


def _fault(key: str) -> tuple[str, str] | None:
    if key.lower() in FORBIDDEN_KEYS:
        return f"{key!r} does not reach opsdash: {FORBIDDEN_KEYS[key.lower()]}", "write another"
    if not _KEY.fullmatch(key) or not key.isprintable():
        return f"{key!r} is not a key", 'write it as "a", "A", "f5", "ctrl+r" or "j,down"'
    return None
