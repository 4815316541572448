"""What is asked before silences are ended or extended: what is shown again, and whom that pages."""

from collections.abc import Sequence

from opsdash.domain.alert import Alert
from opsdash.domain.silence import Silence
from opsdash.preview import paged_again, shown_again, standing_words
from opsdash.snapshot import Snapshot
from opsdash.ui.lines import EMPTY, Line, line
from opsdash.ui.panes.facts import wrapped
from opsdash.ui.screens.ask import Ask

_ASKED = 6
"""Lines in which a question names silences: a terminal of fifteen has room for no more."""


def ask_expiry(silences: Sequence[Silence], snapshot: Snapshot, width: int) -> Ask:
    """Return the question before silences are ended: what is shown again, and whom that pages."""
    hit = shown_again(silences, snapshot)
    words = [*_named(silences), EMPTY]
    if not hit:
        by = "it" if len(silences) == 1 else "them"
        words.append(line(f"No open alert is hidden by {by} alone: nobody is paged."))
    else:
        count = "1 alert is" if len(hit) == 1 else f"{len(hit)} alerts are"
        words.append(line((f"{count} shown again: ", "text"), ", ".join(a.name for a in hit[:5])))
        for told in standing_words(paged_again(hit), snapshot):
            words += [line((part, "warn bold")) for part in wrapped(told, width)]
    if len(silences) == 1:
        return Ask(f"End {silences[0].id}", words, "enter ends it: ")
    return Ask(f"End {len(silences)} silences", words, "enter ends them: ")


def ask_extension(silences: Sequence[Silence], alerts: Sequence[Alert]) -> Ask:
    """Return the question before several silences are extended: which, and what stays hidden."""
    hidden = sum(a.open and any(s.id in a.silenced_by for s in silences) for a in alerts)
    count = "1 open alert stays" if hidden == 1 else f"{hidden or 'no'} open alerts stay"
    words = [*_named(silences), EMPTY, line(f"Each lasts an hour longer; {count} hidden by them.")]
    return Ask(f"Extend {len(silences)} silences", words, "enter extends them: ")


def _named(silences: Sequence[Silence]) -> list[Line]:
    """The first few silences by id, matchers and reason, and how many more."""
    shown = silences if len(silences) <= _ASKED else silences[: _ASKED - 1]
    words = [line((f"{s.id}  ", "bold"), s.text, (f"  {s.comment}", "muted")) for s in shown]
    more = len(silences) - len(shown)
    return [*words, line((f"and {more} more", "muted"))] if more else words
