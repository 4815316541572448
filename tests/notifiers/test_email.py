"""E-mail to a real SMTP server: threads, logins, TLS, refusals, and headers that stay headers."""

import asyncio
import email
import email.policy
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdash.domain.mailbox import is_address
from opsdash.domain.page import Page, PageKind
from opsdash.domain.text import SafeText
from opsdash.notifiers.email import Email, MailServer
from opsdash.notifiers.notifier import NotifierError
from tests.kit.certificates import Certificates
from tests.kit.process import free_port
from tests.notifiers.conftest import Keep
from tests.notifiers.pages import AT, HOSTILE, any_kind, any_text, hostile, page

SENDER = "opsdash@ops.example.com"
JOHN = "john@example.com"


class Mailbox:
    """What arrived, and what the server says to the next commands."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.refused: dict[str, str] = {}
        self.answer = "250 2.0.0 Ok: queued as 4FxYz"
        self.hang = False
        self.logins: list[tuple[bytes, bytes]] = []
        self.encrypted: list[bool] = []

    async def handle_RCPT(  # noqa: N802 (aiosmtpd calls it so)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.hang:
            await asyncio.sleep(30)
        self.encrypted.append(session.ssl is not None)
        self.envelopes.append(envelope)
        return self.answer

    def messages(self) -> list[EmailMessage]:
        """Return what arrived, parsed."""
        found = []
        for envelope in self.envelopes:
            assert isinstance(envelope.content, bytes)
            message = email.message_from_bytes(envelope.content, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            found.append(message)
        return found


@contextmanager
def serving(mailbox: Mailbox, tls: Any = None, login: bool = False) -> Iterator[MailServer]:
    """Run a mail server; `tls` is a certificate for STARTTLS, `login` asks for opsdash's password."""

    def check(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: LoginPassword
    ) -> AuthResult:
        mailbox.logins.append((given.login, given.password))
        return AuthResult(success=given.password == b"pa55-word", handled=False)

    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key)
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=context,
        require_starttls=tls is not None,
        authenticator=check if login else None,
        auth_required=login,
        auth_require_tls=tls is not None,
    )
    controller.start()
    try:
        yield MailServer("127.0.0.1", controller.port, "none")
    finally:
        controller.stop()


async def failure(server: MailServer, **changes: Any) -> NotifierError:
    notifier = Email("mail", server, SENDER, (JOHN,), lambda: AT)
    with pytest.raises(NotifierError) as caught:
        await notifier.send(page(**changes), "", "")
    return caught.value


async def test_a_page_arrives_and_its_thread_holds_together() -> None:
    """Subject and body say what is known; all messages about one occurrence are one conversation."""
    mailbox = Mailbox()
    with serving(mailbox) as server:
        notifier = Email("mail", server, SENDER, (), lambda: AT)
        receipt = await notifier.send(page(), JOHN, "")
        assert receipt.answer.startswith("2.0.0 Ok: queued as 4FxYz")
        await notifier.send(page(PageKind.ACKNOWLEDGE, by=SafeText("John")), JOHN, "")
        await notifier.send(page(PageKind.RESOLVE), JOHN, "")
        await notifier.send(page(PageKind.RESOLVE), JOHN, "")
    first, second, third, again = mailbox.messages()
    assert first["Subject"] == "CRITICAL · High error rate detected in payments API (INC-001)"
    assert (first["To"], first["From"]) == (JOHN, f"opsdash <{SENDER}>")
    assert first["Date"] == "Mon, 22 Dec 2025 14:05:00 +0000"
    assert first["Auto-Submitted"] == "auto-generated"
    assert (first["Importance"], third["Importance"]) == ("high", None)
    text = first.get_content().replace("\r\n", "\n")
    for words in (
        "2.5% of requests fail; the limit is 1%.",
        "Level: 1 On-call engineer",
        "Changed lately:\n  v1.4.2 of payments-api deployed 13:58 UTC by alice",
        "Runbook: https://runbooks.example.com/HighErrorRate",
    ):
        assert words in text
    assert second["Subject"].startswith("ACKNOWLEDGED by John · ")
    assert first["References"] == second["References"] == third["References"]
    ids = [message["Message-ID"] for message in (first, second, third, again)]
    assert len(set(ids)) == 3
    assert ids[2] == ids[3]
    assert all(id.endswith("@ops.example.com>") for id in ids)


async def test_without_an_address_it_goes_to_all_that_are_configured() -> None:
    """Who refuses does not keep the others from theirs, and is named in the answer."""
    mailbox = Mailbox()
    mailbox.refused["gone@example.com"] = "550 5.1.1 No such user"
    with serving(mailbox) as server:
        notifier = Email("mail", server, SENDER, (JOHN, "gone@example.com"), lambda: AT)
        receipt = await notifier.send(page(), "", "")
    assert mailbox.envelopes[0].rcpt_tos == [JOHN]
    assert "1 of 2 refused: gone@example.com: 550 5.1.1 No such user" in receipt.answer


async def test_nobody_to_write_to_is_refused() -> None:
    """No address at all, and what is none, never reach a server."""
    notifier = Email("mail", MailServer("127.0.0.1", 1), SENDER)
    for address, words in (("", "no address"), ("a@b\r\nRCPT TO:<x@y>", "is no mail address")):
        with pytest.raises(NotifierError, match=words) as caught:
            await notifier.send(page(), address, "")
        assert caught.value.permanent


