"""The screen of an estate file that is not sound: each error with its line, until the file is mended."""

import asyncio
import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from msgspec import Struct
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.driver import Driver

from dslsconsole.tui.lines import OneLine
from dslsconsole.tui.render.cells import Cell, Row, Sheet, Tone, filled
from dslsconsole.tui.render.words import clean
from dslsconsole.tui.table import LineTable
from dslsconsole.tui.themes import DEFAULT, LoadedThemes

LOOKS_EVERY_S = 1.0
MENDED, LEFT = 0, 78
KEYS = " r checks it again, as saving it does · q leaves"
EDITS = " Enter opens your editor at the line ($EDITOR) ·"


class Problem(Struct, frozen=True):
    """One thing that is wrong with the file: where, which key, and what would be right."""

    line: int
    column: int
    key: str
    text: str
    source: str = ""
    """The line as it stands in the file."""


Check = Callable[[], tuple[Problem, ...]]
"""Reads the file again; nothing where it is sound."""


class FaultyFile(App[int]):
    """Ends with 0 once the file is sound, and with 78 where it was left as it is."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "again", show=False),
        Binding("q,ctrl+q,ctrl+c,escape", "leave", show=False, priority=True),
    ]
    CSS = """
    Screen { background: $background; }
    LineTable { height: 1fr; width: 100%; }
    OneLine { background: $bar-background; }
    """

    def __init__(
        self,
        path: Path,
        check: Check,
        themes: LoadedThemes,
        theme: str = DEFAULT,
        *,
        may_edit: bool = False,
        environment: Mapping[str, str] = os.environ,
        colours: bool = True,
        driver: type[Driver] | None = None,
    ) -> None:
        """`may_edit` is whether an editor may be opened: it leads to a shell, which whoever got the console alone, by a
        forced command, must not have."""
        super().__init__(driver_class=driver, ansi_color=None if colours else True)
        self.animation_level = "none"
        self._path = path
        self._check = check
        self._may_edit = may_edit
        self._environment = environment
        self._problems: tuple[Problem, ...] = ()
        self._stamp: tuple[int, int] | None = None
        self._defaults = dict(themes.themes[theme].textual().variables)
        for loaded in themes.themes.values():
            self.register_theme(loaded.textual())
        self.theme = f"dslsconsole-{theme}"

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return self._defaults if hasattr(self, "_defaults") else {}

    def compose(self) -> ComposeResult:
        yield OneLine(id="first")
        yield LineTable()
        yield OneLine(id="keys")

    def on_mount(self) -> None:
        self.query_one(LineTable).focus()
        self.call_after_refresh(self.action_again)
        self.set_interval(LOOKS_EVERY_S, self._look)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def action_leave(self) -> None:
        self.exit(LEFT)

    def action_again(self) -> None:
        """Check it now."""
        self._stamp = self._stamped()
        self._problems = self._check()
        if self._problems:
            self._show()
        else:
            self.exit(MENDED)

    def _look(self) -> None:
        """Check it where it was saved since."""
        if self._stamped() != self._stamp:
            self.action_again()

    def _stamped(self) -> tuple[int, int] | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size

    def _show(self) -> None:
        width = self.size.width
        count = len(self._problems)
        head = f" ✖ The estate file can't be used: {count} {'error' if count == 1 else 'errors'} in {self._path}"
        self.query_one("#first", OneLine).show(filled((Cell(clean(head), Tone.CRITICAL),), width))
        self.query_one("#keys", OneLine).show(filled((Cell(EDITS * self._may_edit + KEYS, Tone.MUTED),), width))
        rows: list[Row] = []
        for number, one in enumerate(self._problems):
            where = f"line {one.line}, column {one.column} · {one.key}" if one.key else f"line {one.line}"
            rows.append(Row(f"{number}", (Cell(where, Tone.ACCENT),), spans=True, wraps=True))
            if one.source.strip():
                rows.append(Row(f"{number} source", (Cell(one.source.rstrip(), Tone.TEXT),), spans=True, indent=4))
            rows.append(Row(f"{number} text", (Cell(one.text, Tone.WARNING),), spans=True, wraps=True, indent=2))
        self.query_one(LineTable).show(Sheet("What is wrong", (), tuple(rows), tone=Tone.CRITICAL))

    async def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        """Open the editor at the line; what it saved is checked when it ends."""
        number = event.key.split(" ")[0]
        if not number.isdecimal():
            return
        if not self._may_edit:
            told = " no editor is opened here: mend the file elsewhere, and it is checked when it was saved"
            self.query_one("#keys", OneLine).show(filled((Cell(told, Tone.WARNING),), self.size.width))
            return
        editor = self._environment.get("VISUAL") or self._environment.get("EDITOR") or "vi"
        words = (*shlex.split(editor), f"+{self._problems[int(number)].line}", str(self._path))
        try:
            with self.suspend():
                await asyncio.to_thread(subprocess.run, words, check=False)
        except OSError as error:
            self.query_one("#keys", OneLine).show(
                filled((Cell(f" {editor} can't be started: {error.strerror}", Tone.WARNING),), self.size.width)
            )
            return
        self.action_again()
