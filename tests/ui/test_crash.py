"""A crash report tells where it broke and nothing that is secret."""

import os
import stat
from pathlib import Path

import pytest

from opsdash.ui.crash import CrashReport, redact_tokens, trace_of

KNOWN = "correct horse battery"


def crash(message: str) -> ValueError:
    planted_local = "planted-local-value"
    try:
        try:
            raise KeyError(f"cause {KNOWN}")
        except KeyError as cause:
            assert planted_local
            raise ValueError(message) from cause
    except ValueError as error:
        return error


def hide_known(text: str) -> str:
    return text.replace(KNOWN, "[secret]")


def test_the_trace_says_where_and_why_but_no_locals_and_no_secrets() -> None:
    """Files, lines, causes and the message stay; locals and known secrets do not."""
    trace = trace_of(crash("no such pane"), hide_known)
    assert "test_crash.py" in trace and "KeyError" in trace and "no such pane" in trace
    assert KNOWN not in trace and "cause [secret]" in trace
    assert "planted_local =" in trace or "planted-local-value" not in trace


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("https://user:pa55@host/path", "pa55"),
        ("GET /x?token=abc&page=2", "abc"),
        ("Authorization: Bearer abcdef.ghi", "abcdef.ghi"),
        ("{'X-Api-Key': 'k-1'}", "k-1"),
        ('"routing_key": "R0"', "R0"),
        ("password=hunter2", "hunter2"),
        ("https://hooks.slack.com/services/T0/B0/XyZ", "XyZ"),
        ("key e93facc04764012d7bfb002500d5d1a6 refused", "e93facc04764012d7bfb002500d5d1a6"),
        ("xoxb-123456789012-abcdefGHIJ", "abcdefGHIJ"),
        ("cookie: sid=7", "sid=7"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str, gone: str) -> None:
    """URL credentials, authorisation values, named keys and long tokens are replaced."""
    redacted = redact_tokens(text)
    assert gone not in redacted
    assert "[secret]" in redacted


@pytest.mark.parametrize(
    "text",
    [
        'File "/usr/lib/python3.11/asyncio/base_events.py", line 650, in run_until_complete',
        "sqlite3.OperationalError: database is locked",
        "http://127.0.0.1:9090/api/v1/query",
    ],
)
def test_ordinary_lines_of_a_trace_stay(text: str) -> None:
    """Paths, line numbers, messages and plain URLs are not mistaken for secrets."""
    assert redact_tokens(text) == text


def test_the_file_is_private_and_named_to_the_person(tmp_path: Path) -> None:
    """The trace is in a file of mode 0600 whatever the umask; the line names it."""
    old = os.umask(0)
    try:
        report = CrashReport(tmp_path / "state", hide_known)
        line = report.write(crash("boom"))
    finally:
        os.umask(old)
    (path,) = (tmp_path / "state").iterdir()
    assert str(path) in line and "ValueError" in line and "\n" not in line
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "boom" in path.read_text()


def test_a_second_crash_is_kept_and_the_first_is_named(tmp_path: Path) -> None:
    """What fails while a crash is handled does not replace the cause."""
    report = CrashReport(tmp_path)
    first = report.write(crash("first"))
    assert report.write(RuntimeError("second")) == first
    (path,) = tmp_path.iterdir()
    assert path.read_text().index("first") < path.read_text().index("second")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """Without a file the line says why; nothing is raised."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    line = CrashReport(blocked / "state").write(crash("boom"))
    assert "could not be written" in line and str(blocked) in line


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    """A symbolic link where the report would go is refused, its target untouched."""
    target = tmp_path / "victim"
    target.write_text("mine")
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / f"crash-{os.getpid()}.txt").symlink_to(target)
    assert "could not be written" in CrashReport(folder).write(crash("boom"))
    assert target.read_text() == "mine"
