"""Scripts: a session as YAML that drives a console on a practice estate of its own, as a tour, a training or a test."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml
from msgspec import Meta, Struct

VERSION = 1
LARGEST_FILE = 1024 * 1024
PATIENCE_S = 60.0
_Text = Annotated[str, Meta(max_length=2000)]
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0}


class NotAScript(Exception):  # noqa: N818 - it says what the file is
    """The file can't be run; the text says where and why."""


class Say(Struct, frozen=True):
    """A caption."""

    text: str


class Press(Struct, frozen=True):
    """Keys, by Textual's names of them."""

    keys: tuple[str, ...]


class Type(Struct, frozen=True):
    """A text, letter by letter; Enter ends it unless `enter` is false."""

    text: str
    enter: bool = True


class Fault(Struct, frozen=True):
    """A fault of the practice estate with its hosts; with `heal` it is mended, and all of them without a name."""

    words: tuple[str, ...]
    heal: bool = False


class Condition(Struct, frozen=True, forbid_unknown_fields=True):
    """What must be so: each that is given."""

    text: _Text | None = None
    """On the screen."""
    no_text: _Text | None = msgspec.field(default=None, name="no-text")
    alert: _Text | None = None
    """The id of one that holds."""
    no_alert: _Text | None = msgspec.field(default=None, name="no-alert")
    role: dict[str, str] | None = None
    """Of nodes, as they say it now."""
    outcome: _Text | None = None
    """Of the operation that ended last since the script began."""
    within: str = "60s"


class WaitFor(Struct, frozen=True):
    """Until it is so, at most `seconds`."""

    condition: Condition
    seconds: float


class Expect(Struct, frozen=True):
    """It must be so now."""

    condition: Condition


class Screenshot(Struct, frozen=True):
    """A picture of the screen, as SVG, where the script is run with a directory for them."""

    name: str


Step = Say | Press | Type | Fault | WaitFor | Expect | Screenshot


class Script(Struct, frozen=True):
    """A whole script."""

    title: str
    steps: tuple[Step, ...]
    about: str = ""
    size: tuple[int, int] = (120, 40)
    seed: int = 1
    speed: float = 1.0
    hour: float | None = None
    """Of the day by which people come and go on the practice estate when it starts."""


def read(path: Path) -> Script:
    """The script in a file.

    Raises:
        NotAScript: it is none; each sentence names the step.
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise NotAScript(f"{path} is larger than {LARGEST_FILE} bytes")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(data, yaml.SafeLoader)):
            raise NotAScript(f"{path}: aliases (*name) are not understood; write each value where it is meant")
        raw = yaml.safe_load(data)
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        raise NotAScript(f"{path}{where}: {getattr(error, 'problem', None) or 'it is no YAML'}") from error
    if not isinstance(raw, dict) or raw.get("version") != VERSION or not isinstance(raw.get("steps"), list):
        raise NotAScript(f"{path}: a script begins with `version: {VERSION}`, has a `title` and a list of `steps`")
    unknown = raw.keys() - {"version", "title", "about", "size", "seed", "speed", "hour", "steps"}
    if unknown:
        raise NotAScript(f"{path}: {', '.join(sorted(map(str, unknown)))} is not known in a script")
    steps = tuple(_step(path, number, one) for number, one in enumerate(raw["steps"], 1))
    return Script(
        title=str(raw.get("title", path.stem)),
        about=str(raw.get("about", "")),
        size=_size(path, str(raw.get("size", "120x40"))),
        seed=_number(path, "seed", raw.get("seed", 1), int),
        speed=_number(path, "speed", raw.get("speed", 1.0), float),
        hour=_number(path, "hour", raw["hour"], float) if "hour" in raw else None,
        steps=steps,
    )


def _size(path: Path, text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{2,3})x(\d{2,3})", text)
    if match is None:
        raise NotAScript(f"{path}: size {text!r}: columns and lines are written as 120x40")
    return int(match[1]), int(match[2])


def _number(path: Path, name: str, value: object, kind: type[int] | type[float]) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1000:
        raise NotAScript(f"{path}: {name} {value!r}: a number from 0 to 1000 is needed")
    return kind(value)


def _step(path: Path, number: int, raw: object) -> Step:
    where = f"{path}: step {number}"
    if not isinstance(raw, dict) or len(raw) != 1:
        raise NotAScript(f"{where}: a step is one of {', '.join(_STEPS)}, with a colon")
    ((name, value),) = raw.items()
    if name not in _STEPS:
        raise NotAScript(f"{where}: {name!r} is not known; there is {', '.join(_STEPS)}")
    try:
        return _STEPS[name](value)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise NotAScript(f"{where}: {name}: {error}") from error


def _words(value: object) -> tuple[str, ...]:
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list) or not words or not all(isinstance(one, str | int) for one in words):
        raise ValueError("words are needed")
    return tuple(str(one) for one in words)


def _text(value: object) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise ValueError("a text is needed")
    return str(value)


def _typed(value: object) -> Type:
    return msgspec.convert(value, Type) if isinstance(value, dict) else Type(_text(value))


def _condition(value: object) -> Condition:
    found = msgspec.convert({"text": value} if isinstance(value, str) else value, Condition)
    if not any((found.text, found.no_text, found.alert, found.no_alert, found.role, found.outcome)):
        raise ValueError("one of text, no-text, alert, no-alert, role, outcome is needed")
    return found


def _waits(value: object) -> WaitFor:
    condition = _condition(value)
    match = re.fullmatch(r"(\d{1,4})(s|m|)", condition.within)
    if match is None:
        raise ValueError(f"within {condition.within!r}: a span of time such as 30s or 2m is needed")
    return WaitFor(condition, float(match[1]) * _UNITS[match[2]])


_STEPS: dict[str, Callable[[object], Step]] = {
    "say": lambda value: Say(_text(value)),
    "press": lambda value: Press(_words(value)),
    "type": _typed,
    "fault": lambda value: Fault(_words(value)),
    "heal": lambda value: Fault(_words(value) if value else (), heal=True),
    "wait-for": _waits,
    "expect": lambda value: Expect(_condition(value)),
    "screenshot": lambda value: Screenshot(_text(value)),
}
