"""Themes: one TOML file each, read one at a time; every token known, none missing."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from opsdash.domain.frozen import dataclass

FOREGROUNDS = ("text", "muted", "ok", "warn", "crit", "unknown", "accent", "mark")
"""Tokens that letters are written in; WCAG AA asks 4.5:1 of each on every ground."""

GROUNDS = ("background", "panel", "header", "cursor")
"""Tokens that letters are written on."""

LINES = ("border", "border-focus")
"""Tokens of frames, never of letters; WCAG AA asks 3:1 on `background` and `panel`."""

TOKENS = (*GROUNDS, *LINES, *FOREGROUNDS)
"""Every token that a theme file must give, and the only ones it may."""

_HUES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")

ANSI_NAMES = ("default", *_HUES, *(f"bright_{hue}" for hue in _HUES))
"""What a token may be on a terminal of sixteen colours."""

DEFAULT_ANSI: Mapping[str, str] = {
    "border": "default",
    "border-focus": "cyan",
    "text": "default",
    "muted": "default",
    "ok": "green",
    "warn": "yellow",
    "crit": "red",
    "unknown": "magenta",
    "accent": "cyan",
    "mark": "magenta",
}
"""Sixteen-colour names for a theme that gives none: the terminal's own grounds, its own text."""

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_KEYS = {"summary", "tokens", "ansi"}
_FORMER_KEYS = {"dark"}
"""Keys that a person's theme may still have from an earlier version; nothing depends on them."""


class ThemeError(ValueError):
    """A theme that cannot be used, in one line: file, key, what is wrong, what to do."""


@dataclass(frozen=True, slots=True)
class Theme:
    """A complete set of colours. `tokens` are `#rrggbb`, `ansi` names of the sixteen colours."""

    name: str
    tokens: Mapping[str, str]
    ansi: Mapping[str, str]
    summary: str = ""


def shipped_folder() -> Path:
    """Return the folder of the themes that come with opsdash, in a wheel or in a checkout."""
    installed = Path(__file__).parents[1] / "themes"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "themes"


def theme_files(own: Path | None = None) -> dict[str, Path]:
    """Return the theme files by name, the person's own ones (in `own`) before those shipped."""
    found: dict[str, Path] = {}
    for folder in (shipped_folder(), own):
        if folder is not None and folder.is_dir():
            found |= {path.stem: path for path in sorted(folder.glob("*.toml"))}
    return found


def load_theme(name: str, own: Path | None = None) -> Theme:
    """Read the theme `name`, and no other; raise ThemeError where there is none or it is wrong."""
    folders = (own, shipped_folder()) if _NAME.fullmatch(name) else ()
    paths = (folder / f"{name}.toml" for folder in folders if folder is not None)
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        known = ", ".join(sorted(theme_files(own)))
        raise ThemeError(f"theme: there is no theme {name!r}; choose one of {known}")
    return read_theme(path)


def read_theme(path: Path) -> Theme:
    """Read one theme file; raise ThemeError with the file, the key and the cure."""
    import tomllib

    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ThemeError(f"{path}: cannot be read as TOML: {error}") from None
    fault = next(_faults(written), None)
    if fault:
        raise ThemeError(f"{path}: {fault}")
    return Theme(
        name=path.stem,
        tokens={token: written["tokens"][token].lower() for token in TOKENS},
        ansi={**DEFAULT_ANSI, **written.get("ansi", {})},
        summary=str(written.get("summary", "")),
    )


def _faults(written: Mapping[str, object]) -> Iterator[str]:
    for key in written.keys() - _KEYS - _FORMER_KEYS:
        yield f"{key}: not a key of a theme; it has {', '.join(sorted(_KEYS))}"
    tokens = written.get("tokens")
    if not isinstance(tokens, dict):
        yield "tokens: missing; add a [tokens] table with " + ", ".join(TOKENS)
        return
    yield from _token_faults(tokens)
    ansi = written.get("ansi", {})
    if not isinstance(ansi, dict):
        yield "ansi: write a table [ansi] of token = colour name"
        return
    for token, name in ansi.items():
        if token not in DEFAULT_ANSI:
            yield f"ansi.{token}: not a token with a colour name; one of {', '.join(DEFAULT_ANSI)}"
        elif name not in ANSI_NAMES:
            yield f"ansi.{token}: {name!r} is not a colour name; one of {', '.join(ANSI_NAMES)}"


def _token_faults(tokens: Mapping[str, object]) -> Iterator[str]:
    for token in tokens:
        if token not in TOKENS:
            yield f"tokens.{token}: not a token; one of {', '.join(TOKENS)}"
    for token in TOKENS:
        if token not in tokens:
            yield f'tokens.{token}: missing; give it a colour, for example "#6cb6ff"'
        elif not (isinstance(tokens[token], str) and _HEX.fullmatch(str(tokens[token]))):
            yield f'tokens.{token}: {tokens[token]!r} is not a colour; write it as "#rrggbb"'
