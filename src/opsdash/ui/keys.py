"""What keys can do: one registry that the bindings, the help, the footer and the commands read."""

from collections.abc import Mapping
from typing import NamedTuple

from opsdash.domain.actions import DEFAULT_KEYS


class Action(NamedTuple):
    """Something a key can start: its name in `[keys]`, what it does, and its group in the help."""

    name: str
    words: str
    group: str


ACTIONS: tuple[Action, ...] = (
    Action("acknowledge", "acknowledge: it is mine", "Respond"),
    Action("acknowledge_with", "acknowledge with a comment", "Respond"),
    Action("unacknowledge", "give back: it is nobody's again", "Respond"),
    Action("escalate", "escalate one level, with a reason", "Respond"),
    Action("escalate_to", "go to a level you choose, up or down", "Respond"),
    Action("take", "I'll take it, whoever has it", "Respond"),
    Action("reassign", "give it to somebody, who is paged", "Respond"),
    Action("snooze", "put it off until a time, with a reason", "Respond"),
    Action("reapply", "follow the policy as it is now", "Respond"),
    Action("silence", "silence what it is about, with a reason", "Respond"),
    Action("extend", "extend its acknowledgement or silence", "Respond"),
    Action("expire", "end its silence or snooze", "Respond"),
    Action("override", "put somebody on call, or take off", "Respond"),
    Action("take_shift", "take this shift now, until its usual end", "Respond"),
    Action("maintenance", "hold a service's pages for a while", "Respond"),
    Action("note", "say what a tile's failures were", "Respond"),
    Action("reported", "say that an incident's report is written", "Respond"),
    Action("undo", "undo your own last act", "Respond"),
    Action("mark", "mark the row, to act on several", "Respond"),
    Action("detail", "everything about the row or tile", "Look"),
    Action("incident", "the incident that it belongs to", "Look"),
    Action("runbook", "show and copy the runbook's address", "Look"),
    Action("copy", "copy the row in one line", "Look"),
    Action("on_call", "who is on call, the next two weeks, gaps", "Look"),
    Action("simulate", "who would be woken, and when", "Look"),
    Action("handoff", "the shift's digest and what it owes", "Look"),
    Action("mine", "only what is mine, and back", "Look"),
    Action("silences", "all silences", "Look"),
    Action("rules", "all alert rules, and how each stands", "Look"),
    Action("notifications", "what was sent to whom, and what waits", "Look"),
    Action("filter", "filter the list", "Look"),
    Action("zoom", "give the pane the whole screen, and back", "Look"),
    Action("back", "back: clear filter, marks or zoom", "Look"),
    Action("down", "down", "Move"),
    Action("up", "up", "Move"),
    Action("first", "to the first row", "Move"),
    Action("last", "to the last row", "Move"),
    Action("page_down", "a page down", "Move"),
    Action("page_up", "a page up", "Move"),
    Action("next_pane", "next pane", "Move"),
    Action("previous_pane", "previous pane", "Move"),
    Action("pane_1", "pane 1, performance", "Move"),
    Action("pane_2", "pane 2, infrastructure", "Move"),
    Action("pane_3", "pane 3, payments", "Move"),
    Action("pane_4", "pane 4, incidents and alerts", "Move"),
    Action("pane_5", "pane 5, tickets", "Move"),
    Action("refresh", "read every source now", "Screen"),
    Action("pause", "pause and go on", "Screen"),
    Action("theme", "choose a theme", "Screen"),
    Action("commands", "all commands", "Screen"),
    Action("help", "this help", "Screen"),
    Action("quit", "quit", "Screen"),
)
"""Every action of the screen, in the order of the help."""

_SHOWN = {
    "escape": "esc",
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "comma": ",",
    "plus": "+",
    "pagedown": "page down",
    "pageup": "page up",
}


def keys_of(changed: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return each action's keys: those that the configuration gives, else the usual ones."""
    written = {**DEFAULT_KEYS, **changed}
    return {
        action.name: tuple(part.strip() for part in keys.split(",") if part.strip())
        for action in ACTIONS
        if (keys := written.get(action.name))
    }


def shown_key(key: str) -> str:
    """Return a key as people write it."""
    return _SHOWN.get(key, key)


def first_key(action: str, keys: Mapping[str, tuple[str, ...]]) -> str:
    """Return the key that the footer names for an action, empty where it has none."""
    found = keys.get(action, ())
    return shown_key(found[0]) if found else ""
