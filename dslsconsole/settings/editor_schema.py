"""The estate file's JSON Schema (draft 2020-12), made of the schema module: fields, and the text under each."""

import ast
import inspect
import textwrap
from functools import cache
from typing import Any

from dslsconsole.settings import schema
from dslsconsole.settings.values import duration_text

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The JSON Schema of an estate file, for editors: descriptions, examples, and nothing unknown allowed."""
    made = schema.Estate.model_json_schema(by_alias=True, mode="validation")
    texts = _descriptions()
    for name, section in {"Estate": made, **made.get("$defs", {})}.items():
        _describe(section, texts.get(name, {}))
    _tidy(made)
    return {"$schema": DIALECT, "$id": "urn:dslsconsole:estate:1", **made, "title": "dslsconsole estate"}


def _describe(section: dict[str, Any], texts: dict[str, str]) -> None:
    for key, member in section.get("properties", {}).items():
        member.pop("title", None)
        if (text := texts.get(key)) is not None:
            member["description"] = text
        if isinstance(member.get("default"), float) and "pattern" in member:
            member["default"] = duration_text(member["default"])


def _tidy(part: object) -> None:
    """Write limits in the schema language's words, and let nothing but the described keys in."""
    if isinstance(part, list):
        for member in part:
            _tidy(member)
    elif isinstance(part, dict):
        for ours, theirs in (("ge", "minimum"), ("le", "maximum")):
            if isinstance(part.get(ours), int):
                part[theirs] = part.pop(ours)
        if "patternProperties" in part:
            part["additionalProperties"] = False
        for member in part.values():
            _tidy(member)


@cache
def _descriptions() -> dict[str, dict[str, str]]:
    """For each section, what stands under each of its fields and of those it inherits, by the file's own key."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(schema)))
    found: dict[str, dict[str, str]] = {}
    for section in tree.body:
        if isinstance(section, ast.ClassDef):
            found[section.name] = {}
            for parent in section.bases:
                if isinstance(parent, ast.Name):
                    found[section.name] |= found.get(parent.id, {})
            found[section.name] |= _under_fields(section)
    return found


def _under_fields(section: ast.ClassDef) -> dict[str, str]:
    texts: dict[str, str] = {}
    for field, below in zip(section.body, section.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            text = ast.literal_eval(below.value) if isinstance(below.value, ast.Constant) else None
            if isinstance(text, str):
                texts[field.target.id.rstrip("_")] = text
    return texts
