"""Messages in rows: what was sent to whom, when, with what answer, and what waits."""

from opsdash.domain.letter import LetterState, LetterView, letter_problems
from opsdash.domain.page import Page, PageKind
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.facts import field_lines, section
from opsdash.ui.ports import Detail
from opsdash.ui.widgets.columns import Column
from opsdash.ui.widgets.table import Row

LETTER_COLUMNS = (
    Column("at", "AT", 9, keep=8),
    Column("state", "STATE", 9, keep=9),
    Column("kind", "KIND", 7, keep=5),
    Column("whom", "TO", 16, least=10, flex=1, most=26, keep=7),
    Column("notifier", "BY", 14, least=9, keep=4),
    Column("title", "WHAT", 30, least=18, flex=3, keep=10),
    Column("answer", "ANSWER", 24, least=14, flex=2, keep=6),
    Column("tries", "TRIES", 5, keep=2, align="right"),
    Column("level", "LEVEL", 5, keep=1, align="right"),
)
"""The columns of the list; narrow screens drop those of the lowest `keep`."""

_LOOKS = {
    LetterState.SENT: ("ok", "ok"),
    LetterState.WAITING: ("pending", "accent"),
    LetterState.SENDING: ("pending", "accent"),
    LetterState.DEAD: ("crit", "crit bold"),
    LetterState.DROPPED: ("resolved", "muted"),
    LetterState.BUNDLED: ("resolved", "muted"),
}
_WORDS = {LetterState.DEAD: "refused"}


def letter_row(letter: LetterView, moment: Moment, glyphs: Glyphs) -> Row:
    """Return the row of a message, one cell a column."""
    sign, style = _LOOKS[letter.state]
    open_one = letter.state in (LetterState.WAITING, LetterState.SENDING)
    late = open_one and letter.deadline_at <= moment.now
    if open_one:
        moment.expect(letter.deadline_at)
    word = "LATE" if late else _WORDS.get(letter.state, letter.state.value)
    quiet = "muted" if letter.state in (LetterState.DROPPED, LetterState.BUNDLED) else ""
    title = f"TEST {letter.title}" if letter.test and "TEST" not in letter.title else letter.title
    cells = (
        line((_when(letter, moment), "muted")),
        line((f"{getattr(glyphs, sign)} {word}", "warn bold" if late else style)),
        line((_kind(letter), quiet)),
        line((letter.whom, quiet or "bold")),
        line((letter.notifier, "muted")),
        line((title, quiet)),
        line(
            (
                _answer(letter, moment),
                "warn" if late or letter.state is LetterState.DEAD else "muted",
            )
        ),
        line((str(letter.attempts) if letter.attempts else glyphs.dash, "muted")),
        line((str(letter.level) if letter.kind is PageKind.TRIGGER else glyphs.dash, "muted")),
    )
    return Row(str(letter.id), cells)


def _when(letter: LetterView, moment: Moment) -> str:
    """Return when a message left or was written, in nine cells: the time of day, else the date."""
    at = (letter.sent_at or letter.created_at).astimezone(moment.zone)
    today = moment.now.astimezone(moment.zone).date()
    return at.strftime("%d %b") if abs(at.date() - today).days >= 7 else moment.date_clock(at)


def _kind(letter: LetterView) -> str:
    return {PageKind.TRIGGER: "page", PageKind.ACKNOWLEDGE: "ack"}.get(
        letter.kind, letter.kind.value
    )


def _answer(letter: LetterView, moment: Moment) -> str:
    if letter.state is LetterState.WAITING and letter.due_at > moment.now:
        tried = f"; {letter.answer}" if letter.answer else ""
        return f"leaves in {moment.left(letter.due_at)}{tried}"
    return letter.answer


def letter_about(
    letter: LetterView, detail: Detail | None, width: int, moment: Moment
) -> list[Line]:
    """Return everything about one message, its page word for word."""
    sent = moment.date_clock(letter.sent_at) if letter.sent_at else ""
    open_one = letter.state in (LetterState.WAITING, LetterState.SENDING)
    fields = [
        (
            "to",
            f"{letter.whom} by {letter.notifier}{f' at {letter.address}' if letter.address else ''}",
        ),
        ("because of", str(letter.target)),
        ("state", f"{_WORDS.get(letter.state, letter.state.value)}, {_tries(letter.attempts)}"),
        ("answer", str(letter.answer)),
        ("written", moment.date_clock(letter.created_at)),
        ("sent", sent),
        ("due", moment.date_clock(letter.due_at) if open_one else ""),
        (
            "by",
            f"{moment.date_clock(letter.deadline_at)}, else the next target" if open_one else "",
        ),
        ("about", letter.alert or ""),
    ]
    lines = [line((letter.title, "bold"))]
    lines += [one for name, value in fields if value for one in field_lines(name, value, width)]
    if detail is not None and detail.page is not None:
        lines += page_lines(detail.page, width, moment)
    return lines


def page_lines(page: Page, width: int, moment: Moment) -> list[Line]:
    """Return a page word for word."""
    fields = [
        ("kind", _page_kind(page)),
        ("severity", page.severity.value),
        ("of", str(page.source)),
        ("incident", page.incident or ""),
        ("level", f"{page.level} {page.level_name}".strip()),
        ("at", moment.date_clock(page.at)),
        ("value", "" if page.value is None else f"{page.value:,.6g}"),
        ("from", str(page.by)),
        ("text", str(page.text)),
        ("alerts", f"{page.count}: {', '.join(page.members)}" if page.count > 1 else ""),
        ("key", page.key),
    ]
    lines = section("page")
    lines += [one for name, value in fields if value for one in field_lines(name, value, width)]
    for title, pairs in (("annotations", page.annotations), ("labels", page.labels)):
        if pairs:
            lines += section(title)
            for name in sorted(pairs):
                lines += field_lines(name, str(pairs[name]), width)
    if page.lines:
        lines += [line(text) for text in page.lines]
    if page.context:
        lines += section("context")
        lines += [line(text) for text in page.context]
    if page.links:
        lines += section("links")
        for link in page.links:
            lines += field_lines(str(link.text), str(link.url), width)
    return lines


def _page_kind(page: Page) -> str:
    again = f", for the {page.repeat + 1}. time" if page.repeat else ""
    return f"{page.kind.value}{again}{', TEST' if page.test else ''}"


def _tries(count: int) -> str:
    return "not tried yet" if not count else "1 try" if count == 1 else f"{count} tries"


def letters_summary(snapshot: Snapshot, moment: Moment) -> str:
    """Return how many messages wait, and that some do not arrive."""
    waiting = snapshot.letters.waiting
    troubles = len(letter_problems(snapshot.letters, moment.now))
    told = f"{waiting} waiting" if waiting else "nothing waits"
    return f"{told}, {troubles} problems" if troubles else told


def no_letters(snapshot: Snapshot) -> Line:
    """Say why no message was sent."""
    if snapshot.setup.paging.notifiers:
        return line(("nothing was sent yet", "muted"))
    return line(("no notifier is configured: nobody is paged", "warn"))
