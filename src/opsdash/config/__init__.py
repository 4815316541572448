"""opsdash.toml: found, read, refused with every problem at once, or turned into a plan.

Importing this costs nothing; what a name needs comes in when the name is used, and the models only
when a file is read that no cache knows.
"""

from importlib import import_module

# Type checkers take this name as true; importing typing for it would cost a third of the whole.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from opsdash.config.cached import load, validated
    from opsdash.config.find import default_store_path, find_config, own_place
    from opsdash.config.kept import kept_store_path
    from opsdash.config.problem import ConfigError, Problem

__all__ = [
    "ConfigError",
    "Problem",
    "default_store_path",
    "find_config",
    "kept_store_path",
    "load",
    "own_place",
    "validated",
]

_HOMES = {
    "ConfigError": "problem",
    "Problem": "problem",
    "default_store_path": "find",
    "find_config": "find",
    "kept_store_path": "kept",
    "load": "cached",
    "own_place": "find",
    "validated": "cached",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
