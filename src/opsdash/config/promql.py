"""What is obviously wrong with a PromQL query, seen without a server."""

import re

_TOKEN = re.compile(r'#[^\n]*|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`[^`]*`|[\[\](){}"\'`]')
_CLOSES = {")": "(", "]": "[", "}": "{"}


def obvious_error(query: str) -> str:
    """Return what to mend: a quote or bracket without its partner; empty where nothing is seen."""
    opened: list[str] = []
    for token in _TOKEN.findall(query):
        if token in ('"', "'", "`"):
            return f"close the quote {token}"
        if token in ("(", "[", "{"):
            opened.append(token)
        elif token in _CLOSES and (not opened or opened.pop() != _CLOSES[token]):
            return f"take out the {token} that closes nothing, or open it"
    if opened:
        return f"close the bracket {opened[-1]}"
    if not re.sub(r"#[^\n]*", "", query).strip():
        return "write a PromQL query"
    return ""
