"""Values as a template sees them: their Go types, whether they count as true, how they compare."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Value = object
"""str, bool, int, float, None, or one of the classes below."""


class ExecutionError(Exception):
    """What stops a template while it is executed, in Go's words."""


class Byte(int):
    """An unsigned byte: what indexing a text gives."""


class Html(str):
    """Text marked as HTML by `safeHtml`; printed as it is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Map:
    """A map from text; `element` is the Go type of its values, whose zero a missing key gives."""

    entries: Mapping[str, Value]
    element: str = "string"

    def lookup(self, key: str) -> Value:
        """Return the value of a key, and for a missing one the zero value."""
        return self.entries.get(key, "" if self.element == "string" else None)

    def items(self) -> Iterator[tuple[str, Value]]:
        """Yield keys in the order of their bytes, as Go prints and ranges over them."""
        for key in sorted(self.entries, key=lambda text: text.encode(errors="replace")):
            yield key, self.entries[key]


@dataclass(frozen=True, slots=True)
class Struct:
    """A Go struct: its fields in order, and the name of its type."""

    fields: Mapping[str, Value]
    type: str


@dataclass(frozen=True, slots=True)
class Time:
    """A moment in UTC to the millisecond, as milliseconds since 1970."""

    milliseconds: int

    @property
    def datetime(self) -> datetime:
        """The moment; raises OverflowError outside of the years 1 to 9999."""
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=self.milliseconds)


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time in nanoseconds."""

    nanoseconds: int


def type_name(value: Value) -> str:
    """Return the Go type of a value."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "bool"
        case Byte():
            return "uint8"
        case int():
            return "int"
        case float():
            return "float64"
        case Html():
            return "template.HTML"
        case str():
            return "string"
        case Map():
            return f"map[string]{value.element}"
        case Struct():
            return value.type
        case Time():
            return "*time.Time"
        case Duration():
            return "*time.Duration"
    return "interface {}"


def truth(value: Value) -> bool:
    """Whether a value is true: not the zero of its type, not empty."""
    match value:
        case None:
            return False
        case bool() | int() | float():
            return bool(value)
        case str():
            return value != ""
        case Map():
            return len(value.entries) > 0
    return True


def kind(value: Value) -> str:
    """Return the basic kind of a value for a comparison, empty where it has none."""
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case str():
            return "string"
    return ""


def equal(first: Value, *others: Value) -> bool:
    """Whether `first` equals one of `others`; raise ExecutionError where they cannot be compared."""
    if not others:
        raise ExecutionError("missing argument for comparison")
    return any(_equal(first, other) for other in others)


def _equal(first: Value, other: Value) -> bool:
    one, two = kind(first), kind(other)
    if first is None or other is None:
        return first is None and other is None
    if one != two:
        raise ExecutionError("incompatible types for comparison")
    if not one:
        return first is other
    return first == other


def less(first: Value, other: Value) -> bool:
    """Whether `first` is before `other`; raise ExecutionError where they have no order."""
    one, two = kind(first), kind(other)
    if not one or not two:
        raise ExecutionError("invalid type for comparison")
    if one != two:
        raise ExecutionError("incompatible types for comparison")
    if isinstance(first, str) and isinstance(other, str):
        return first.encode(errors="replace") < other.encode(errors="replace")
    if one == "bool" or not isinstance(first, int | float) or not isinstance(other, int | float):
        raise ExecutionError("invalid type for comparison")
    return first < other
