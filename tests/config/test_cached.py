"""The cache of plans: used while nothing changed, ignored when broken, without any secret."""

import json
import os
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from opsdash.config import ConfigError, kept, kept_store_path, reading, validated
from opsdash.plan import Plan
from tests.config.conftest import MINIMAL
from tests.config.test_reading import FULL


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A home of its own; another Python sees the same opsdash as this one."""
    return {
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
    }


@pytest.fixture
def validations(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were validated anew, in order."""
    seen: list[Path] = []
    parse = reading.parse

    def counted(raw: bytes, path: Path) -> object:
        seen.append(path)
        return parse(raw, path)

    monkeypatch.setattr(reading, "parse", counted)
    return seen


def cache_file(tmp_path: Path) -> Path:
    (found,) = (tmp_path / "cache" / "opsdash").iterdir()
    return found


def test_an_unchanged_file_is_validated_once(
    file: Path, env: dict[str, str], validations: list[Path]
) -> None:
    """The second start gets the same plan without the models."""
    file.write_text(FULL)
    first = validated(file, env)
    assert validated(file, env) == first
    assert isinstance(first, Plan)
    assert len(validations) == 1


def test_a_changed_file_is_validated_again(
    file: Path, env: dict[str, str], validations: list[Path]
) -> None:
    """Each change counts, also one that keeps size and time, and one to something refused."""
    file.write_text('refresh = "5s"\n' + MINIMAL)
    before = file.stat()
    assert validated(file, env).setup.refresh == timedelta(seconds=5)
    file.write_text('refresh = "6s"\n' + MINIMAL)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert validated(file, env).setup.refresh == timedelta(seconds=6)
    file.write_text('refresh = "xs"\n' + MINIMAL)
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"opsdash\.toml:1: refresh"):
            validated(file, env)
    file.write_text('refresh = "5s"\n' + MINIMAL)
    assert validated(file, env).setup.refresh == timedelta(seconds=5)
    assert len(validations) == 5


def test_the_same_text_elsewhere_is_another_plan(tmp_path: Path, env: dict[str, str]) -> None:
    """Relative files belong to the folder that the configuration is in."""
    plans = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "opsdash.toml"
        path.write_text(FULL.replace("sqlite:////var/lib/opsdash/", "sqlite:///"))
        plans.append(validated(path, env))
    assert [plan.store_path for plan in plans] == [
        str(tmp_path / "a" / "opsdash.db"),
        str(tmp_path / "b" / "opsdash.db"),
    ]
    assert plans[0].prometheus != plans[1].prometheus


