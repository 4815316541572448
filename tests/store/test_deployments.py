"""Deployments in the store: a retry is harmless, a redeployment is not lost, the context is in order."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from opsdash.domain.deployment import Commit, Deployment, DeploymentKind
from opsdash.domain.rollout import Build, Instance
from opsdash.domain.text import SafeText, clean
from opsdash.store import deployments, instances
from opsdash.store.connection import Connection
from tests.store.actors import run_in_another

NOW = datetime(2025, 12, 22, 14, 5, tzinfo=UTC)
DEPLOYED = Deployment(
    service=SafeText("payments-api"),
    at=NOW - timedelta(minutes=7),
    version=SafeText("v1.4.2"),
    commit=SafeText("4e91c0a"),
    author=SafeText("alice"),
    url=SafeText("https://ci.example.com/7"),
    source=SafeText("ci"),
)
COMMIT = Commit(SafeText("4e91c0a"), SafeText("alice"), SafeText("retry loop"), NOW)


def listed(store: Connection, *services: str) -> tuple[Deployment, ...]:
    return store.read(deployments.load_recent, services, NOW - timedelta(days=1), NOW)


def test_what_is_recorded_is_read_back_whole(store: Connection) -> None:
    """Every field, commits and their times included."""
    whole = replace(DEPLOYED, commits=(COMMIT,), commit_count=3, note=SafeText("a note"))
    assert store.write(deployments.record, whole)
    (found,) = listed(store)
    assert replace(found, id=0) == whole


@pytest.mark.parametrize("minutes", [-14, 0, 3, 14])
def test_a_retry_is_harmless(store: Connection, minutes: float) -> None:
    """The same version and commit reported again within a quarter of an hour is recorded once."""
    again = replace(DEPLOYED, at=DEPLOYED.at + timedelta(minutes=minutes), url=SafeText(""))
    assert [store.write(deployments.record, one) for one in (DEPLOYED, again)] == [True, False]
    assert len(listed(store)) == 1


def test_what_is_no_retry_is_recorded(store: Connection) -> None:
    """Another version, commit or service, the same one much later, or back again after another."""
    other = replace(DEPLOYED, at=DEPLOYED.at + timedelta(minutes=1), version=SafeText("v1.4.3"))
    reported = [
        DEPLOYED,
        other,
        replace(DEPLOYED, at=DEPLOYED.at + timedelta(minutes=2)),
        replace(DEPLOYED, at=DEPLOYED.at + timedelta(minutes=3), commit=SafeText("b7d20f3")),
        replace(DEPLOYED, service=SafeText("payments-worker")),
        replace(DEPLOYED, at=DEPLOYED.at - timedelta(hours=2)),
    ]
    assert all(store.write(deployments.record, one) for one in reported)
    assert len(listed(store)) == len(reported)


def test_what_the_engine_saw_is_recorded_once(store: Connection) -> None:
    """A second engine that sees the same change writes nothing; a report beside it is kept."""
    seen = replace(DEPLOYED, kind=DeploymentKind.VERSION, author=SafeText(""))
    assert [store.write(deployments.record, one) for one in (seen, seen, DEPLOYED)] == [
        True,
        False,
        True,
    ]


def test_pipelines_that_report_at_once(store: Connection, path: Path) -> None:
    """Ten processes that report the same deployment record it once."""
    code = """
        from concurrent.futures import ThreadPoolExecutor
        from datetime import UTC, datetime
        from opsdash.domain.deployment import Deployment
        from opsdash.store import deployments
        def report(second):
            at = datetime(2025, 12, 22, 13, 58, second, tzinfo=UTC)
            store = connect(path)
            return store.write(deployments.record, Deployment("api", at, version="v1"))
        with ThreadPoolExecutor(10) as pool:
            print(sum(pool.map(report, range(10))))
    """
    assert run_in_another(path, code) == "1\n"
    assert len(listed(store, "api")) == 1


def test_the_context_of_an_alert(store: Connection) -> None:
    """Its services' changes of the six hours before it and since, newest first, five at most."""
    fired = NOW - timedelta(minutes=2)
    for hours in (1, 2, 3, 4, 5, 7):
        earlier = replace(DEPLOYED, at=fired - timedelta(hours=hours), version=clean(f"v0.{hours}"))
        store.write(deployments.record, replace(earlier, commit=SafeText("")))
    after = replace(DEPLOYED, at=NOW, version=SafeText("v1.4.3"), author=SafeText("john"))
    store.write(deployments.record, after)
    store.write(deployments.record, replace(after, service=SafeText("edge")))
    context = store.read(
        lambda c: deployments.recent_changes(c, ("payments-api",), NOW, alert_at=fired)
    )
    assert context == (
        "payments-api v1.4.3 4e91c0a by john 2m after",
        "payments-api v0.1 by alice 1h00m before",
        "payments-api v0.2 by alice 2h00m before",
        "payments-api v0.3 by alice 3h00m before",
        "payments-api v0.4 by alice 4h00m before",
    )
    of_all = store.read(deployments.recent_changes, (), NOW)
    assert of_all[0].startswith("edge v1.4.3") and of_all[1].startswith("payments-api v1.4.3")
    assert store.read(deployments.recent_changes, ("nobody",), NOW) == ()


