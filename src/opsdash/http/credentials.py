"""What a client says of itself: headers made from secrets at the moment they are sent.

The secrets that went out are remembered for as long as it takes to strike them out of whatever
comes back: some servers quote a request in their errors.
"""

import base64
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText, clean
from opsdash.http.errors import RemoteError, UnsentError
from opsdash.secret import remember

Secret = Callable[[], str]
"""Reveals a secret at the moment it is sent, so that a rotated file is obeyed."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Headers, a user with a password, or a type with credentials; `parameters` are the URL's own."""

    headers: Mapping[str, Secret]
    basic_auth: tuple[str | Secret, Secret] | None
    authorization: tuple[str, Secret] | None
    parameters: str = field(repr=False)

    def reveal(self, origin: str) -> tuple[dict[str, bytes], list[str]]:
        """Return headers, and the texts that must not be shown; raise RemoteError without them."""
        secrets = [value for _, value in urllib.parse.parse_qsl(self.parameters)]
        headers = {
            name: _reveal(f"header {name}", secret, origin, secrets)
            for name, secret in self.headers.items()
        }
        if self.authorization is not None:
            kind, secret = self.authorization
            token = _reveal("the credentials", secret, origin, secrets)
            headers["Authorization"] = kind.encode() + b" " + token
        elif self.basic_auth is not None:
            name, secret = self.basic_auth
            user = (
                name.encode()
                if isinstance(name, str)
                else _reveal("the user", name, origin, secrets)
            )
            password = _reveal("the password", secret, origin, secrets)
            pair = base64.b64encode(user + b":" + password)
            secrets.append(remember(pair.decode()))
            headers["Authorization"] = b"Basic " + pair
        return headers, secrets


def of_url(parts: urllib.parse.SplitResult) -> tuple[str, Secret] | None:
    """Return the user and password that a URL carries."""
    if parts.username is None:
        return None
    password = urllib.parse.unquote(parts.password or "")
    return urllib.parse.unquote(parts.username), lambda: password


def scrub(text: SafeText, secrets: Sequence[str]) -> SafeText:
    """Return `text` with every secret struck out, also as a URL writes it."""
    for secret in secrets:
        for form in {secret, urllib.parse.quote(secret, safe=""), clean(secret)}:
            if form and form in text:
                text = SafeText(text.replace(form, "•••"))
    return text


def _reveal(what: str, secret: Secret, origin: str, secrets: list[str]) -> bytes:
    try:
        text = secret()
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        raise _refused(f"cannot read {what} for {origin}{where}: {error.strerror}") from None
    except Exception as error:
        # The text of an error may quote what it stumbled on; only a reason is made for people.
        why = getattr(error, "reason", None) or type(error).__name__
        raise _refused(f"cannot read {what} for {origin}: {why}") from None
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise _refused(f"{what} for {origin} holds a line break or control character")
    secrets.append(text)
    return text.encode(errors="replace")


def _refused(text: str) -> RemoteError:
    return UnsentError(clean(text, 400))
