"""Rules wait for the server's clock, and say so (F20)."""

from datetime import datetime
from pathlib import Path

from opsdash.domain.rules.rule import RuleState
from opsdash.domain.text import SafeText
from opsdash.http.errors import RemoteError
from tests.engine.rule_world import RuleWorld, ToldVectors
from tests.engine.test_rules import RULES
from tests.engine.world import World


class ClockedVectors(ToldVectors):
    """Answers once it has told its time, if it does."""

    def __init__(self) -> None:
        super().__init__()
        self.tells = False
        self.known = False
        self.met = 0

    async def meet_clock(self, now: datetime) -> None:
        """Tell the time, or why not."""
        self.met += 1
        if not self.known and not self.tells:
            raise RemoteError(SafeText("no answer within 5 s"))
        self.known = True

    def forget_clock(self) -> None:
        """Know nothing any more."""
        self.known = False


async def clocked(world: World, folder: Path) -> tuple[RuleWorld, ClockedVectors]:
    """Return a world whose Prometheus has a clock."""
    ruled = RuleWorld(world, folder, RULES)
    source = ruled.source = ClockedVectors()
    world.engine.rules = ruled.rules()
    source.say("x > 5", 0)
    return ruled, source


async def test_no_rule_is_judged_before_the_servers_time_is_known(
    world: World, tmp_path: Path
) -> None:
    """The condition holds and is not even asked for; the reason is on the rule and on the source."""
    ruled, source = await clocked(world, tmp_path)
    await ruled.live(60)
    assert source.met > 0
    assert source.asked == []
    view = await ruled.view()
    assert view.state is RuleState.ERROR
    assert view.error == "waiting for the server's clock: no answer within 5 s"
    snapshot = await world.picture()
    assert any("waiting for the server's clock" in problem.text for problem in snapshot.problems)
    source.tells = True
    await ruled.live(60)
    assert source.asked
    assert (await ruled.view()).state in (RuleState.PENDING, RuleState.FIRING)


async def test_a_clock_of_this_host_that_was_set_has_the_servers_asked_for_again(
    world: World, tmp_path: Path
) -> None:
    """An hour ahead: what was known of the difference is not: nothing is judged until it is told."""
    ruled, source = await clocked(world, tmp_path)
    source.tells = True
    await ruled.live(40)
    source.tells = False
    asked = len(source.asked)
    world.clock.turn(3600)
    await ruled.live(40)
    assert len(source.asked) == asked
    assert "waiting" in str((await ruled.view()).error)
