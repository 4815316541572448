"""Frozen dataclasses to JSON-ready values and back, driven by their type hints."""

import dataclasses
import types
from collections.abc import Callable, Mapping
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
    hint: Any = kind
    result: T = _decoder(hint)(value)
    return result


def to_ms(at: datetime) -> int:
    """Return an aware datetime as whole milliseconds since 1970 in UTC."""
    return round(at.timestamp() * 1000)


def from_ms(milliseconds: int) -> datetime:
    """Return the UTC datetime of milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


@cache
def _decoder(kind: Any) -> Callable[[Any], Any]:
    """Return what makes a value of a type hint from JSON types; each hint is looked at once."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        given = _decoder(next(a for a in get_args(kind) if a is not type(None)))
        return lambda value: None if value is None else given(value)
    if origin is tuple:
        item = _decoder(get_args(kind)[0])
        return lambda value: tuple(map(item, value))
    if origin is not None and issubclass(origin, Mapping):
        item = _decoder(get_args(kind)[1])
        return lambda value: {key: item(one) for key, one in value.items()}
    return _plain_decoder(getattr(kind, "__supertype__", kind))


def _plain_decoder(kind: Any) -> Callable[[Any], Any]:
    if not isinstance(kind, type):
        return _as_it_is
    if dataclasses.is_dataclass(kind):
        return _record_decoder(kind)
    if issubclass(kind, Enum):
        return kind
    if issubclass(kind, datetime):
        return from_ms
    if issubclass(kind, timedelta):
        return lambda value: timedelta(milliseconds=value)
    if issubclass(kind, date | time):
        return kind.fromisoformat
    return _as_it_is


def _record_decoder(kind: type) -> Callable[[Any], Any]:
    decoders: dict[str, Callable[[Any], Any]] = {}

    def decode_record(value: Any) -> Any:
        if not decoders:
            decoders.update({name: _decoder(hint) for name, hint in get_type_hints(kind).items()})
        # A field that a newer opsdash added is passed over; one that it dropped has its default.
        known = {n: decoders[n](item) for n, item in value.items() if n in decoders}
        return kind(**known)

    return decode_record


def _as_it_is(value: Any) -> Any:
    return value
