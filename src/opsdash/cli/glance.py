"""`opsdash status --format tmux` by the short way: the cache's path, one look at the store, one line.

Anything out of the ordinary is left to the command itself, which says what is wrong.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from opsdash.cli.tmux import line
from opsdash.config.find import find_config
from opsdash.config.kept import kept_store_path
from opsdash.domain.status import EXIT_CODES
from opsdash.runtime import now
from opsdash.store.summary import summarise_file


def glance(config: str | None) -> int | None:
    """Print the line and return the exit status; None, and nothing printed, where it cannot."""
    explicit = Path(config) if config else None
    path = find_config(explicit, os.environ)
    store = kept_store_path(path) if path else None
    if store is None:
        return None
    found = summarise_file(store, now())
    if found is None:
        return None
    print(line(*found))
    return EXIT_CODES[found[0]]


def config_of(arguments: Sequence[str]) -> tuple[bool, str | None]:
    """Return whether `arguments` are exactly the status line's, and the configuration they name."""
    config, tmux, rest = None, False, list(arguments)
    while rest:
        name, given, value = rest.pop(0).partition("=")
        if name not in ("--config", "--format") or not (given or rest):
            return False, None
        value = value if given else rest.pop(0)
        if name == "--config":
            config = value
        elif value == "tmux":
            tmux = True
        else:
            return False, None
    return tmux, config
