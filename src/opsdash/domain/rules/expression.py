"""An alerting expression read just far enough: what it compares with what, and what is plainly wrong."""

import re
from dataclasses import dataclass

from opsdash.domain.promql import find_selectors

TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)|(?P<space>\s+)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    |(?P<compare>==|!=|>=|<=|>|<)|(?P<match>=~|!~)
    |(?P<number>0[xX][0-9a-fA-F_]+|(?:[0-9][0-9_]*(?:ms|[smhdwyi]))+|(?:[0-9][0-9_]*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?:ms|[smhdwyi])*)
    |(?P<word>[A-Za-z_:][A-Za-z0-9_:.]*)|(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_CLOSES = {")": "(", "]": "[", "}": "{"}
_SETS = {"and", "or", "unless"}
_OPERATORS = set("+-*/%^()")


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left` `operator` `right`, where `right` is a number that may be computed."""

    left: str
    operator: str
    right: str

    @property
    def threshold(self) -> str:
        """The operator and the number, as a person reads it."""
        return f"{self.operator} {self.right}"


def obvious_error(expr: str) -> str:
    """Return what to mend: a quote or bracket without its partner; empty where nothing is seen."""
    opened: list[str] = []
    for match in TOKEN.finditer(expr):
        text = match.group()
        if match.lastgroup != "other":
            continue
        if text in ('"', "'", "`"):
            return f"close the quote {text}"
        if text in ("(", "[", "{"):
            opened.append(text)
        elif text in _CLOSES and (not opened or opened.pop() != _CLOSES[text]):
            return f"take out the {text} that closes nothing, or open it"
    if opened:
        return f"close the bracket {opened[-1]}"
    if not re.sub(r"#[^\n]*", "", expr).strip():
        return "write a PromQL expression"
    return ""


def comparison(expr: str) -> Comparison | None:
    """Return the comparison with a number that the whole of `expr` is, None where it is none."""
    depth = 0
    found: re.Match[str] | None = None
    for match in TOKEN.finditer(expr):
        text, kind = match.group(), match.lastgroup
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(text, 0)
        if depth:
            continue
        if kind == "word" and text.lower() in _SETS:
            return None
        if kind == "compare":
            found = match
    if found is None or not _is_number(expr[found.end() :]):
        inner = _unwrapped(expr)
        return comparison(inner) if found is None and inner is not None else None
    right = " ".join(_tokens_of(expr[found.end() :])).replace("( ", "(").replace(" )", ")")
    return Comparison(expr[: found.start()].strip(), found.group(), right)


def presence(expr: str) -> str:
    """Return a query that gives something if any series is there that `expr` looks at now.

    Empty where that cannot be told: an expression without a series, or one that looks at the past.
    """
    queries = [
        f"count({found.text})"
        if found.window is None
        else f"count(count_over_time({found.text}[{found.window}]))"
        for found in find_selectors(expr)
    ]
    return " or ".join(dict.fromkeys(queries))


def _tokens_of(text: str) -> list[str]:
    return [m.group() for m in TOKEN.finditer(text) if m.lastgroup not in ("space", "comment")]


def _is_number(text: str) -> bool:
    found = False
    for match in TOKEN.finditer(text):
        kind, token = match.lastgroup, match.group()
        if kind in ("space", "comment"):
            continue
        number = kind == "number" or (kind == "word" and token.lower() in ("inf", "nan"))
        found = found or number
        if not number and token not in _OPERATORS:
            return False
    return found


def _unwrapped(expr: str) -> str | None:
    """Return what is in the brackets around the whole of `expr`, None where there are none."""
    bare = expr.strip()
    if not (bare.startswith("(") and bare.endswith(")")):
        return None
    depth = 0
    for match in TOKEN.finditer(bare):
        depth += {"(": 1, ")": -1}.get(match.group(), 0)
        if depth == 0 and match.end() < len(bare):
            return None
    return bare[1:-1]
