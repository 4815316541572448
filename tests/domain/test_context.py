"""The context that a rule names for its pages: recent deployments, recent code changes, none."""

from datetime import UTC, datetime

import pytest

from opsdash.domain.context import Context, chosen, context_of, further_commits, unknown_context
from opsdash.domain.deployment import Commit, Deployment, DeploymentKind, words
from opsdash.domain.text import clean

FIRED = datetime(2025, 12, 22, 14, 5, tzinfo=UTC)
_COMMITS = tuple(
    Commit(clean(id), clean(by), clean(subject))
    for id, by, subject in (
        ("4e91c0a", "alice", "retry loop"),
        ("91d7f3e", "sam", "name the gateway"),
        ("8ad1c22", "", "tune the pool"),
        ("77aa001", "bo", "docs"),
        ("77aa002", "bo", "more docs"),
    )
)
ROLLOUT = Deployment(
    clean("api"), FIRED, version=clean("v1.4.2"), commits=_COMMITS, commit_count=9, id=1
)
BARE = Deployment(clean("api"), FIRED, version=clean("v1.4.1"), author=clean("john"), id=2)
RESTART = Deployment(
    clean("api"), FIRED, DeploymentKind.RESTART, note=clean("3 times within 5m"), id=3
)
ALL = (ROLLOUT, BARE, RESTART)


def _lines(text: str | None) -> list[str]:
    annotations = {} if text is None else {"opsdash_context": text}
    return [
        line
        for one in chosen(ALL, annotations)
        for line in (words(one, FIRED), *further_commits(one, annotations))
    ]


@pytest.mark.parametrize(
    ("text", "named", "unknown"),
    [
        ("recent deployments, recent code changes", set(Context), ()),
        ("Deployments", {Context.DEPLOYMENTS}, ()),
        (" code   changes ,", {Context.CODE_CHANGES}, ()),
        ("none", set(), ()),
        ("", None, ()),
        ("dashboards", None, ("dashboards",)),
        ("deployments, moon", {Context.DEPLOYMENTS}, ("moon",)),
        ("deployments, none", {Context.DEPLOYMENTS}, ("none",)),
    ],
)
def test_what_an_annotation_names(
    text: str, named: set[Context] | None, unknown: tuple[str, ...]
) -> None:
    """In any case and spacing, with or without `recent`; what is unknown takes nothing away."""
    assert context_of({"opsdash_context": text}) == named
    assert unknown_context(text) == unknown


def test_without_a_word_all_is_told_as_ever() -> None:
    """A rule that names no context, or one that nobody knows, has one line a change."""
    expected = [
        "api v1.4.2 4e91c0a by alice 0s before: retry loop (+8 commits)",
        "api v1.4.1 by john 0s before",
        "api restarted 0s before: 3 times within 5m",
    ]
    assert _lines(None) == _lines("the moon") == expected


def test_code_changes_that_are_asked_for_are_listed() -> None:
    """The newest in the deployment's line, the next three in lines of their own, with their authors."""
    assert _lines("recent deployments, recent code changes") == [
        "api v1.4.2 4e91c0a by alice 0s before: retry loop (+8 commits)",
        "api v1.4.2 4e91c0a, with 91d7f3e by sam: name the gateway",
        "api v1.4.2 4e91c0a, with 8ad1c22: tune the pool",
        "api v1.4.2 4e91c0a, with 77aa001 by bo: docs",
        "api v1.4.1 by john 0s before",
        "api restarted 0s before: 3 times within 5m",
    ]
    assert [line[:18] for line in _lines("code changes")] == ["api v1.4.2 4e91c0a"] * 4


def test_deployments_alone_and_nothing() -> None:
    """What was not asked for is not there: no commit among deployments, nothing for none."""
    assert _lines("deployments") == [
        "api v1.4.2 4e91c0a by alice 0s before",
        "api v1.4.1 by john 0s before",
        "api restarted 0s before: 3 times within 5m",
    ]
    assert _lines("none") == []
