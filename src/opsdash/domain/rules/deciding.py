"""What decides whether a rule fires: which figure it holds against which threshold, or that something is absent."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from opsdash.domain.rules.operation import Operation, UnreadableError, read_operation
from opsdash.domain.sample import Sample

_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}
_SAME_VALUE = {"label_replace", "label_join", "sort", "sort_desc", "sort_by_label"}
_ABSENT = {"absent", "absent_over_time"}
_GUARDS = {"> 0", "!= 0"}
_LONGEST = 40

ABSENT, ANY, UNREAD = "absent", "any value", "as written"
"""What stands in the place of a threshold: for what is missing, for any sample, for what cannot be told."""

PRESENT = 0.0
"""The figure of something that is looked for and there; what is absent has the 1 of `absent()`."""


class Kind(StrEnum):
    """How a part of an expression decides: by a comparison, by absence, or by having any sample."""

    COMPARED = "compared"
    ABSENT = "absent"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Deciding:
    """The part of an expression that decides.

    `figure` is the query of what is held against `bound`, which is a query too where not `is_number`.
    `branch` is the query of the whole branch of an `or`. `rest` tells in short what else must hold.
    `sampled` says that the samples of the expression are those of `figure`.
    """

    kind: Kind
    branch: str
    figure: str = ""
    operator: str = ""
    bound: str = ""
    is_number: bool = True
    rest: str = ""
    sampled: bool = True

    @property
    def is_told(self) -> bool:
        """Whether a firing alert's value is the figure, and the threshold needs no query."""
        return self.sampled and self.is_number

    def threshold(self, bound: float | None = None) -> str:
        """Return what the figure is held against, as a person reads it; `bound` where it is known."""
        if self.kind is not Kind.COMPARED:
            return f"{ABSENT if self.kind is Kind.ABSENT else ANY}{self.rest}"
        text = " ".join(self.bound.split()) if bound is None else f"{bound:,.4g}"
        if not self.is_number and len(text) > _LONGEST:
            text = f"{text[: _LONGEST - 1]}…"
        return f"{self.operator} {text}{self.rest}"


@lru_cache(maxsize=4096)
def decide(expr: str) -> tuple[Deciding, ...]:
    """Return what decides in each branch of `expr`, the branch to show first; none where it cannot be told."""
    try:
        found = _Decider(expr).of(read_operation(expr))
    except (UnreadableError, RecursionError):
        return ()
    if len(found) > 1 and all(one.kind is Kind.ABSENT for one in found):
        whole = " or ".join(f"({one.figure})" for one in found)
        return (replace(found[0], figure=whole, branch=expr),)
    return tuple(sorted(found, key=lambda one: list(Kind).index(one.kind)))


def threshold_of(expr: str) -> str:
    """Return the threshold of a rule while it is not known which of its branches fires."""
    found = decide(expr)
    if not found:
        return UNREAD
    first, *others = found
    if not others:
        return first.threshold()
    return f"{first.threshold()} or {ABSENT if others[0].kind is Kind.ABSENT else '…'}"


def nearest(
    decided: Deciding,
    figures: Iterable[Sample],
    bounds: Iterable[Sample] = (),
    prefer: "dict[str, str] | None" = None,
) -> tuple[float | None, float | None]:
    """Return the figure that is nearest to passing and its bound, of `prefer`'s series if it is there."""
    known = [sample for sample in figures if sample.value == sample.value]
    known = [s for s in known if prefer and _agrees(s, prefer)] or known
    if not known:
        return None, None
    if decided.kind is Kind.ABSENT or decided.is_number:
        return _furthest(decided.operator, [sample.value for sample in known]), None
    sides = list(bounds)
    pairs = [(s.value, b.value) for s in known for b in sides if _matches(s, b)]
    pairs = [(value, bound) for value, bound in pairs if bound == bound]
    if not pairs:
        return _furthest(decided.operator, [sample.value for sample in known]), None
    return max(pairs, key=lambda pair: _margin(decided.operator, *pair))


