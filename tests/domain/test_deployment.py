"""What a person is told of deployments: each change once, in one line."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opsdash.domain.alert import Alert, AlertState, Severity
from opsdash.domain.deployment import (
    Commit,
    Deployment,
    DeploymentKind,
    services_of,
    telling,
    words,
)
from opsdash.domain.text import SafeText, clean

FIRED = datetime(2025, 12, 22, 14, 5, tzinfo=UTC)


def deployed(minutes: float = 7, version: str = "v1.4.2", **more: Any) -> Deployment:
    """A deployment of payments-api, so many minutes before the alert fired."""
    at = FIRED - timedelta(minutes=minutes)
    return Deployment(SafeText("payments-api"), at, version=SafeText(version), **more)


def seen(minutes: float, version: str = "v1.4.2", **more: Any) -> Deployment:
    return deployed(minutes, version, kind=DeploymentKind.VERSION, **more)


def restarted(minutes: float, **more: Any) -> Deployment:
    return deployed(minutes, kind=DeploymentKind.RESTART, **more)


def commit(subject: str = "retry loop", author: str = "alice") -> Commit:
    return Commit(SafeText("4e91c0a"), clean(author), clean(subject))


@pytest.mark.parametrize(
    ("deployment", "line"),
    [
        (deployed(), "payments-api v1.4.2 7m before"),
        (
            deployed(
                commit=SafeText("4e91c0a" + "0" * 33),
                author=SafeText("alice"),
                commits=(commit(),),
                commit_count=4,
            ),
            "payments-api v1.4.2 4e91c0a by alice 7m before: retry loop (+3 commits)",
        ),
        (
            deployed(commits=(commit(),), commit_count=2),
            "payments-api v1.4.2 4e91c0a by alice 7m before: retry loop (+1 commit)",
        ),
        (deployed(0.5, ""), "payments-api 30s before"),
        (deployed(190), "payments-api v1.4.2 3h10m before"),
        (deployed(-2), "payments-api v1.4.2 2m after"),
        (
            deployed(commit=SafeText("release-7"), note=SafeText("/srv/git: no such folder")),
            "payments-api v1.4.2 release-7 7m before: /srv/git: no such folder",
        ),
        (restarted(4), "payments-api v1.4.2 restarted 4m before"),
    ],
)
def test_a_deployment_in_one_line(deployment: Deployment, line: str) -> None:
    """Service, version, short commit, who, how long before the alert, and what it brought."""
    assert words(deployment, FIRED) == line


def test_a_version_seen_is_the_deployment_that_was_reported() -> None:
    """Whichever came first, one line tells of both, with the commits that either led to."""
    for minutes in (6, 8):
        told = telling([deployed(7), seen(minutes, commits=(commit(),), commit_count=1)])
        assert [one.kind for one in told] == [DeploymentKind.DEPLOY]
        assert told[0].subject == "retry loop"
    assert len(telling([deployed(7, "1.4.2"), seen(6)])) == 1
    assert len(telling([deployed(7, "v1.4.1"), seen(6)])) == 2
    assert len(telling([deployed(100), seen(6)])) == 2
    by_commit = telling(
        [
            deployed(7, "main", commit=SafeText("4e91c0a")),
            seen(6, "", commit=SafeText("4e91c0a77")),
        ]
    )
    assert len(by_commit) == 1


def test_a_restart_that_a_deployment_explains_is_not_told() -> None:
    """New code starts new processes; the same build that starts anew has crashed, however new it is."""
    unknown = replace(restarted(5), version=SafeText(""))
    assert [one.kind for one in telling([deployed(7), unknown])] == [DeploymentKind.DEPLOY]
    for told in (telling([unknown, deployed(60)]), telling([restarted(5), deployed(7), seen(7)])):
        assert [one.kind for one in told] == [DeploymentKind.RESTART, DeploymentKind.DEPLOY]


def test_restarts_in_a_row_are_one() -> None:
    """A crash loop is one line that says how many and in how long; one much earlier is its own."""
    (loop,) = telling([restarted(minutes) for minutes in (1, 9, 17, 25)])
    assert words(loop, FIRED) == "payments-api v1.4.2 restarted 1m before: 4 times within 24m00s"
    assert len(telling([restarted(1), restarted(30)])) == 2


def test_what_changed_last_is_told_first() -> None:
    """The order is by time, whatever kind it is and however it comes in."""
    told = telling([deployed(90, "v1.4.0"), restarted(30), deployed(60, "v1.4.1")])
    assert [one.at for one in told] == sorted((one.at for one in told), reverse=True)


@pytest.mark.parametrize(
    ("labels", "services"),
    [
        ({"job": "payments-api"}, ("payments-api",)),
        ({"service": "payments", "job": "payments-api"}, ("payments", "payments-api")),
        ({"service": "payments", "job": "payments"}, ("payments",)),
        ({"namespace": "shop"}, ()),
    ],
)
def test_an_alert_names_its_services(labels: dict[str, str], services: tuple[str, ...]) -> None:
    """By the label of the service and by that of the job, which the engine's deployments are named by."""
    found = Alert(
        id="aa/1",
        fingerprint="aa",
        occurrence=1,
        state=AlertState.FIRING,
        severity=Severity.CRITICAL,
        labels={name: clean(value) for name, value in labels.items()},
        annotations={},
        active_at=FIRED,
    )
    assert services_of(found) == services
