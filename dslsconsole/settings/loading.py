"""Loading an estate file, with everything that is wrong with it at once."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dslsconsole.settings.consistency import contradictions
from dslsconsole.settings.document import Document, NotReadable, decode, parse
from dslsconsole.settings.findings import ConfigurationError, Finding, Key, Position, dotted
from dslsconsole.settings.schema import Estate
from dslsconsole.settings.wording import Wording, key_of

BIGGEST = 1024 * 1024
"""Bytes of an estate file. A thousand nodes take about 200 kB."""
MOST_FINDINGS = 200


def load(path: Path) -> Estate:
    """The estate that the file describes.

    Raises:
        ConfigurationError: it can't be used; with every finding, each with line and column.
    """
    try:
        document = parse(decode(read(path)))
    except NotReadable as problem:
        raise ConfigurationError((_finding(path, problem.position, problem.key, problem.text),)) from None
    if not isinstance(document.data, dict):
        raise ConfigurationError((_finding(path, document.place_of_value(()), (), _no_mapping(document.data)),))
    return _checked(path, document, document.data)


def read(path: Path) -> bytes:
    """A configuration file's bytes.

    Raises:
        NotReadable: it can't be opened, is no ordinary file, or is too big.
    """
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise _unreadable("there is no such file; name another with -c FILE") from None
    except PermissionError:
        raise _unreadable("this user may not read the file; change its permissions or run as another user") from None
    except (OSError, ValueError) as error:
        raise _unreadable(f"the file can't be opened ({_reason(error)}); name another with -c FILE") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _unreadable("this is a directory or a device; name the file itself")
        raw = _all_of(descriptor)
    except OSError as error:
        raise _unreadable(f"the file can't be read ({_reason(error)}); look at its disk") from None
    finally:
        os.close(descriptor)
    if len(raw) > BIGGEST:
        raise _unreadable(f"the file is bigger than {BIGGEST // 1024} kB, hardly a configuration; name another")
    return raw


def _all_of(descriptor: int) -> bytes:
    """The file's bytes, and at most one more than an estate file may have."""
    raw = b""
    while len(raw) <= BIGGEST and (block := os.read(descriptor, BIGGEST + 1 - len(raw))):
        raw += block
    return raw


def _reason(error: Exception) -> str:
    return error.strerror or "unknown reason" if isinstance(error, OSError) else "its name holds a NUL character"


def _unreadable(text: str) -> NotReadable:
    return NotReadable(Position(), text)


def _no_mapping(data: object) -> str:
    if data is None:
        return "the file is empty; it must hold at least “version: 1” and “clusters:” (`dslsconsole schema`)"
    kind = "a list" if isinstance(data, list) else "a single value"
    return f"the file holds {kind}; it must be a mapping that starts with “version: 1” (`dslsconsole schema`)"


def _checked(path: Path, document: Document, data: dict[str, object]) -> Estate:
    duplicates = [
        _finding(path, at, key, f"is given twice, first in line {first.line}; remove one of them")
        for key, at, first in document.duplicates
    ]
    estate, errors = _validated(data)
    ordered = sorted(errors, key=lambda error: _place(document, error))[:MOST_FINDINGS]
    findings = duplicates + list(_objections(path, document, ordered))
    if estate is None:
        wrong = {key_of(error)[0] for error in errors}
        findings += [
            _finding(path, document.place_of_value(key), key, text)
            for key, text in _contradictions_of_the_rest(data, errors)
            # What follows only from a key that is wrong itself is not told twice.
            if not any(one[: len(key)] == key for one in wrong)
        ]
    else:
        findings += [_finding(path, document.place_of_value(key), key, text) for key, text in contradictions(estate)]
    if findings or estate is None:
        findings.sort(key=lambda finding: (finding.line, finding.column))
        raise ConfigurationError(_bounded(findings, len(errors) - len(ordered)))
    return estate


def _bounded(findings: list[Finding], untold: int) -> tuple[Finding, ...]:
    untold += max(0, len(findings) - MOST_FINDINGS)
    kept = findings[:MOST_FINDINGS]
    if untold:
        last = kept[-1]
        kept.append(Finding(last.file, last.line, last.column, "(the rest)", f"{untold} more; mend these first"))
    return tuple(kept)


def _validated(data: dict[str, object]) -> tuple[Estate | None, list[ErrorDetails]]:
    try:
        return Estate.model_validate(data), []
    except ValidationError as error:
        return None, error.errors(include_url=False)


def _place(document: Document, error: ErrorDetails) -> tuple[int, int]:
    key, of_key = key_of(error)
    position = document.place_of_key(key) if of_key else document.place_of_value(key)
    return position.line, position.column


def _objections(path: Path, document: Document, errors: list[ErrorDetails]) -> Iterator[Finding]:
    if not errors:
        return
    wording = Wording()
    for error in errors:
        key, of_key = key_of(error)
        position = document.place_of_key(key) if of_key else document.place_of_value(key)
        yield _finding(path, position, key, wording.sentence(error))


def _contradictions_of_the_rest(data: dict[str, object], errors: list[ErrorDetails]) -> list[tuple[Key, str]]:
    """What contradicts itself in those parts of the data that the schema does not object to."""
    rest = _without(data, {key_of(error)[0] for error in errors})
    rest["version"] = 1
    estate, errors = _with_stand_ins(rest)
    if estate is None:
        # What was removed was needed: leave the whole cluster or section out.
        rest = _without(rest, {error["loc"][: 2 if error["loc"][0] == "clusters" else 1] for error in errors})
        estate, errors = _validated(rest)
    return list(contradictions(estate)) if estate is not None else []


def _with_stand_ins(data: dict[str, object]) -> tuple[Estate | None, list[ErrorDetails]]:
    """Validate with a sound value of no meaning for each one that is missing, as long as one of a few kinds will do."""
    estate, errors = _validated(data)
    missing = [error["loc"] for error in errors if error["type"] == "missing"]
    if len(missing) < len(errors):
        return estate, errors
    for kind in range(len(_STAND_INS)):
        for number, key in enumerate(missing):
            _put(data, key, _STAND_INS[kind].format(number + 1))
        estate, errors = _validated(data)
        still = {error["loc"] for error in errors}
        missing = [key for key in missing if key in still]
        if not missing:
            break
    return estate, errors


_STAND_INS = ("stand-in-{}.invalid", "192.0.2.{}", "backup", "/nowhere/{}", "1h")
"""A host name and an address that are nobody's (RFC 6761, RFC 5737), a mode, a path, a duration."""


def _put(data: dict[str, object], key: Key, value: str) -> None:
    """Set an entry, if there is a mapping to hold it."""
    here = data
    for step in key[:-1]:
        inner = here.get(str(step))
        if not isinstance(inner, dict):
            return
        here = inner
    here[str(key[-1])] = value


def _without(data: dict[str, object], keys: set[Key]) -> dict[str, object]:
    """A copy of the data without some entries. With an entry of a list its list goes, as the others would move."""
    top = _copied(data)
    for key in keys:
        here = top
        for number, step in enumerate(key):
            inner = here.get(str(step))
            if not isinstance(inner, dict) or number == len(key) - 1:
                here.pop(str(step), None)
                break
            here = inner
    return top


def _copied(data: dict[str, object]) -> dict[str, object]:
    return {key: _copied(value) if isinstance(value, dict) else value for key, value in data.items()}


def _finding(path: Path, position: Position, key: Key, text: str) -> Finding:
    return Finding(path, position.line, position.column, dotted(key), text)
