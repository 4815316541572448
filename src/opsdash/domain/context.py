"""What a page carries besides the alert itself: the context that a rule names, else all that is known.

A rule says it in an annotation, which travels with the alert whoever evaluates it:
`opsdash_context: recent deployments, recent code changes`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum

from opsdash.domain.deployment import Commit, Deployment, DeploymentKind
from opsdash.domain.text import SafeText, clean

CONTEXT_ANNOTATION = "opsdash_context"
"""The annotation that names the context."""

_NONE = "none"
_COMMITS_TOLD = 3


class Context(StrEnum):
    """What can be attached to an alert; `recent` may stand before each."""

    DEPLOYMENTS = "deployments"
    CODE_CHANGES = "code changes"


def context_of(annotations: Mapping[str, str]) -> frozenset[Context] | None:
    """Return what an alert names, nothing for `none`; None where it names nothing that is known."""
    words = _words(annotations.get(CONTEXT_ANNOTATION, ""))
    found = frozenset(Context(word) for word in words if word in set(Context))
    return found if found or words == [_NONE] else None


def unknown_context(text: str) -> tuple[str, ...]:
    """Return the words of the annotation that name no context."""
    words = _words(text)
    known = set(Context) | ({_NONE} if len(words) == 1 else set())
    return tuple(word for word in words if word not in known)


def chosen(
    deployments: Iterable[Deployment], annotations: Mapping[str, str]
) -> tuple[Deployment, ...]:
    """Return of `deployments` what an alert's context is: all of it where the alert names none."""
    named = context_of(annotations)
    if named is None or len(named) == len(Context):
        return tuple(deployments)
    if Context.DEPLOYMENTS in named:
        return tuple(map(_without_commits, deployments))
    if Context.CODE_CHANGES in named:
        return tuple(one for one in deployments if one.commits)
    return ()


def further_commits(deployment: Deployment, annotations: Mapping[str, str]) -> tuple[SafeText, ...]:
    """Return a line each for the commits after the newest, where the alert asks for code changes."""
    if Context.CODE_CHANGES not in (context_of(annotations) or ()):
        return ()
    told = deployment.commits[1 : 1 + _COMMITS_TOLD]
    return tuple(_line(deployment, commit) for commit in told)


def _line(deployment: Deployment, commit: Commit) -> SafeText:
    by = f" by {commit.author}" if commit.author else ""
    return clean(f"{deployment.named}, with {commit.id}{by}: {commit.subject}")


def _without_commits(deployment: Deployment) -> Deployment:
    if deployment.kind is DeploymentKind.RESTART:
        return deployment
    # Who deployed it and what runs now may be known from the newest commit alone.
    return replace(
        deployment,
        commit=deployment.short_commit,
        author=deployment.by,
        commits=(),
        commit_count=0,
        note=SafeText(""),
    )


def _words(text: str) -> list[str]:
    words = (" ".join(word.lower().split()) for word in text.split(","))
    return [word.removeprefix("recent ") for word in words if word]
