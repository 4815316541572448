"""What a request carries, and one request on its way."""

from collections.abc import Mapping
from dataclasses import field
from functools import lru_cache
from urllib.parse import quote_plus

from opsdash.domain.frozen import dataclass
from opsdash.http.reply import Body


@dataclass(frozen=True, slots=True)
class Content:
    """What a request carries besides a form: its bytes, its method, and headers that say what they are.

    `repeatable` says that it does no harm if it arrives twice: then it is sent again where a kept
    connection broke before an answer came.
    """

    body: bytes
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    repeatable: bool = True


@dataclass(slots=True)
class Request:
    """One request on its way; `arrived` counts the bytes of the answer's body.

    `into` takes that body, where somebody waits for it piece by piece.
    """

    path: str
    parameters: Mapping[str, str]
    form: Mapping[str, str] | None
    cap: int
    known: bytes
    content: Content | None = None
    arrived: int = 0
    into: Body | None = None


_LONG = 500
"""Characters from which a value is kept as it is sent: the union of all queries, the same each time."""


def encode_form(form: Mapping[str, str]) -> str:
    """Return names and values as a form or a query string writes them."""
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in form.items())


def _quoted(text: str) -> str:
    return _quoted_once(text) if len(text) >= _LONG else quote_plus(text, errors="replace")


@lru_cache(16)
def _quoted_once(text: str) -> str:
    return quote_plus(text, errors="replace")
