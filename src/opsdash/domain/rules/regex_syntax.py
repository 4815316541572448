"""RE2's syntax (github.com/google/re2/wiki/Syntax) read into a tree, with Go's words for what is wrong.

Scripts (`\\p{Greek}`) and the swap of greediness (`(?U)`) are not known here and are refused.
"""

import re
from dataclasses import dataclass

from opsdash.domain.rules.regex_nodes import (
    PERL,
    POSIX,
    Assertion,
    Choice,
    Class,
    Group,
    Part,
    Repeat,
    Sequence,
)

_LAST = 0x10FFFF
_MOST_REPEATS = 1000
_LONGEST = 1000
_DEEPEST = 50


class RegexError(ValueError):
    """An expression that is none, or that is not supported."""


_CONTROLS = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_COUNT = re.compile(r"\{([0-9]+)(,([0-9]*))?\}")
_FLAGS = re.compile(r"\(\?([imsU]*)(-[imsU]+)?([:)])")
_NAME = re.compile(r"\(\?P?<([A-Za-z0-9_]+)>")
_CATEGORY = re.compile(r"[LMNPSZC][a-z]?")


@dataclass(frozen=True, slots=True)
class Syntax:
    """A whole expression: its tree, how many groups it has, and their names."""

    part: Part
    groups: int
    names: dict[str, int]


