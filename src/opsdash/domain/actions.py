"""The actions that keys start, with the keys they have unless the configuration says otherwise."""

from collections.abc import Mapping

DEFAULT_KEYS: Mapping[str, str] = {
    "acknowledge": "a",
    "acknowledge_with": "",
    "unacknowledge": "A",
    "escalate": "e",
    "escalate_to": "E",
    "undo": "u",
    "mark": "space",
    "filter": "/",
    "detail": "enter",
    "back": "escape",
    "zoom": "z",
    "refresh": "ctrl+r",
    "pause": "p",
    "theme": "t",
    "commands": ":,ctrl+p",
    "help": "?",
    "quit": "q",
    "next_pane": "tab",
    "previous_pane": "shift+tab",
    "pane_1": "1",
    "pane_2": "2",
    "pane_3": "3",
    "pane_4": "4",
    "pane_5": "5",
    "down": "j,down",
    "up": "k,up",
    "first": "g,home",
    "last": "G,end",
    "page_down": "pagedown",
    "page_up": "pageup",
    "copy": "y",
    "runbook": "R",
    "on_call": "o",
    "incident": "i",
    "note": "n",
    "silence": "s",
    "silences": "S",
    "extend": "plus",
    "expire": "x",
    "rules": "v",
    "notifications": "N",
    "take": "m",
    "reassign": "h",
    "snooze": "Z",
    "reapply": "P",
    "mine": "M",
    "override": "O",
    "take_shift": "T",
    "maintenance": "D",
    "simulate": "W",
    "handoff": "H",
    "reported": "w",
}
"""Each action's keys, several ones separated by commas; empty for one that has none."""

ACTIONS: tuple[str, ...] = tuple(DEFAULT_KEYS)
"""The names under which `[keys]` knows the actions."""

FORBIDDEN_KEYS: Mapping[str, str] = {
    "ctrl+a": "GNU screen takes it as its prefix",
    "ctrl+b": "tmux takes it as its prefix",
    "ctrl+s": "flow control stops the terminal with it",
    "ctrl+q": "flow control starts the terminal with it",
    "ctrl+z": "the shell suspends the program with it",
    "ctrl+i": "a terminal sends the same byte for tab",
    "ctrl+j": "a terminal sends the same byte for enter",
    "ctrl+m": "a terminal sends the same byte for enter",
}
"""Keys that no action may have, and why."""
