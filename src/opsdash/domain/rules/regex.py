"""Regular expressions as Go runs them: leftmost-first, and in time linear in the text.

Label values come from outside, and Python's own engine can be kept busy for hours by a text made
for it; this one follows all paths at once (swtch.com/~rsc/regexp/regexp2.html, Pike's machine).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

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

__all__ = ["Regex", "RegexError", "compile_regex"]

_MOST_STEPS = 2_000
_REFERENCE = re.compile(r"\$(?:(\$)|\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))")

Slots = tuple[int, ...]


@dataclass(slots=True)
class _Step:
    """One instruction: `class`, `assert`, `split`, `save`, `done`; where it goes on."""

    kind: str
    test: Class | Assertion | None = None
    to: int = 0
    other: int = 0
    slot: int = 0


@lru_cache(maxsize=256)
def compile_regex(pattern: str) -> "Regex":
    """Return the machine of `pattern`; raise RegexError where it is none."""
    syntax = parse_regex(pattern)
    steps: list[_Step] = []
    _compile(Group(syntax.part, 0), steps)
    steps.append(_Step("done"))
    return Regex(tuple(steps), syntax.groups, syntax.names)


@dataclass(frozen=True, slots=True)
class Regex:
    """A compiled expression."""

    steps: tuple[_Step, ...]
    groups: int
    names: dict[str, int]

    def search(self, text: str, start: int = 0) -> Slots | None:
        """Return where the first match at or after `start` and its groups begin and end, -1 for none."""
        current: list[tuple[int, Slots]] = []
        found: Slots | None = None
        empty = (-1,) * (2 * (self.groups + 1))
        for at in range(start, len(text) + 1):
            seen: set[int] = set()
            threads: list[tuple[int, Slots]] = []
            for pc, slots in current:
                self._follow(pc, slots, text, at, threads, seen)
            if found is None:
                self._follow(0, empty, text, at, threads, seen)
            current = []
            for pc, slots in threads:
                step = self.steps[pc]
                if step.kind == "done":
                    found = slots
                    break
                test = step.test
                if at < len(text) and isinstance(test, Class) and test.matches(ord(text[at])):
                    current.append((step.to, slots))
            if not current and found is not None:
                return found
        return found

    def _follow(
        self,
        pc: int,
        slots: Slots,
        text: str,
        at: int,
        threads: list[tuple[int, Slots]],
        seen: set[int],
    ) -> None:
        """Add the threads that `pc` leads to without taking a character, the preferred first."""
        waiting = [(pc, slots)]
        while waiting:
            pc, slots = waiting.pop()
            if pc in seen:
                continue
            seen.add(pc)
            step = self.steps[pc]
            if step.kind == "split":
                waiting.append((step.other, slots))
                waiting.append((step.to, slots))
            elif step.kind == "save":
                saved = (*slots[: step.slot], at, *slots[step.slot + 1 :])
                waiting.append((step.to, saved))
            elif step.kind == "assert":
                if isinstance(step.test, Assertion) and _holds(step.test.kind, text, at):
                    waiting.append((step.to, slots))
            else:
                threads.append((pc, slots))

    def replace_all(self, text: str, replacement: str) -> str:
        """Return `text` with every match replaced; `$1`, `${name}` and `$$` as Go's Expand has them."""
        parts: list[str] = []
        copied = at = 0
        while at <= len(text):
            found = self.search(text, at)
            if found is None:
                break
            start, end = found[0], found[1]
            parts.append(text[copied:start])
            # An empty match right behind the last one counts as part of it.
            if end > copied or start == 0:
                parts.append(self._expand(replacement, text, found))
            copied = end
            at = end if end > at else end + 1 if start == end else at + 1
        return "".join(parts) + text[copied:]

    def _expand(self, replacement: str, text: str, found: Slots) -> str:
        def fill(match: re.Match[str]) -> str:
            if match[1]:
                return "$"
            name: str = match[2] or match[3]
            group = int(name) if name.isdigit() else self.names.get(name, -1)
            if not 0 <= group <= self.groups or found[2 * group] < 0:
                return ""
            return text[found[2 * group] : found[2 * group + 1]]

        return _REFERENCE.sub(fill, replacement)


