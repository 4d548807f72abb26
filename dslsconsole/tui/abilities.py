"""What the terminal can show, told from the environment and never asked: an answer may not come."""

import os
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from dslsconsole.tui.repertoire import Repertoire


def few_colours(environment: Mapping[str, str]) -> bool:
    """Whether 16 colours at most are drawn on this terminal, as Rich decides by its name, or none are wanted."""
    if environment.get("NO_COLOR"):
        return True
    drawn = {name: value for name, value in environment.items() if name != "NO_COLOR"}
    return Console(force_terminal=True, _environ=drawn).color_system not in ("256", "truecolor")


def repertoire(environment: Mapping[str, str], encoding: str) -> Repertoire:
    """The characters there are.

    Where the locale is named and is not UTF-8, `C` among them, ASCII is safe; where none is named, as in many services
    and over many SSH connections, today's terminals have Unicode. `environment` is what the process was started with:
    Python itself sets LC_CTYPE where it finds the locale `C`.
    """
    locale = next((value for name in ("LC_ALL", "LC_CTYPE", "LANG") if (value := environment.get(name))), "")
    if "utf" not in encoding.casefold() or (locale and "utf" not in locale.casefold()):
        return Repertoire.ASCII
    return Repertoire.CONSOLE if environment.get("TERM") == "linux" else Repertoire.UNICODE


def started_with() -> dict[str, str]:
    """The environment as it was when the process started, where the kernel tells; else as it is."""
    try:
        raw = Path("/proc/self/environ").read_bytes()
    except OSError:
        return dict(os.environ)
    pairs = (one.partition("=") for one in raw.decode("utf-8", "surrogateescape").split("\0") if one)
    return {name: value for name, _, value in pairs}
