"""Themes: complete, legible, and refused with file and key where they are not."""

from pathlib import Path

import pytest
from rich.style import Style

from opsdash.ui.palette import Palette
from opsdash.ui.preferences import Colours
from opsdash.ui.themes import (
    TOKENS,
    ThemeError,
    load_theme,
    read_theme,
    shipped_folder,
    theme_files,
)
from tests.ui.contrast import contrast, weak_pairs

SHIPPED = sorted(theme_files())


def test_five_themes_ship() -> None:
    """Two dark ones, a light one, high contrast, and one for colour blindness."""
    assert SHIPPED == ["daylight", "ember", "high-contrast", "night-shift", "okabe-ito"]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_pair_of_tokens_is_legible(name: str) -> None:
    """Letters reach 4.5:1 on every ground, borders 3:1 (WCAG AA)."""
    assert weak_pairs(load_theme(name)) == []


def test_high_contrast_keeps_its_word() -> None:
    """Its letters reach 7:1 (WCAG AAA)."""
    tokens = load_theme("high-contrast").tokens
    assert contrast(tokens["muted"], tokens["cursor"]) >= 7
    assert contrast(tokens["crit"], tokens["panel"]) >= 7


def test_contrast_is_as_wcag_defines_it() -> None:
    """Black on white is 21:1, a colour on itself 1:1, and order does not matter."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#336699", "#336699") == pytest.approx(1)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def shipped_text() -> str:
    return (shipped_folder() / "night-shift.toml").read_text()


def test_a_persons_own_theme_is_found_beside_the_configuration(tmp_path: Path) -> None:
    """It is one file, and it goes before a shipped one of the same name."""
    write(tmp_path, shipped_text())
    write(tmp_path, shipped_text().replace("#d8dee8", "#ffffff"), "night-shift.toml")
    assert load_theme("mine", tmp_path).name == "mine"
    assert load_theme("night-shift", tmp_path).tokens["text"] == "#ffffff"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("text =", "txet =", "tokens.txet: not a token"),
        ('text = "#d8dee8"\n', "", "tokens.text: missing"),
        ('"#d8dee8"', '"red"', "tokens.text: 'red' is not a colour"),
        ('"#d8dee8"', "7", "tokens.text: 7 is not a colour"),
        ("summary =", "sumary =", "sumary: not a key of a theme"),
        ('ok = "green"', 'ok = "lime"', "ansi.ok: 'lime' is not a colour name"),
        ('ok = "green"', 'fine = "green"', "ansi.fine: not a token"),
        ("[tokens]", "[tokns]", "tokns: not a key of a theme"),
        ("[tokens]", "[tokens", "cannot be read as TOML"),
    ],
)
def test_a_wrong_theme_is_refused_with_file_and_key(
    tmp_path: Path, before: str, after: str, words: str
) -> None:
    """The message names the file, the key, and what to write."""
    assert before in shipped_text()
    path = write(tmp_path, shipped_text().replace(before, after))
    with pytest.raises(ThemeError) as refused:
        read_theme(path)
    assert str(path) in str(refused.value)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_theme_of_an_earlier_version_is_taken_as_it_is(tmp_path: Path) -> None:
    """It says whether it is dark, which nothing asks any more."""
    path = write(tmp_path, "dark = true\n" + shipped_text())
    assert read_theme(path).tokens == load_theme("night-shift").tokens


@pytest.mark.parametrize("name", ["no-such", "../night-shift", "", "/etc/passwd", "a b"])
def test_an_unknown_theme_names_the_known_ones(name: str) -> None:
    """Nothing outside the folders is ever read."""
    with pytest.raises(ThemeError, match="night-shift, okabe-ito"):
        load_theme(name)


@pytest.mark.parametrize("token", TOKENS)
def test_every_token_has_a_style_in_every_mode(token: str) -> None:
    """Full colour, sixteen colours and none."""
    theme = load_theme("night-shift")
    for colours in Colours:
        assert isinstance(Palette(theme, colours).style(token), Style)


def test_words_make_a_style() -> None:
    """A token, a ground and attributes, in any order after the token."""
    style = Palette(load_theme("night-shift")).style("crit bold on cursor")
    assert style.bold
    assert style.color is not None
    assert style.color.name == "#ff8a80"
    assert style.bgcolor is not None
    assert style.bgcolor.name == "#22324a"


def test_without_colours_there_are_none() -> None:
    """NO_COLOR leaves bold, reverse and underline; what is critical stays loud."""
    palette = Palette(load_theme("night-shift"), Colours.NONE)
    for words in ("crit", "ok", "text", "crit reverse bold", "warn on cursor", "text on header"):
        style = palette.style(words)
        assert style.color is None or style.color.is_default
        assert style.bgcolor is None
    assert palette.style("crit").bold
    assert palette.style("ok on cursor").reverse


def test_sixteen_colours_are_named() -> None:
    """A poor terminal gets its own colours and grounds, and the cursor in reverse."""
    palette = Palette(load_theme("night-shift"), Colours.SIXTEEN)
    crit = palette.style("crit on header")
    assert crit.color is not None
    assert crit.color.name == "bright_red"
    assert crit.bgcolor is None
    assert palette.style("on cursor").reverse
