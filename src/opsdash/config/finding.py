"""What checks say of a document as it was parsed, whether or not its parts are of the right type.

They look at the parsed TOML and not at the models, so that one wrong value hides no other problem.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from opsdash.config.lines import Path

Raw = Mapping[str, Any]
"""A table as the TOML parser made it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem: where in the document, what was found, and the cure."""

    path: Path
    found: str
    cure: str


def table(raw: Raw, key: str) -> Raw:
    """Return the table under `key`, empty where there is none."""
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def tables(raw: Raw, key: str) -> Iterator[tuple[int, Raw]]:
    """Yield the tables of the list under `key` with their indexes."""
    value = raw.get(key)
    for index, item in enumerate(value if isinstance(value, list) else []):
        if isinstance(item, dict):
            yield index, item


def word(raw: Raw, key: str) -> str:
    """Return the text under `key`, empty where there is none."""
    value = raw.get(key)
    return value if isinstance(value, str) else ""


def words(raw: Raw, key: str) -> Iterator[tuple[int, str]]:
    """Yield the texts of the list under `key` with their indexes."""
    value = raw.get(key)
    for index, item in enumerate(value if isinstance(value, list) else []):
        if isinstance(item, str):
            yield index, item


def nearest(name: str, known: Iterator[str] | list[str] | tuple[str, ...]) -> str:
    """Return a cure that names what was probably meant, else everything that may be written."""
    names = list(known)
    near = get_close_matches(name.lower(), names, 1, 0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    return "write one of " + ", ".join(names) if names else "take it out"
