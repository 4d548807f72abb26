"""Themes: all shipped ones are sound and readable; a bad file costs itself alone."""

from pathlib import Path

import pytest
import yaml
from textual.color import Color

from dslsconsole.shipped import shipped
from dslsconsole.tui.themes import ConsoleTheme, load, read

SHIPPED = load([shipped("themes")]).themes
TEXTS = ("text", "muted", "stale", "title", "accent", "ok", "warning", "critical", "unknown")
ENOUGH = 4.5
"""WCAG 2.2, success criterion 1.4.3."""


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""

    def linear(part: int) -> float:
        value = part / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    rgb = Color.parse(colour)
    return 0.2126 * linear(rgb.r) + 0.7152 * linear(rgb.g) + 0.0722 * linear(rgb.b)


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_themes_there_must_be() -> None:
    assert {"dark", "light", "colour-blind", "high-contrast", "ansi"} <= SHIPPED.keys()
    assert load([shipped("themes")]).failures == ()


@pytest.mark.parametrize("theme", [theme for theme in SHIPPED.values() if not theme.ansi], ids=lambda theme: theme.name)
@pytest.mark.parametrize("tone", TEXTS)
def test_every_text_can_be_read(theme: ConsoleTheme, tone: str) -> None:
    colour = theme.colours()[tone]
    assert contrast(colour, theme.background) >= ENOUGH
    assert contrast(colour, theme.bar_background) >= ENOUGH


@pytest.mark.parametrize("theme", [theme for theme in SHIPPED.values() if not theme.ansi], ids=lambda theme: theme.name)
def test_the_cursor_can_be_read(theme: ConsoleTheme) -> None:
    assert contrast(theme.cursor_text, theme.cursor_background) >= ENOUGH


def test_the_strongest_contrast_is_strong() -> None:
    theme = SHIPPED["high-contrast"]
    assert min(contrast(theme.colours()[tone], theme.background) for tone in TEXTS) >= 7


def _file(directory: Path, **changes: object) -> Path:
    content = yaml.safe_load((shipped("themes") / "dark.yaml").read_text()) | changes
    path = directory / "mine.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in content.items() if value is not None}))
    return path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"critical": "rather red"}, "critical: 'rather red' is no colour"),
        ({"colour": "#000000"}, "unknown field `colour`"),
        ({"ok": None}, "missing required field `ok`"),
        ({"ok": 7}, "Expected `str`"),
        ({"ok": "ansi_green"}, "must be #rrggbb"),
        ({"ansi": True}, "must be an ansi_ name"),
    ],
)
def test_a_bad_theme_says_what_is_wrong(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(_file(tmp_path, **changes))


@pytest.mark.parametrize("content", ["", "- a\n- b\n", "name: [", "\x00", "a" * 70_000])
def test_what_is_no_theme_is_left_out_and_reported(tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.yaml").write_text(content)
    loaded = load([shipped("themes"), tmp_path])
    assert loaded.themes == SHIPPED
    assert len(loaded.failures) == 1
    assert "bad.yaml is left out" in loaded.failures[0]


def test_the_users_own_goes_before_the_shipped(tmp_path: Path) -> None:
    _file(tmp_path, label="mine")
    assert load([shipped("themes"), tmp_path]).themes["dark"].label == "mine"


def test_a_directory_that_is_not_there_has_no_themes(tmp_path: Path) -> None:
    assert load([tmp_path / "none"]).themes == {}