def parse_regex(pattern: str) -> Syntax:
    """Return the tree of `pattern`; raise RegexError in Go's words."""
    if len(pattern) > _LONGEST:
        raise RegexError(f"longer than {_LONGEST} characters")
    return _Parser(pattern).whole()


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.groups = 0
        self.names: dict[str, int] = {}
        self.flags = frozenset[str]()
        self.depth = 0

    def whole(self) -> Syntax:
        part = self.choice()
        if self.at < len(self.pattern):
            raise RegexError(f"unexpected ): `{self.pattern}`")
        return Syntax(part, self.groups, self.names)

    def choice(self) -> Part:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise RegexError("expression nests too deeply")
        outside = self.flags
        branches = [self.sequence()]
        while self.pattern.startswith("|", self.at):
            self.at += 1
            branches.append(self.sequence())
        self.flags = outside
        self.depth -= 1
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def sequence(self) -> Part:
        parts: list[Part] = []
        repeated = ""
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            start = self.at
            bounds = self.repetition()
            if bounds is not None:
                operator = self.pattern[start : self.at]
                if repeated:
                    raise RegexError(f"invalid nested repetition operator: `{repeated}{operator}`")
                if not parts:
                    raise RegexError(f"missing argument to repetition operator: `{operator}`")
                lazy = operator.endswith("?") and operator != "?"
                parts.append(Repeat(parts.pop(), *bounds, lazy))
                repeated = operator
                continue
            if self.pattern.startswith("\\Q", self.at):
                parts += self.quoted()
            elif (part := self.atom()) is not None:
                parts.append(part)
            repeated = ""
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def repetition(self) -> tuple[int, int | None] | None:
        character = self.pattern[self.at]
        bounds: tuple[int, int | None] | None = None
        end = self.at + 1
        if character in "*+?":
            bounds = {"*": (0, None), "+": (1, None), "?": (0, 1)}[character]
        elif (match := _COUNT.match(self.pattern, self.at)) is not None:
            least = int(match[1][:9])
            most = least if match[2] is None else int(match[3][:9]) if match[3] else None
            if least > _MOST_REPEATS or (most is not None and not least <= most <= _MOST_REPEATS):
                raise RegexError(f"invalid repeat count: `{match.group()}`")
            bounds, end = (least, most), match.end()
        if bounds is not None:
            self.at = end + self.pattern.startswith("?", end)
        return bounds

    def atom(self) -> Part | None:
        character = self.pattern[self.at]
        match character:
            case "(":
                return self.group()
            case "[":
                return self.bracket()
            case "\\":
                return self.escape()
            case ".":
                self.at += 1
                newline = () if "s" in self.flags else ((10, 10),)
                return Class(newline, negated=True)
            case "^":
                self.at += 1
                return Assertion("line begin" if "m" in self.flags else "begin")
            case "$":
                self.at += 1
                return Assertion("line end" if "m" in self.flags else "end")
        self.at += 1
        return self.literal(ord(character))

    def literal(self, code: int) -> Class:
        return Class(((code, code),), fold="i" in self.flags)

    def group(self) -> Part | None:
        rest = self.pattern[self.at :]
        if rest.startswith("(?"):
            if (named := _NAME.match(self.pattern, self.at)) is not None:
                if named[1] in self.names:
                    raise RegexError(f"duplicate capture group name: `{named[1]}`")
                self.names[named[1]] = self.groups + 1
                self.at = named.end()
                return self.numbered()
            return self.flagged(rest)
        self.at += 1
        return self.numbered()

    def numbered(self) -> Part:
        self.groups += 1
        number = self.groups
        part = self.choice()
        self.close()
        return Group(part, number)

    def close(self) -> None:
        if not self.pattern.startswith(")", self.at):
            raise RegexError(f"missing closing ): `{self.pattern}`")
        self.at += 1

    def flagged(self, rest: str) -> Part | None:
        match = _FLAGS.match(self.pattern, self.at)
        if match is None:
            raise RegexError(f"invalid or unsupported Perl syntax: `{rest[:3]}`")
        on, off = set(match[1]), set((match[2] or "")[1:])
        if "U" in on | off:
            raise RegexError("(?U) is not supported; write the greediness out")
        outside = self.flags
        self.flags = (self.flags | on) - off
        self.at = match.end()
        if match[3] == ")":
            return None
        part = self.choice()
        self.flags = outside
        self.close()
        return part

    def escape(self) -> Part:
        self.at += 1
        if self.at >= len(self.pattern):
            raise RegexError("trailing backslash at end of expression: ``")
        letter = self.pattern[self.at]
        places = {"A": "begin", "z": "end", "b": "word", "B": "no word"}
        if letter in places:
            self.at += 1
            return Assertion(places[letter])
        found = self.shorthand()
        return found if found is not None else self.literal(self.code())

    def quoted(self) -> list[Part]:
        """Take what stands between `\\Q` and `\\E` as it is."""
        end = self.pattern.find("\\E", self.at)
        text = self.pattern[self.at + 2 : end if end >= 0 else None]
        self.at = end + 2 if end >= 0 else len(self.pattern)
        return [self.literal(ord(character)) for character in text]

    def shorthand(self) -> Class | None:
        """Take `\\d` or `\\pL` and the like, the backslash already read."""
        letter = self.pattern[self.at]
        if letter.lower() in PERL:
            self.at += 1
            return Class(PERL[letter.lower()], negated=letter.isupper())
        if letter not in "pP":
            return None
        match = re.compile(r"[pP](?:\{(\^?)([^}]*)\}|(.))").match(self.pattern, self.at)
        name = "" if match is None else match[2] or match[3] or ""
        if match is None or not _CATEGORY.fullmatch(name):
            raise RegexError(f"invalid character class range: `\\{self.pattern[self.at :][:12]}`")
        self.at = match.end()
        return Class((), negated=(letter == "P") != bool(match[1]), category=name)

    def code(self) -> int:
        """Take an escaped character, the backslash already read, and return its code."""
        rest = self.pattern[self.at :]
        letter = rest[0]
        if letter in _CONTROLS:
            self.at += 1
            return _CONTROLS[letter]
        if letter == "x" and (match := re.match(r"x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]+)\})", rest)):
            code = int(match[1] or match[2], 16)
            if code <= _LAST:
                self.at += match.end()
                return code
        if match := re.match(r"0[0-7]{0,2}|[1-7][0-7]{1,2}", rest):
            self.at += match.end()
            return int(match.group(), 8)
        if ord(letter) < 0x80 and not letter.isalnum():
            self.at += 1
            return ord(letter)
        raise RegexError(f"invalid escape sequence: `\\{letter}`")

    def bracket(self) -> Part:
        start = self.at
        self.at += 1
        negated = self.pattern.startswith("^", self.at)
        self.at += negated
        ranges: list[tuple[int, int]] = []
        inner: list[Class] = []
        first = True
        while first or not self.pattern.startswith("]", self.at):
            if self.at >= len(self.pattern):
                raise RegexError(f"missing closing ]: `{self.pattern[start:]}`")
            self.member(ranges, inner)
            first = False
        self.at += 1
        return Class(tuple(ranges), negated, "i" in self.flags, tuple(inner))

    def member(self, ranges: list[tuple[int, int]], inner: list[Class]) -> None:
        if match := re.compile(r"\[:(\^?)(\w+):\]").match(self.pattern, self.at):
            if match[2] not in POSIX:
                raise RegexError(f"invalid character class range: `{match.group()}`")
            inner.append(Class(POSIX[match[2]], negated=bool(match[1])))
            self.at = match.end()
            return
        start = self.at
        if self.pattern[self.at] == "\\":
            self.at += 1
            if self.at < len(self.pattern) and (found := self.shorthand()) is not None:
                inner.append(found)
                return
            self.at -= 1
        low = self.bound()
        high = low
        if self.pattern.startswith("-", self.at) and self.pattern[self.at + 1 :][:1] not in (
            "]",
            "",
        ):
            self.at += 1
            high = self.bound()
            if high < low:
                raise RegexError(
                    f"invalid character class range: `{self.pattern[start : self.at]}`"
                )
        ranges.append((low, high))

    def bound(self) -> int:
        if self.pattern[self.at] == "\\":
            self.at += 1
            if self.at >= len(self.pattern):
                raise RegexError("trailing backslash at end of expression: ``")
            return self.code()
        self.at += 1
        return ord(self.pattern[self.at - 1])
