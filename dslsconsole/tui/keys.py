"""The user's own keys: a YAML file that gives actions, by their names, other keys."""

import difflib
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import yaml
from msgspec import Struct
from msgspec.structs import replace
from textual.keys import KEY_NAME_REPLACEMENTS

from dslsconsole.tui.actions import ACTIONS, Action, Guard
from dslsconsole.tui.render.words import clean

FILE = "keys.yaml"
LARGEST_FILE = 65_536
_MOVING = frozenset(
    ("up", "down", "left", "right", "enter", "escape", "tab", "shift+tab", "pageup", "pagedown", "home", "end", "space")
) | {"j", "k"}
"""Keys by which one moves about in tables and dialogs."""
_LEAVING = ("ctrl+q", "ctrl+c")
_NAMED = re.compile(r"(ctrl\+|shift\+|alt\+)*([a-z]|f([1-9]|1[0-2])|insert|delete|[a-z_]{2,30})")


class LoadedKeys(Struct, frozen=True):
    """Keys by the names of the actions that have another one, and a sentence for each that can't be had."""

    keys: dict[str, str] = {}
    failures: tuple[str, ...] = ()


def load(path: Path) -> LoadedKeys:
    """The keys of a file; none where there is no file. What is wrong in it leaves its action the key that it has."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        return LoadedKeys()
    except OSError as error:
        return LoadedKeys(failures=(f"{path}: {error.strerror}",))
    if len(data) > LARGEST_FILE:
        return LoadedKeys(failures=(f"{path}: it is larger than {LARGEST_FILE} bytes",))
    try:
        node = yaml.compose(data, yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        return LoadedKeys(failures=(f"{path}{where}: {getattr(error, 'problem', None) or 'it is no YAML'}",))
    if node is None:
        return LoadedKeys()
    if not isinstance(node, yaml.MappingNode):
        return LoadedKeys(failures=(f"{path}:1:1: lines such as `failover: F5` are needed",))
    wanted: dict[str, str] = {}
    failures: list[str] = []
    for line, name, text in _lines(node):
        said, key = _judged(name, text, wanted)
        if said is None:
            wanted[name] = key
        else:
            failures.append(f"{path}:{line}: {said}")
    return LoadedKeys(wanted, tuple(failures))


def _lines(node: yaml.MappingNode) -> Iterator[tuple[int, str, str]]:
    for name, value in node.value:
        known = isinstance(name, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode)
        line = name.start_mark.line + 1
        yield (line, str(name.value), str(value.value)) if known else (line, "", "")


def _judged(name: str, text: str, wanted: dict[str, str]) -> tuple[str | None, str]:
    """Why an action can't have the key, or None, and the key by Textual's name."""
    names = [action.id for action in ACTIONS]
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; there is {', '.join(names)}"
        return f"no action is called {clean(name)!r}{hint}", ""
    key = named(text)
    if key is None:
        return f"{name}: {clean(text)!r} is no key; write a letter, F5, ctrl+r or a sign such as /", ""
    if key in _MOVING or key in _LEAVING:
        return f"{name}: {text} moves about in panels and dialogs, or leaves them", ""
    if key in wanted.values():
        other = next(one for one, taken in wanted.items() if taken == key)
        return f"{name}: {text} is {other}'s already", ""
    action = next(action for action in ACTIONS if action.id == name)
    if action.guard is Guard.ARMED and len(key) == 1 and not key.isupper():
        return f"{name}: what acts has a capital letter, a function key or one with ctrl, so that no slip starts it", ""
    return None, key


def named(text: str) -> str | None:
    """A key by Textual's name of it; None where it is none. A capital letter is the letter itself."""
    text = text.strip()
    if len(text) == 1:
        if text.isalnum():
            return text
        try:
            name = unicodedata.name(text).lower().replace("-", "_").replace(" ", "_")
        except ValueError:
            return None
        return KEY_NAME_REPLACEMENTS.get(name, name)
    return text.lower() if _NAMED.fullmatch(text.lower()) else None


def applied(actions: tuple[Action, ...], keys: dict[str, str]) -> tuple[tuple[Action, ...], tuple[str, ...]]:
    """The actions with these keys, and a sentence for each whose key another action keeps.

    The keys that always leave the console stay with it.
    """
    kept = {key: one.id for one in actions if one.id not in keys for key in one.key.split(",")}
    failures = []
    changed = []
    for one in actions:
        key = keys.get(one.id)
        if key is None:
            changed.append(one)
        elif key in kept:
            failures.append(
                f"{FILE}: {one.id} keeps {one.name_of_key}: {_shown(key)} is {kept[key]}'s; give that another"
            )
            changed.append(one)
        else:
            more = f",{','.join(_LEAVING)}" if one.id == "quit" else ""
            changed.append(replace(one, key=f"{key}{more}", shown_key=_shown(key)))
    return tuple(changed), tuple(failures)


def _shown(key: str) -> str:
    """As it is written for people."""
    signs = {name: sign for sign in "/\\?:;.,[]{}()<>+-_=*&^%$#@!~'\"|" if (name := named(sign))}
    if key in signs:
        return signs[key]
    return key.upper() if re.fullmatch(r"f\d+", key) else key.replace("ctrl+", "Ctrl+")
