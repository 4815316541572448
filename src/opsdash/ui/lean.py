"""Textual without its command palette: nothing here opens it, and it is a twentieth of the start.

`textual.app` imports the palette with its widgets, seventeen modules, whether an app has it or not.
The dashboard's process puts empty classes in their place: 12 ms of CPU and a megabyte. Any other name
that a later Textual asks of the module is given by the real one.
"""

import sys
from importlib import import_module
from types import ModuleType

_MODULE = "textual.command"

STANDING_IN = (
    *("CommandListItem", "CommandPalette", "DiscoveryHit", "Hit", "Hits", "Provider"),
    "SimpleProvider",
)
"""What Textual's other modules import of the palette's, and use only where it is opened."""


class _StandIn(ModuleType):
    """A module of empty classes, and of what the real one has beside them."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        sys.modules.pop(_MODULE, None)
        return getattr(import_module(_MODULE), name)


def leave_out_command_palette() -> None:
    """Keep the palette from being imported with Textual; where it has been, nothing is done."""
    if "textual.app" in sys.modules or _MODULE in sys.modules:
        return
    stand_in = _StandIn(_MODULE)
    for name in STANDING_IN:
        setattr(stand_in, name, type(name, (), {"__module__": _MODULE}))
    sys.modules[_MODULE] = stand_in
