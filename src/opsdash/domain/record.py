"""Frozen dataclasses to JSON-ready values and back, driven by their type hints."""

import dataclasses
import types
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


_PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types that JSON has: most of what is in a record, told before anything dearer is asked."""


def encode(value: Any) -> Any:
    """Return `value` as JSON types: datetimes in epoch milliseconds, timedeltas in milliseconds."""
    kind: Any = type(value)
    if kind in _PLAIN:
        return value
    names = _fields(kind)
    if names is not None:
        return {name: encode(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return to_ms(value)
    if isinstance(value, timedelta):
        return value // timedelta(milliseconds=1)
    if isinstance(value, date | time):
        return value.isoformat()
    return value


@cache
def _fields(kind: Any) -> tuple[str, ...] | None:
    """Return the names of a dataclass' fields, None of any other type."""
    if not dataclasses.is_dataclass(kind):
        return None
    return tuple(field.name for field in dataclasses.fields(kind))


def decode(kind: type[T], value: Any) -> T:
    """Return the `kind` that `encode` made `value` from; raise ValueError or KeyError otherwise."""
    result: T = _decode(kind, value)
    return result


def to_ms(at: datetime) -> int:
    """Return an aware datetime as whole milliseconds since 1970 in UTC."""
    return round(at.timestamp() * 1000)


def from_ms(milliseconds: int) -> datetime:
    """Return the UTC datetime of milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _decode(kind: Any, value: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _decode(next(a for a in get_args(kind) if a is not type(None)), value)
    if origin is tuple:
        inner = get_args(kind)[0]
        return tuple(_decode(inner, item) for item in value)
    if origin is not None and issubclass(origin, Mapping):
        inner = get_args(kind)[1]
        return {key: _decode(inner, item) for key, item in value.items()}
    return _decode_plain(kind, value)


def _decode_plain(kind: Any, value: Any) -> Any:
    kind = getattr(kind, "__supertype__", kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        # A field that a newer opsdash added is passed over; one that it dropped has its default.
        hints = _hints(kind)
        known = {name: item for name, item in value.items() if name in hints}
        return kind(**{name: _decode(hints[name], item) for name, item in known.items()})
    if not isinstance(kind, type):
        return value
    if issubclass(kind, Enum):
        return kind(value)
    if issubclass(kind, datetime):
        return from_ms(value)
    if issubclass(kind, timedelta):
        return timedelta(milliseconds=value)
    if issubclass(kind, date | time):
        return kind.fromisoformat(value)
    return value
