"""A configuration in a folder of its own, written as text and read as a person's would be."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from opsdash.config import ConfigError, load
from opsdash.config.models import Config

MINIMAL = '[prometheus]\nurl = "http://127.0.0.1:9090"\n'
"""The least that is a configuration."""

# A busy machine is slow, not wrong.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")

Read = Callable[[str], Config]
Refuse = Callable[[str], list[str]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the configuration is."""
    return tmp_path / "opsdash.toml"


@pytest.fixture
def read(file: Path) -> Read:
    """Write a configuration and read it."""

    def write_and_read(text: str) -> Config:
        file.write_text(text, encoding="utf-8")
        return load(file)

    return write_and_read


@pytest.fixture
def refuse(file: Path) -> Refuse:
    """Write a configuration that is refused and return its problems as lines, without the file."""

    def write_and_refuse(text: str) -> list[str]:
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            load(file)
        lines = str(caught.value).splitlines()
        assert len(lines) == len(caught.value.problems)
        assert all(line.startswith(str(file)) for line in lines)
        return [line.removeprefix(str(file)).lstrip(":") for line in lines]

    return write_and_refuse
