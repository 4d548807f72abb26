"""Colour themes: YAML files, read strictly, turned into Textual's themes. A bad file is reported and never stops us."""

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec
import yaml
from msgspec import Struct
from textual.color import Color, ColorParseError
from textual.theme import Theme

LARGEST = 64 * 1024
DEFAULT = "dark"


class ConsoleTheme(Struct, frozen=True, forbid_unknown_fields=True):
    """One theme file. Colours are `#rrggbb`, CSS names, or of a 16-colour theme `ansi_*`."""

    name: str
    label: str
    background: str
    text: str
    muted: str
    """Labels and what is of little weight."""
    stale: str
    """Values that are no longer current."""
    title: str
    accent: str
    ok: str
    warning: str
    critical: str
    unknown: str
    edge: str
    """Borders."""
    focus: str
    """The border of the panel that has the keys."""
    cursor_background: str
    cursor_text: str
    bar_background: str
    """Behind the first line and the last."""
    production: str = ""
    """The borders of a production cluster; empty: those of a warning."""
    dark: bool = True
    ansi: bool = False

    def colours(self) -> dict[str, str]:
        """Every colour by its key in the file."""
        return {
            name: value
            for name in self.__struct_fields__
            if name not in _PLAIN and isinstance(value := getattr(self, name), str) and value
        }

    def textual(self) -> Theme:
        """The same in Textual's words."""
        variables = {f"tone-{tone}": getattr(self, tone) for tone in TEXTS}
        variables |= {
            "edge": self.edge,
            "production": self.production or self.warning,
            "focus": self.focus,
            "cursor-background": self.cursor_background,
            "cursor-text": self.cursor_text,
            "bar-background": self.bar_background,
            "input-cursor-background": self.text,
            "input-cursor-foreground": self.background,
        }
        if self.ansi:
            variables |= _NATIVE
        return Theme(
            name=f"dslsconsole-{self.name}",
            primary=self.accent,
            secondary=self.muted,
            warning=self.warning,
            error=self.critical,
            success=self.ok,
            accent=self.accent,
            foreground=self.text,
            background=self.background,
            surface=self.background,
            panel=self.bar_background,
            dark=self.dark,
            ansi=self.ansi,
            variables=variables,
        )


TEXTS = ("text", "muted", "stale", "title", "accent", "ok", "warning", "critical", "unknown")
"""The keys whose colours are drawn as text."""
_PLAIN = ("name", "label", "dark", "ansi")
_NATIVE = {
    "ansi-background": "ansi_black",
    "ansi-foreground": "ansi_white",
    "border-blurred": "ansi_blue",
    "block-cursor-foreground": "ansi_black",
    "block-cursor-background": "ansi_white",
    "input-cursor-background": "ansi_white",
    "input-cursor-foreground": "ansi_black",
    "input-cursor-text-style": "reverse",
    "input-selection-background": "ansi_blue",
    "input-selection-foreground": "ansi_white",
    "screen-selection-background": "ansi_blue",
    "screen-selection-foreground": "ansi_white",
}
"""What Textual's own style sheets want to know of a theme of native colours."""


class LoadedThemes(Struct, frozen=True):
    themes: dict[str, ConsoleTheme]
    failures: tuple[str, ...]
    """A sentence for each file that could not be used."""


def load(directories: Iterable[Path]) -> LoadedThemes:
    """The themes of these directories; a later one replaces an earlier one of the same name.

    A directory that is not there has no themes.
    """
    themes: dict[str, ConsoleTheme] = {}
    failures: list[str] = []
    for directory in directories:
        for path in sorted(directory.glob("*.yaml")) if directory.is_dir() else ():
            try:
                theme = read(path)
            except (ValueError, OSError) as error:
                failures.append(f"the theme {path} is left out: {error}")
            else:
                themes[theme.name] = theme
    return LoadedThemes(themes, tuple(failures))


def read(path: Path) -> ConsoleTheme:
    """One theme file.

    Raises:
        ValueError: what is wrong with it, in words.
        OSError: it can't be read.
    """
    if path.stat().st_size > LARGEST:
        raise ValueError(f"it is larger than {LARGEST} bytes")
    try:
        text = path.read_text(encoding="utf-8")
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"it is not YAML: {' '.join(str(error).split())}") from error
    try:
        theme = msgspec.convert(raw, ConsoleTheme)
    except msgspec.ValidationError as error:
        raise ValueError(f"{_at(text, _named_by(str(error)))}{error}") from error
    for key, colour in theme.colours().items():
        try:
            parsed = Color.parse(colour)
        except ColorParseError as error:
            raise ValueError(f"{_at(text, key)}{key}: {colour!r} is no colour; write it as #rrggbb") from error
        if theme.ansi != (parsed.ansi is not None):
            need = "an ansi_ name, because ansi is true" if theme.ansi else "#rrggbb, because ansi is false"
            raise ValueError(f"{_at(text, key)}{key}: {colour!r} must be {need}")
    return theme


def _named_by(error: str) -> str:
    """The key that an error of msgspec speaks of; empty: the whole file."""
    named = re.search(r"`\$\.(\w+)`|unknown field `(\w+)`", error)
    return next((name for name in named.groups() if name), "") if named else ""


def _at(text: str, key: str) -> str:
    """Where in the file a key is, as the beginning of a sentence; nothing where it is not there."""
    for number, line in enumerate(text.splitlines(), start=1):
        if key and re.match(rf"{re.escape(key)}\s*:", line):
            return f"line {number}: "
    return ""
