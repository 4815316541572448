"""The timeline: what happened to an alert or an incident, in order, and who did it."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText


class EntryKind(StrEnum):
    """What a timeline entry records."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"
    PAGE = "page"
    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"
    ESCALATE = "escalate"
    DEESCALATE = "deescalate"
    SILENCED = "silenced"
    UNSILENCED = "unsilenced"
    INCIDENT = "incident"
    JOIN = "join"
    HYPOTHESIS = "hypothesis"
    ROOT_CAUSE = "root_cause"
    CLASSIFY = "classify"
    OPTION = "option"
    DECISION = "decision"
    ACTION = "action"
    OBSERVATION = "observation"
    STATUS = "status"
    COMMS = "comms"
    NOTE = "note"
    REVIEW = "review"
    EXHAUSTED = "exhausted"
    REASSIGN = "reassign"
    SNOOZE = "snooze"
    UNSNOOZE = "unsnooze"
    EXTEND = "extend"
    REAPPLY = "reapply"
    OVERRIDE = "override"
    MAINTENANCE = "maintenance"
    FAILURES = "failures"
    INVESTIGATE = "investigate"
    INVESTIGATED = "investigated"
    REPORTED = "reported"
    UNREPORTED = "unreported"


@dataclass(frozen=True, slots=True)
class Entry:
    """One timeline entry. `alert` and `incident` are the ids it belongs to.

    `by` is the operating system's user or `engine`; `claimed` holds what the environment says of
    the person (`SUDO_USER`, `OPSDASH_USER`, `SSH_CONNECTION`), which anybody can forge.
    """

    at: datetime
    by: SafeText
    kind: EntryKind
    text: SafeText
    alert: str | None = None
    incident: str | None = None
    claimed: Mapping[str, SafeText] = field(default_factory=dict)
    id: int = 0


@dataclass(frozen=True, slots=True)
class Actor:
    """The person or program that acts: the real user, and what the environment claims."""

    user: SafeText
    claimed: Mapping[str, SafeText] = field(default_factory=dict)
