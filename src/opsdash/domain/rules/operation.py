"""PromQL read as the tree of its operations, as far as it takes to know which of them decides.

Precedence and forms are Prometheus' (prometheus.io/docs/prometheus/latest/querying/operators).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from opsdash.domain.rules.expression import TOKEN

_RANKS = {
    **dict.fromkeys(("or",), 1),
    **dict.fromkeys(("and", "unless"), 2),
    **dict.fromkeys(("==", "!=", "<=", "<", ">=", ">"), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%", "atan2"), 5),
    "^": 6,
}
_COMPARISONS = {"==", "!=", "<=", "<", ">=", ">"}
_MATCHING = {"on", "ignoring", "group_left", "group_right"}
_CLAUSES = {"by", "without"}
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Operation:
    """A part of an expression, `start` to `end` in its text.

    `kind` is `set` (or, and, unless), `comparison`, `arithmetic`, `call`, `bracket`, `number` or
    `series`; `name` is the operator or the function. `is_bool` marks a comparison that filters nothing.
    """

    kind: str
    start: int
    end: int
    name: str = ""
    parts: tuple["Operation", ...] = ()
    is_bool: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it is a number, computed or not."""
        if self.kind in ("bracket", "arithmetic"):
            return all(part.is_number for part in self.parts)
        return self.kind == "number"


class UnreadableError(ValueError):
    """The expression has a form that is not known here; the server judges whether it is wrong."""


def read_operation(expr: str) -> Operation:
    """Return the tree of `expr`; raise UnreadableError where it cannot be told."""
    reader = _Reader(expr)
    found = reader.binary(1)
    if reader.peek():
        raise UnreadableError(f"unread: {reader.peek()}")
    return found


class _Reader:
    """Reads tokens from left to right, binding by precedence."""

    def __init__(self, expr: str) -> None:
        self.tokens = list(_tokens(expr))
        self.at = 0
        self.depth = 0

    def peek(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.tokens[at].group().lower() if at < len(self.tokens) else ""

    def take(self) -> re.Match[str]:
        if self.at >= len(self.tokens):
            raise UnreadableError("it ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def binary(self, least: int) -> Operation:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise UnreadableError("too deep")
        left = self.unary()
        while (rank := _RANKS.get(self.peek(), 0)) >= least:
            name = self.take().group().lower()
            is_bool = self.matching()
            right = self.binary(rank + (name != "^"))
            kind = "set" if rank < 3 else "comparison" if name in _COMPARISONS else "arithmetic"
            left = Operation(kind, left.start, right.end, name, (left, right), is_bool)
        self.depth -= 1
        return left

    def matching(self) -> bool:
        """Skip what an operator says of matching, and return whether it says `bool`."""
        is_bool = False
        while (word := self.peek()) == "bool" or word in _MATCHING:
            is_bool = is_bool or word == "bool"
            self.take()
            if word != "bool" and self.peek() == "(":
                self.skip_group()
        return is_bool

    def unary(self) -> Operation:
        if self.peek() in ("+", "-"):
            sign = self.take()
            operand = self.binary(_RANKS["^"])
            return Operation("arithmetic", sign.start(), operand.end, sign.group(), (operand,))
        return self.postfix(self.operand())

    def operand(self) -> Operation:
        token = self.take()
        text, kind = token.group(), token.lastgroup
        if text == "(":
            inside = self.binary(1)
            return Operation("bracket", token.start(), self.close(), parts=(inside,))
        if kind == "number" or (kind == "word" and text.lower() in ("inf", "nan")):
            return Operation("number", token.start(), token.end())
        if text == "{":
            self.at -= 1
            return Operation("series", token.start(), self.skip_group())
        if kind == "string":
            return Operation("series", token.start(), token.end())
        if kind != "word":
            raise UnreadableError(f"no operand: {text}")
        return self.named(token)

    def named(self, token: re.Match[str]) -> Operation:
        name = token.group()
        if self.peek() in _CLAUSES and self.peek(1) == "(":
            self.take()
            self.skip_group()
        if self.peek() == "(":
            self.take()
            parts = tuple(self.arguments())
            return Operation("call", token.start(), self.close(), name.lower(), parts)
        end = self.skip_group() if self.peek() == "{" else token.end()
        return Operation("series", token.start(), end, name)

    def arguments(self) -> Iterator[Operation]:
        while self.peek() != ")":
            yield self.binary(1)
            if self.peek() == ",":
                self.take()
            elif self.peek() != ")":
                raise UnreadableError(f"in brackets: {self.peek()}")

    def postfix(self, found: Operation) -> Operation:
        """Take in ranges, offsets, `@` and a trailing `by (…)`."""
        end = found.end
        while True:
            word = self.peek()
            if word == "[" or (word in _CLAUSES and self.peek(1) == "("):
                self.at += word != "["
                end = self.skip_group()
            elif word in ("offset", "@"):
                self.take()
                self.at += self.peek() in ("-", "+")
                end = self.take().end()
                if self.peek() == "(":
                    end = self.skip_group()
            else:
                break
        return Operation(found.kind, found.start, end, found.name, found.parts)

    def close(self) -> int:
        if self.peek() != ")":
            raise UnreadableError("a bracket is left open")
        return self.take().end()

    def skip_group(self) -> int:
        opened = [_CLOSES[self.take().group()]]
        while opened:
            token = self.take()
            if token.lastgroup != "string" and token.group() in _CLOSES:
                opened.append(_CLOSES[token.group()])
            elif token.group() == opened[-1]:
                opened.pop()
        return self.tokens[self.at - 1].end()


def _tokens(expr: str) -> Iterator[re.Match[str]]:
    return (m for m in TOKEN.finditer(expr) if m.lastgroup not in ("space", "comment"))
