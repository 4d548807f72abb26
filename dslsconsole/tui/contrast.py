"""How well a theme's colours can be told from what they are drawn on, as WCAG 2.2 counts it."""

from textual.color import Color

from dslsconsole.tui.themes import TEXTS, ConsoleTheme

TEXT = 4.5
"""The least for text: success criterion 1.4.3, level AA."""
SIGN = 3.0
"""The least for what has a meaning and is no text, such as the border of the panel that has the keys: 1.4.11."""


def luminance(colour: str) -> float:
    """The relative luminance of a colour, from 0 of black to 1 of white."""

    def linear(part: int) -> float:
        value = part / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    rgb = Color.parse(colour)
    return 0.2126 * linear(rgb.r) + 0.7152 * linear(rgb.g) + 0.0722 * linear(rgb.b)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 of equal ones to 21 of black and white."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def pairs(theme: ConsoleTheme) -> dict[str, tuple[str, str, float]]:
    """What is drawn on what, in words: both colours, and the least contrast they need."""
    colours = theme.colours()
    texts = {
        f"{tone} on {ground}": (colours[tone], colours[ground], TEXT)
        for tone in TEXTS
        for ground in ("background", "bar_background")
    }
    return texts | {
        "cursor_text on cursor_background": (theme.cursor_text, theme.cursor_background, TEXT),
        "cursor_background on background": (theme.cursor_background, theme.background, SIGN),
        "production on background": (theme.production or theme.warning, theme.background, SIGN),
        "focus on background": (theme.focus, theme.background, SIGN),
        "focus beside edge": (theme.focus, theme.edge, SIGN),
    }


def weaknesses(theme: ConsoleTheme) -> tuple[str, ...]:
    """What of a theme is hard to read, in words. Of 16 colours nothing is known: they are the terminal's."""
    if theme.ansi:
        return ()
    measured = ((what, contrast(one, other), least) for what, (one, other, least) in pairs(theme).items())
    return tuple(f"{what} is {ratio:.1f} to 1 (at least {least:g})" for what, ratio, least in measured if ratio < least)
