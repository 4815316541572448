"""The engine's own alert rules, where there are any: what evaluates them is 3 MB, and left out else."""

from opsdash.engine.engine import Engine
from opsdash.store import engine


async def begin(engine_: Engine, epoch: int) -> None:
    """Start from what the store holds of each rule; where there is none, and was none, do nothing."""
    if engine_.rules is not None or await engine_.store.read(engine.has_rules):
        from opsdash.engine import rules

        await rules.begin(engine_, epoch)


async def evaluate_rules(engine_: Engine) -> None:
    """Record the evaluations that ended and what they show, and begin those whose slot has come."""
    if engine_.rules is not None:
        from opsdash.engine import rules

        await rules.evaluate_rules(engine_)


def forget_clock(engine_: Engine) -> None:
    """Judge nothing until the server has told its clock again: ours may have been set."""
    if engine_.rules is not None:
        from opsdash.engine import rules

        rules.forget_clock(engine_)


def collect(engine_: Engine) -> None:
    """Take in the evaluations that ended, without a word to the store, and begin those that are due."""
    if engine_.rules is not None:
        from opsdash.engine import rules

        for poll in engine_.rules.polls:
            rules.collect(engine_, engine_.rules, poll)
