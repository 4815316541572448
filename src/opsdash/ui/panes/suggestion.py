"""What a page that nobody takes within its five minutes suggests (S51): escalate, to whom, or else when."""

from opsdash.domain.alert import Alert
from opsdash.domain.duty import ClockState, ack_clock
from opsdash.domain.escalation import Refused, next_level
from opsdash.domain.next_step import StepKind
from opsdash.domain.reach import names_reached
from opsdash.snapshot import Snapshot
from opsdash.ui.moment import Moment


def is_late(alert: Alert, snapshot: Snapshot, moment: Moment) -> bool:
    """Whether nobody took an alert within five minutes of its page, and nobody has it now."""
    if not alert.open or alert.acknowledgement is not None:
        return False
    climb = snapshot.roster.climbs.get(alert.id)
    clock = ack_clock(alert, moment.now, None if climb is None else climb.began_at)
    if clock is None:
        return False
    moment.expect(moment.now + clock.left)
    return clock.state is ClockState.BREACHED


def suggestion(alert: Alert, snapshot: Snapshot, moment: Moment) -> str:
    """Return what to do about a page that is late; empty where it is not, or where nobody is above."""
    if not is_late(alert, snapshot, moment):
        return ""
    policy = snapshot.roster.policy_of(alert, snapshot.setup)
    level = next_level(policy, alert.level, alert.severity)
    if isinstance(level, Refused):
        return ""
    people = names_reached(snapshot.setup, policy.level(level), moment.now)
    whom = f"{level} {policy.name(level)}{f' ({people})' if people else ''}"
    step = snapshot.roster.next_step(alert, snapshot.setup, moment.now)
    alone = ""
    if step.kind is StepKind.ESCALATES and step.level == level and step.at is not None:
        alone = f"; by itself in {moment.left(step.at)}" if step.at > moment.now else ""
    return f"escalate to {whom} now?{alone}"
