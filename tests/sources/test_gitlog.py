"""The commits of a deployment, from real repositories, friendly and hostile ones."""

import os
import subprocess
from pathlib import Path

import pytest

from opsdash.sources import gitlog
from opsdash.sources.gitlog import MOST_COMMITS, read_log
from tests.kit.waiting import eventually


class Repository:
    """A git repository that the test commits to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "-q", "-b", "main", str(folder), at=folder.parent)

    def git(self, *arguments: str, at: Path | None = None) -> str:
        """Run git in it, as nobody's configuration would."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=at or self.folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder.parent),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_AUTHOR_NAME": "alice",
                "GIT_AUTHOR_EMAIL": "alice@example.com",
                "GIT_AUTHOR_DATE": "2025-12-22T13:50:00+01:00",
                "GIT_COMMITTER_NAME": "ci",
                "GIT_COMMITTER_EMAIL": "ci@example.com",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, subject: str, tag: str = "", author: str = "") -> str:
        """Commit nothing but words; return the hash."""
        said = ["--author", f"{author} <x@example.com>"] if author else []
        self.git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", subject, *said)
        if tag:
            self.git("tag", tag)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with the guide's release: v1.4.1, three commits, and v1.4.2 on top."""
    (tmp_path / "payments").mkdir()
    made = Repository(tmp_path / "payments")
    made.commit("begin")
    made.commit("receipts", tag="v1.4.1")
    for subject in ("tidy the client", "name the gateway", "retry a charge"):
        made.commit(subject, author="sam")
    made.commit("retry loop", tag="v1.4.2")
    return made


@pytest.mark.parametrize("bare", [False, True])
async def test_the_commits_between_two_versions(
    repository: Repository, tmp_path: Path, bare: bool
) -> None:
    """Newest first, short hash, author, subject and when it was written; in a bare clone as well."""
    folder = repository.folder
    if bare:
        folder = tmp_path / "payments.git"
        repository.git("clone", "-q", "--bare", str(repository.folder), str(folder), at=tmp_path)
    found = await read_log(folder, ["v1.4.2"], ["v1.4.1"])
    assert [(c.author, c.subject) for c in found.commits] == [
        ("alice", "retry loop"),
        ("sam", "retry a charge"),
        ("sam", "name the gateway"),
        ("sam", "tidy the client"),
    ]
    head = repository.git("rev-parse", "v1.4.2")
    assert head.startswith(found.commits[0].id) and len(found.commits[0].id) < 12
    assert found.commits[0].at is not None
    assert found.commits[0].at.isoformat() == "2025-12-22T12:50:00+00:00"
    assert (found.count, found.note) == (4, "")


async def test_names_are_tried_in_order(repository: Repository) -> None:
    """A commit, else the version as a tag with or without its v; what cannot be a name is passed over."""
    head = repository.git("rev-parse", "HEAD")
    for names in ([head], [head[:8]], ["1.4.2"], ["v1.4.2"], ["0" * 40, "1.4.2"], ["$(x)", head]):
        found = await read_log(repository.folder, names, ["1.4.1"])
        assert (found.count, found.commits[0].subject) == (4, "retry loop"), names


async def test_the_first_deployment_is_told_by_its_own_commit(repository: Repository) -> None:
    """Where nothing is known of what ran before, or it is not in the repository."""
    for before in ([], ["v0.0.1"], [""]):
        found = await read_log(repository.folder, ["v1.4.2"], before)
        assert ([c.subject for c in found.commits], found.count) == (["retry loop"], 1)


async def test_a_rollback_says_what_it_takes_back(repository: Repository) -> None:
    """An older commit brings nothing: it is told by itself, with how many it undoes."""
    found = await read_log(repository.folder, ["v1.4.1"], ["v1.4.2"])
    assert ([c.subject for c in found.commits], found.note) == (
        ["receipts"],
        "takes back 4 commits",
    )
    same = await read_log(repository.folder, ["v1.4.2"], ["v1.4.2"])
    assert (same.count, same.note) == (1, "the same commit as before")


async def test_a_long_range_is_counted_and_cut(repository: Repository) -> None:
    """Twenty commits are kept, all are counted."""
    for number in range(30):
        repository.commit(f"more {number}")
    found = await read_log(repository.folder, [repository.git("rev-parse", "HEAD")], ["v1.4.2"])
    assert (len(found.commits), found.count) == (MOST_COMMITS, 30)
    assert found.commits[0].subject == "more 29"


@pytest.mark.parametrize(
    ("place", "names", "note"),
    [
        ("payments", ["v9"], "has no commit for v9"),
        ("payments", ["deadbeef", "v9"], "has no commit for deadbeef or v9"),
        ("payments", [], "neither commit nor version is known"),
        ("missing", ["v1.4.2"], "No such file or directory"),
        ("payments/plain", ["v1.4.2"], "not a git repository"),
    ],
)
async def test_what_is_missing_is_a_note(
    repository: Repository, tmp_path: Path, place: str, names: list[str], note: str
) -> None:
    """No repository, no commit: a few words that say which, and never an exception.

    A folder inside a work tree is not taken for the repository around it.
    """
    (repository.folder / "plain").mkdir()
    found = await read_log(tmp_path / place, names, [])
    assert (found.commits, found.count) == ((), 0)
    assert str(tmp_path / place) in found.note and note in found.note


