"""opsdash.toml: found, read, refused with every problem at once, or turned into a plan.

Importing this costs nothing; the models and their library come in only when a file is read that
no cache knows.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from opsdash.config.cached import read_bytes, validated
from opsdash.config.find import default_store_path, find_config
from opsdash.config.problem import ConfigError, Problem

if TYPE_CHECKING:
    from opsdash.config.models import Config

__all__ = [
    "ConfigError",
    "Problem",
    "default_store_path",
    "find_config",
    "load",
    "validated",
]


def load(path: Path) -> "Config":
    """Return the configuration in `path`; raise ConfigError with all that is wrong with it."""
    from opsdash.config.reading import parse

    return parse(read_bytes(path), path)
