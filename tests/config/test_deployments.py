"""`[deployments]` and `[[repository]]`: what is watched, where commits are, and what is refused."""

import os
from pathlib import Path

from opsdash.config.build import plan_of
from opsdash.plan import DEFAULT_JOBS, DeploymentPlan, RepositoryPlan
from tests.config.conftest import MINIMAL, Read, Refuse


def test_without_a_word_the_payments_api_is_watched(read: Read, file: Path) -> None:
    """The default is the guide's application, by the default queries."""
    assert plan_of(read(MINIMAL), file).deployments == DeploymentPlan(jobs=DEFAULT_JOBS)


def test_everything_can_be_said(read: Read, file: Path) -> None:
    """Jobs, both queries, and repositories: absolute, beside the configuration, in one's home."""
    config = read(
        MINIMAL
        + """
        [deployments]
        jobs = ["api", "worker"]
        version_query = 'app_info{job="api"}'
        start_query = 'app_start{job="api"}'
        [[repository]]
        service = "api"
        path = "/srv/git/api.git"
        [[repository]]
        service = "worker"
        path = "git/worker"
        [[repository]]
        service = "edge"
        path = "~/edge"
        """
    )
    assert plan_of(config, file).deployments == DeploymentPlan(
        jobs=("api", "worker"),
        version_query='app_info{job="api"}',
        start_query='app_start{job="api"}',
        repositories=(
            RepositoryPlan("api", "/srv/git/api.git"),
            RepositoryPlan("worker", str(file.parent / "git/worker")),
            RepositoryPlan("edge", os.path.expanduser("~/edge")),
        ),
    )


def test_nothing_can_be_watched(read: Read, file: Path) -> None:
    """`jobs = []` asks the server nothing."""
    assert plan_of(read(MINIMAL + "[deployments]\njobs = []\n"), file).deployments.jobs == ()


def test_what_is_wrong_is_named(refuse: Refuse) -> None:
    """Unknown keys, a query that is none, a service with two repositories, a missing path."""
    problems = refuse(
        MINIMAL
        + """[deployments]
job = "api"
version_query = 'up{'
[[repository]]
service = "api"
path = "/srv/a"
[[repository]]
service = "api"
path = "/srv/b"
[[repository]]
service = "worker"
"""
    )
    assert [line.split(": ", 1)[1].partition(":")[0] for line in problems] == [
        "deployments.job",
        "deployments.version_query",
        "repository[1].service",
        "repository[2].path",
    ]
    assert "did you mean" in problems[0]
    assert "'api' has repository[0] already; take one out" in problems[2]
