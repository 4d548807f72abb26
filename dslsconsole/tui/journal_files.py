"""The journal's files, followed as they grow. Their format is the journal's: JSON Lines, one file a month."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime
from pathlib import Path

import msgspec

from dslsconsole.tui.journal_feed import LogEntry, News

LOOKS_EVERY_S = 0.5
FILES_SHOWN = 2
"""Months that are read at the start."""
LARGEST_READ = 8 * 1024 * 1024

_Line = dict[str, object]
_decoder: msgspec.json.Decoder[_Line] = msgspec.json.Decoder(_Line)


class JournalFiles:
    """Reads what is there, then what is added. Never writes, and holds no lock."""

    def __init__(self, directory: Path, every_s: float = LOOKS_EVERY_S) -> None:
        self._directory = directory
        self._every_s = every_s
        self._offsets: dict[Path, int] = {}
        self._trouble: str | None = None

    async def news(self) -> AsyncGenerator[News, None]:
        first = True
        while True:
            entries, trouble = self.look()
            if entries or trouble != self._trouble or first:
                first, self._trouble = False, trouble
                yield News(tuple(entries), trouble)
            await asyncio.sleep(self._every_s)

    def look(self) -> tuple[list[LogEntry], str | None]:
        """The entries added since the last look, and why something can't be read."""
        entries: list[LogEntry] = []
        trouble: str | None = None
        try:
            paths = sorted(self._directory.glob("*.jsonl"))[-FILES_SHOWN:] if self._directory.is_dir() else []
            for path in paths:
                for line in self._added(path):
                    try:
                        entries.append(entry(_decoder.decode(line)))
                    except ValueError:
                        trouble = f"{path.name} has a line that is no entry: run dslsconsole journal verify"
        except OSError as error:
            trouble = f"the journal can't be read: {error.strerror} ({self._directory})"
        return entries, trouble or (self._trouble if self._trouble and "verify" in self._trouble else None)

    def _added(self, path: Path) -> list[bytes]:
        """The whole lines after what was read before; a half-written one waits for its end."""
        offset = self._offsets.get(path, 0)
        if path.stat().st_size <= offset:
            return []
        with path.open("rb") as file:
            file.seek(offset)
            content = file.read(LARGEST_READ)
        end = content.rfind(b"\n") + 1
        self._offsets[path] = offset + end
        return [line for line in content[:end].split(b"\n") if line.strip()]


def entry(line: _Line) -> LogEntry:
    """One line of the journal in the words of the panel. A member that is missing is left empty."""
    step = line.get("step", line.get("number"))
    event = _word(line, "event")
    outcome = _word(line, "outcome") or _word(line, "result")
    sequence = line.get("seq")
    return LogEntry(
        seq=sequence if isinstance(sequence, int) else 0,
        at=_time(line.get("at")),
        operator=_word(line, "operator"),
        cluster=_word(line, "cluster"),
        runbook=_word(line, "runbook"),
        operation=_word(line, "operation"),
        event=event,
        text=_text(line, event, step, outcome),
        outcome=outcome,
        step=step if isinstance(step, int) else None,
        host=_word(line, "host"),
    )


def _word(line: _Line, key: str) -> str:
    value = line.get(key)
    return value if isinstance(value, str) else ""


def _time(value: object) -> float | None:
    """Seconds since the epoch of a number or an ISO 8601 text."""
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else None
    except ValueError:
        return None


def _text(line: _Line, event: str, step: object, outcome: str) -> str:
    name = _word(line, "name") or _word(line, "guard") or (step if isinstance(step, str) else "")
    host = f" on {_word(line, 'host')}" if _word(line, "host") else ""
    number = f"{step}. " if isinstance(step, int) else ""
    said = _word(line, "text") or _word(line, "reason") or _word(line, "summary")
    match event:
        case "step-started":
            return f"▶ {number}{name}{host}"
        case "step-ended":
            return f"{number}{name}{host}: {outcome or 'unknown'}"
        case "guard":
            return f"guard {name}: {outcome or 'unknown'}"
        case "outcome":
            return f"outcome: {outcome or 'unknown'}"
    return f"{event}: {said}" if said else f"{event} {name}{host}".strip()
