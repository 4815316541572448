"""Where the configuration is found, and where what belongs to it is kept."""

from pathlib import Path

from opsdash.config.find import (
    SYSTEM_CONFIG,
    cache_folder,
    default_store_path,
    find_config,
    own_place,
)


def test_the_configuration_is_looked_for_in_order(tmp_path: Path) -> None:
    """--config, then the variable, then the user's own, then the system's; None with none of them."""
    env = {"HOME": str(tmp_path), "OPSDASH_CONFIG": "/named/by/variable.toml"}
    assert find_config(Path("given.toml"), env) == Path("given.toml")
    assert find_config(None, env) == Path("/named/by/variable.toml")
    del env["OPSDASH_CONFIG"]
    system = SYSTEM_CONFIG if SYSTEM_CONFIG.exists() else None
    assert find_config(None, env) == system
    own = tmp_path / ".config" / "opsdash" / "opsdash.toml"
    own.parent.mkdir(parents=True)
    own.touch()
    assert find_config(None, env) == own
    env["XDG_CONFIG_HOME"] = str(tmp_path / "elsewhere")
    assert find_config(None, env) == system
    env["XDG_CONFIG_HOME"] = "relative/is/ignored"
    assert find_config(None, env) == own


def test_the_place_for_ones_own_configuration_is_where_it_is_looked_for(tmp_path: Path) -> None:
    """What a person without one is told to write is read afterwards, wherever their folder is."""
    env = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "elsewhere")}
    place = own_place(env)
    place.parent.mkdir(parents=True)
    place.touch()
    assert find_config(None, env) == place
    assert own_place({"HOME": str(tmp_path)}) == tmp_path / ".config" / "opsdash" / "opsdash.toml"


def test_each_configuration_has_a_database_of_its_own(tmp_path: Path) -> None:
    """Two configurations never share figures; the usual one has the plain name."""
    env = {"HOME": str(tmp_path), "XDG_STATE_HOME": "/state"}
    usual = tmp_path / ".config" / "opsdash" / "opsdash.toml"
    assert default_store_path(usual, env) == Path("/state/opsdash/opsdash.db")
    assert default_store_path(SYSTEM_CONFIG, env) == Path("/state/opsdash/opsdash.db")
    one = default_store_path(tmp_path / "a" / "staging.toml", env)
    other = default_store_path(tmp_path / "b" / "staging.toml", env)
    assert one is not None
    assert one.parent == Path("/state/opsdash")
    assert one.name.startswith("staging-")
    assert one != other
    assert default_store_path(tmp_path / "b" / ".." / "b" / "staging.toml", env) == other


def test_homes_are_found_without_the_variables(tmp_path: Path) -> None:
    """A service without $HOME still has the home of its user."""
    assert cache_folder({"HOME": str(tmp_path)}) == tmp_path / ".cache" / "opsdash"
    found = cache_folder({})
    assert found is not None
    assert found.is_absolute()
