"""A crash: one line for the person, a redacted trace in a private file, nothing else anywhere."""

import os
import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from opsdash.domain.text import clean

EXIT_CODE = 70
"""The exit code of a crash (EX_SOFTWARE of sysexits.h)."""

REDACTED = "[secret]"
"""What stands where something secret, or looking secret, stood."""

Redact = Callable[[str], str]
"""Takes the values of known secrets out of a text."""

# Compiled when there is a crash: five milliseconds that the first frame does not need.
_CREDENTIALS_IN_URL = r"(?<=://)[^/\s@\"']+@"
_AUTHORISATION = r"(?i)\b(bearer|basic|token|genie(?:key)?)\s+[^\s\"',;)]{4,}"
_NAMED = (
    r"(?i)((?:[\w-]*(?:token|secret|passw(?:or)?d|passwd|api[_-]?key|routing[_-]?key|authori[sz]ation"
    r"|cookie|credential)[\w-]*)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;)}\]]+"
)
_HOOK_PATH = r"(?i)(hooks\.[\w.-]+/)[^\s\"']+"
_KEYLIKE = r"(?<![\w/.-])(?=[\w+=-]*[0-9])(?=[\w+=-]*[A-Za-z])[\w+=-]{20,}"


def redact_tokens(text: str) -> str:
    """Return `text` without URL credentials, authorisation values and words that look like keys."""
    text = re.sub(_CREDENTIALS_IN_URL, f"{REDACTED}@", text)
    text = re.sub(_AUTHORISATION, rf"\1 {REDACTED}", text)
    text = re.sub(_NAMED, rf"\1{REDACTED}", text)
    text = re.sub(_HOOK_PATH, rf"\1{REDACTED}", text)
    return re.sub(_KEYLIKE, REDACTED, text)


def trace_of(error: BaseException, redact: Redact | None = None) -> str:
    """Return the traceback of `error`, causes included, without locals and without secrets."""
    lines = traceback.TracebackException.from_exception(error, capture_locals=False).format()
    text = "".join(lines)
    if redact is not None:
        text = redact(text)
    return redact_tokens(text)


class CrashReport:
    """Writes crashes into files of mode 0600 below `folder`, one a process.

    `redact` knows the values of secrets; what merely looks like a secret is taken out as well.
    """

    def __init__(self, folder: Path, redact: Redact | None = None) -> None:
        self._folder = folder
        self._redact = redact
        self.line = ""

    def write(self, error: BaseException) -> str:
        """Write the trace and return the line for the person; a second crash is only appended."""
        trace = trace_of(error, self._redact)
        kind = clean(type(error).__name__)
        try:
            path = self._append(trace)
        except OSError as refusal:
            cause = f"the trace could not be written to {self._folder}: {refusal.strerror}"
            line = f"opsdash crashed ({kind}); {cause}"
        else:
            line = f"opsdash crashed ({kind}); the trace, without secrets, is in {path}"
        self.line = self.line or line
        return self.line

    def _append(self, trace: str) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"crash-{os.getpid()}.txt"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", closefd=False) as f:
                f.write(trace + "\n")
        finally:
            os.close(descriptor)
        return path


def say(line: str) -> None:
    """Print one line to standard error; a terminal that is gone is no reason to fail again."""
    stream = sys.__stderr__
    if stream is None:
        return
    try:
        stream.write(line + "\n")
        stream.flush()
    except (OSError, ValueError):
        pass
