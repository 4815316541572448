"""What the simulated team deploys: in each loop a version with the retry loop, and then its fix."""

from collections.abc import Iterator

from opsdash.domain.deployment import Commit, Deployment
from opsdash.domain.text import SafeText, clean
from opsdash.sources.simulation.clock import SimulatedClock
from opsdash.sources.simulation.story import DEPLOYED, FIXED, INTRODUCED, Scene, moment_of

SERVICE = SafeText("payments-api")

_Shipped = tuple[str, tuple[tuple[str, str, str], ...]]

_BAD: _Shipped = (
    "alice",
    (
        ("4e91c0a", "alice", "retry loop"),
        ("c20b6d1", "alice", "retry a charge that timed out"),
        ("91d7f3e", "sam", "name the gateway in its errors"),
        ("0b8aa54", "sam", "tidy the charge client"),
    ),
)
_FIX: _Shipped = (
    "john",
    (
        ("b7d20f3", "john", "give up after three retries, and wait between them"),
        ("5f3e9c8", "sam", "load test of a gateway that hangs"),
    ),
)
_FIRST: _Shipped = ("sam", (("7ac14d2", "sam", "receipts in the customer's language"),))


def deployments(clock: SimulatedClock, first: int, last: int) -> Iterator[Deployment]:
    """Yield the deployments of the loops `first` to `last`, oldest first, at their real moments."""
    if first == 0:
        yield _deployment(clock, moment_of(0, INTRODUCED), Scene(0, INTRODUCED), _FIRST)
    for loop in range(first, last + 1):
        yield _deployment(clock, moment_of(loop, DEPLOYED), Scene(loop, DEPLOYED), _BAD)
        yield _deployment(clock, moment_of(loop, FIXED), Scene(loop, FIXED), _FIX)


def _deployment(
    clock: SimulatedClock, elapsed: float, scene: Scene, shipped: _Shipped
) -> Deployment:
    author, commits = shipped
    return Deployment(
        service=SERVICE,
        at=clock.moment(elapsed),
        version=clean(scene.version),
        commit=clean(commits[0][0]),
        author=clean(author),
        source=SafeText("simulation"),
        commits=tuple(Commit(clean(id), clean(who), clean(what)) for id, who, what in commits),
        commit_count=len(commits),
    )
