"""Pages: what is told to one destination about one occurrence, or about many at once."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from opsdash.domain.alert import Severity
from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText


class PageKind(StrEnum):
    """What is told. `note` adds to what was told before: an escalation, a comment, a joined alert."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Link:
    """A web address that a page shows; it is never fetched. `url` is http or https."""

    text: SafeText
    url: SafeText


@dataclass(frozen=True, slots=True)
class Page:
    """One message to one destination.

    `id` names this message, `key` all messages about the same occurrence: its dedup key. `title` is
    the rule's summary verbatim, `source` what it is about, `at` when what is told happened, `since`
    when the alert began to fire, the same in all messages about it, and `began` when its condition
    did, before `for`. An acknowledgement or note may say that it is put off `until` then. `reached`
    are the people it is meant for, `by` and `text` the person behind an acknowledgement or note and
    their words. `context` is what changed lately, newest first. A storm is one page of `count`
    alerts that names some of them in `members`. `repeat` counts how often it was said before, `again`
    says that this very message may have arrived already. `test` marks a drill or a check, which the message must say. `lines` are a longer text. A `quiet` one wakes
    nobody: a receiver that knows pages alone is not told.
    """

    id: str
    key: str
    kind: PageKind
    title: SafeText
    severity: Severity
    source: SafeText
    at: datetime
    alert: str | None = None
    incident: str | None = None
    level: int = 1
    level_name: SafeText = SafeText("")
    reached: tuple[SafeText, ...] = ()
    by: SafeText = SafeText("")
    text: SafeText = SafeText("")
    value: float | None = None
    labels: Mapping[str, SafeText] = field(default_factory=dict)
    annotations: Mapping[str, SafeText] = field(default_factory=dict)
    context: tuple[SafeText, ...] = ()
    links: tuple[Link, ...] = ()
    count: int = 1
    members: tuple[SafeText, ...] = ()
    repeat: int = 0
    test: bool = False
    since: datetime | None = None
    began: datetime | None = None
    until: datetime | None = None
    lines: tuple[SafeText, ...] = ()
    quiet: bool = False
    again: bool = False
