"""A whole answer of an HTTP server, and the words in it that a person should read."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import ClassVar, NamedTuple

from opsdash.http.json_body import MalformedError, read_json

TEXT_LIMIT = 200
"""Characters of a server's own words that an error may carry."""

_VALIDATOR_LIMIT = 1000

HTML = "an HTML page; is there a login or another program at this URL?"


class Reply(NamedTuple):
    """A whole answer: status, body, content type, and the server's own clock where it told it.

    `body` is the very object that the caller knew already where nothing differs from it. `etag` and
    `modified` are what to ask with whether it has changed, empty where the server said neither.
    `remaining` requests are allowed until `reset` from now, where the server said so (`ratelimit-*`).
    """

    status: int
    body: bytes
    content_type: str
    date: datetime | None
    retry_after: timedelta | None
    etag: str = ""
    modified: str = ""
    remaining: int | None = None
    reset: timedelta | None = None

    @property
    def wait(self) -> timedelta | None:
        """How long a refusal asks to wait: `Retry-After`, else of too many requests when more are taken."""
        return self.reset if self.retry_after is None and self.status == 429 else self.retry_after


class Body:
    """Puts a body together; as long as it is like the `known` one, nothing is copied.

    `under_way` is how many bytes all bodies of this process hold that are not whole yet.
    """

    under_way: ClassVar[int] = 0

    def __init__(self, known: bytes) -> None:
        self._known = known
        self._alike = 0
        self._chunks: list[bytes] = []
        self._held = 0
        self.size = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        if self._alike == self.size and self._known.startswith(chunk, self.size):
            self._alike += len(chunk)
        else:
            self._chunks.append(chunk)
            self._held += len(chunk)
            Body.under_way += len(chunk)
        self.size += len(chunk)

    def let_go(self) -> None:
        """Count no more: it is whole, or will never be."""
        Body.under_way -= self._held
        self._held = 0
        self._chunks.clear()

    def whole(self) -> bytes:
        """Return all bytes taken, the known body itself if they are the same."""
        if self._alike == self.size == len(self._known):
            return self._known
        return b"".join([self._known[: self._alike], *self._chunks])


def words_of(reply: Reply) -> str:
    """Return the error text of Prometheus' envelope, Alertmanager's string or object, or plain text."""
    start = reply.body[:4096].lstrip()
    plain = start.decode(errors="replace").strip()
    if reply.content_type == "text/html" or start[:1] == b"<":
        return HTML
    if start[:1] not in (b"{", b'"'):
        return plain
    try:
        found = read_json(reply.body)
    except MalformedError:
        return plain
    if not isinstance(found, dict):
        return str(found)
    kind, text = found.get("errorType"), found.get("error") or found.get("message") or ""
    return f"{kind}: {text}" if kind else str(text)


def read_date(text: str | None) -> datetime | None:
    """Return the moment that an HTTP date names."""
    try:
        at = parsedate_to_datetime(text) if text else None
        return at.astimezone(UTC) if at is not None else None
    except (ValueError, TypeError, OverflowError):
        return None


def read_validator(text: str | None) -> str:
    """Return an ETag or a Last-Modified fit to be sent back, empty where it is not."""
    fit = (
        text is not None and len(text) <= _VALIDATOR_LIMIT and text.isascii() and text.isprintable()
    )
    return text if text is not None and fit else ""


def read_retry_after(text: str | None, date: datetime | None) -> timedelta | None:
    """Return the wait that a Retry-After header asks for: seconds, or a moment of the server's clock."""
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:9]))
    at = read_date(text)
    return max(at - date, timedelta()) if at is not None and date is not None else None


def read_allowance(remaining: str | None, reset: str | None) -> tuple[int | None, timedelta | None]:
    """Return how many requests a server still takes, and after how many seconds it takes more.

    The headers `ratelimit-remaining` and `ratelimit-reset`, as PagerDuty's REST API and the IETF's
    draft have them; a `reset` that is no number of seconds is none.
    """
    return _count(remaining), None if (left := _count(reset)) is None else timedelta(seconds=left)


def _count(text: str | None) -> int | None:
    return int(text[:9]) if text and text.isascii() and text.isdigit() else None
