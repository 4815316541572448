"""The commits that a deployment brought, read from a local repository by git itself.

git is run without a shell, with a deadline, on names that were checked, and so that nothing in the
repository or the environment can make it start another program or reach the network.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from opsdash.domain.deployment import Commit
from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText, clean

MOST_COMMITS = 20
"""Commits that are kept of one deployment; how many there were is counted."""

DEADLINE = 5.0
"""Seconds that all of git may take for one deployment."""

_MOST_BYTES = 1 << 20
_NAME = re.compile(r"(?!.*(?:\.\.|//|@\{|\.lock(?:/|$)))[0-9A-Za-z][0-9A-Za-z._+/-]{0,199}")
_FORMAT = "--format=%h%x00%aI%x00%an%x00%s"
_SAFE = (
    "--no-pager",
    "--no-replace-objects",
    "--literal-pathspecs",
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "log.showSignature=false"),
    *("-c", "i18n.logOutputEncoding=UTF-8"),
    *("-c", "protocol.allow=never"),
)


@dataclass(frozen=True, slots=True)
class Log:
    """The newest commits of a range, newest first, how many it has, and what else is to be said."""

    commits: tuple[Commit, ...] = ()
    count: int = 0
    note: SafeText = SafeText("")


class GitError(Exception):
    """Why a repository says nothing, in a few clean words."""


async def read_log(
    repository: Path, after: Sequence[str], before: Sequence[str], deadline: float = DEADLINE
) -> Log:
    """Return the commits between what ran before and what was deployed after.

    Each is given by its names in the order of preference: a commit, then a version, which is looked
    for as a tag. Where nothing is known of before it is the deployed commit alone. Never raises:
    what is missing is a note.
    """
    try:
        async with _in_words(repository, deadline):
            return await _read(repository, after, before)
    except GitError as error:
        return Log(note=clean(error, 300))


async def try_repository(repository: Path, deadline: float = DEADLINE) -> None:
    """Raise GitError, which says why, where a repository cannot be read."""
    async with _in_words(repository, deadline):
        await _git(repository, "rev-parse", "--git-dir")


@contextlib.asynccontextmanager
async def _in_words(repository: Path, deadline: float) -> AsyncIterator[None]:
    """Turn whatever keeps git from answering in time into a GitError that names the repository."""
    try:
        async with asyncio.timeout(deadline):
            yield
    except TimeoutError:
        raise GitError(f"{repository}: git did not answer within {deadline:g} s") from None
    except FileNotFoundError:
        raise GitError("git is not installed, so no commits are shown") from None
    except (GitError, OSError) as error:
        raise GitError(f"{repository}: {error}") from None


async def _read(repository: Path, after: Sequence[str], before: Sequence[str]) -> Log:
    new = await _resolve(repository, after)
    if new is None:
        raise GitError(f"has no commit for {_shown(after)}")
    old = await _resolve(repository, before)
    if old == new:
        return Log(await _log(repository, new, 1), 1, SafeText("the same commit as before"))
    if old is None:
        return Log(await _log(repository, new, 1), 1)
    count = await _count(repository, old, new)
    if count:
        return Log(await _log(repository, f"{old}..{new}", MOST_COMMITS), count)
    back = await _count(repository, new, old)
    note = clean(f"takes back {back} commit{'s' if back > 1 else ''}")
    return Log(await _log(repository, new, 1), 1, note)


async def _resolve(repository: Path, names: Sequence[str]) -> str | None:
    """Return the full hash of the first of `names` that the repository has as a commit or tag."""
    for name in names:
        if not _NAME.fullmatch(name):
            continue
        for place in (f"refs/tags/{name}", f"refs/tags/v{name}", name):
            if place == name and not re.fullmatch("[0-9a-f]{7,64}", name):
                # A branch moves: what it names now says nothing of what was deployed.
                continue
            found = await _git(
                repository, "rev-parse", "--verify", "--quiet", f"{place}^{{commit}}", quiet=True
            )
            if re.fullmatch("[0-9a-f]{40,64}", found.strip()):
                return found.strip()
    return None


async def _count(repository: Path, old: str, new: str) -> int:
    return int(await _git(repository, "rev-list", "--count", f"{old}..{new}", "--"))


async def _log(repository: Path, revision: str, most: int) -> tuple[Commit, ...]:
    arguments = ("log", "-z", f"--max-count={most:d}", "--no-color", _FORMAT, revision, "--")
    fields = (await _git(repository, *arguments)).split("\0")
    return tuple(
        Commit(
            id=clean(fields[at].strip(), 64),
            author=clean(fields[at + 2], 80),
            subject=clean(fields[at + 3].strip(), 200),
            at=_moment(fields[at + 1]),
        )
        for at in range(0, len(fields) - 3, 4)
    )


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


async def _git(repository: Path, *arguments: str, quiet: bool = False) -> str:
    """Return what git prints; where it fails, nothing if `quiet`, else raise GitError."""
    process = await asyncio.create_subprocess_exec(
        "git",
        *_SAFE,
        "-C",
        str(repository),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(repository),
        start_new_session=True,
    )
    try:
        said, complaint = await asyncio.gather(_head(process.stdout), _head(process.stderr))
        status = await process.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    if status == 0:
        return said
    wrong = complaint.strip()
    if quiet and (not wrong or status == 1):
        return ""
    raise GitError(wrong.partition("\n")[0].removeprefix("fatal: ") or f"git ended with {status}")


async def _head(stream: asyncio.StreamReader | None) -> str:
    """Return the first mebibyte of what a stream gives, and read the rest away."""
    if stream is None:
        return ""
    kept = b""
    while piece := await stream.read(1 << 16):
        kept += piece[: _MOST_BYTES - len(kept)]
    return kept.decode("utf-8", "replace")


def _environment(repository: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {
        "LC_ALL": "C",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        # A folder that is no repository must not lead to one that happens to be around it.
        "GIT_CEILING_DIRECTORIES": str(repository.absolute().parent),
    }


def _shown(names: Sequence[str]) -> str:
    return " or ".join(name for name in names if name) or "it: neither commit nor version is known"
