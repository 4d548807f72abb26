"""What is wrong with an estate file, each with its line, for the screen that shows it."""

from pathlib import Path

from dslsconsole.settings import ConfigurationError, load
from dslsconsole.tui.faulty import Problem


def problems(path: Path) -> tuple[Problem, ...]:
    """Everything that is wrong with the file now; nothing where it is sound."""
    try:
        load(path)
    except ConfigurationError as wrong:
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        return tuple(
            Problem(one.line, one.column, one.key, one.text, lines[one.line - 1] if one.line <= len(lines) else "")
            for one in wrong.findings
        )
    return ()
