"""E-mail over SMTP: one message a page, all of one occurrence in one thread.

The Message-ID is made of the page's id, so that a message sent twice is known for the same one, and
References of its key (RFC 5322, 3.6.4). aiosmtplib and not smtplib, because a send that hangs must
be cut at the deadline, and a thread cannot be.
"""

import asyncio
import hashlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from opsdash import __version__
from opsdash.domain.mailbox import is_address
from opsdash.domain.page import Page
from opsdash.domain.text import SafeText, clean
from opsdash.http import tls
from opsdash.http.credentials import Secret
from opsdash.http.errors import RemoteError
from opsdash.http.fault import describe
from opsdash.notifiers.courier import UnsureError, reveal, told
from opsdash.notifiers.notifier import NotifierError, Receipt
from opsdash.notifiers.wording import body_lines, headline, is_urgent

if TYPE_CHECKING:
    from email.message import EmailMessage

    import aiosmtplib

SUBJECT_LIMIT = 200
_LOGIN_REFUSED = (530, 534, 535, 538)


@dataclass(frozen=True, slots=True)
class MailServer:
    """How to reach a mail server. `security` is `starttls`, `tls` (from the first byte) or `none`.

    `timeout` bounds a whole message, in seconds.
    """

    host: str
    port: int
    security: str = "starttls"
    username: str = ""
    password: Secret | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    insecure_skip_verify: bool = False
    min_version: str | None = None
    timeout: float = 10.0


class Email:
    """Sends from `sender` to the address, or to all of `to` where a page names none."""

    kind = "email"

    def __init__(
        self,
        id: str,
        server: MailServer,
        sender: str,
        to: tuple[str, ...] = (),
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.id = id
        self._server = server
        self._sender = sender
        self._to = to
        self._clock = clock
        self._origin = f"{server.host}:{server.port}"

    async def send(self, page: Page, address: str, thread: str) -> Receipt:
        """Hand one message to the mail server."""
        to = (address,) if address else self._to
        if not to:
            raise NotifierError(SafeText("no address: add `to` to the notifier"), permanent=True)
        if wrong := [one for one in to if not is_address(one)]:
            raise NotifierError(clean(f"{wrong[0]!r} is no mail address"), permanent=True)
        message = self.message(page, to)
        try:
            async with asyncio.timeout(self._server.timeout):
                return Receipt(await self._deliver(message, to))
        except TimeoutError:
            text = f"no answer from {self._origin} within {self._server.timeout:g} s"
            raise UnsureError(clean(text)) from None

    async def close(self) -> None:
        """Nothing is kept open between messages."""

    def message(self, page: Page, to: tuple[str, ...]) -> "EmailMessage":
        """Return the message that says `page`."""
        from email.message import EmailMessage
        from email.policy import SMTP
        from email.utils import format_datetime

        domain = self._sender.rpartition("@")[2]
        root = f"<opsdash.{_digest(page.key)}@{domain}>"
        message = EmailMessage(policy=SMTP)
        message["From"] = f"opsdash <{self._sender}>"
        message["To"] = ", ".join(to)
        message["Subject"] = clean(headline(page), SUBJECT_LIMIT)
        message["Date"] = format_datetime(self._clock() if self._clock else page.at)
        message["Message-ID"] = f"<opsdash.{_digest(page.key)}.{_digest(page.id)}@{domain}>"
        message["References"] = root
        message["In-Reply-To"] = root
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message["X-Mailer"] = f"opsdash {__version__}"
        if is_urgent(page):
            message["Importance"] = "high"
            message["X-Priority"] = "1"
        message.set_content("\n".join(body_lines(page)) + "\n", cte="quoted-printable")
        return message

    async def _deliver(self, message: "EmailMessage", to: tuple[str, ...]) -> SafeText:
        import aiosmtplib

        try:
            client = await self._open()
            try:
                refused, answer = await client.send_message(
                    message, sender=self._sender, recipients=list(to)
                )
            finally:
                client.close()
        except RemoteError as error:
            raise NotifierError(told(error.reason)) from None
        except aiosmtplib.SMTPException as error:
            raise self._error(error) from None
        except (OSError, ssl.SSLError) as error:
            raise NotifierError(told(describe(error, self._origin))) from None
        if refused:
            first, said = next(iter(refused.items()))
            more = f"; {len(refused)} of {len(to)} refused: {first}: {said[0]} {said[1]}"
            return told(f"{answer}{more}", 300)
        return told(answer, 200)

    async def _open(self) -> "aiosmtplib.SMTP":
        import aiosmtplib

        server = self._server
        password = reveal(server.password) if server.password else None
        encrypted = server.security != "none"
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=await asyncio.to_thread(tls.make_context, server, True)
            if encrypted
            else None,
            timeout=server.timeout,
            local_hostname=socket.gethostname(),
            username=server.username or None if password else None,
            password=password,
        )
        await client.connect()
        return client

    def _error(self, error: "aiosmtplib.SMTPException") -> NotifierError:
        """Return the error that an SMTP failure means: 5xx is permanent, all else temporary."""
        import aiosmtplib

        if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
            error = error.recipients[0]
        if isinstance(error, aiosmtplib.SMTPResponseException):
            what = "refused the login" if error.code in _LOGIN_REFUSED else f"said {error.code}"
            text = f"{self._origin} {what}: {told(error.message, 200)}"
            return NotifierError(told(text), permanent=error.code >= 500)
        if "STARTTLS" in error.message or "AUTH" in error.message:
            text = f"{self._origin} offers no such thing: {told(error.message, 200)}"
            return NotifierError(told(text), permanent=True)
        cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
        if isinstance(error, aiosmtplib.SMTPConnectError):
            return NotifierError(told(describe(cause, self._origin)))
        return UnsureError(told(f"{self._origin}: {told(error.message, 200)}"))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:24]
