"""What happens next to an alert, to whom and when, and how long its page has been waiting."""

from datetime import timedelta

from opsdash.domain.alert import Alert, Severity
from opsdash.domain.duration import format_duration
from opsdash.domain.duty import ACKNOWLEDGE_WITHIN, AT_RISK, AckClock, ClockState, ack_clock
from opsdash.domain.next_step import NextStep, StepKind
from opsdash.domain.span import format_span
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, line
from opsdash.ui.moment import Moment

_SOON = timedelta(minutes=10)
"""How long before an acknowledgement or snooze ends that it stands out."""

_ALIKE = timedelta(seconds=15)
"""How near to each other two times are that are counted down as one."""


def step_cell(
    alert: Alert, snapshot: Snapshot, narrow: bool, moment: Moment, glyphs: Glyphs
) -> Line:
    """Return what happens next to an alert that fires: what, when, whom; and a comment on it."""
    step = snapshot.roster.next_step(alert, snapshot.setup, moment.now)
    if step.kind is StepKind.EXHAUSTED:
        words = "EXHAUSTED" if narrow or step.at else "EXHAUSTED: nobody is left to page"
        again = [] if step.at is None else [(" again", "muted"), _when(step, moment)]
        return line((f"{glyphs.crit} {words}", "crit reverse bold"), *again)
    if step.kind is StepKind.NOTHING or step.at is None:
        said = _comment(alert, glyphs)
        return said or line((step.text if alert.acknowledgement is None else "", "muted"))
    what, style = _what(step, alert, snapshot, narrow)
    climb = snapshot.roster.climbs.get(alert.id)
    if climb is not None and climb.snooze is not None:
        after = line(_whom(step, narrow), " ", _quoted(climb.snooze.reason, glyphs))
    else:
        said = _comment(alert, glyphs)
        after = line(" ", said) if said else line(_whom(step, narrow))
    return line((what, style), _when(step, moment), after)


def _what(step: NextStep, alert: Alert, snapshot: Snapshot, narrow: bool) -> tuple[str, str]:
    who = ", ".join(step.who)
    policy = snapshot.roster.policy_of(alert, snapshot.setup)
    match step.kind:
        case StepKind.ESCALATES if narrow:
            return f"L{step.level} {who or policy.name(step.level)}", ""
        case StepKind.ESCALATES:
            return f"{step.level} {policy.name(step.level)}", ""
        case StepKind.BEGINS_ANEW:
            return "L1 again" if narrow else "policy begins anew", "warn"
        case StepKind.EXHAUSTS:
            return "EXHAUSTED", "warn bold"
        case StepKind.PAGES_AGAIN:
            return ("again" if narrow else "pages again"), ""
        case StepKind.ACKNOWLEDGEMENT_ENDS:
            return "asks" if narrow else "asks again", ""
        case StepKind.SNOOZE_ENDS:
            return "snoozed, pages" if not narrow else "snoozed, back", ""
        case StepKind.MAINTENANCE_ENDS:
            return "maintenance ends" if not narrow else "maint. ends", ""
    return str(step.text), ""


def _when(step: NextStep, moment: Moment) -> tuple[str, str]:
    assert step.at is not None
    if step.at <= moment.now:
        return f" overdue {moment.age(step.at)}", "warn bold"
    ends = step.kind in (StepKind.ACKNOWLEDGEMENT_ENDS, StepKind.SNOOZE_ENDS)
    soon = ends and step.at - moment.now <= _SOON
    if ends:
        moment.expect(step.at - _SOON)
    return f" in {moment.left(step.at)}", "warn bold" if soon else "muted"


def _whom(step: NextStep, narrow: bool) -> tuple[str, str]:
    shown = step.who and not narrow and step.kind is not StepKind.MAINTENANCE_ENDS
    return (f" ({', '.join(step.who)})" if shown else "", "muted")


def _comment(alert: Alert, glyphs: Glyphs) -> Line:
    taken = alert.acknowledgement
    if taken is None or not taken.comment:
        return EMPTY
    return _quoted(taken.comment, glyphs)


def _quoted(text: str, glyphs: Glyphs) -> Line:
    return line((f"{glyphs.quotes[0]}{text}{glyphs.quotes[1]}", "muted"))


def nobody_cell(
    alert: Alert, snapshot: Snapshot, narrow: bool, moment: Moment, glyphs: Glyphs
) -> Line:
    """Return `nobody` with the clock by which a page is to be taken: running, at risk, breached.

    While it runs it is left to what happens next where that falls due with it.
    """
    style = "crit bold" if alert.severity is Severity.CRITICAL else "warn"
    clock = _clock(alert, snapshot, moment)
    if clock is None:
        return line(("nobody", style))
    due = moment.now + clock.left
    if clock.state is ClockState.BREACHED:
        due = moment.now - (clock.elapsed - ACKNOWLEDGE_WITHIN)
        late = "" if narrow else f" {moment.short_age(due)}"
        return line(("nobody", "crit reverse bold"), (f" {glyphs.crit}{late}", "crit bold"))
    if clock.state is ClockState.AT_RISK:
        left = "" if narrow else f" {moment.left(due)}"
        return line(("nobody", style), (f" {glyphs.warn}{left}", "warn bold"))
    step = snapshot.roster.next_step(alert, snapshot.setup, moment.now)
    if narrow or (step.at is not None and abs(step.at - due) <= _ALIKE):
        return line(("nobody", style))
    return line(("nobody", style), (f" {moment.left(due)}", "muted"))


def clock_words(alert: Alert, snapshot: Snapshot, moment: Moment) -> str:
    """Return how the clock of a page stands, in words; empty where nobody is paged for it."""
    clock = _clock(alert, snapshot, moment)
    if clock is None:
        return ""
    within = format_duration(ACKNOWLEDGE_WITHIN)
    if clock.state is ClockState.MET:
        return f"taken after {format_span(clock.elapsed)}, within {within}"
    if clock.state is ClockState.BREACHED:
        waits = alert.acknowledgement is None and alert.open
        words = "nobody has it for" if waits else "taken only after"
        return f"BREACHED: {words} {format_span(clock.elapsed)}, {within} is the limit"
    risk = "AT RISK, " if clock.state is ClockState.AT_RISK else ""
    return f"{risk}{moment.left(moment.now + clock.left)} left of {within}"


def _clock(alert: Alert, snapshot: Snapshot, moment: Moment) -> AckClock | None:
    climb = snapshot.roster.climbs.get(alert.id)
    clock = ack_clock(alert, moment.now, None if climb is None else climb.began_at)
    if clock is not None and clock.state in (ClockState.RUNNING, ClockState.AT_RISK):
        due = moment.now + clock.left
        moment.expect(due)
        moment.expect(due - ACKNOWLEDGE_WITHIN * (1 - AT_RISK))
    return clock