def test_what_ran_before(store: Connection) -> None:
    """The newest other version: not the same one as the metrics show it, not a restart."""
    for kind, minutes, version in (
        (DeploymentKind.DEPLOY, 60, "v1.4.0"),
        (DeploymentKind.DEPLOY, 30, "v1.4.1"),
        (DeploymentKind.RESTART, 20, "v1.4.1"),
        (DeploymentKind.DEPLOY, 7, "v1.4.2"),
        (DeploymentKind.VERSION, 6, "v1.4.2"),
    ):
        at = NOW - timedelta(minutes=minutes)
        store.write(
            deployments.record,
            Deployment(DEPLOYED.service, at, kind, SafeText(version)),
        )
    for deployment in listed(store)[:2]:
        before = store.read(deployments.load_before, deployment)
        assert before is not None
        assert before.version == "v1.4.1"
    assert store.read(deployments.load_before, listed(store)[-1]) is None


def test_commits_are_looked_for_until_they_are_there(store: Connection) -> None:
    """At once, then each minute for a quarter of an hour, and never for what came with its commits."""

    def unread(minutes: float) -> list[str]:
        at = DEPLOYED.at + timedelta(minutes=minutes)
        found = store.read(deployments.load_unread, ("payments-api",), at)
        return [one.version for one in found]

    store.write(deployments.record, DEPLOYED)
    store.write(
        deployments.record,
        replace(DEPLOYED, version=SafeText("v9"), commits=(COMMIT,), commit_count=1),
    )
    assert unread(0) == ["v1.4.2"]
    id = next(one.id for one in listed(store) if one.version == "v1.4.2")
    store.write(deployments.set_commits, id, (), 0, "no such commit", DEPLOYED.at)
    assert (unread(0.5), unread(1), unread(16)) == ([], ["v1.4.2"], [])
    store.write(deployments.set_commits, id, (COMMIT,), 4, "", DEPLOYED.at)
    assert unread(1) == []
    found = next(one for one in listed(store) if one.id == id)
    assert (found.commits, found.commit_count, found.note) == ((COMMIT,), 4, "")


def test_instances_are_remembered_and_forgotten(store: Connection) -> None:
    """What is kept replaces what was, whatever its names hold."""
    first, second = (
        Instance(SafeText("api"), clean(name), NOW, (Build(SafeText("v1"), SafeText("abc")),), NOW)
        for name in ("it's; DROP TABLE instance--", "b")
    )
    store.write(instances.save, (), (first, second))
    assert set(store.read(instances.load)) == {first, second}
    moved = replace(first, builds=(), started_at=None, seen_at=NOW + timedelta(minutes=1))
    store.write(instances.save, (first, second), (moved,))
    assert store.read(instances.load) == (moved,)


def test_old_deployments_go(store: Connection) -> None:
    """After ninety days, but for each service's last: the next one's commits are counted from it."""
    for days, version in ((200, "v1"), (100, "v2"), (0, "v3")):
        at = NOW - timedelta(days=days)
        store.write(deployments.record, replace(DEPLOYED, at=at, version=SafeText(version)))
    for days in (300, 200):
        at = NOW - timedelta(days=days)
        store.write(deployments.record, replace(DEPLOYED, at=at, service=SafeText("edge")))
    store.write(deployments.prune, NOW)
    left = store.read(deployments.load_recent, (), NOW - timedelta(days=365), NOW)
    assert [(one.service, one.version) for one in left] == [
        ("payments-api", "v3"),
        ("edge", "v1.4.2"),
    ]


def test_receivers_are_told_of_what_is_new(store: Connection) -> None:
    """In the order in which it was recorded, not of restarts, and never twice, whatever was dropped."""

    def untold() -> list[tuple[int, str]]:
        found = store.read(deployments.load_untold, NOW - timedelta(days=400))
        return [(one.id, one.version) for one in found]

    old = replace(DEPLOYED, at=NOW - timedelta(days=200))
    for one in (replace(DEPLOYED, kind=DeploymentKind.RESTART), old):
        store.write(deployments.record, one)
    ((id, _),) = untold()
    store.write(deployments.set_told, id)
    assert untold() == []
    store.write(deployments.prune, NOW)
    store.write(deployments.record, replace(DEPLOYED, version=SafeText("v9")))
    store.write(deployments.record, replace(DEPLOYED, version=SafeText("v8"), at=NOW))
    assert [version for _, version in untold()] == ["v9", "v8"]


def test_the_context_is_found_by_an_index(store: Connection) -> None:
    """A page is written in the transaction of its alert: years of deployments must not slow it."""
    plans: list[str] = []

    def plan(connection: sqlite3.Connection) -> None:
        for query, values in (
            (deployments._OF_SERVICE, ("a", 0, 1, 1)),
            (deployments._BETWEEN, (0, 1, 1)),
            (deployments._UNREAD, ("a", 0, 0, 0)),
            (deployments._BEFORE, ("a", 0, 0)),
        ):
            rows = connection.execute(f"EXPLAIN QUERY PLAN {query}", values)
            plans.append(" ".join(row[3] for row in rows))

    store.read(plan)
    assert all("USING INDEX deployment_" in one for one in plans), plans
