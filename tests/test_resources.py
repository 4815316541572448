"""The folders that come with opsdash are found in a wheel and in a checkout."""

from pathlib import Path

import pytest

from opsdash.resources import ShippedFilesError, shipped

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", ["themes", "sample_data"])
def test_a_checkout_has_them_at_its_root(name: str) -> None:
    """In an editable installation the folder is the repository's own."""
    assert shipped(name) == ROOT / name


def test_a_wheel_has_them_in_the_package(tmp_path: Path) -> None:
    """In an installed wheel the folder is beside the modules."""
    package = tmp_path / "site-packages" / "opsdash"
    (package / "themes").mkdir(parents=True)
    assert shipped("themes", package) == package / "themes"


def test_a_stranger_folder_is_not_taken(tmp_path: Path) -> None:
    """A folder of that name above an installed package is not ours: the error says what to do."""
    package = tmp_path / "site-packages" / "opsdash"
    package.mkdir(parents=True)
    (tmp_path / "themes").mkdir()
    with pytest.raises(ShippedFilesError, match=r"themes.*reinstall"):
        shipped("themes", package)
