"""Matchers on labels in Alertmanager's textual forms, evaluated in bounded time.

`name op value` with `=`, `!=`, `=~`, `!~`; regular expressions are RE2's and anchored. The forms
are those of alertmanager's `matcher/parse`: bare words, double-quoted names and values with Go's
escapes, several separated by commas, in braces or not.
"""

import json
import re
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText, clean

if TYPE_CHECKING:
    from opsdash.domain.anchored import Anchored

__all__ = ["Matcher", "MatcherError", "Op", "parse_matchers", "quoted", "too_complex"]

LONGEST_VALUE = 1000
_RESERVED = "{}!=~,\\\"'`"


class MatcherError(ValueError):
    """A text that is no matcher: what is wrong with it, for people."""


class Op(StrEnum):
    """How a matcher compares."""

    EQUAL = "="
    NOT_EQUAL = "!="
    MATCHES = "=~"
    NOT_MATCHES = "!~"

    @property
    def is_regex(self) -> bool:
        """Whether the value is a regular expression."""
        return self in (Op.MATCHES, Op.NOT_MATCHES)

    @property
    def is_equal(self) -> bool:
        """Whether it holds for what the value says, and not for all else."""
        return self in (Op.EQUAL, Op.MATCHES)


# Looked up in a class, a member costs more than the comparison that it decides.
_EQUAL, _NOT_EQUAL, _MATCHES = Op.EQUAL, Op.NOT_EQUAL, Op.MATCHES


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label."""

    name: SafeText
    op: Op
    value: SafeText

    def __str__(self) -> str:
        name = (
            self.name if _NAME.fullmatch(self.name) else json.dumps(self.name, ensure_ascii=False)
        )
        return f"{name}{self.op.value}{json.dumps(self.value, ensure_ascii=False)}"

    def matches(self, value: str) -> bool:
        """Whether it holds for a label's value, "" where there is no such label.

        A regular expression that is too complex to be sure of its time holds for nothing.
        """
        op = self.op
        if op is _EQUAL:
            return value == self.value
        if op is _NOT_EQUAL:
            return value != self.value
        test = _test_of(self.value)
        return test is not None and test.matches(value) is (op is _MATCHES)


_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def quoted(text: str) -> str:
    """Return a regular expression that matches exactly `text`."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


def too_complex(pattern: str) -> str:
    """Say why a regular expression is refused; empty where it is fine."""
    from opsdash.domain.anchored import fault

    if len(pattern) > LONGEST_VALUE:
        return f"the expression has more than {LONGEST_VALUE} characters"
    return fault(pattern)


@lru_cache(maxsize=512)
def _test_of(pattern: str) -> "Anchored | None":
    from opsdash.domain.anchored import Anchored

    return None if too_complex(pattern) else Anchored(pattern)


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Return the matchers of `text`, at least one; raise MatcherError in words.

    A bare word alone is an alert's name, as for amtool: `HighErrorRate` is
    `alertname="HighErrorRate"`.
    """
    reader = _Reader(text)
    braced = reader.take("{")
    found: list[Matcher] = []
    while not reader.at_end and not (braced and reader.peek == "}"):
        found.append(_matcher(reader))
        if not reader.take(","):
            break
    if braced and not reader.take("}"):
        raise MatcherError("the closing } is missing")
    if not reader.at_end:
        raise MatcherError(f"expected a comma before {reader.rest(20)!r}")
    if not found:
        raise MatcherError("write a matcher, such as alertname=HighErrorRate")
    return tuple(found)


def _matcher(reader: "_Reader") -> Matcher:
    name = reader.word("a label's name")
    op = reader.op()
    if op is None:
        if not reader.at_end and reader.peek not in ",}":
            raise MatcherError(f"expected =, !=, =~ or !~ after {name!r}")
        name, op, value = "alertname", Op.EQUAL, name
    else:
        value = reader.value(name)
    if not name:
        raise MatcherError("a label's name is empty")
    if len(value) > LONGEST_VALUE or len(name) > LONGEST_VALUE:
        raise MatcherError(f"{name[:40]!r} is longer than {LONGEST_VALUE} characters")
    if op.is_regex and (reason := too_complex(value)):
        raise MatcherError(f"{name}{op.value}: {reason}")
    return Matcher(clean(name), op, clean(value))


class _Reader:
    """Reads a text of matchers from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def peek(self) -> str:
        """The next character that is no space."""
        self._skip()
        return self._text[self._at : self._at + 1]

    @property
    def at_end(self) -> bool:
        return not self.peek

    def rest(self, length: int) -> str:
        return self._text[self._at : self._at + length]

    def take(self, character: str) -> bool:
        if self.peek != character:
            return False
        self._at += 1
        return True

    def op(self) -> Op | None:
        self._skip()
        for op in (Op.MATCHES, Op.NOT_MATCHES, Op.NOT_EQUAL, Op.EQUAL):
            if self._text.startswith(op.value, self._at):
                self._at += len(op.value)
                return op
        return None

    def word(self, what: str) -> str:
        """Read a name: quoted, or up to the next reserved character or space."""
        if self.peek == '"':
            return self._quoted()
        start = self._at
        while self._at < len(self._text) and not self._ends_word(self._text[self._at]):
            self._at += 1
        if self._at == start:
            raise MatcherError(f"expected {what} at {self.rest(20) or 'the end'!r}")
        return self._text[start : self._at]

    def value(self, name: str) -> str:
        """Read a value: quoted, or all up to the next comma, as Alertmanager's classic form has it.

        A comma within brackets belongs to the expression, as in `pod=~"a{1,2}"` without quotes.
        """
        if self.peek == '"':
            return self._quoted()
        start, depth = self._at, 0
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == "\\":
                self._at += 1
            elif character in "{[(":
                depth += 1
            elif character in "}])" and depth:
                depth -= 1
            elif character in ",}" and not depth:
                break
            elif character == '"':
                raise MatcherError(
                    f"a quote in the middle of the value of {name!r}; quote it whole"
                )
            self._at += 1
        return self._text[start : self._at].strip()

    def _quoted(self) -> str:
        end = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL).match(self._text, self._at)
        if end is None:
            raise MatcherError(f"the quote that begins at {self.rest(20)!r} does not end")
        self._at = end.end()
        return _unescape(end[0][1:-1])

    def _skip(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1

    def _ends_word(self, character: str) -> bool:
        return character.isspace() or character in _RESERVED


_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def _unescape(text: str) -> str:
    r"""Take Go's escapes of a quoted text back: \" \\ and \n; others stay as they were written."""
    known = {"n": "\n", '"': '"', "\\": "\\"}
    return _ESCAPE.sub(lambda found: known.get(found[1], found[0]), text)
