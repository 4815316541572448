"""The functions that every Go template has: comparisons, printing, lengths, indexes, escapes."""

import html
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass

from opsdash.domain.rules.gotext.literals import printable
from opsdash.domain.rules.gotext.printf import sprintf
from opsdash.domain.rules.gotext.show import print_values, printed, show
from opsdash.domain.rules.gotext.values import (
    Byte,
    ExecutionError,
    Map,
    Struct,
    Value,
    equal,
    less,
    truth,
    type_name,
)


@dataclass(frozen=True, slots=True)
class Signature:
    """A function with the Go types of its parameters (`string`, `float64`, `any`); `rest` repeats."""

    call: Callable[..., Value]
    parameters: tuple[str, ...] = ()
    rest: str = ""


def _println(*values: Value) -> str:
    return " ".join(show(value) for value in values) + "\n"


def _length(value: Value) -> int:
    if isinstance(value, str):
        return len(value.encode(errors="replace"))
    if isinstance(value, Map):
        return len(value.entries)
    if value is None:
        raise ExecutionError("reflect: call of reflect.Value.Type on zero Value")
    raise ExecutionError(f"len of type {type_name(value)}")


def _index(item: Value, *indexes: Value) -> Value:
    if item is None:
        raise ExecutionError("index of untyped nil")
    for index in indexes:
        if isinstance(item, str):
            raw = item.encode(errors="replace")
            at = _position(index, len(raw))
            if at == len(raw):
                raise ExecutionError("reflect: string index out of range")
            item = Byte(raw[at])
        elif isinstance(item, Map):
            if type_name(index) != "string":
                raise ExecutionError(f"value has type {type_name(index)}; should be string")
            item = item.lookup(str(index))
        elif item is None:
            raise ExecutionError("index of nil pointer")
        else:
            raise ExecutionError(f"can't index item of type {type_name(item)}")
    return item


def _position(index: Value, length: int) -> int:
    if index is None:
        raise ExecutionError("cannot index slice/array with nil")
    if isinstance(index, bool) or not isinstance(index, int):
        raise ExecutionError(f"cannot index slice/array with type {type_name(index)}")
    if not 0 <= index <= length:
        raise ExecutionError(f"index out of range: {int(index)}")
    return int(index)


def _slice(item: Value, *indexes: Value) -> Value:
    if item is None:
        raise ExecutionError("slice of untyped nil")
    if len(indexes) > 3:
        raise ExecutionError(f"too many slice indexes: {len(indexes)}")
    if not isinstance(item, str):
        raise ExecutionError(f"can't slice item of type {type_name(item)}")
    if len(indexes) == 3:
        raise ExecutionError("cannot 3-index slice a string")
    raw = item.encode(errors="replace")
    start, end = 0, len(raw)
    found = [_position(index, len(raw)) for index in indexes]
    start, end = [*found, *[0, end][len(found) :]]
    if start > end:
        raise ExecutionError(f"invalid slice index: {start} > {end}")
    return raw[start:end].decode(errors="replace")


def _text(values: tuple[Value, ...]) -> str:
    if len(values) == 1 and isinstance(values[0], str):
        return str(values[0])
    return print_values([printed(None) if value is None else value for value in values])


def _html(*values: Value) -> str:
    text = html.escape(_text(values), quote=True).replace("\0", "\ufffd")
    return text.replace("&quot;", "&#34;").replace("&#x27;", "&#39;")


_JS = {"\\": "\\\\", "'": "\\'", '"': '\\"'}
_JS_SPECIAL = re.compile("[\\\\'\"<>&=\x00-\x1f]|[^\x00-\x7f]")


def _js(*values: Value) -> str:
    def write(match: re.Match[str]) -> str:
        character = match.group()
        if character in _JS:
            return _JS[character]
        if ord(character) >= 0x80 and printable(character):
            return character
        return f"\\u{ord(character):04X}"

    return _JS_SPECIAL.sub(write, _text(values))


def query_escape(text: str) -> str:
    """Return `text` as Go's url.QueryEscape writes it."""
    return urllib.parse.quote_plus(text.encode(errors="replace"), safe="-_.~")


def _call(value: Value, *_: Value) -> Value:
    if value is None:
        raise ExecutionError("call of nil")
    raise ExecutionError(f"non-function of type {type_name(value)}")


def _equal(first: Value, *others: Value) -> bool:
    for other in others:
        both = (first, other)
        if all(isinstance(value, Map | Struct) for value in both):
            raise ExecutionError(f"non-comparable type {show(first)}: {type_name(other)}")
    return equal(first, *others)


def _less_or_equal(first: Value, other: Value) -> bool:
    return less(first, other) or _equal(first, other)


BUILTINS: dict[str, Signature] = {
    "and": Signature(lambda *values: None, ("any",), "any"),
    "or": Signature(lambda *values: None, ("any",), "any"),
    "not": Signature(lambda value: not truth(value), ("any",)),
    "eq": Signature(_equal, ("any",), "any"),
    "ne": Signature(lambda a, b: not _equal(a, b), ("any", "any")),
    "lt": Signature(less, ("any", "any")),
    "le": Signature(_less_or_equal, ("any", "any")),
    "gt": Signature(lambda a, b: not _less_or_equal(a, b), ("any", "any")),
    "ge": Signature(lambda a, b: not less(a, b), ("any", "any")),
    "print": Signature(lambda *values: print_values(list(values)), (), "any"),
    "printf": Signature(lambda form, *values: sprintf(form, list(values)), ("string",), "any"),
    "println": Signature(_println, (), "any"),
    "len": Signature(_length, ("any",)),
    "index": Signature(_index, ("any",), "any"),
    "slice": Signature(_slice, ("any",), "any"),
    "html": Signature(_html, (), "any"),
    "js": Signature(_js, (), "any"),
    "urlquery": Signature(lambda *values: query_escape(_text(values)), (), "any"),
    "call": Signature(_call, ("any",), "any"),
}
"""Go's own functions; `and` and `or` stop early and are the executor's."""
