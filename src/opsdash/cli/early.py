"""The engine that a dashboard starts, started first: it takes longer to its figures than the dashboard to its frame.

What is kept of the configuration and one look at the lease say enough; whatever is out of the
ordinary is left to the dashboard itself, which starts an engine a moment later where none is at work.
"""

import os
from pathlib import Path

from opsdash.cli.child import ChildEngine, child_of
from opsdash.config.find import find_config
from opsdash.config.kept import kept_autostart
from opsdash.runtime import now
from opsdash.store.summary import is_led
from opsdash.ui.rawmode import terminal_problem


def start_early(config: Path | None) -> ChildEngine | None:
    """Return the engine that was started, None where the dashboard has to look whether one is needed."""
    path = find_config(config, os.environ)
    store = kept_autostart(path) if path is not None else None
    if path is None or store is None or terminal_problem() is not None:
        return None
    # An engine could do nothing with a store that may only be read.
    if is_led(store, now()) is not False or not os.access(store, os.W_OK):
        return None
    child = child_of(Path(os.path.abspath(path)), store)
    child.start()
    return child