@pytest.mark.parametrize(
    ("answer", "permanent"),
    [
        ("451 4.3.0 Try again later", False),
        ("452 4.2.2 Mailbox full", False),
        ("550 5.7.1 Blocked", True),
        ("554 5.6.0 Bad message", True),
    ],
)
async def test_what_an_answer_means(answer: str, permanent: bool) -> None:
    """4xx is tried again, 5xx is not, at the recipient as at the message."""
    mailbox = Mailbox()
    mailbox.answer = answer
    with serving(mailbox) as server:
        error = await failure(server)
        assert (error.permanent, answer[4:] in error.reason) == (permanent, True)
        mailbox.refused[JOHN] = answer
        error = await failure(server)
    assert (error.permanent, answer[:3] in error.reason) == (permanent, True)


async def test_the_password_goes_over_tls_only(certificates: Certificates, keep: Keep) -> None:
    """STARTTLS is asked for, the certificate is checked, and then the login is made."""
    mailbox = Mailbox()
    with serving(mailbox, certificates.good, login=True) as plain:
        server = MailServer(
            plain.host,
            plain.port,
            "starttls",
            username="opsdash",
            password=keep("pa55-word"),
            ca_file=str(certificates.ca),
        )
        await Email("mail", server, SENDER, (JOHN,)).send(page(), "", "")
        assert mailbox.encrypted == [True]
        assert mailbox.logins == [(b"opsdash", b"pa55-word")]
        unknown = MailServer(plain.host, plain.port, "starttls", "opsdash", keep("pa55-word"))
        error = await failure(unknown)
        assert "certificate" in error.reason
        assert not error.permanent
    assert len(mailbox.logins) == 1


async def test_a_server_without_tls_is_refused_where_it_was_asked_for(keep: Keep) -> None:
    """The password is not sent in the clear instead."""
    mailbox = Mailbox()
    with serving(mailbox) as plain:
        error = await failure(
            MailServer(plain.host, plain.port, "starttls", "opsdash", keep("pa55-word"))
        )
    assert error.permanent
    assert "STARTTLS" in error.reason
    assert mailbox.envelopes == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_a_wrong_password_is_permanent_and_not_shown(keep: Keep) -> None:
    """The reason names the server and no secret."""
    mailbox = Mailbox()
    with serving(mailbox, login=True) as plain:
        wrong = MailServer(plain.host, plain.port, "none", "opsdash", keep("wr0ng-word"))
        error = await failure(wrong)
    assert error.permanent
    assert "refused the login" in error.reason
    assert "wr0ng-word" not in error.reason


async def test_a_server_that_is_not_there_or_hangs_is_temporary() -> None:
    """Refused at once, or cut at the deadline."""
    port = free_port()
    error = await failure(MailServer("127.0.0.1", port, "none"))
    assert error.reason.startswith(f"127.0.0.1:{port} refused the connection")
    assert not error.permanent
    mailbox = Mailbox()
    mailbox.hang = True
    with serving(mailbox) as server:
        error = await failure(MailServer(server.host, server.port, "none", timeout=0.4))
    assert "within 0.4 s" in error.reason
    assert not error.permanent


def headers_of(told: Page) -> EmailMessage:
    """Return the message as a receiver parses its bytes."""
    message = Email("mail", MailServer("h", 25), SENDER, (), lambda: AT).message(told, (JOHN,))
    back = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
    assert isinstance(back, EmailMessage)
    return back


EXPECTED = sorted(headers_of(page()).keys())


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_adds_no_header(text: str) -> None:
    """No label adds a recipient, a header or a part, or ends the message early."""
    for kind in PageKind:
        hold_to_rules(text, kind)


@settings(max_examples=40)
@given(any_text, any_kind)
def test_any_text_adds_no_header(text: str, kind: PageKind) -> None:
    """The same for anything."""
    hold_to_rules(text, kind)


def hold_to_rules(text: str, kind: PageKind) -> None:
    message = headers_of(hostile(text, kind))
    urgent = [] if kind is PageKind.TRIGGER else ["Importance", "X-Priority"]
    assert sorted([*message.keys(), *urgent]) == EXPECTED
    assert (message["To"], message["From"]) == (JOHN, f"opsdash <{SENDER}>")
    assert message["Bcc"] is None
    assert not message.is_multipart()
    assert message.get_content_type() == "text/plain"
    raw = Email("mail", MailServer("h", 25), SENDER).message(hostile(text, kind), (JOHN,))
    lines = raw.as_bytes().split(b"\r\n")
    assert all(len(line) <= 998 for line in lines)


@given(st.text(max_size=60))
def test_an_address_is_one_or_none(text: str) -> None:
    """Only what SMTP takes as one plain address is an address."""
    if is_address(text):
        local, _, domain = text.rpartition("@")
        assert local and domain
        assert text.isascii()
        assert not set(text) & set('\r\n \t<>,;:"()[]\\')


@pytest.mark.parametrize("text", ["john@example.com", "a.b+c@x-y.example", "root@localhost"])
def test_plain_addresses_are_addresses(text: str) -> None:
    """What people write is taken."""
    assert is_address(text)


async def test_a_certificate_file_that_is_missing_is_named(tmp_path: Path) -> None:
    """The reason says which file."""
    server = MailServer("127.0.0.1", 1, "tls", ca_file=str(tmp_path / "none.pem"))
    error = await failure(server)
    assert "cannot use tls_config ca_file" in error.reason
