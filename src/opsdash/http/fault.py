"""Transport errors in people's words, without anything secret: refused, not found, TLS, broken."""

import errno
import socket
import ssl

from opsdash.domain.text import clean

_ERRNO = {
    errno.ECONNREFUSED: "refused the connection; is the server running?",
    errno.EHOSTUNREACH: "cannot be reached (no route to host)",
    errno.ENETUNREACH: "cannot be reached (no network)",
    errno.ECONNRESET: "reset the connection",
    errno.EPIPE: "closed the connection",
    errno.ETIMEDOUT: "did not take the connection in time",
    errno.EMFILE: "cannot be asked: this process has too many open files",
}

_CLIENT_CERTIFICATE = "does it want a client certificate (tls_config cert_file and key_file)?"


def describe(error: Exception, origin: str, anonymous: bool = False) -> str:
    """Return one line that says what went wrong with a request to `origin`.

    `anonymous` says that TLS was tried without a client certificate and the server never answered.
    """
    hint = f"; {_CLIENT_CERTIFICATE}" if anonymous else ""
    causes = _causes(error)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"TLS: the certificate of {origin} is not accepted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLWantReadError | ssl.SSLWantWriteError):
            continue  # Only how a handshake waits: what broke the connection is beside it.
        if isinstance(cause, ssl.SSLError) and "ALERT" in (cause.reason or ""):
            said = clean(str(cause.reason).rpartition("ALERT_")[2].replace("_", " ").lower(), 100)
            return f"TLS: {origin} refused us: {said}{hint}"
        if isinstance(cause, ssl.SSLError):
            return f"TLS with {origin} failed: {clean(cause.reason or cause.strerror, 100)}"
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return f"{origin} is not found: no such host name ({cause.strerror})"
        if isinstance(cause, OSError) and cause.errno in _ERRNO:
            broke = cause.errno in (errno.ECONNRESET, errno.EPIPE)
            return f"{origin} {_ERRNO[cause.errno]}{hint if broke else ''}"
    return _by_kind(type(error).__name__, str(error), origin, hint)


def _by_kind(kind: str, text: str, origin: str, hint: str) -> str:
    match kind:
        case "RemoteProtocolError" if text.startswith("Server disconnected"):
            return f"{origin} closed the connection without an answer{hint}"
        case "RemoteProtocolError":
            return f"{origin} broke HTTP: {clean(text.partition(': bytearray')[0], 200)}"
        case "ReadError" | "WriteError" | "CloseError":
            return f"the connection to {origin} broke{hint}"
        case "ConnectError":
            return f"no connection to {origin}"
        case "ProxyError":
            return f"the configured proxy does not lead to {origin}"
        case "LocalProtocolError" | "InvalidURL" | "UnsupportedProtocol":
            # Its text may quote a header or the URL, and with them a secret.
            return f"the configured URL or a header for {origin} is not valid HTTP"
    return f"the request to {origin} failed ({kind})"


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting and len(found) < 30:
        seen = waiting.pop(0)
        if seen is None or seen in found:
            continue
        found.append(seen)
        waiting += [seen.__cause__, seen.__context__]
        if isinstance(seen, BaseExceptionGroup):
            waiting += seen.exceptions
    return found