def test_the_store_follows_the_environment_of_today(
    file: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    """Where state belongs is not remembered from the last start."""
    file.write_text(MINIMAL)
    assert validated(file, env).store_path.startswith(str(tmp_path / "home/.local/state/opsdash/"))
    moved = env | {"XDG_STATE_HOME": str(tmp_path / "state")}
    assert validated(file, moved).store_path.startswith(str(tmp_path / "state/opsdash/opsdash-"))
    file.write_text(FULL)
    assert validated(file, env).store_path == "/var/lib/opsdash/opsdash.db"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", "\0", '{"key": 1}', "[" * 100_000, '{"key": "x"}']
)
def test_a_broken_cache_is_ignored(
    file: Path, tmp_path: Path, env: dict[str, str], content: str
) -> None:
    """Whatever stands in it, the plan is made anew and the cache is whole again."""
    file.write_text(MINIMAL)
    plan = validated(file, env)
    whole = cache_file(tmp_path).read_text()
    cache_file(tmp_path).write_text(content)
    assert validated(file, env) == plan
    assert cache_file(tmp_path).read_text() == whole


def test_a_cache_whose_plan_was_changed_is_ignored(
    file: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    """A plan that is not the one that was kept is not believed."""
    file.write_text(MINIMAL)
    plan = validated(file, env)
    content = json.loads(cache_file(tmp_path).read_text())
    content["plan"] = content["plan"].replace("127.0.0.1", "evil.example.com")
    cache_file(tmp_path).write_text(json.dumps(content))
    assert validated(file, env) == plan


def test_a_cache_that_others_may_write_is_ignored(
    file: Path, tmp_path: Path, env: dict[str, str], validations: list[Path]
) -> None:
    """Only a private file of the user is believed, never a link."""
    file.write_text(MINIMAL)
    plan = validated(file, env)
    cache = cache_file(tmp_path)
    cache.chmod(0o622)
    assert validated(file, env) == plan
    assert len(validations) == 2
    os.rename(cache, tmp_path / "moved")
    cache.symlink_to(tmp_path / "moved")
    assert validated(file, env) == plan
    assert len(validations) == 3
    assert not cache.is_symlink()


def test_the_cache_is_private_and_holds_no_secret(
    file: Path, tmp_path: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names where secrets are, and neither their value nor the file's comments are in it."""
    monkeypatch.setenv("AM_TOKEN", "hunter2")
    (tmp_path / "prometheus.password").write_text("hunter2")
    file.write_text(FULL + "# hunter2\n")
    validated(file, env)
    content = cache_file(tmp_path).read_text()
    assert "hunter2" not in content
    assert "prometheus.password" in content
    assert stat.S_IMODE(cache_file(tmp_path).stat().st_mode) == 0o600
    assert stat.S_IMODE(cache_file(tmp_path).parent.stat().st_mode) == 0o700


def test_without_a_place_to_write_nothing_is_kept(
    file: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    """A cache that cannot be written costs time and nothing else."""
    (tmp_path / "cache").write_text("a file in its place")
    file.write_text(MINIMAL)
    assert validated(file, env) == validated(file, env)


def test_nothing_is_kept_in_another_users_home(
    file: Path, tmp_path: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under sudo no file of root's appears among the user's."""
    file.write_text(MINIMAL)
    other = tmp_path.stat().st_uid + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)
    validated(file, env)
    assert not (tmp_path / "cache").exists()


def test_only_the_newest_plans_are_kept(tmp_path: Path, env: dict[str, str]) -> None:
    """Configurations that come and go, as a demo's do, do not fill the disk."""
    for number in range(kept.KEPT + 3):
        path = tmp_path / f"{number}.toml"
        path.write_text(MINIMAL)
        plan = validated(path, env)
    kept_plans = list((tmp_path / "cache" / "opsdash").iterdir())
    assert len(kept_plans) == kept.KEPT
    assert any(plan.config_path in path.read_text() for path in kept_plans)


def test_a_theme_that_went_away_is_noticed(file: Path, tmp_path: Path, env: dict[str, str]) -> None:
    """A plan is not used when what it names beside the file is gone."""
    (tmp_path / "themes").mkdir()
    theme = tmp_path / "themes" / "corporate.toml"
    theme.touch()
    file.write_text('theme = "corporate"\n' + MINIMAL)
    assert validated(file, env).setup.theme == "corporate"
    theme.unlink()
    with pytest.raises(ConfigError, match="no theme 'corporate'"):
        validated(file, env)


def test_another_program_makes_its_own_plan(
    file: Path, env: dict[str, str], validations: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an older version kept is not used by a newer one."""
    file.write_text(MINIMAL)
    validated(file, env)
    monkeypatch.setattr("opsdash.__version__", "99.0.0")
    validated(file, env)
    assert len(validations) == 2


def test_a_start_from_the_cache_imports_no_models(
    file: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    """pydantic and the TOML parser stay out of a process that finds its plan kept."""
    file.write_text(FULL)
    program = (
        "import sys; from pathlib import Path; from opsdash.config import validated;"
        f"plan = validated(Path({str(file)!r})); print(plan.setup.title);"
        "print({'pydantic', 'tomllib', 'tempfile', 'opsdash.presets'} & set(sys.modules))"
    )

    def start() -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()

    assert "pydantic" in start()[1]
    assert start() == ["Payment App Production", "set()"]


def test_a_status_line_learns_the_store_from_the_cache_alone(
    file: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    """The store's path is known without the domain; unless anything changed, or is not right."""
    file.write_text(MINIMAL)
    assert kept_store_path(file, env) is None
    store = validated(file, env).store_path
    assert kept_store_path(file, env) == Path(store)
    moved = env | {"XDG_STATE_HOME": str(tmp_path / "state")}
    assert kept_store_path(file, moved) == Path(validated(file, moved).store_path)
    file.chmod(0o666)
    assert kept_store_path(file, env) is None
    file.chmod(0o644)
    program = (
        "import sys; from pathlib import Path; from opsdash.config import kept_store_path;"
        f"print(kept_store_path(Path({str(file)!r})));"
        "print({'dataclasses', 'opsdash.domain', 'opsdash.plan', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [store, "set()"]
    file.write_text(FULL)
    assert kept_store_path(file, env) is None
    file.unlink()
    assert kept_store_path(file, env) is None
