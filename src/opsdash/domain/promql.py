"""PromQL read just far enough: which series a query looks at now, what is obviously wrong, quoting.

The lexical rules are Prometheus' (`promql/parser/lex.go`); words of MetricsQL in the place of an
operator do no harm. A query that Prometheus would refuse gives some answer and never an error.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from opsdash.domain.frozen import dataclass

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|\#[^\n]*)
    | (?P<string>"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`[^`]*`?)
    | (?P<number>0[xX][0-9a-fA-F_]+|(?:[0-9][0-9_]*(?:ms|[smhdwyi]))+
        |(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?:ms|[smhdwyiKMGTB])*)
    | (?P<word>[A-Za-z_:][A-Za-z0-9_:.]*)
    | (?P<operator>=~|!~|==|!=|>=|<=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSED = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`[^`]*`')
_CLOSES = {")": "(", "]": "[", "}": "{"}
_CLAUSES = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_AGGREGATIONS = {
    *("sum", "min", "max", "avg", "group", "stddev", "stdvar", "count", "count_values"),
    *("bottomk", "topk", "quantile", "limitk", "limit_ratio"),
}
_NUMBERS = {"inf", "nan"}


@dataclass(frozen=True, slots=True)
class Selector:
    """A vector selector: its text without range, offset or @, and the range over it (`5m`)."""

    text: str
    window: str | None = None


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def quote(text: str) -> str:
    """Return `text` as a PromQL string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(_escape(character) for character in escaped) + '"'


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else character


def selectors(query: str) -> tuple[str, ...]:
    """Return the texts of the selectors of `find_selectors`, each once."""
    return tuple(dict.fromkeys(found.text for found in find_selectors(query)))


def find_selectors(query: str) -> tuple[Selector, ...]:
    """Return the vector selectors of a query that look at the present, in order.

    Those under an `offset` or an `@`, their own or that of a subquery around them, are left out:
    the age of their samples says nothing about whether the series lives.
    """
    return _Reader(query).read()


def obvious_error(query: str) -> str:
    """Return what to mend: a quote or bracket without its partner; empty where nothing is seen."""
    opened: list[str] = []
    written = False
    for token in _tokens(query):
        written = True
        if token.kind == "string" and not _CLOSED.fullmatch(token.text):
            return f"close the quote {token.text[0]}"
        if token.text in ("(", "[", "{"):
            opened.append(token.text)
        elif token.text in _CLOSES and (not opened or opened.pop() != _CLOSES[token.text]):
            return f"take out the {token.text} that closes nothing, or open it"
    if opened:
        return f"close the bracket {opened[-1]}"
    return "" if written else "write a PromQL query"


def _tokens(query: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(query):
        kind = match.lastgroup or "operator"
        if kind != "space":
            yield _Token(kind, match.group(), match.start(), match.end())


class _Reader:
    """Walks the tokens once, knowing whether an operand or an operator comes next."""

    def __init__(self, query: str) -> None:
        self.query = query
        self.tokens = list(_tokens(query))
        self.at = 0
        self.found: list[Selector | None] = []
        self.opened: list[int] = []
        self.operand_from = 0
        self.after_operand = False

    def read(self) -> tuple[Selector, ...]:
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token.kind == "word":
                self._word(token)
            elif token.kind in ("string", "number"):
                self._operand(len(self.found))
                self.at += 1
            else:
                self._operator(token)
        return tuple(found for found in self.found if found is not None)

    def _peek(self, offset: int = 1) -> str:
        at = self.at + offset
        return self.tokens[at].text if at < len(self.tokens) else ""

    def _operand(self, start: int) -> None:
        self.operand_from = start
        self.after_operand = True

    def _word(self, token: _Token) -> None:
        word = token.text.lower()
        follows = self._peek()
        if word in _CLAUSES and (follows == "(" or self.after_operand or word.startswith("group_")):
            self.at += 1
            if follows == "(":
                self._skip_group()
        elif self.after_operand:
            self.at += 1
            if word == "offset":
                self._offset()
            else:
                self.after_operand = False
        elif word == "bool" or follows == "(" or self._aggregates(word, follows):
            self.at += 1
        elif word in _NUMBERS:
            self._operand(len(self.found))
            self.at += 1
        else:
            self._selector(token.start)

    def _aggregates(self, word: str, follows: str) -> bool:
        return word in _AGGREGATIONS and follows.lower() in ("by", "without")

    def _selector(self, start: int) -> None:
        """Take a metric name, or braces, or both, as one selector."""
        end = self.tokens[self.at].end
        if self.tokens[self.at].text != "{":
            self.at += 1
        if self.at < len(self.tokens) and self.tokens[self.at].text == "{":
            while self.at < len(self.tokens):
                token = self.tokens[self.at]
                self.at += 1
                end = token.end
                if token.text == "}":
                    break
        self._operand(len(self.found))
        self.found.append(Selector(self.query[start:end]))

    def _operator(self, token: _Token) -> None:
        match token.text:
            case "{" if not self.after_operand:
                self._selector(token.start)
                return
            case "(":
                self.opened.append(len(self.found))
                self.after_operand = False
            case ")":
                self._operand(self.opened.pop() if self.opened else 0)
            case "[":
                self._range()
                return
            case "@" if self.after_operand:
                self._shift()
                self.at += 1
                if self._peek(1) == "(":
                    self.at += 1
                    self._skip_group()
                else:
                    self._skip_signed()
                return
            case _:
                self.after_operand = False
        self.at += 1

    def _range(self) -> None:
        """Note the window of a range selector; a subquery leaves its operand as it was."""
        start = self.at + 1
        while self.at < len(self.tokens) and self.tokens[self.at].text != "]":
            self.at += 1
        inside = [token.text for token in self.tokens[start : self.at]]
        self.at += 1
        # A recording rule's name may hold a colon, and so may a window's word: `[5m:1m]` lexes
        # as number, word.
        if any(":" in text for text in inside):
            return
        if self.found and self.operand_from == len(self.found) - 1 and self.found[-1]:
            self.found[-1] = replace(self.found[-1], window="".join(inside))

    def _offset(self) -> None:
        self._shift()
        if self._peek(0) == "(":
            self._skip_group()
        else:
            self._skip_signed()

    def _shift(self) -> None:
        """Leave out the selectors of the operand that an offset or @ was just read for."""
        for index in range(self.operand_from, len(self.found)):
            self.found[index] = None

    def _skip_signed(self) -> None:
        while self._peek(0) in ("-", "+"):
            self.at += 1
        self.at += 1

    def _skip_group(self) -> None:
        depth = 0
        while self.at < len(self.tokens):
            text = self.tokens[self.at].text
            self.at += 1
            depth += {"(": 1, ")": -1}.get(text, 0)
            if depth == 0:
                return
