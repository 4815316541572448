"""Secrets: read where the configuration points, from private files only, and never shown."""

import base64
import os
import stat
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote, quote_plus, urlsplit

from opsdash.domain.text import SafeText, clean
from opsdash.plan import FileRef, SecretRef

LIMIT = 64 * 1024
"""Bytes that a secret may have at most."""

REDACTED = "[secret]"
"""What stands where a secret stood."""

LEAST_STRUCK = 8
"""Characters from which a secret is struck out of texts: a user name of three would make holes in
words. A password is struck out however short it is."""

_revealed: set[str] = set()


class SecretError(Exception):
    """A secret that cannot be had: one line for people, which never holds the secret."""

    def __init__(self, reason: SafeText) -> None:
        super().__init__(reason)
        self.reason = reason


class Secret:
    """One secret of the configuration, read when it is needed and again when its file changes.

    It shows itself as the place it comes from. It cannot be pickled, copied or written as JSON.
    """

    __slots__ = ("_least", "_ref", "_seen", "_value")

    def __init__(self, ref: SecretRef, password: bool = False) -> None:
        self._ref = ref
        self._least = 1 if password else LEAST_STRUCK
        self._seen: tuple[int, ...] | None = None
        self._value = ""

    def reveal(self) -> str:
        """Return the secret; raise SecretError where it is missing, not private, or not one line."""
        if self._ref.file is None:
            value, fault = _checked(os.environ.get(self._ref.env, ""))
            if fault:
                raise SecretError(clean(f"environment variable {self._ref.env} {fault}"))
            return remember(value, self._least)
        path = locate(self._ref.file)
        if self._seen is None or self._seen != _state(path):
            state, raw = _read_private(path)
            value, fault = _decoded(raw)
            # A traceback that shows locals must find nothing here.
            del raw
            if fault:
                raise SecretError(clean(f"secret file {path} {fault}"))
            self._seen, self._value = state, remember(value, self._least)
        return self._value

    @property
    def place(self) -> str:
        """Where it comes from, in words for people."""
        return str(locate(self._ref.file)) if self._ref.file else f"${self._ref.env}"

    def __repr__(self) -> str:
        place = (
            f"file={str(locate(self._ref.file))!r}" if self._ref.file else f"env={self._ref.env!r}"
        )
        return f"Secret({place})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never pickled or copied")


def locate(ref: FileRef) -> Path:
    """Return where the file is: below `$CREDENTIALS_DIRECTORY` first, then beside the folder."""
    path = Path(os.path.expanduser(ref.path))
    if path.is_absolute():
        return path
    granted = os.environ.get("CREDENTIALS_DIRECTORY")
    if granted and (Path(granted) / path).exists():
        return Path(granted) / path
    return Path(ref.folder) / path


def ensure_private(path: Path) -> None:
    """Raise SecretError unless `path` is a file that only its user can read."""
    _read_private(path)


def remember(value: str, least: int = LEAST_STRUCK) -> str:
    """Return `value` having noted it as secret, for what is made of secrets (a header's token).

    What has fewer than `least` characters is not noted.
    """
    if len(value) >= max(least, 1):
        _revealed.add(value)
    return value


def remember_address(url: str) -> None:
    """Note what makes an address secret: its path and its parameters, wherever they turn up."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    for part in (parts.path, parts.path.rpartition("/")[2], parts.query):
        if len(part) > 5:
            remember(part)


def redact(text: str) -> str:
    """Return `text` with every secret read so far taken out, its URL and base64 forms as well."""
    forms = {form for value in _revealed for form in _forms(value)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, REDACTED)
    return text


def _forms(value: str) -> tuple[str, ...]:
    encoded = base64.b64encode(value.encode(errors="replace")).decode()
    return value, quote(value, safe=""), quote_plus(value), encoded, repr(value)[1:-1]


def _read_private(path: Path) -> tuple[tuple[int, ...], bytes]:
    """Return the file's state and bytes, having looked at the file that was opened, not its name."""
    reason = ""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        reason = f"cannot read secret file {path}: {error.strerror}"
    if reason:
        raise SecretError(clean(reason))
    try:
        found = os.fstat(descriptor)
        _refuse_shared(path, found)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            raw = file.read(LIMIT + 1)
    finally:
        os.close(descriptor)
    return _state_of(found), raw


def _refuse_shared(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise SecretError(clean(f"secret file {path} is not a file"))
    granted = os.environ.get("CREDENTIALS_DIRECTORY")
    # systemd grants a unit's credentials by ACL, whose mask shows as the group's rights.
    shared = stat.S_IRWXO if granted and path.is_relative_to(granted) else 0o077
    if stat.S_IMODE(found.st_mode) & shared:
        raise SecretError(
            clean(f"others can read or change secret file {path}; run: chmod 600 {path}")
        )
    if found.st_uid not in (0, os.geteuid()):
        raise SecretError(
            clean(f"secret file {path} belongs to another user; run: chown {os.geteuid()} {path}")
        )
    folder = os.stat(path.parent)
    if folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX:
        raise SecretError(
            clean(f"anybody can replace secret file {path}; run: chmod o-w {path.parent}")
        )


def _state(path: Path) -> tuple[int, ...] | None:
    try:
        return _state_of(os.stat(path))
    except OSError:
        return None


def _state_of(found: os.stat_result) -> tuple[int, ...]:
    return (
        found.st_dev,
        found.st_ino,
        found.st_mtime_ns,
        found.st_size,
        found.st_mode,
        found.st_uid,
    )


def _decoded(raw: bytes) -> tuple[str, str]:
    """Return the secret in `raw`, or else what is wrong with it; never both."""
    if len(raw) > LIMIT:
        return "", f"is larger than {LIMIT // 1024} KiB"
    try:
        return _checked(raw.decode())
    except UnicodeDecodeError:
        return "", "is not UTF-8 text"


def _checked(value: str) -> tuple[str, str]:
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        return "", "is empty or not set"
    if any(character < " " or character == "\x7f" for character in value):
        return "", "holds more than one line or a control character"
    return value, ""
