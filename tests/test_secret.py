"""Secrets: read from private places only, read again when they change, never shown."""

import copy
import json
import os
import pickle
import traceback
from pathlib import Path

import pytest

from opsdash import secret
from opsdash.domain.record import encode
from opsdash.plan import FileRef, SecretRef
from opsdash.secret import Secret, SecretError, redact, remember


@pytest.fixture(autouse=True)
def nothing_revealed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins in a process that has read no secret and was granted none."""
    monkeypatch.setattr(secret, "_revealed", set())
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def in_file(path: str | Path, folder: str | Path = "") -> Secret:
    return Secret(SecretRef(FileRef(str(path), str(folder))))


def in_env(name: str) -> Secret:
    return Secret(SecretRef(env=name))


def test_a_file_is_read_without_its_last_newline(tmp_path: Path) -> None:
    """One newline at the end is the editor's, spaces and a second one are not."""
    assert in_file(private(tmp_path / "a", "s3cret\n")).reveal() == "s3cret"
    assert in_file(private(tmp_path / "b", " s3cret \r\n")).reveal() == " s3cret "
    with pytest.raises(SecretError, match="more than one line"):
        in_file(private(tmp_path / "c", "s3cret\n\n")).reveal()


def test_a_relative_file_is_beside_the_configuration(tmp_path: Path) -> None:
    """A relative path does not depend on where the program was started."""
    private(tmp_path / "token", "beside")
    assert in_file("token", tmp_path).reveal() == "beside"


def test_a_granted_credential_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What systemd grants the unit is used before a file of the same name, its ACL mask allowed."""
    granted = tmp_path / "granted"
    granted.mkdir()
    private(tmp_path / "token", "beside")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(granted))
    token = in_file("token", tmp_path)
    assert token.reveal() == "beside"
    private(granted / "token", "granted", 0o440)
    assert token.reveal() == "granted"
    (granted / "token").chmod(0o444)
    with pytest.raises(SecretError, match="others can read"):
        token.reveal()


def test_an_environment_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable is a secret's other place; one that is not set is named."""
    monkeypatch.setenv("TOKEN", "from-env")
    assert in_env("TOKEN").reveal() == "from-env"
    monkeypatch.setenv("TOKEN", "")
    with pytest.raises(SecretError, match="environment variable TOKEN is empty or not set"):
        in_env("TOKEN").reveal()


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """A rotated token is used at once, whether written in place or put in the old one's place."""
    path = private(tmp_path / "token", "one")
    token = in_file(path)
    assert token.reveal() == "one"
    private(path, "three")
    assert token.reveal() == "three"
    before = path.stat()
    private(path, "seven")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert token.reveal() == "seven"
    os.replace(private(tmp_path / "new", "fours"), path)
    assert token.reveal() == "fours"


def test_an_unchanged_file_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for the same secret again costs no second read."""
    token = in_file(private(tmp_path / "token", "one"))
    token.reveal()
    monkeypatch.setattr(os, "open", None)
    assert token.reveal() == "one"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602, 0o644])
def test_a_file_that_others_may_touch_is_refused_with_the_cure(tmp_path: Path, mode: int) -> None:
    """Any right of group or others is refused, also when it is given after the first read."""
    path = private(tmp_path / "token", "s3cret")
    token = in_file(path)
    token.reveal()
    path.chmod(mode)
    with pytest.raises(SecretError) as caught:
        token.reveal()
    assert str(caught.value).endswith(f"run: chmod 600 {path}")
    path.chmod(0o600)
    assert token.reveal() == "s3cret"


def test_a_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only root and the user themselves may say what the secret is."""
    path = private(tmp_path / "token", "s3cret")
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(SecretError, match="belongs to another user; run: chown"):
        in_file(path).reveal()


def test_a_file_that_anybody_can_replace_is_refused(tmp_path: Path) -> None:
    """A folder open to all without the sticky bit makes its files nobody's secret."""
    path = private(tmp_path / "token", "s3cret")
    tmp_path.chmod(0o777)
    with pytest.raises(SecretError, match=r"anybody can replace .* chmod o-w"):
        in_file(path).reveal()
    tmp_path.chmod(0o1777)
    assert in_file(path).reveal() == "s3cret"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"a\nb", "more than one line"),
        (b"a\x1bb", "control character"),
        (b"x" * 70_000, "is larger than 64 KiB"),
    ],
)
def test_what_is_no_secret_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    """A value that a header cannot carry is named, without being shown in what is raised."""
    path = tmp_path / "token"
    private(path, "before")
    token = in_file(path)
    token.reveal()
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(SecretError, match=reason) as caught:
            token.reveal()
        assert caught.value.__context__ is None
        whole = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        reveal = whole.stack[-1].locals or {}
        assert not {"raw", "value"} & {n for n, text in reveal.items() if text not in ("''",)}


def test_missing_folders_and_pipes_are_refused_at_once(tmp_path: Path) -> None:
    """Nothing that is not a plain file is waited for."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name, reason in (("none", "No such file"), ("pipe", "not a file"), (".", "not a file")):
        with pytest.raises(SecretError, match=reason):
            in_file(tmp_path / name).reveal()


def test_a_secret_shows_only_where_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its text, its formatting and a traceback through it hold the place, never the value."""
    path = private(tmp_path / "token", "s3cret")
    token = in_file(path)
    token.reveal()
    assert repr(token) == str(token) == f"{token}" == f"Secret(file={str(path)!r})"
    monkeypatch.setenv("TOKEN", "s3cret")
    assert repr(in_env("TOKEN")) == "Secret(env='TOKEN')"
    path.chmod(0o644)
    with pytest.raises(SecretError) as caught:
        token.reveal()
    whole = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "s3cret" not in "".join(whole.format())


def test_a_secret_leaves_the_process_in_no_form(tmp_path: Path) -> None:
    """It cannot be pickled, copied or written as JSON."""
    token = in_file(private(tmp_path / "token", "s3cret"))
    token.reveal()
    for leave in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            leave(token)
    with pytest.raises(TypeError):
        json.dumps(encode(token))


def test_what_was_revealed_is_taken_out_of_texts(tmp_path: Path) -> None:
    """Logs and crash files lose every secret read so far, in its URL and base64 forms as well."""
    in_file(private(tmp_path / "a", "p@ss/word")).reveal()
    password = SecretRef(FileRef(str(private(tmp_path / "b", "p@ss")), ""))
    Secret(password, password=True).reveal()
    remember("Basic am9objpwQHNz")
    remember("")
    text = "p@ss/word p%40ss%2Fword cEBzcy93b3Jk p@ss Basic am9objpwQHNz user"
    assert redact(text) == " ".join(["[secret]"] * 5) + " user"


def test_a_short_user_name_makes_no_holes_in_words(tmp_path: Path) -> None:
    """A user called ops leaves opsdash its name; only a password is struck out however short it is."""
    in_file(private(tmp_path / "user", "ops")).reveal()
    remember("ops")
    assert redact("opsdash: no answer for ops") == "opsdash: no answer for ops"


def test_home_is_written_as_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~/` is the user's home as everywhere else."""
    monkeypatch.setenv("HOME", str(tmp_path))
    private(tmp_path / "token", "at-home")
    assert Secret(SecretRef(FileRef("~/token", "/nowhere"))).reveal() == "at-home"
