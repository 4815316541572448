"""Where the folders that come with opsdash are: inside the wheel, or at the root of a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


class ShippedFilesError(Exception):
    """Files that come with opsdash are not there; one line that says which and what to do."""


def shipped(name: str, package: Path = _PACKAGE) -> Path:
    """Return the folder `name` (`themes` or `sample_data`); raise ShippedFilesError without it."""
    checkout = package.parent.parent
    for folder in (package / name, checkout / name):
        inside = folder.parent == package or (checkout / "pyproject.toml").is_file()
        if inside and folder.is_dir():
            return folder
    raise ShippedFilesError(
        f"{package} has no {name} folder: this opsdash is not whole; reinstall it"
    )
