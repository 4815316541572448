"""A template's text as tokens: literal text, and what stands between `{{` and `}}`."""

import re
from dataclasses import dataclass

SPACES = " \t\r\n"

KEYWORDS = frozenset(
    (
        "block",
        "break",
        "continue",
        "define",
        "else",
        "end",
        "if",
        "nil",
        "range",
        "template",
        "with",
    )
)

_TOKEN = re.compile(
    r"""
      (?P<close>[ \t\r\n]+-\}\}|\}\})
    | (?P<space>[ \t\r\n]+)
    | (?P<declare>:=) | (?P<assign>=) | (?P<pipe>\|) | (?P<comma>,)
    | (?P<open>\() | (?P<shut>\))
    | (?P<string>"(?:[^"\\\n]|\\[^\n])*") | (?P<raw>`[^`]*`)
    | (?P<char>'(?:[^'\\\n]|\\[^\n])*')
    | (?P<variable>\$\w*)
    | (?P<number>[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?
        |0[oObB][0-9_]+|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]*)?)i?)
    | (?P<field>\.\w+) | (?P<dot>\.) | (?P<word>\w+)
    """,
    re.VERBOSE,
)
_ENDS_A_NAME = re.compile(r"[ \t\r\n.,|:()]|\}\}|\Z")
_UNCLOSED = {'"': "unterminated quoted string", "`": "unterminated raw quoted string"}
_NAMES = ("word", "field", "variable")


class TemplateError(ValueError):
    """A template that Prometheus would refuse, or that opsdash cannot render; `line` is its own, from 1."""

    def __init__(self, message: str, line: int, cure: str = "mend the template") -> None:
        super().__init__(message)
        self.line = line
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind (`text`, `left`, a group of the grammar, a keyword, `end of text`)."""

    kind: str
    text: str
    pos: int


def line_at(text: str, pos: int) -> int:
    """Return the line, from 1, of a position."""
    return text.count("\n", 0, pos) + 1


def tokens(text: str) -> list[Token]:
    """Return the tokens of a template; raise TemplateError where it is not one."""
    found: list[Token] = []
    at = 0
    trim = False
    while True:
        left = text.find("{{", at)
        end = len(text) if left < 0 else left
        literal = text[at:end].lstrip(SPACES) if trim else text[at:end]
        start = end - len(literal)
        trimmed_left = left >= 0 and text[left + 2 : left + 3] == "-" and _is_space(text, left + 3)
        if trimmed_left:
            literal = literal.rstrip(SPACES)
        if literal:
            found.append(Token("text", literal, start))
        if left < 0:
            found.append(Token("end of text", "", len(text)))
            return found
        inside = left + (4 if trimmed_left else 2)
        if text.startswith("/*", inside):
            at, trim = _after_comment(text, inside)
            continue
        found.append(Token("left", "{{", left))
        at = _action(text, inside, left, found)
        trim = found[-1].text != "}}"


def _is_space(text: str, pos: int) -> bool:
    return text[pos : pos + 1] in tuple(SPACES)


def _after_comment(text: str, start: int) -> tuple[int, bool]:
    end = text.find("*/", start + 2)
    if end < 0:
        raise TemplateError("unclosed comment", line_at(text, start))
    end += 2
    if text.startswith("}}", end):
        return end + 2, False
    if _is_space(text, end) and text.startswith("-}}", end + 1):
        return end + 4, True
    raise TemplateError("comment ends before closing delimiter", line_at(text, end))


def _action(text: str, at: int, left: int, found: list[Token]) -> int:
    """Add the tokens of one action up to its `}}`; return where the text goes on."""
    depth = 0
    while True:
        if at >= len(text):
            raise TemplateError("unclosed action", line_at(text, left))
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise TemplateError(_broken(text[at]), line_at(text, at))
        kind, value, end = match.lastgroup, match.group(), match.end()
        if kind in _NAMES and not _ENDS_A_NAME.match(text, end):
            raise TemplateError(f"bad character {text[end]!r} after {value}", line_at(text, at))
        if kind == "number" and re.match(r"\w", text[end : end + 1]):
            raise TemplateError(f"bad number syntax: {value}{text[end]}", line_at(text, at))
        depth += {"open": 1, "shut": -1}.get(kind, 0)
        if depth < 0:
            raise TemplateError("unexpected right paren", line_at(text, at))
        if kind == "close" and depth:
            raise TemplateError("unclosed left paren", line_at(text, at))
        if kind == "word" and value in KEYWORDS:
            kind = value
        elif kind == "word" and value in ("true", "false"):
            kind = "bool"
        found.append(Token(kind, value, at))
        at = end
        if kind == "close":
            return at


def _broken(character: str) -> str:
    if character == "'":
        return "unterminated character constant"
    if character == ":":
        return "expected :="
    return _UNCLOSED.get(character, f"unexpected {character!r} in an action")
