"""Who is on call now and until when, on every schedule: the header's words, from the longest to the shortest."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from opsdash.domain.frozen import dataclass
from opsdash.domain.on_call import OnCall
from opsdash.domain.schedule import Schedule
from opsdash.domain.setup import Setup
from opsdash.domain.text import clean
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, line, spaced
from opsdash.ui.moment import Moment

PRIMARY = "primary"
"""The schedule that comes first, wherever the configuration has it."""


@dataclass(frozen=True, slots=True)
class Cover:
    """Who has a schedule now, and until when; `name` is empty where nobody does.

    `meant` says that hours without anybody are part of the schedule.
    """

    schedule: str
    name: str
    until: datetime | None
    meant: bool = False


def covers(snapshot: Snapshot, moment: Moment) -> list[Cover]:
    """Return who has each schedule at this moment, the primary one first.

    What the engine wrote holds until the shift ends. After that, and where an override may have
    changed it a moment ago, the schedule itself is asked: nobody is named whose shift is over.
    """
    told = {duty.schedule: duty for duty in snapshot.on_call}
    found = [
        _cover(schedule, told.pop(schedule.id, None), snapshot.setup, moment)
        for schedule in snapshot.setup.schedules
    ]
    found += [Cover(duty.schedule, duty.name, duty.until) for duty in told.values()]
    for cover in found:
        if cover.until is not None:
            moment.expect(cover.until)
    return sorted(found, key=lambda cover: cover.schedule != PRIMARY)


def _cover(schedule: Schedule, told: OnCall | None, setup: Setup, moment: Moment) -> Cover:
    if told is not None and told.until > moment.now and not schedule.overrides:
        return Cover(schedule.id, told.name, told.until)
    # Most drawings are told who it is: working a rotation out costs more than the line.
    from opsdash.domain.reach import person_name
    from opsdash.domain.schedule import on_call

    shifts = on_call(schedule, moment.now)
    if not shifts:
        return Cover(schedule.id, "", None, schedule.gaps_allowed)
    names = ", ".join(person_name(setup, shift.person) for shift in shifts)
    return Cover(schedule.id, clean(names), min(shift.end for shift in shifts))


def nobody(found: Sequence[Cover], brief: bool = False) -> Line:
    """Return loudly that a schedule has nobody now; nothing where each has somebody or need not."""
    missing = [cover.schedule for cover in found if not cover.name and not cover.meant]
    if not missing:
        return EMPTY
    which = "" if missing == [found[0].schedule] else f": {missing[0]}"
    if len(missing) > 1:
        which = f": {len(missing)} schedules"
    words = "NOBODY" if brief and which else "NOBODY on call"
    return line((f" {words}{which} ", "crit reverse bold"))


def on_duty(found: Sequence[Cover], moment: Moment, glyphs: Glyphs) -> list[Line]:
    """Return who is on call in forms ever shorter: first the words go, then the last schedules.

    A name is whole in each of them, but for the last, which has its first word.
    """
    there = [cover for cover in found if cover.until is not None]
    if not there:
        return []
    first, *others = there
    whole = [_whole(first, moment), *(_whole(one, moment, one.schedule) for one in others)]
    forms = [line(("on call ", "muted"), _listed(whole, glyphs))]
    brief = [
        _brief(first, first.name, moment, glyphs),
        *(line((f"{c.schedule} ", "muted"), _brief(c, c.name, moment, glyphs)) for c in others),
    ]
    forms += [
        line(_listed(brief[:shown], glyphs), _more(len(brief) - shown))
        for shown in range(len(brief), 0, -1)
    ]
    word, *rest = first.name.split(" ")
    short = f"{word.rstrip(',')}{glyphs.ellipsis}" if rest else first.name
    return [*forms, line(_brief(first, short, moment, glyphs), _more(len(others)))]


def _listed(parts: Sequence[Line], glyphs: Glyphs) -> Line:
    return spaced(parts, f" {glyphs.dot} ")


def _more(count: int) -> Line:
    return line((f" +{count}", "muted")) if count else EMPTY


def _whole(cover: Cover, moment: Moment, schedule: str = "") -> Line:
    assert cover.until is not None
    before = f"{schedule} " if schedule else ""
    until = f" until {moment.date_clock(cover.until)}"
    return line((before, "muted"), (cover.name, "bold"), (until, "muted"))


def _brief(cover: Cover, name: str, moment: Moment, glyphs: Glyphs) -> Line:
    assert cover.until is not None
    local, today = cover.until.astimezone(moment.zone), moment.now.astimezone(moment.zone)
    far = local.date() - today.date() >= timedelta(days=7)
    until = local.strftime("%d %b") if far else moment.date_clock(cover.until)
    return line((name, "bold"), (f"{glyphs.arrow}{until}", "muted"))