def _compile(part: Part, steps: list[_Step]) -> None:
    """Append the instructions of `part`, which go on with what is appended next."""
    if len(steps) > _MOST_STEPS:
        raise RegexError("expression too large")
    here = len(steps)
    match part:
        case Class():
            steps.append(_Step("class", part, here + 1))
        case Assertion():
            steps.append(_Step("assert", part, here + 1))
        case Group():
            steps.append(_Step("save", to=here + 1, slot=2 * part.number))
            _compile(part.part, steps)
            steps.append(_Step("save", to=len(steps) + 1, slot=2 * part.number + 1))
        case Sequence():
            for each in part.parts:
                _compile(each, steps)
        case Choice():
            _compile_choice(part, steps)
        case Repeat():
            _compile_repeat(part, steps)


def _compile_choice(part: Choice, steps: list[_Step]) -> None:
    leaves: list[_Step] = []
    for each in part.parts[:-1]:
        fork = _Step("split", to=len(steps) + 1)
        steps.append(fork)
        _compile(each, steps)
        leave = _Step("split")
        leaves.append(leave)
        steps.append(leave)
        fork.other = len(steps)
    _compile(part.parts[-1], steps)
    for leave in leaves:
        leave.to = leave.other = len(steps)


def _compile_repeat(part: Repeat, steps: list[_Step]) -> None:
    if part.most is None:
        for _ in range(part.least - 1):
            _compile(part.part, steps)
        _compile_endless(part, steps)
        return
    for _ in range(part.least):
        _compile(part.part, steps)
    forks: list[tuple[_Step, int]] = []
    for _ in range(part.most - part.least):
        fork = _Step("split")
        forks.append((fork, len(steps) + 1))
        steps.append(fork)
        _compile(part.part, steps)
    for fork, inside in forks:
        _set_fork(fork, inside, len(steps), part.lazy)


def _compile_endless(part: Repeat, steps: list[_Step]) -> None:
    """Compile `x*`, or `x+` where `x` must come at least once.

    Where `x` may be empty `x*` is `(x+)?`: with a loop around it the order of preference is lost
    (go.dev/issue/46123).
    """
    entry = _Step("split") if part.least == 0 else None
    looping = entry is not None and not _nullable(part.part)
    if entry is not None:
        steps.append(entry)
    start = len(steps)
    _compile(part.part, steps)
    if looping:
        steps.append(_Step("split", to=start - 1, other=start - 1))
    else:
        again = _Step("split")
        steps.append(again)
        _set_fork(again, start, len(steps), part.lazy)
    if entry is not None:
        _set_fork(entry, start, len(steps), part.lazy)


def _nullable(part: Part) -> bool:
    """Whether a part can match nothing."""
    match part:
        case Assertion():
            return True
        case Sequence():
            return all(map(_nullable, part.parts))
        case Choice():
            return any(map(_nullable, part.parts))
        case Repeat():
            return part.least == 0 or _nullable(part.part)
        case Group():
            return _nullable(part.part)
    return False


def _set_fork(fork: _Step, inside: int, behind: int, lazy: bool) -> None:
    fork.to, fork.other = (behind, inside) if lazy else (inside, behind)


def _holds(kind: str, text: str, at: int) -> bool:
    match kind:
        case "begin":
            return at == 0
        case "end":
            return at == len(text)
        case "line begin":
            return at == 0 or text[at - 1] == "\n"
        case "line end":
            return at == len(text) or text[at] == "\n"
    boundary = _is_word(text, at - 1) != _is_word(text, at)
    return boundary == (kind == "word")


def _is_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and text[at].isascii() and (text[at].isalnum() or text[at] == "_")
