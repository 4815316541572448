"""Regular expressions that must match a whole text, in a time that the text's author cannot stretch.

Where an expression is plain enough, Python's own engine is quick and safe; else the linear one runs.
"""

import re
from collections.abc import Sequence as Sequence_

from opsdash.domain.rules.regex import Regex, compile_regex
from opsdash.domain.rules.regex_nodes import (
    Assertion,
    Choice,
    Class,
    Group,
    Part,
    Repeat,
    Sequence,
)
from opsdash.domain.rules.regex_syntax import RegexError, parse_regex

_MOST_STEPS = 500
"""Instructions of a compiled expression: time grows with their number times the text's length."""

_FAST_TEXT = 256
"""Characters up to which Python's own engine is safe for an expression with two open repeats."""

_ODD_CASES = ((ord("k"), 0x212A), (ord("S"), 0x17F), (ord("I"), 0x131))
"""ASCII letters that are the other case of a character that is none: Kelvin, long s, dotless i."""

_PLACES = {"begin": r"\A", "end": r"\Z", "word": r"\b"}

_KEPT = 10_000
"""Texts whose answers are remembered of one expression."""


def fault(pattern: str) -> str:
    """Say why `pattern` cannot be used; empty where it can."""
    try:
        steps = len(compile_regex(pattern).steps)
    except RegexError as error:
        return f"not a regular expression: {error}"
    except RecursionError:
        return "the expression is nested too deeply"
    return "" if steps <= _MOST_STEPS else "the expression is too complex; write it shorter"


class Anchored:
    """One expression, which `fault` has nothing against."""

    def __init__(self, pattern: str) -> None:
        part = parse_regex(pattern).part
        self._linear: Regex | None = None
        self._pattern = pattern
        self._fast: re.Pattern[str] | None = None
        self._longest = 0
        degree = _degree(part)
        if degree <= 2:
            self._fast = re.compile(_python(part), re.DOTALL | re.ASCII)
            self._longest = 100_000 if degree <= 1 else _FAST_TEXT
        self._known: dict[str, bool] = {}

    def matches(self, text: str) -> bool:
        """Whether it matches all of `text`."""
        if self._fast is not None and len(text) <= self._longest:
            return self._fast.fullmatch(text) is not None
        found = self._known.get(text)
        if found is None:
            if self._linear is None:
                self._linear = compile_regex(rf"\A(?:{self._pattern})\z")
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[text] = self._linear.search(text) is not None
        return found


def _degree(part: Part) -> int:
    """Return a power of the text's length that bounds a backtracking search; 9 for unknown.

    Only single characters may repeat; what Python has otherwise is left to the other engine.
    """
    match part:
        case Class():
            foreign = part.fold and any(last > 127 for _, last in part.ranges)
            return 9 if part.inner or part.category or foreign else 0
        case Assertion():
            return 0 if part.kind in _PLACES else 9
        case Group():
            return _degree(part.part)
        case Sequence():
            return sum(_degree(each) for each in part.parts)
        case Choice():
            return 1 + max((_degree(each) for each in part.parts), default=0)
        case Repeat():
            return 1 if isinstance(part.part, Class) and _degree(part.part) == 0 else 9
    raise AssertionError(part)


def _python(part: Part) -> str:
    """Return a Python expression for the same set of texts; of the parts that `_degree` allows."""
    match part:
        case Class():
            inside = "".join(f"{_code(first)}-{_code(last)}" for first, last in _ranges(part))
            if not inside:
                return r"[\s\S]" if part.negated else r"(?!)"
            return f"[{'^' if part.negated else ''}{inside}]"
        case Assertion():
            return _PLACES[part.kind]
        case Group():
            return _python(part.part)
        case Sequence():
            return "".join(map(_python, part.parts))
        case Choice():
            return f"(?:{'|'.join(map(_python, part.parts))})"
        case Repeat():
            most = "" if part.most is None else part.most
            return f"{_python(part.part)}{{{part.least},{most}}}"
    raise AssertionError(part)


def _ranges(part: Class) -> Sequence_[tuple[int, int]]:
    """Return the ranges of a set, with the other case of each character where case does not count."""
    if not part.fold:
        return part.ranges
    codes = {code for first, last in part.ranges for code in range(first, last + 1)}
    both = {ord(each) for code in codes for each in (chr(code).lower(), chr(code).upper())}
    odd = {other for code, other in _ODD_CASES if code in codes}
    return [(code, code) for code in sorted(codes | both | odd)]


def _code(number: int) -> str:
    return f"\\U{number:08x}"
