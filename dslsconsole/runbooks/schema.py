"""A runbook as it is written: YAML of named guards and steps of named actions. Nothing in it is evaluated."""

import datetime
import re
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from dslsconsole.settings.values import Duration


class WrongRunbook(ValueError):  # noqa: N818
    """A runbook that can't be used: where and why, one line a finding."""


class _Loader(yaml.SafeLoader):
    """YAML in which `on` is a word and only `true` and `false` are truths, and a key is said once."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - this is how PyYAML keeps them
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key} is said twice", node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))


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
    """Whether it must still be so when all is done: it is read again before the end, and done again if need be."""
    tells: bool = False
    """Whether what it read is told with the outcome."""
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


def parse(text: str, source: str) -> Runbook:
    """The runbook in a YAML text.

    Raises:
        WrongRunbook: it is no sound runbook; every finding with its place.
    """
    try:
        data: Any = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise WrongRunbook(f"{source}: {error}") from error
    if not isinstance(data, dict):
        raise WrongRunbook(f"{source}: a runbook is a mapping with name, title, guards, steps …")
    try:
        return Runbook.model_validate(data)
    except ValidationError as error:
        findings = (f"{source}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise WrongRunbook("\n".join(findings)) from error


def builtin() -> dict[str, Runbook]:
    """The runbooks that come with the product, by name.

    Raises:
        WrongRunbook: one of them is not sound.
    """
    directory = resources.files("dslsconsole.runbooks") / "builtin"
    found = {}
    for file in sorted(directory.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".yaml"):
            runbook = parse(file.read_text(encoding="utf-8"), file.name)
            if runbook.name != Path(file.name).stem:
                raise WrongRunbook(f"{file.name}: it calls itself {runbook.name}")
            found[runbook.name] = runbook
    return found
