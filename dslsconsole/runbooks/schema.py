"""A runbook as it is written: YAML of named guards and steps of named actions. Nothing in it is evaluated."""

import datetime
import functools
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from dslsconsole.settings.document import Document, NotReadable, decode
from dslsconsole.settings.document import parse as read_document
from dslsconsole.settings.findings import ConfigurationError, Finding, Key, Position, dotted
from dslsconsole.settings.values import Duration
from dslsconsole.settings.wording import Wording, key_of


class WrongRunbook(ConfigurationError):  # noqa: N818
    """A runbook that can't be used: everything that is wrong with it, each with line and column."""


class Part(BaseModel):
    """A mapping of a runbook: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _named(key: str) -> BeforeValidator:
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


class CheckUse(Part):
    """A check by name. Without `on` it is asked where the step acts; without `with` it takes the step's own."""

    check: str
    on: str | None = None
    with_: dict[str, str] = Field(default={}, alias="with")


Until = Annotated[CheckUse, _named("check")]


class UndoUse(Part):
    """How a step is taken back: by an action; or that it can't be (`none`) or needn't be (`unneeded`), and why."""

    do: str | None = None
    on: str | None = None
    with_: dict[str, str] = Field(default={}, alias="with")
    until: Until | None = None
    within: Duration = 30.0
    retry: bool = False
    none: str | None = None
    unneeded: str | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if sum(one is not None for one in (self.do, self.none, self.unneeded)) != 1:
            raise ValueError("says exactly one of `do`, `none` (why it can't be) and `unneeded` (why it needn't be)")
        return self


class StepUse(Part):
    """One step. `each` names a fact with several values: one step for each, run together, with `{it}` the value
    (or the names of its group of values)."""

    name: str
    do: str
    on: str | None = None
    each: str | None = None
    with_: dict[str, str] = Field(default={}, alias="with")
    when: str | None = None
    unless: str | None = None
    needs: tuple[Until, ...] = ()
    until: Until | None = None
    within: Duration = 30.0
    retry: bool = False
    """Whether a refusal is asked again until `within` is over."""
    holds: bool = False
    """Whether it must still be so when all is done: it is read again before the end, and done again if need be, unless
    it is one that can't be taken back (`undo: none`): then a person is told that it does not stand."""
    settles: bool = False
    """Whether, once it is done, all up to here stands: a later failure takes back only what came after."""
    urgent: bool = False
    """Whether nobody is served until it is done: then it begins without asking first whether it is done already, and
    what it needs may have been read a moment ago, at the end of another step."""
    tells: bool = False
    """Whether what it read is told with the outcome."""
    after_checkout: bool = False
    """Whether it is done only where a test checkout before it succeeded; else a person is told to do it."""
    undo: UndoUse

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.on is None and self.each is None:
            raise ValueError("says where: `on` a host, or `each` of a list of hosts")
        return self


class GuardUse(Part):
    guard: str
    when: str | None = None
    unless: str | None = None


class Ask(Part):
    """What a runbook asks for: `--param name=value`."""

    name: str
    label: str
    default: str = ""
    choices: tuple[str, ...] = ()
    kind: Literal["text", "number", "date", "word", "weights"] = "text"
    """What an answer must look like: a whole number (with `least` and `most`), a day such as 2027-01-18, one word, or
    weights such as `primary:100,backup:50`. Nothing is always an answer too: then the runbook's own facts say."""
    least: int | None = None
    most: int | None = None

    def wrong(self, answer: str) -> str | None:
        """Why an answer will not do, as the end of a sentence that begins with its name; None where it will."""
        if self.choices:
            return None if answer in self.choices else f"is one of {', '.join(self.choices)}, not {answer}"
        if answer == "":
            return None
        match self.kind:
            case "number":
                return self._wrong_number(answer)
            case "date":
                return None if _is_date(answer) else f"is a day, e.g. 2027-01-18, not {answer}"
            case "word":
                return None if _WORD.fullmatch(answer) else f"is one word of letters, digits, - and _, not {answer}"
            case "weights":
                return None if _WEIGHTS.fullmatch(answer) else f"is weights, e.g. primary:100,backup:50, not {answer}"
            case _:
                return None

    def _wrong_number(self, answer: str) -> str | None:
        least, most = self.least or 0, self.most if self.most is not None else 10**9
        if re.fullmatch(r"[0-9]{1,10}", answer) and least <= int(answer) <= most:
            return None
        return f"is a whole number from {least} to {most}, not {answer}"


