"""The probe script's language: how a request is put and an answer taken apart. The script tells the format itself."""

import re
import secrets
from collections.abc import Iterable, Sequence
from functools import cache

from msgspec import Struct

from dslsconsole.settings.schema import Dslicsrv
from dslsconsole.shipped import shipped
from dslsconsole.ssh.quoting import command
from dslsconsole.ssh.shell import Shell, Unanswered

ANSWER_LIMIT = 2_097_152
SHELL_TIMEOUT_S = 5.0
_PLAIN = re.compile(r"[A-Za-z0-9@._:/+=-]+")
_REWORDED = ("status", "cluster-status", "tokens", "verify-dr-sync")


class Section(Struct, frozen=True):
    """What one command of the probe printed, and its exit status; None where the output was cut for its size."""

    body: str
    status: int | None


class Answer(Struct, frozen=True):
    """The sections that came, by the words they were asked with."""

    sections: dict[str, Section]
    refused: frozenset[str] = frozenset()
    """Words that the installed probe does not know: it is older than this console."""
    shortfall: Unanswered | None = None
    """Why there are not more of them; None if the answer is whole."""


@cache
def script() -> str:
    """The probe's text.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    return (shipped("config") / "node" / "dslsprobe").read_text()


def sent(dslicsrv: Dslicsrv, monitoring: str | None = None, locks: str | None = None) -> str:
    """The command that runs the probe where it is not installed. An installed one ignores it.

    Args:
        monitoring: the file of alert thresholds on the host, if it holds one.
        locks: the directory of operations' locks on the host, where it is not the usual one.
    """
    reworded = (f"{verb}={dslicsrv.commands[verb]}" for verb in _REWORDED if verb in dslicsrv.commands)
    held = [f"{name}={path}" for name, path in (("monitoring", monitoring), ("locks", locks)) if path is not None]
    return "exec " + command("/bin/sh", "-c", script(), "dslsprobe", f"path={dslicsrv.path}", *reworded, *held)


def is_askable(text: str) -> bool:
    """Whether a request can hold this text."""
    return _PLAIN.fullmatch(text.replace(" ", "").replace("\\", "")) is not None


def encoded(text: str) -> str:
    """A path or unit name as one word of a request.

    Raises:
        ValueError: it holds characters that no request may hold.
    """
    if not is_askable(text):
        raise ValueError(f"{text!r} holds characters that the probe is not asked about")
    return text.replace(" ", "%20").replace("\\", "%5c")


async def ask(shell: Shell, words: Sequence[str], timeout: float) -> Answer:
    """Asks for the sections that `words` name. What came before the time was up is kept."""
    nonce = secrets.token_hex(8)
    try:
        text = await shell.ask(" ".join((nonce, *words)), f"{nonce} end", timeout=timeout, limit=ANSWER_LIMIT)
    except Unanswered as shortfall:
        return taken_apart(shortfall.partial, nonce, shortfall)
    return taken_apart(text, nonce)


def taken_apart(answer: bytes, nonce: str, shortfall: Unanswered | None = None) -> Answer:
    """The sections of an answer, whole or not. What is not framed by the nonce belongs to nobody and is dropped."""
    sections: dict[str, Section] = {}
    refused: set[str] = set()
    name: str | None = None
    body = ""
    for piece in ("\n" + answer.decode(errors="replace")).split(f"\n{nonce} ")[1:]:
        kind, _, rest = piece.partition(" ")
        if kind == "status" and name is not None:
            sections[name] = Section(body, _status(rest))
            name = None
            continue
        if name is not None:
            # The next frame began without a status line: the output was cut.
            sections[name] = Section(body, None)
            name = None
        if kind == "section":
            name, _, body = rest.partition("\n")
        elif kind == "error":
            refused.add(rest.partition("\n")[0])
    if name is not None and shortfall is None:
        sections[name] = Section(body, None)
    return Answer(sections, frozenset(refused), shortfall)


def _status(text: str) -> int | None:
    digits = text.partition("\n")[0].strip()
    return int(digits) if digits.isdecimal() and digits.isascii() and len(digits) <= 3 else None


def service_word(units: Iterable[str]) -> str:
    """Raises ValueError as `encoded`."""
    return "service=" + ",".join(encoded(unit) for unit in units)


def offset(clock: int | None, at: float, before: float | None) -> float | None:
    """The far side's clock minus ours. It tells whole seconds, so the offset moves only when it must have moved."""
    if clock is None:
        return None
    measured = clock + 0.5 - at
    if before is not None and abs(measured - before) <= 1.0:
        return before
    return 0.0 if abs(measured) <= 1.0 else round(measured, 1)