def _furthest(operator: str, values: list[float]) -> float:
    if operator in (">", ">="):
        return max(values)
    return min(values) if operator in ("<", "<=") else values[0]


def _margin(operator: str, value: float, bound: float) -> float:
    """Return by how much a comparison passes, below zero where it does not."""
    if operator in ("==", "!="):
        return abs(value - bound) * (1 if operator == "!=" else -1)
    return value - bound if operator in (">", ">=") else bound - value


def _agrees(sample: Sample, labels: dict[str, str]) -> bool:
    return all(labels.get(n) == text for n, text in sample.labels.items() if n != "__name__")


def _matches(one: Sample, other: Sample) -> bool:
    """Whether two samples say nothing different in the labels that both have."""
    return all(
        other.labels[name] == text
        for name, text in one.labels.items()
        if name != "__name__" and name in other.labels
    )


class _Decider:
    """Walks the tree of one expression."""

    def __init__(self, expr: str) -> None:
        self.expr = expr

    def text(self, part: Operation) -> str:
        return self.expr[part.start : part.end]

    def of(self, part: Operation) -> list[Deciding]:
        match part.kind:
            case "bracket":
                return self.of(part.parts[0])
            case "set":
                return self.of_set(part)
            case "comparison":
                return [self.of_comparison(part)]
            case "call":
                return [self.of_call(part)]
            case "arithmetic":
                return [self.inside(part) or self.any(part)]
        return [self.any(part)]

    def any(self, part: Operation) -> Deciding:
        return Deciding(Kind.ANY, self.text(part))

    def of_set(self, part: Operation) -> list[Deciding]:
        left, right = part.parts
        found = self.of(left)
        if part.name == "or":
            return found + self.of(right)
        rest = self.expr[left.end : part.end]
        if part.name == "and" and all(_is_guard(one) for one in found):
            others = [one for one in self.of(right) if not _is_guard(one)]
            if others:
                one = replace(others[0], branch=self.text(part), sampled=False)
                return [replace(one, rest=f"{one.rest} and …")]
        return [
            replace(
                one,
                branch=f"({one.branch}){rest}",
                rest=one.rest
                if one.rest.endswith(f"{part.name} …")
                else f"{one.rest} {part.name} …",
            )
            for one in found
        ]

    def of_comparison(self, part: Operation) -> Deciding:
        left, right = part.parts
        operator = part.name
        if part.is_bool or (left.is_number and right.is_number):
            return self.any(part)
        if left.is_number:
            left, right, operator = right, left, _FLIPPED.get(operator, operator)
        inner = _bare(left)
        if inner.kind == "call" and inner.name in _ABSENT:
            return replace(self.of_call(inner), branch=self.text(part))
        return Deciding(
            Kind.COMPARED,
            self.text(part),
            self.text(left),
            operator,
            self.text(_bare(right)),
            right.is_number,
        )

    def of_call(self, part: Operation) -> Deciding:
        if part.name in _ABSENT:
            return Deciding(Kind.ABSENT, self.text(part), self.text(part))
        return self.inside(part) or self.any(part)

    def inside(self, part: Operation) -> Deciding | None:
        """Return what decides within the operands of a function or of arithmetic."""
        for operand in part.parts:
            for one in self.of(operand):
                if one.kind is not Kind.ANY:
                    sampled = one.sampled and part.name in _SAME_VALUE
                    return replace(one, branch=self.text(part), sampled=sampled)
        return None


def _is_guard(one: Deciding) -> bool:
    """Whether a part merely asks for something to be there, as `count(x) > 0` before what is judged."""
    compared = one.kind is Kind.COMPARED
    return one.kind is Kind.ANY or (compared and f"{one.operator} {one.bound}" in _GUARDS)


def _bare(part: Operation) -> Operation:
    while part.kind == "bracket":
        part = part.parts[0]
    return part