_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_WEIGHTS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}:[0-9]{1,3}(,[A-Za-z0-9][A-Za-z0-9._-]{0,62}:[0-9]{1,3})*")


def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


class Outcome(Part):
    done: str


class Runbook(Part):
    """One runbook."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str
    about: str
    facts: str
    """The name of the survey's conclusions that the guards and steps speak of."""
    asks: tuple[Ask, ...] = ()
    guards: tuple[Annotated[GuardUse, _named("guard")], ...]
    warnings: tuple[Annotated["Warning_", _named("say")], ...] = ()
    steps: tuple[StepUse, ...] = Field(min_length=1)
    outcome: Outcome

    @field_validator("steps")
    @classmethod
    def _names_once(cls, steps: tuple[StepUse, ...]) -> tuple[StepUse, ...]:
        names = [step.name for step in steps]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two steps are called {', '.join(sorted(twice))}")
        return steps


class Warning_(Part):  # noqa: N801 - `Warning` is Python's own
    """What is said before the operator confirms, if it applies."""

    say: str
    when: str | None = None
    unless: str | None = None


Runbook.model_rebuild()


def parse(text: str | bytes, source: str | Path) -> Runbook:
    """The runbook in a YAML text; `source` is the file that findings name.

    Raises:
        WrongRunbook: it is no sound runbook; with every finding and its place.
    """
    return placed(text, Path(source))[0]


def placed(text: str | bytes, file: Path) -> tuple[Runbook, Document]:
    """The runbook, and where in the text each of its parts stands. Raises WrongRunbook."""
    try:
        document = read_document(decode(text if isinstance(text, bytes) else text.encode()))
    except NotReadable as problem:
        raise WrongRunbook((_finding(file, problem.position, problem.key, problem.text),)) from None
    if not isinstance(document.data, dict):
        whole = "a runbook is a mapping with name, title, about, facts, guards, steps and outcome"
        raise WrongRunbook((_finding(file, document.place_of_value(()), (), whole),))
    twice = [
        _finding(file, at, key, f"is given twice, first in line {first.line}; remove one of them")
        for key, at, first in document.duplicates
    ]
    try:
        runbook = Runbook.model_validate(document.data)
    except ValidationError as error:
        findings = [*twice, *_objections(file, document, error.errors(include_url=False))]
        raise WrongRunbook(tuple(sorted(findings, key=lambda one: (one.line, one.column)))) from None
    if twice:
        raise WrongRunbook(tuple(twice))
    return runbook, document


def _objections(file: Path, document: Document, errors: list[ErrorDetails]) -> Iterator[Finding]:
    wording = Wording(Runbook.model_json_schema(by_alias=True))
    for error in errors:
        key, of_key = key_of(error)
        position = document.place_of_key(key) if of_key else document.place_of_value(key)
        yield _finding(file, position, key, wording.sentence(error))


def _finding(file: Path, position: Position, key: Key, text: str) -> Finding:
    return Finding(file, position.line, position.column, dotted(key), text)


@functools.cache
def builtin() -> Mapping[str, Runbook]:
    """The runbooks that come with the product, by name.

    Raises:
        WrongRunbook: one of them is not sound.
    """
    directory = resources.files("dslsconsole.runbooks") / "builtin"
    found = {}
    for file in sorted(directory.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".yaml"):
            runbook = parse(file.read_bytes(), file.name)
            found[runbook.name] = runbook
    return found
