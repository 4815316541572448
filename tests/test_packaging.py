"""The wheel, installed alone in an empty environment, is whole."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from opsdash import __version__
from tests.kit.source_tree import ROOT
from tests.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment that holds the wheel and what it depends on, and nothing of the checkout."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def program(self) -> Path:
        """The installed `opsdash`."""
        return self.folder / "venv" / "bin" / "opsdash"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.folder / "venv" / "bin" / "python"

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command outside the checkout, in a home of its own."""
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
        )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel installed by pip, with its dependencies, in a fresh environment."""
    folder = tmp_path_factory.mktemp("alone")
    home = folder / "home"
    home.mkdir()
    dropped = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "OPSDASH_CONFIG", "OPSDASH_USER"}
    outside = {
        name: value
        for name, value in os.environ.items()
        if name not in dropped and not name.startswith("XDG_")
    }
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True, env=outside)
    done = subprocess.run(
        [venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", wheel],
        capture_output=True,
        text=True,
        check=False,
        env=outside,
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Installed(folder, outside | {"HOME": str(home)})


def test_the_wheel_holds_themes_sample_data_and_types(wheel: Path) -> None:
    """Every theme and sample file of the checkout is in the wheel, and so is py.typed."""
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    assert "opsdash/py.typed" in names
    for folder in ("themes", "sample_data"):
        files = [
            path
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and not path.name.startswith(".")
        ]
        assert files, f"{folder}/ is empty"
        missing = [f for f in files if f"opsdash/{f.relative_to(ROOT).as_posix()}" not in names]
        assert missing == []


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    """Tests, benchmarks and tools stay out of the wheel."""
    with zipfile.ZipFile(wheel) as packed:
        tops = {name.split("/")[0] for name in packed.namelist()}
    assert tops == {"opsdash", f"opsdash-{__version__}.dist-info"}


def test_the_installed_program_says_its_version(installed: Installed) -> None:
    """`opsdash --version` runs from the wheel alone, and from its own copy."""
    done = installed.run(installed.program, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert __version__ in done.stdout
    where = installed.run(installed.python, "-c", "import opsdash; print(opsdash.__file__)")
    assert where.stdout.startswith(str(installed.folder))


def test_the_installed_package_finds_its_files(installed: Installed) -> None:
    """Themes and sample data are found inside the installed package."""
    code = "from opsdash.resources import shipped; print(shipped('themes'), shipped('sample_data'))"
    done = installed.run(installed.python, "-c", code)
    assert done.returncode == 0, done.stderr
    for path in done.stdout.split():
        assert path.startswith(str(installed.folder))


def test_the_demo_runs_from_the_wheel_alone(installed: Installed) -> None:
    """With its themes, sample data and engine: the incident unfolds, `q` leaves nothing behind."""
    command = [str(installed.program), "demo", "--speed", "40"]
    environment = {**installed.environment, "TMPDIR": str(installed.folder)}
    with Terminal(command, columns=160, lines=45, env=environment, cwd=installed.folder) as screen:
        screen.wait_for("HighErrorRate", 60)
        screen.wait_for(lambda text: "SIMULATED" in text and "#131" in text and "INC-001" in text)
        screen.send("q")
        assert screen.wait_exit() == 0
        assert screen.restored
    assert not list(installed.folder.glob("opsdash-demo-*"))


def test_the_dependencies_suffice(installed: Installed) -> None:
    """Every module imports with nothing but what the wheel declares, and pip finds no conflict."""
    code = (
        "import importlib, pkgutil, opsdash\n"
        "for found in pkgutil.walk_packages(opsdash.__path__, 'opsdash.'):\n"
        "    if not found.name.endswith('__main__'):\n"
        "        importlib.import_module(found.name)\n"
    )
    done = installed.run(installed.python, "-c", code)
    assert done.returncode == 0, done.stderr
    assert installed.run(installed.python, "-m", "pip", "check").returncode == 0
