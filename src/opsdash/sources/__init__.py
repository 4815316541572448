"""Reads of the world: metrics and alerts from servers, files or the simulation."""

import sys

# httpx brings a command line of its own, with rich and pygments: a third of its import, 6 MB of the
# engine's memory. It does without where that is missing.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
