"""All runbooks: those that come with the product, and the site's own, which are read when they are asked for.

A site's own runbook is held to more than its form: it may use only guards, actions and checks that there are, must be
written down and locked like the others, and must not promote without proof that nobody else serves.
"""

import difflib
import pkgutil
import stat
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path

from dslsconsole.runbooks import facts
from dslsconsole.runbooks.guard import catalogue
from dslsconsole.runbooks.schema import Runbook, WrongRunbook, builtin, placed
from dslsconsole.settings.document import NotReadable
from dslsconsole.settings.findings import Finding, Key, dotted
from dslsconsole.settings.loading import read
from dslsconsole.settings.locations import runbook_files
from dslsconsole.settings.schema import Estate
from dslsconsole.systems.acting import actions, checks

NEEDED = ("identity", "journal_writable", "lock_free")
"""Guards that no runbook goes without; the last of them comes last."""
PROOFS = ("stopped-for-certain", "still-dead")
"""Checks of which a promotion needs one."""
_SHARED = ("common", "words")
Objection = tuple[Key, str]


def names(estate: Estate) -> tuple[str, ...]:
    """The names of all runbooks, the site's own last. Raises WrongRunbook where their directory can't be read."""
    return (*builtin(), *(name for name in own_files(estate) if name not in builtin()))


def find(estate: Estate, name: str) -> Runbook | None:
    """The runbook of that name; None where there is none.

    Raises:
        WrongRunbook: it is the site's own and not sound, or their directory can't be read.
    """
    if name in builtin():
        return builtin()[name]
    file = own_files(estate).get(name)
    return None if file is None else sound(file)


def own(estate: Estate) -> tuple[dict[str, Runbook], tuple[Finding, ...]]:
    """The site's own runbooks that are sound, by name, and everything that is wrong with the others."""
    found: dict[str, Runbook] = {}
    findings: list[Finding] = []
    try:
        files = own_files(estate)
    except WrongRunbook as wrong:
        return {}, wrong.findings
    for name, file in files.items():
        try:
            found[name] = sound(file)
        except WrongRunbook as wrong:
            findings += wrong.findings
    return found, tuple(findings)


def own_files(estate: Estate) -> dict[str, Path]:
    """The files of the site's own runbooks by name. Raises WrongRunbook where their directory can't be read."""
    try:
        return runbook_files(estate.runbooks.directory)
    except (OSError, ValueError) as error:
        place = Path(estate.runbooks.directory or "runbooks")
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        text = f"can't be read ({why}); make the directory, or leave runbooks.directory out of the estate file"
        raise WrongRunbook((Finding(place, 1, 1, "(the directory)", text),)) from None


def written(name: str) -> str:
    """A built-in runbook as it is written."""
    return (resources.files("dslsconsole.runbooks") / "builtin" / f"{name}.yaml").read_text(encoding="utf-8")


def sound(file: Path) -> Runbook:
    """The site's own runbook in a file.

    Raises:
        WrongRunbook: it is not sound; with every finding.
    """
    book, document = placed(_bytes(file), file)
    objections = list(_objections(book, file))
    if objections:
        places = [(document.place_of_value(key), key, text) for key, text in objections]
        ordered = sorted(places, key=lambda place: (place[0].line, place[0].column))
        raise WrongRunbook(tuple(Finding(file, at.line, at.column, dotted(key), text) for at, key, text in ordered))
    return book


def _bytes(file: Path) -> bytes:
    try:
        return read(file)
    except NotReadable as problem:
        place = problem.position
        raise WrongRunbook((Finding(file, place.line, place.column, dotted(()), problem.text),)) from None


def _objections(book: Runbook, file: Path) -> Iterator[Objection]:
    if book.name != file.stem:
        yield ("name",), f"“{book.name}” is not what the file is called; rename one of them"
    if book.name in builtin():
        yield ("name",), f"{book.name} is a built-in runbook, which is never replaced; choose another name"
    if file.stat().st_mode & stat.S_IWOTH:
        yield (), "everybody on this host may write this file; chmod o-w it"
    kinds = [one.name for one in pkgutil.iter_modules(facts.__path__) if one.name not in _SHARED]
    yield from _unknown(("facts",), book.facts, "facts", kinds)
    yield from _guards(book)
    yield from _steps(book)


def _guards(book: Runbook) -> Iterator[Objection]:
    used = [use.guard for use in book.guards]
    for number, name in enumerate(used):
        yield from _unknown(("guards", number, "guard"), name, "guard", catalogue())
    always = [use.guard for use in book.guards if use.when is None and use.unless is None]
    if missing := [name for name in NEEDED if name not in always]:
        yield ("guards",), f"{', '.join(missing)} must be among them, without a condition"
    elif used[-1] != NEEDED[-1]:
        yield ("guards",), f"{NEEDED[-1]} comes last, so that it tells of the moment before the first write"


def _steps(book: Runbook) -> Iterator[Objection]:
    for number, step in enumerate(book.steps):
        key: Key = ("steps", number)
        yield from _unknown((*key, "do"), step.do, "action", actions())
        if step.undo.do is not None:
            yield from _unknown((*key, "undo", "do"), step.undo.do, "action", actions())
        uses = [((*key, "until"), step.until), ((*key, "undo", "until"), step.undo.until)]
        uses += [((*key, "needs", at), need) for at, need in enumerate(step.needs)]
        for place, use in uses:
            if use is not None:
                yield from _unknown(place, use.check, "check", checks())
        if step.do == "promote" and not any(need.check in PROOFS for need in step.needs):
            yield (*key, "do"), f"a promotion needs one of the checks {' and '.join(PROOFS)} under `needs`"


def _unknown(key: Key, name: str, kind: str, known: Iterable[str]) -> Iterator[Objection]:
    known = list(known)
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        yield (
            key,
            f"“{name}” is no {kind}" + (f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"),
        )
