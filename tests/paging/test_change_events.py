"""Receivers that take deployments are told of them: once, in order, whichever engine acts."""

from datetime import timedelta

from opsdash.domain.alert import Severity
from opsdash.domain.deployment import Deployment, DeploymentKind
from opsdash.domain.page import Page, PageKind
from opsdash.domain.text import SafeText
from opsdash.engine.deployments import Deployments
from opsdash.notifiers.notifier import NotifierError, Receipt
from opsdash.store import deployments
from tests.paging.world import MONDAY, Pager, World


async def deploy(
    world: World, minutes: float, version: str, kind: DeploymentKind = DeploymentKind.DEPLOY
) -> None:
    """Record what was deployed so many minutes ago."""
    at = world.clock.now() - timedelta(minutes=minutes)
    one = Deployment(SafeText("payments-api"), at, kind, SafeText(version))
    assert await world.store.write(deployments.record, one)


class ChangeTaker(Pager):
    """A pager that is told of deployments too."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.deployments: list[str] = []

    async def change(self, deployment: Deployment) -> Receipt:
        await self.send(_NOTHING, "", "")
        self.sent.clear()
        self.deployments.append(deployment.version)
        return Receipt(SafeText("accepted"))


_NOTHING = Page("", "", PageKind.NOTE, SafeText(""), Severity.INFO, SafeText(""), MONDAY)


def _takers(world: World) -> tuple[ChangeTaker, ChangeTaker]:
    """Two receivers of deployments in place of John's pager and the channel."""
    john, channel = ChangeTaker("john"), ChangeTaker("channel")
    world.pagers |= {"john": john, "channel": channel}
    world.engine = world.start_engine("second")
    world.engine.deployments = Deployments()
    return john, channel


async def test_receivers_are_told_of_deployments_once(world: World) -> None:
    """What is deployed from now on goes out once, across engines; what metrics repeat of it does not."""
    john, channel = _takers(world)
    await deploy(world, 90, "v1.4.0")
    await deploy(world, 2, "v1.4.1")
    await deploy(world, 1, "v1.4.1", kind=DeploymentKind.VERSION)
    await deploy(world, 1, "v1.4.1", kind=DeploymentKind.RESTART)
    await world.turn(60)
    assert john.deployments == channel.deployments == ["v1.4.1"]
    again, _ = _takers(world)
    await deploy(world, 0, "v1.4.2")
    await world.turn(60)
    assert again.deployments == ["v1.4.2"]


async def test_a_receiver_that_refuses_gets_them_later_and_in_order(world: World) -> None:
    """Nobody else is told twice meanwhile; what is refused for good keeps nothing from the rest."""
    john, channel = _takers(world)
    await deploy(world, 2, "v1")
    await deploy(world, 1, "v2")
    channel.refusing = NotifierError(SafeText("503"))
    await world.turn(60)
    assert (john.deployments, channel.deployments) == (["v1"], [])
    channel.refusing = None
    await world.turn(60)
    assert (john.deployments, channel.deployments) == (["v1", "v2"], ["v1", "v2"])
    channel.refusing = NotifierError(SafeText("400"), permanent=True)
    await deploy(world, 0, "v3")
    await world.turn(30)
    channel.refusing = None
    await deploy(world, 0, "v4")
    await world.turn(30)
    assert (john.deployments[2:], channel.deployments[2:]) == (["v3", "v4"], ["v4"])
