"""The action log as a person reads it: what was run, step by step, and how it ended."""

from collections.abc import Iterable, Iterator

from dslsconsole.journal.entry import Entry

LONGEST = 4000
"""Characters of a line: a guard of a big estate tells what each observer saw, and that is what a review is about."""
BREAK_GLASS = "break-glass"
"""The event that a two-person runbook was run by one: it stands out wherever the log is told."""
_PROOFS = ("signature", "plan")
"""What a machine verifies and nobody reads."""


def story(entries: Iterable[Entry]) -> Iterator[str]:
    """Lines grouped by operation, in the order in which operations began; entries of none stand by themselves."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.operation or f"#{entry.seq}", []).append(entry)
    first = True
    for group in groups.values():
        if not first:
            yield ""
        first = False
        yield heading(group)
        for entry in group:
            yield f"  {entry.at[11:23]}Z  {_line(entry, group[0])}"


def heading(group: list[Entry]) -> str:
    """One line on an operation: what it was, where, by whom, when, and how it ended."""
    began = group[0]
    what = " ".join(word for word in (began.runbook or began.event, began.cluster) if word)
    parts = [what, began.operation, f"{began.at[:10]} {began.at[11:19]}Z", by_whom(began)]
    ended = next((entry for entry in reversed(group) if entry.event == "outcome"), None)
    if ended is not None:
        parts.append(str(ended.data.get("outcome", "ended")))
    elif any(entry.event == "approved" for entry in group):
        parts.append("approved")
    elif began.operation:
        parts.append("no outcome written")
    if any(entry.event == BREAK_GLASS for entry in group):
        parts.insert(0, "BREAK-GLASS")
    return printable(" · ".join(part for part in parts if part))


def by_whom(entry: Entry) -> str:
    """`anna on jump-01 (pts/3)`."""
    terminal = f" ({entry.origin.tty})" if entry.origin.tty else ""
    return f"{entry.operator} on {entry.origin.host}{terminal}"


def telling(entry: Entry) -> str:
    """What the entry says beside its event, on one line."""
    data = entry.data
    if entry.event == "planned":
        steps = data.get("steps")
        count = f"steps: {len(steps)}" if isinstance(steps, list) else ""
        return _joined([count, _reason(data)])
    if entry.event == "guard":
        result, reading = data.get("result"), data.get("reading")
        return _joined([f"{data.get('name', '')}: {result}", str(reading or "")])
    if entry.event.startswith("step"):
        number = f"{data['step']}. " if "step" in data else ""
        undo = "undo " if data.get("undo") is True else ""
        place = f" on {data['host']}" if data.get("host") else ""
        outcome = str(data.get("outcome", "")) if entry.event != "step-started" else _command(data.get("command"))
        return _joined([f"{undo}{number}{data.get('name', '')}{place}", outcome, str(data.get("output", ""))])
    if entry.event == "outcome":
        return _joined([str(data.get("outcome", "")), str(data.get("sentence", ""))])
    told = {name: value for name, value in data.items() if name not in _PROOFS and value not in (None, "", [], {})}
    return _joined([f"{name}: {_short(value)}" for name, value in told.items()])


def _line(entry: Entry, began: Entry) -> str:
    other = "" if entry.operator == began.operator else f"[{by_whom(entry)}] "
    event = entry.event.upper() if entry.event == BREAK_GLASS else entry.event
    return printable(f"{other}{event:<12}  {telling(entry)}".rstrip())


def _reason(data: dict[str, object]) -> str:
    return f"reason: {data['reason']}" if data.get("reason") else ""


def _command(command: object) -> str:
    return "; ".join(map(str, command)) if isinstance(command, list) else str(command or "")


def _short(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={member}" for name, member in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _joined(parts: list[str]) -> str:
    return " · ".join(part.strip() for part in parts if part and part.strip())


def printable(text: str, limit: int = LONGEST) -> str:
    """One line without anything that a terminal would obey."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(_shown(char) for char in cut)


def _shown(char: str) -> str:
    if char.isprintable():
        return char
    return " " if char in "\t\r\n" else char.encode("unicode_escape", "backslashreplace").decode("ascii")
