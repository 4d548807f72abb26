"""Themes: all shipped ones are sound and readable; a bad file costs itself alone."""

from itertools import combinations
from math import dist
from pathlib import Path

import pytest
import yaml
from textual.color import Color

from dslsconsole.shipped import shipped
from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.contrast import TEXT, contrast, pairs, weaknesses
from dslsconsole.tui.source import PlayedFrames
from dslsconsole.tui.table import LineTable
from dslsconsole.tui.themes import TEXTS, ConsoleTheme, load, read

SHIPPED = load([shipped("themes")]).themes
COLOURED = [theme for theme in SHIPPED.values() if not theme.ansi]
NATIVE = [theme for theme in SHIPPED.values() if theme.ansi]
FOR_COLOUR_BLIND = [theme for theme in COLOURED if theme.name.startswith("colour-blind")]
JUDGEMENTS = ("ok", "warning", "critical", "unknown")

COLOUR_BLIND = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
"""What of linear red, green and blue is left: Machado, Oliveira and Fernandes 2009, severity 1."""
TOLD_APART = 18.0
"""Distance in CIE 1976 L*a*b*. 2.3 is just noticed in two areas side by side, but glyphs are small and apart."""

PALETTES = {
    "Linux console": "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa "
    "555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff",
    "xterm": "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 "
    "7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff",
}
"""What 16-colour terminals show where nobody set anything, from colour 0 to 15."""


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),
        ("#ff0000", "#ffffff", 4.0),
    ],
)
def test_contrast_is_what_the_guidelines_say(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.01)


def test_the_themes_there_must_be() -> None:
    assert {"dark", "light", "high-contrast", "ansi", "night"} <= SHIPPED.keys()
    assert len(FOR_COLOUR_BLIND) >= 2
    assert load([shipped("themes")]).failures == ()


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
def test_everything_can_be_read(theme: ConsoleTheme) -> None:
    assert len(pairs(theme)) > 2 * len(TEXTS)
    assert weaknesses(theme) == ()


@pytest.mark.parametrize("theme", NATIVE, ids=lambda theme: theme.name)
@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES.keys())
def test_16_colours_can_be_read_where_they_are_the_usual_ones(theme: ConsoleTheme, palette: str) -> None:
    colours = [f"#{colour}" for colour in palette.split()]

    def shown(name: str) -> str:
        number = Color.parse(name).ansi
        assert number is not None
        assert 0 <= number < 16, f"{name} is whatever the terminal has"
        return colours[number]

    for what, (one, other, least) in pairs(theme).items():
        assert contrast(shown(one), shown(other)) >= least, what


@pytest.mark.parametrize("theme", FOR_COLOUR_BLIND, ids=lambda theme: theme.name)
@pytest.mark.parametrize("matrix", COLOUR_BLIND.values(), ids=COLOUR_BLIND.keys())
def test_the_colour_blind_tell_judgements_apart(theme: ConsoleTheme, matrix: tuple[tuple[float, ...], ...]) -> None:
    for one, other in combinations(JUDGEMENTS, 2):
        seen = [_lab(_seen(theme.colours()[tone], matrix)) for tone in (one, other)]
        assert dist(*seen) >= TOLD_APART, f"{one} and {other}"


def _seen(colour: str, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, ...]:
    """Linear red, green and blue as somebody colour-blind sees them."""
    parts = [part / 255 for part in Color.parse(colour).rgb]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return tuple(min(1.0, max(0.0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in matrix)


def _lab(linear: tuple[float, ...]) -> tuple[float, float, float]:
    """L*, a*, b* under D65."""
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.95047, 1.0, 1.08883)
    xyz = [sum(a * b for a, b in zip(row, linear, strict=True)) / w for row, w in zip(rows, white, strict=True)]
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def test_the_strongest_contrast_is_strong() -> None:
    theme = SHIPPED["high-contrast"]
    assert min(contrast(theme.colours()[tone], theme.background) for tone in TEXTS) >= 7


async def test_what_is_drawn_is_as_readable_as_its_theme() -> None:
    """No style sheet may mix in a colour of its own: looked at on the screen itself, in every theme and place."""
    app = ConsoleApp(PlayedFrames([scenes.troubled()]), clock=lambda: scenes.NOON + 1, themes=load([shipped("themes")]))
    async with app.run_test(size=(120, 40)) as pilot:
        for keys in ((), ("slash",), ("escape", "question_mark"), ("escape", "colon"), ("escape", "c")):
            await pilot.press(*keys)
            await pilot.pause()
            for theme in COLOURED:
                app.theme = f"dslsconsole-{theme.name}"
                await pilot.pause()
                assert _unreadable(app) == {}, f"{theme.name} after {keys}"


def _unreadable(app: ConsoleApp) -> dict[tuple[str, str], str]:
    """The pairs of colours that are on the screen and too alike, with a text that is drawn so."""
    found = {}
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            words = "".join(letter for letter in segment.text if letter.isalnum())
            style = segment.style
            if words and style is not None and style.color is not None and style.bgcolor is not None:
                one, other = (colour.get_truecolor().hex for colour in (style.color, style.bgcolor))
                if contrast(one, other) < TEXT:
                    found[one, other] = segment.text
    return found


def _file(directory: Path, **changes: object) -> Path:
    content = yaml.safe_load((shipped("themes") / "dark.yaml").read_text()) | changes
    path = directory / "mine.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in content.items() if value is not None}))
    return path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"critical": "rather red"}, r"line 4: critical: 'rather red' is no colour"),
        ({"colour": "#000000"}, r"line 4: .* unknown field `colour`"),
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


async def test_what_is_wrong_with_a_theme_stands_below_the_list(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\nlabel: my own\n")
    themes = load([shipped("themes"), tmp_path])
    app = ConsoleApp(PlayedFrames([scenes.healthy()]), clock=lambda: scenes.NOON + 1, themes=themes)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        before = app.theme
        await pilot.press("c")
        await pilot.pause()
        table = app.screen.query_one(LineTable)
        assert "mine.yaml is left out" in " ".join(" ".join(table.text()).split())
        await pilot.press("end", "enter")
        await pilot.pause()
        assert app.screen is app.cluster_screen
        assert app.theme in (before, f"dslsconsole-{list(themes.themes)[-1]}")