async def test_a_branch_is_no_deployment(repository: Repository) -> None:
    """A branch moves on: what it names now is not what was deployed then."""
    assert "has no commit for main" in (await read_log(repository.folder, ["main"], [])).note


@pytest.mark.parametrize(
    "name",
    [
        "--output=/tmp/owned",
        "-h",
        "v1.4.1..v1.4.2",
        "HEAD@{0}",
        "HEAD^{/loop}",
        ":/retry",
        "v1.4.2~1",
        "v1.4.2\nHEAD",
        "$(touch owned)",
        "refs/heads/../../x",
        "",
        "a" * 300,
        "v\x00",
        "HEAD",
    ],
)
async def test_a_hostile_name_is_no_name(repository: Repository, name: str) -> None:
    """Options, ranges, expressions and shells in a version are only a version that is not there."""
    found = await read_log(repository.folder, [name], ["v1.4.1"])
    assert found.commits == ()
    assert "has no commit for" in found.note
    assert not (repository.folder / "owned").exists()
    (only,) = (await read_log(repository.folder, ["v1.4.2"], [name])).commits
    assert only.subject == "retry loop"


async def test_hostile_subjects_and_authors_are_words(repository: Repository) -> None:
    """Escapes, newlines, separators and markup in a commit stay text on one line of bounded length."""
    subjects = [
        "\x1b[31mred\x1b]0;owned\x07",
        "[bold]x[/bold] $(reboot) `x`",
        "\x1fa\x1eb\x1d",
        "\u202egnol \u200b" + "long " * 500,
    ]
    for subject in subjects:
        repository.commit(subject, author="\x1b[2Jmallory\x1f")
    found = await read_log(repository.folder, [repository.git("rev-parse", "HEAD")], ["v1.4.2"])
    assert len(found.commits) == found.count == len(subjects)
    for one in found.commits:
        text = f"{one.subject}{one.author}"
        assert not any(ord(c) < 0x20 or c in "\x7f\u202e\u200b" for c in text)
        assert len(one.subject) <= 200
        assert "mallory" in one.author
    assert found.commits[2].subject == "[bold]x[/bold] $(reboot) `x`"


async def test_a_repository_cannot_start_programs(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its configuration nor GIT_ variables make git run something, or look elsewhere."""
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/owned\n")
    trap.chmod(0o755)
    for key in ("core.pager", "gpg.program", "core.fsmonitor", "diff.external", "core.sshCommand"):
        repository.git("config", key, str(trap))
    for key in ("log.showSignature", "core.untrackedCache"):
        repository.git("config", key, "true")
    repository.git("config", "alias.log", f"!{trap}")
    # Only a signed commit makes git start the program that checks signatures.
    head = repository.git("cat-file", "commit", "HEAD")
    signed = head.replace("\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n\n", 1)
    (tmp_path / "signed").write_text(signed + "\n")
    made = repository.git("hash-object", "-t", "commit", "-w", str(tmp_path / "signed"))
    repository.git("tag", "v1.4.3", made)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_PAGER", str(trap))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(trap))
    found = await read_log(repository.folder, ["v1.4.3"], ["v1.4.1"])
    assert (found.count, found.commits[0].subject) == (4, "retry loop")
    assert not (tmp_path / "owned").exists()


async def test_a_git_that_hangs_is_given_up(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the deadline there is a note, and the process is gone."""
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    said = tmp_path / "pid"
    deadline = 0.25
    while not (said.exists() and said.read_text()):
        deadline *= 2  # on a busy machine a shell takes its time to begin
        found = await read_log(repository.folder, ["v1.4.2"], [], deadline=deadline)
        assert f"git did not answer within {deadline:g} s" in found.note
    pid = int(said.read_text())
    await eventually(lambda: not _runs(pid))


def _runs(pid: int) -> bool:
    """Whether a process is there and not only waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except OSError:
        return False


async def test_without_git_there_is_a_note(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that has no git says so."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert "git is not installed" in (await read_log(repository.folder, ["v1.4.2"], [])).note


async def test_a_flood_is_cut(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much git says, a bounded part of it is kept."""
    monkeypatch.setattr(gitlog, "_MOST_BYTES", 4096)
    for number in range(15):
        repository.commit(f"{number} " + "x" * 2000)
    found = await read_log(repository.folder, [repository.git("rev-parse", "HEAD")], ["v1.4.2"])
    assert found.count == 15
    assert 0 < len(found.commits) < 15
    assert found.commits[0].subject.startswith("14 xxx")
