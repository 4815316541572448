"""What a request carries, and one request on its way."""

from collections.abc import Mapping
from dataclasses import field

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
