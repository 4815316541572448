"""What PagerDuty's REST API answers, in our words: changes, who is on call, and why it refused."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from opsdash.domain.text import SafeText, clean

OWN_NOTE = "opsdash: "
"""How the notes begin that opsdash writes, so that it does not take them for news."""


class ChangeKind(StrEnum):
    """What happened to an incident at PagerDuty."""

    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    ESCALATED = "escalated"
    REASSIGNED = "reassigned"
    SNOOZED = "snoozed"
    NOTED = "noted"
    RESOLVED = "resolved"


_KINDS = {
    "acknowledge_log_entry": ChangeKind.ACKNOWLEDGED,
    "unacknowledge_log_entry": ChangeKind.UNACKNOWLEDGED,
    "escalate_log_entry": ChangeKind.ESCALATED,
    "assign_log_entry": ChangeKind.REASSIGNED,
    "delegate_log_entry": ChangeKind.REASSIGNED,
    "snooze_log_entry": ChangeKind.SNOOZED,
    "annotate_log_entry": ChangeKind.NOTED,
    "resolve_log_entry": ChangeKind.RESOLVED,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that somebody, or PagerDuty's own clock, did there to what opsdash paged.

    `id` is the log entry's, the same at every read. `key` is the page's key. `by` is the person,
    empty where it was a service or a timeout. `until` is until when it was snoozed; `to` are the
    people who have it from then on, by id and name there.
    """

    id: str
    kind: ChangeKind
    key: str
    at: datetime
    by: SafeText = SafeText("")
    text: SafeText = SafeText("")
    until: datetime | None = None
    to: tuple[tuple[str, SafeText], ...] = ()


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is on call at PagerDuty; without `end` for good, without `schedule` named by the policy."""

    person: SafeText
    level: int
    policy: SafeText
    schedule: SafeText = SafeText("")
    start: datetime | None = None
    end: datetime | None = None


def change_of(entry: Mapping[str, Any], incidents: Mapping[str, str]) -> Change | None:
    """Return the change that a log entry tells of; None for our own doing and what concerns us not.

    `incidents` maps PagerDuty's incident ids to page keys.
    """
    kind = _KINDS.get(word(entry, "type"))
    key = incidents.get(word(table(entry, "incident"), "id"))
    at = moment(entry, "created_at")
    agent = table(entry, "agent")
    human = word(agent, "type").startswith("user")
    if kind is None or key is None or at is None:
        return None
    channel = table(entry, "channel")
    text = word(entry, "note") or word(channel, "content") or word(channel, "summary")
    timeout = kind in (ChangeKind.UNACKNOWLEDGED, ChangeKind.ESCALATED)
    own = kind is ChangeKind.NOTED and text.startswith(OWN_NOTE)
    # A service acts on our own events: only what its clock does, giving back and climbing, is news.
    if own or not (human or timeout):
        return None
    by = clean(agent.get("summary") or "", 200) if human else SafeText("")
    given = tables(entry, "assignees")
    to = tuple((word(user, "id"), clean(word(user, "summary"), 200)) for user in given)
    return Change(word(entry, "id"), kind, key, at, by, clean(text), _rests_until(entry), to)


def _rests_until(entry: Mapping[str, Any]) -> datetime | None:
    """When a snooze ends: the moment at which it gives the incident back (`changed_actions`)."""
    actions = tables(entry, "changed_actions")
    return next(
        (moment(one, "at") for one in actions if word(one, "type") == "unacknowledge"), None
    )


def on_call_of(entry: Mapping[str, Any]) -> OnCall:
    """Return who is on call by an entry of `/oncalls`."""
    level = entry.get("escalation_level")
    user = table(entry, "user")
    return OnCall(
        clean(word(user, "summary") or word(user, "name") or "somebody without a name", 200),
        level if isinstance(level, int) else 1,
        clean(word(table(entry, "escalation_policy"), "summary"), 200),
        clean(word(table(entry, "schedule"), "summary"), 200),
        moment(entry, "start"),
        moment(entry, "end"),
    )


def words_of(found: Mapping[str, Any]) -> str:
    """Return what the REST API says of a request that it refuses."""
    error = table(found, "error")
    errors = error.get("errors")
    listed = ", ".join(map(str, errors)) if isinstance(errors, list) else ""
    return ": ".join(filter(None, (word(error, "message"), listed)))


def code_of(found: object) -> int | None:
    """Return the number of the error in an answer."""
    code = table(found, "error").get("code") if isinstance(found, Mapping) else None
    return code if isinstance(code, int) else None


def table(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object under `name`, empty where there is none."""
    value = found.get(name)
    return value if isinstance(value, Mapping) else {}


def tables(found: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """Return the objects in the list under `name`."""
    value = found.get(name)
    return (item for item in (value if isinstance(value, list) else ()) if isinstance(item, dict))


def word(found: Mapping[str, Any], name: str) -> str:
    """Return the text under `name`, empty where there is none."""
    value = found.get(name)
    return value if isinstance(value, str) else ""


def moment(found: Mapping[str, Any], name: str) -> datetime | None:
    """Return the moment under `name` in UTC."""
    try:
        at = datetime.fromisoformat(word(found, name))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
