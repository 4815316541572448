"""How this terminal and this person want the screen: theme, glyphs, colours, keys, zone."""

import codecs
import locale
import os
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from pathlib import Path

from opsdash.domain.frozen import dataclass
from opsdash.domain.setup import Setup

_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")
_MANY_COLOURED = ("alacritty", "foot", "wezterm", "xterm-ghostty")

_NAMES = ("OPSDASH_USER", "SUDO_USER", "USER", "LOGNAME")


class Colours(StrEnum):
    """What the terminal can show."""

    FULL = "full"
    SIXTEEN = "sixteen"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the screen takes from the configuration and the environment, decided once at start.

    `themes_folder` is the folder of the person's own themes, beside the configuration. `ascii`
    asks for glyphs that every locale has; without `colours` there is bold, reverse and underline.
    `keys` maps an action to its key, `timezone` is an IANA name. `term` is the kind of the
    terminal, `names` what the environment calls the person, `tmux` whether there is one around it.
    """

    theme: str = "night-shift"
    themes_folder: Path | None = None
    ascii: bool = False
    colours: Colours = Colours.FULL
    keys: Mapping[str, str] = field(default_factory=dict)
    timezone: str = "UTC"
    term: str = ""
    names: tuple[str, ...] = ()
    tmux: bool = False


def preferences_of(
    setup: Setup,
    themes_folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Preferences:
    """Return the preferences that `setup` and the environment (`os.environ` by default) state."""
    given = environment_as_given() if environment is None else environment
    return Preferences(
        theme=setup.theme,
        themes_folder=themes_folder,
        ascii=not speaks_utf8(given),
        colours=colours_of(given),
        keys=setup.keys,
        timezone=setup.timezone,
        term=given.get("TERM", "").lower(),
        names=tuple(filter(None, map(given.get, _NAMES))),
        tmux=bool(given.get("TMUX")),
    )


def environment_as_given() -> Mapping[str, str]:
    """Return the environment without the LC_CTYPE that Python itself sets in a C locale (PEP 538).

    The process's own copy, where the system shows it, tells what the person set; elsewhere a C
    locale beside a C.UTF-8 character type is taken for Python's doing.
    """
    if os.environ.get("LC_CTYPE") not in _COERCED:
        return os.environ
    try:
        set_by_person = b"LC_CTYPE=" in Path("/proc/self/environ").read_bytes()
    except OSError:
        set_by_person = os.environ.get("LANG", "C") not in ("", "C", "POSIX")
    if set_by_person:
        return os.environ
    return {name: value for name, value in os.environ.items() if name != "LC_CTYPE"}


def colours_of(environment: Mapping[str, str]) -> Colours:
    """Return what the terminal that the environment names can show, none under NO_COLOR."""
    term = environment.get("TERM", "").lower()
    if environment.get("NO_COLOR") or term in ("", "dumb", "unknown"):
        return Colours.NONE
    if environment.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return Colours.FULL
    many = term.endswith(("-256color", "-direct", "-kitty")) or term in _MANY_COLOURED
    return Colours.FULL if many else Colours.SIXTEEN


def speaks_utf8(environment: Mapping[str, str]) -> bool:
    """Return whether the locale that the environment names writes UTF-8.

    The order is POSIX': LC_ALL, LC_CTYPE, LANG; none of them set is the C locale. A locale
    without a codeset (`de_DE`) is asked of the C library's table.
    """
    named = next(
        (environment[key] for key in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(key)), "C"
    )
    if named.partition(".")[0] in ("C", "POSIX") and "." not in named:
        return False
    codeset = locale.normalize(named).partition(".")[2].partition("@")[0]
    try:
        return codecs.lookup(codeset).name == "utf-8"
    except LookupError:
        return False
