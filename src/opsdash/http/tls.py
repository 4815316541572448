"""TLS contexts of HTTP clients: verification on, own authorities and client certificates."""

import ssl
from pathlib import Path
from typing import Protocol

from opsdash.domain.text import clean
from opsdash.http.errors import RemoteError
from opsdash.secret import SecretError, ensure_private

_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}


class TlsSettings(Protocol):
    """The part of a client's settings that concerns TLS."""

    @property
    def ca_file(self) -> str | None:
        """The authorities to trust, in place of the system's."""

    @property
    def cert_file(self) -> str | None:
        """The client's certificate."""

    @property
    def key_file(self) -> str | None:
        """The key of the client's certificate, if it is not in the same file."""

    @property
    def insecure_skip_verify(self) -> bool:
        """Whether the server may be anyone."""

    @property
    def min_version(self) -> str | None:
        """The oldest version to speak, `TLS10` to `TLS13`; Python's own where it is none."""


def make_context(settings: TlsSettings, used: bool) -> ssl.SSLContext:
    """Return the context for these settings; raise RemoteError where a file cannot be used.

    Where TLS is not `used`, no authorities are loaded: that alone takes 65 ms.
    """
    if not used:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or _bundled_authorities())
    except (OSError, ValueError) as error:
        raise _unusable("ca_file", settings.ca_file, error) from None
    if settings.min_version:
        context.minimum_version = _VERSIONS[settings.min_version]
    if settings.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.cert_file:
        _refuse_shared(settings.key_file)
        try:
            # A key that asks for a passphrase would wait on the terminal: give it none.
            context.load_cert_chain(settings.cert_file, settings.key_file, lambda: "")
        except (OSError, ValueError) as error:
            files = " or ".join(filter(None, (settings.cert_file, settings.key_file)))
            raise _unusable("cert_file or key_file", files, error) from None
    return context


def _refuse_shared(key_file: str | None) -> None:
    """Raise RemoteError where others may read the private key."""
    if key_file is None:
        return
    try:
        ensure_private(Path(key_file))
    except SecretError as error:
        raise RemoteError(error.reason) from None


def concerns(error: BaseException) -> bool:
    """Whether `error` came from a TLS handshake or a certificate."""
    seen: BaseException | None = error
    for _ in range(10):
        if isinstance(seen, ssl.SSLError):
            return True
        seen = seen and (seen.__cause__ or seen.__context__)
    return False


def _bundled_authorities() -> str | None:
    """Return certifi's file where the system has no authorities of its own (slim containers)."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        return None
    import certifi

    return certifi.where()


def _unusable(what: str, path: str | None, error: Exception) -> RemoteError:
    why = getattr(error, "strerror", None) or getattr(error, "reason", None) or "not PEM"
    return RemoteError(clean(f"cannot use tls_config {what} {path}: {why}", 400))
