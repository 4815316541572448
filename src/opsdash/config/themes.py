"""Which themes a configuration can choose: those that ship, and those beside it."""

import re
from pathlib import Path

from opsdash.resources import shipped


def theme_file(name: str, folder: Path) -> Path | None:
    """Return the file of theme `name`: the one beside the configuration before the shipped one."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        return None
    paths = (place / f"{name}.toml" for place in _theme_folders(folder))
    return next((path for path in paths if path.is_file()), None)


def theme_names(folder: Path) -> list[str]:
    """Return the names of all themes that a configuration in `folder` can choose."""
    return sorted({path.stem for place in _theme_folders(folder) for path in place.glob("*.toml")})


def _theme_folders(folder: Path) -> list[Path]:
    return [folder / "themes", shipped("themes")]
