"""What `opsdash check` tries of `[deployments]` and `[[repository]]`."""

from pathlib import Path

from opsdash.cli.output import counted
from opsdash.plan import DeploymentPlan, Plan


async def try_deployments(plan: Plan) -> list[tuple[bool, str]]:
    """Look once at what runs and into each repository; return lines, each with whether it is well."""
    return [*await _running(plan), *await _repositories(plan)]


async def _running(plan: Plan) -> list[tuple[bool, str]]:
    from opsdash.http.errors import RemoteError
    from opsdash.runtime import now, open_deployments, open_sources
    from opsdash.sources.instances import read_instances
    from opsdash.sources.prometheus import PrometheusSource
    from opsdash.sources.vector import QueryError

    watch = open_deployments(plan).watch
    if plan.prometheus is None or not (watch.versions or watch.starts):
        return []
    sources = open_sources(plan)
    try:
        asked = [s for s in sources.metrics if isinstance(s, PrometheusSource)]
        found = [one for s in asked for one in await read_instances(s, watch, now())]
    except QueryError as error:
        return [(False, f"[deployments]: cannot tell what runs: {error.reason}")]
    except RemoteError:
        # That the server does not answer is said where its figures are read.
        return []
    finally:
        for metrics in sources.metrics:
            await metrics.close()
        for alerts in sources.alerts:
            await alerts.close()
    if not found:
        # Nobody asked for the default: a team without such a job has nothing to mend.
        text = f"[deployments]: no version or start of {', '.join(plan.deployments.jobs)} is shown"
        return [(plan.deployments == DeploymentPlan(), text)]
    versions = sorted({build.version for one in found for build in one.builds if build.version})
    shown = f", version {', '.join(versions[:3])}" if versions else ", without a version"
    services = ", ".join(sorted({one.service for one in found})[:3])
    return [(True, f"[deployments]: {counted(len(found), 'instance')} of {services}{shown}")]


async def _repositories(plan: Plan) -> list[tuple[bool, str]]:
    from opsdash.sources.gitlog import GitError, try_repository

    found = []
    for one in plan.deployments.repositories:
        try:
            await try_repository(Path(one.path))
        except GitError as error:
            found.append((False, f"[[repository]] {one.service}: {error}"))
        else:
            found.append((True, f"[[repository]] {one.service}: {one.path}"))
    return found
