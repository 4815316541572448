"""Prometheus' template functions over text, and those that a rule here cannot have, with the reason."""

import ipaddress
import re
import unicodedata
from collections.abc import Mapping

from opsdash.domain.rules import humanize
from opsdash.domain.rules.gotext.builtins import BUILTINS, Signature, query_escape
from opsdash.domain.rules.gotext.values import ExecutionError, Html, Map, Value
from opsdash.domain.rules.regex import RegexError, compile_regex

_IN_EXPR = "put it into the rule's expr"
_RESULT = ("works on a query's result, and a template here cannot query", _IN_EXPR)

REFUSED: Mapping[str, tuple[str, str]] = {
    "query": ("a template here cannot ask the server anew", _IN_EXPR),
    "first": _RESULT,
    "label": _RESULT,
    "value": _RESULT,
    "strvalue": _RESULT,
    "sortByLabel": _RESULT,
    "tmpl": ("is for console pages", "use template"),
}
"""Functions of Prometheus that a rule here cannot use: the reason and the cure."""


def functions(external_url: str, at: float) -> dict[str, Signature]:
    """Return every function that a template can call; `at` is the evaluation in unix seconds."""
    path = re.sub(r"^[a-z][a-z0-9+.-]*://[^/?#]*", "", external_url, flags=re.IGNORECASE)
    return {
        **_FUNCTIONS,
        "externalURL": Signature(lambda: external_url),
        "pathPrefix": Signature(lambda: re.split("[?#]", path)[0]),
        "now": Signature(lambda: at),
    }


def _args(*values: Value) -> Map:
    return Map({f"arg{number}": value for number, value in enumerate(values)}, "interface {}")


def _match(pattern: str, text: str) -> bool:
    try:
        return compile_regex(pattern).search(text) is not None
    except RegexError as error:
        raise ExecutionError(f"error parsing regexp: {error}") from None


def _replace_all(pattern: str, replacement: str, text: str) -> str:
    try:
        return compile_regex(pattern).replace_all(text, replacement)
    except RegexError as error:
        quoted = f"`{pattern}`"
        raise ExecutionError(f"regexp: Compile({quoted}): error parsing regexp: {error}") from None


def _title(text: str) -> str:
    """Capitalise the first letter of each word, as golang.org/x/text/cases does with NoLower."""
    letters: list[str] = []
    inside = done = False
    for at, character in enumerate(text):
        if _is_word(character):
            cased = character.lower() != character.upper()
            letters.append(character if done or not cased else character.title())
            inside, done = True, done or cased
            continue
        letters.append(character)
        marks = unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf")
        inside = inside and (marks or _joins(text, at))
        done = done and inside
    return "".join(letters)


def _is_word(character: str) -> bool:
    return character == "_" or character.isalnum()


def _joins(text: str, at: int) -> bool:
    """Whether a mark inside of a text is part of the word around it (UAX 29, MidLetter and MidNum)."""
    before, following = text[at - 1], text[at + 1 : at + 2]
    if text[at] in "'.:’․·‧":
        return before.isalnum() and following.isalnum()
    return text[at] in ",;" and before.isdigit() and following.isdigit()


def _upper(text: str) -> str:
    """Go maps one character to one: what has no single capital stays."""
    return "".join(up if len(up := character.upper()) == 1 else character for character in text)


def _lower(text: str) -> str:
    return "".join(low if len(low := character.lower()) == 1 else low[0] for character in text)


def split_host_port(address: str) -> tuple[str, str] | None:
    """Return host and port as Go's net.SplitHostPort does, None where it would fail."""
    colon = address.rfind(":")
    if colon < 0:
        return None
    host, port = address[:colon], address[colon + 1 :]
    if address.startswith("["):
        end = address.find("]")
        if end != colon - 1:
            return None
        host = address[1:end]
        return None if "[" in host or "]" in port or "[" in port else (host, port)
    if ":" in host or any(mark in address for mark in "[]"):
        return None
    return host, port


def _strip_port(address: str) -> str:
    found = split_host_port(address)
    return address if found is None else found[0]


def _strip_domain(address: str) -> str:
    found = split_host_port(address)
    host, port = (address, "") if found is None else found
    if _is_ip(host):
        return address
    host = host.split(".")[0]
    if not port:
        return host
    return f"[{host}]:{port}" if ":" in host or "%" in host else f"{host}:{port}"


def _is_ip(host: str) -> bool:
    try:
        return "%" not in host and bool(ipaddress.ip_address(host))
    except ValueError:
        return False


_TEXT = ("string",)
_ANY = ("any",)
_FUNCTIONS: dict[str, Signature] = {
    **BUILTINS,
    "args": Signature(_args, (), "any"),
    "graphLink": Signature(lambda expr: f"/graph?g0.expr={query_escape(expr)}&g0.tab=0", _TEXT),
    "humanize": Signature(humanize.humanize, _ANY),
    "humanize1024": Signature(humanize.humanize1024, _ANY),
    "humanizeDuration": Signature(humanize.humanize_duration, _ANY),
    "humanizePercentage": Signature(humanize.humanize_percentage, _ANY),
    "humanizeTimestamp": Signature(humanize.humanize_timestamp, _ANY),
    "match": Signature(_match, ("string", "string")),
    "parseDuration": Signature(humanize.duration_seconds, _TEXT),
    "reReplaceAll": Signature(_replace_all, ("string", "string", "string")),
    "safeHtml": Signature(Html, _TEXT),
    "stripDomain": Signature(_strip_domain, _TEXT),
    "stripPort": Signature(_strip_port, _TEXT),
    "tableLink": Signature(lambda expr: f"/graph?g0.expr={query_escape(expr)}&g0.tab=1", _TEXT),
    "title": Signature(_title, _TEXT),
    "toDuration": Signature(humanize.to_duration, _ANY),
    "toLower": Signature(_lower, _TEXT),
    "toTime": Signature(humanize.to_time, _ANY),
    "toUpper": Signature(_upper, _TEXT),
    "urlQueryEscape": Signature(query_escape, _TEXT),
}

NAMES = frozenset((*_FUNCTIONS, "externalURL", "pathPrefix", "now"))
"""Every function that a template can call."""
