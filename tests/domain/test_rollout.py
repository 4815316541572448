"""What is noticed of a service's processes from one look to the next."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from opsdash.domain.deployment import Deployment, DeploymentKind
from opsdash.domain.rollout import FORGOTTEN, REMEMBERED, Build, Instance, notice
from opsdash.domain.text import SafeText, clean

START = datetime(2025, 12, 22, 14, 0, tzinfo=UTC)
PROMETHEUS = SafeText("prometheus")


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


class Service:
    """Looks at payments-api minute by minute, and what each of them noticed."""

    def __init__(self, name: str = "payments-api") -> None:
        self.name = clean(name)
        self.memory: tuple[Instance, ...] = ()
        self.minute = 0.0

    def look(
        self, *shown: tuple[str, str, float | None], after: float = 1.0
    ) -> Sequence[Deployment]:
        """Look after so many minutes at (instance, version, minute it started)."""
        self.minute += after
        present = [
            Instance(
                self.name,
                clean(name),
                at(self.minute),
                (Build(clean(version)),) if version else (),
                None if started is None else at(started),
            )
            for name, version, started in shown
        ]
        found = notice(self.memory, present, at(self.minute), PROMETHEUS)
        self.memory = found.remembered
        return found.deployments

    def told(
        self, *shown: tuple[str, str, float | None], after: float = 1.0
    ) -> list[tuple[str, str, float]]:
        """Return what a look noticed as (kind, version, minute)."""
        return [
            (one.kind.value, one.version, (one.at - START) / timedelta(minutes=1))
            for one in self.look(*shown, after=after)
        ]


def test_the_first_look_changes_nothing() -> None:
    """What runs when opsdash first looks was not deployed then."""
    service = Service()
    assert service.told(("a", "v1", -60), ("b", "v2", -5)) == []
    assert service.told(("a", "v1", -60), ("b", "v2", -5)) == []


def test_a_new_version_is_told_once_and_from_its_start() -> None:
    """A rolling deployment of fixed hosts is one deployment, from the moment its first process began."""
    service = Service()
    service.look(("a", "v1", -60), ("b", "v1", -60))
    assert service.told(("a", "v2", 1.5), ("b", "v1", -60)) == [("version seen", "v2", 1.5)]
    assert service.told(("a", "v2", 1.5), ("b", "v2", 2.5)) == []
    assert service.told(("a", "v2", 1.5), ("b", "v2", 2.5)) == []


def test_pods_that_change_their_names_are_a_deployment_too() -> None:
    """In Kubernetes every pod is a new instance; more pods of the same version are no deployment."""
    service = Service()
    service.look(("pod-1", "v1", -60))
    assert service.told(("pod-1", "v1", -60), ("pod-2", "v1", 1.5)) == []
    assert service.told(("pod-1", "v1", -60), ("pod-3", "v2", 2.5)) == [("version seen", "v2", 2.5)]
    assert service.told(("pod-3", "v2", 2.5), ("pod-4", "v2", 3.2)) == []


def test_a_rollback_is_a_deployment() -> None:
    """The version before is news when it is back, a minute later or an hour, on hosts and in pods."""
    for second, third in (("a", "a"), ("pod-2", "pod-3")):
        service = Service()
        service.look(("a", "v1", -60))
        assert service.told((second, "v2", 1.5)) == [("version seen", "v2", 1.5)]
        assert service.told((third, "v1", 2.5)) == [("version seen", "v1", 2.5)]


def test_an_instance_that_was_only_away_brings_nothing() -> None:
    """Scrapes that fail for a while, of one instance or of all, are no deployment and no restart."""
    service = Service()
    service.look(("a", "v1", -60), ("b", "v2", -60))
    assert service.told(("b", "v2", -60)) == []
    assert service.told(("b", "v2", -60), after=20) == []
    assert service.told(("a", "v1", -60), ("b", "v2", -60)) == []
    assert service.told() == []
    assert service.told(("a", "v1", -60), ("b", "v2", -60), after=600) == []


def test_a_change_while_nobody_looked_is_told_from_its_start() -> None:
    """An engine that was off for hours finds the deployment, at the time when it really was."""
    service = Service()
    service.look(("a", "v1", -60))
    assert service.told(("b", "v2", 120), after=300) == [("version seen", "v2", 120)]


def test_a_restart_is_told_at_its_time() -> None:
    """A known process of the same build that began anew; several at once are one, with their names."""
    service = Service()
    service.look(("a", "v1", -60), ("b", "v1", -60), ("c", "v1", -60))
    assert service.told(("a", "v1", 1.2), ("b", "v1", 1.4), ("c", "v1", -60)) == [
        ("restart", "v1", 1.4)
    ]
    (again,) = service.look(("a", "v1", 2.4), ("b", "v1", 2.4), ("c", "v1", -60))
    assert again.note == "a, b"
    assert service.told(("a", "v1", 2.4), ("b", "v1", 2.4), ("c", "v1", -60)) == []


def test_a_start_that_a_clock_moved_is_no_restart() -> None:
    """The start of a process is reckoned from the boot time, which moves by a second or two."""
    service = Service()
    service.look(("a", "v1", -60))
    assert service.told(("a", "v1", -60 + 2 / 60)) == []
    assert service.told(("a", "v1", -61)) == []


def test_without_a_start_a_version_is_told_when_it_is_seen() -> None:
    """Not every process tells when it began; a metric that is missing for once changes nothing."""
    service = Service()
    service.look(("a", "v1", None))
    assert service.told(("a", "v2", None)) == [("version seen", "v2", 2)]
    assert service.told(("a", "", None)) == []
    assert service.told(("a", "v2", None)) == []


def test_a_query_that_was_mended_deploys_nothing() -> None:
    """The first version that is ever seen of a known service is where it starts from."""
    service = Service()
    service.look(("a", "", -60))
    assert service.told(("a", "v1", -60)) == []
    assert service.told(("a", "v2", 2.5)) == [("version seen", "v2", 2.5)]


def test_services_do_not_disturb_each_other() -> None:
    """The version of one is no deployment of the other."""
    both = [
        Instance(clean(name), SafeText("a"), at(0), (Build(clean(version)),))
        for name, version in (("payments-api", "v1"), ("payments-worker", "v7"))
    ]
    memory = notice((), both, at(0), PROMETHEUS).remembered
    changed = [both[0], Instance(both[1].service, SafeText("a"), at(1), (Build(SafeText("v8")),))]
    (found,) = notice(memory, changed, at(1), PROMETHEUS).deployments
    assert (found.service, found.version) == ("payments-worker", "v8")
    assert (found.kind, found.source) == (DeploymentKind.VERSION, "prometheus")


def test_what_is_gone_is_forgotten_in_the_end() -> None:
    """Pods that never come back do not pile up; a service that is down keeps its memory for a month."""
    service = Service()
    for pod in range(200):
        service.look((f"pod-{pod}", "v1", -60))
    assert len(service.memory) <= REMEMBERED / timedelta(minutes=1) + 1
    before = service.memory
    service.look(after=60)
    assert service.memory == before
    service.look(after=FORGOTTEN / timedelta(minutes=1))
    assert service.memory == ()
