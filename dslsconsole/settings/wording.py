"""The schema's objections as sentences for a person: what is wrong, and what would be right."""

import difflib
from collections.abc import Callable
from typing import Any

from pydantic_core import ErrorDetails

from dslsconsole.settings.editor_schema import json_schema
from dslsconsole.settings.findings import Key, quoted
from dslsconsole.settings.values import WHAT_WOULD_BE_RIGHT

LONGEST_LIST = 16


def key_of(error: ErrorDetails) -> tuple[Key, bool]:
    """The key that an objection is about, and whether it is about the key itself instead of its value."""
    location = error["loc"]
    if location and location[-1] == "[key]":
        return location[:-1], True
    return location, error["type"] == "extra_forbidden"


class Wording:
    """Knows the whole schema, so that it can name the nearest known key and describe what is missing."""

    def __init__(self, schema: dict[str, Any] | None = None) -> None:
        """`schema` is the JSON Schema of what is read; the estate file's where none is given."""
        self._schema = json_schema() if schema is None else schema

    def sentence(self, error: ErrorDetails) -> str:
        """What is wrong and what would be right."""
        kind = error["type"]
        if kind == "extra_forbidden":
            return self._unknown(error["loc"])
        if kind == "missing":
            return self._missing(error["loc"])
        value = error.get("input")
        if kind in _PHRASES:
            return f"{_said(value)} {_PHRASES[kind](error)}"
        if kind == "value_error":
            return f"{_said(value)} {error['ctx']['error']}"
        return f"{_said(value)} is not right: {quoted(error['msg'])}"

    def _unknown(self, key: Key) -> str:
        known = self._keys(key[:-1])
        name = str(key[-1])
        by_folded = {folded(one): one for one in known}
        near = difflib.get_close_matches(folded(name[:80]), by_folded, 1, 0.6)
        if near:
            return f"is not a known key here; did you mean “{by_folded[near[0]]}”?"
        if 0 < len(known) <= LONGEST_LIST:
            return f"is not a known key here; known are {', '.join(known)}"
        return "is not a known key here; `dslsconsole schema` prints all that are"

    def _missing(self, key: Key) -> str:
        member = self._member(key)
        choices = self._resolved(member).get("enum") if member else None
        if choices:
            return f"is missing; it must be given: {_or(choices)}"
        described = (member or {}).get("description")
        return f"is missing; it must be given: {described}" if described else "is missing; it must be given"

    def _keys(self, key: Key) -> list[str]:
        section = self._member(key)
        return list(self._resolved(section).get("properties", {})) if section else []

    def _member(self, key: Key) -> dict[str, Any] | None:
        part: dict[str, Any] = self._schema
        for step in key:
            inside = self._resolved(part)
            found: object = inside.get("items") if isinstance(step, int) else inside.get("properties", {}).get(step)
            if found is None and not isinstance(step, int):
                found = next(iter(inside.get("patternProperties", {}).values()), None)
            if not isinstance(found, dict):
                return None
            part = found
        return part

    def _resolved(self, part: dict[str, Any]) -> dict[str, Any]:
        while True:
            if "$ref" in part:
                part = self._schema["$defs"][part["$ref"].rpartition("/")[2]]
            elif "anyOf" in part:
                part = next(choice for choice in part["anyOf"] if choice.get("type") != "null")
            else:
                return part


def folded(name: str) -> str:
    """A key without what is most often mistaken in it."""
    return name.lower().replace("-", "_")


def nearest(name: str, known: list[str]) -> str:
    """The end of a sentence about a name that nothing has: the nearest one, or all that there are."""
    near = difflib.get_close_matches(name[:80], known, 1, 0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"known are {', '.join(known)}" if 0 < len(known) <= LONGEST_LIST else "write one that there is"


def _said(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return quoted(value)


def _or(choices: list[object] | str) -> str:
    return choices if isinstance(choices, str) else ", ".join(str(choice) for choice in choices)


def _pattern(error: ErrorDetails) -> str:
    return f"is not right; {WHAT_WOULD_BE_RIGHT.get(error['ctx']['pattern'], 'other characters are needed')}"


def _choice(error: ErrorDetails) -> str:
    expected = str(error["ctx"]["expected"]).replace("'", "")
    value = error.get("input")
    names = [name.strip() for name in expected.replace(" or ", ",").split(",")]
    if value in names:
        return "is text; write it without quotes"
    near = difflib.get_close_matches(value.lower(), names, 1, 0.6) if isinstance(value, str) else []
    return f"is not one of {', '.join(names)}" + (f"; did you mean {near[0]}?" if near else "; write one of these")


def _text(error: ErrorDetails) -> str:
    value = error.get("input")
    if isinstance(value, (int, float)):
        return "is not text; put it in quotes"
    return "is not text; write one value, in quotes if it is a special one"


def _constant(text: str) -> Callable[[ErrorDetails], str]:
    return lambda _error: text


_MAPPING = _constant("stands where a mapping is needed; write “key: value” lines below, or leave the key out")
_LIST = _constant("stands where a list is needed; write it as [a, b]")
_TRUTH = _constant("is neither true nor false; write true or false")
_PHRASES: dict[str, Callable[[ErrorDetails], str]] = {
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "string_type": _text,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "literal_error": _choice,
    "enum": _choice,
    "string_pattern_mismatch": _pattern,
    "string_too_short": _constant("is empty; write something, or leave the key out"),
    "string_too_long": lambda error: f"is too long; at most {error['ctx']['max_length']} characters are taken",
    "too_short": _constant("is empty; at least one entry is needed"),
    "greater_than_equal": lambda error: f"is too small; it must be at least {error['ctx']['ge']}",
    "less_than_equal": lambda error: f"is too big; it must be at most {error['ctx']['le']}",
}
