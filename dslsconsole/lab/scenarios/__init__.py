"""Scenarios by name: a day at the practice estate, with what goes wrong, what is run, and what must be so after.

A scenario is a function in a module of this package, marked with `@scenario`. It plays on a stage, and passes where all
that it expects is so.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from dslsconsole.lab.stage import Stage

Play = Callable[[Stage], Awaitable[None]]
_Play = TypeVar("_Play", bound=Play)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario: `about` says what is shown to hold."""

    name: str
    about: str
    play: Play


def scenario(name: str, about: str) -> Callable[[_Play], _Play]:
    """Mark a function as a scenario."""

    def mark(function: _Play) -> _Play:
        function.__dict__["scenario"] = Scenario(name, about, function)
        return function

    return mark


@cache
def all_scenarios() -> dict[str, Scenario]:
    """Every scenario of this package by its name."""
    found: dict[str, Scenario] = {}
    for module in pkgutil.iter_modules(__path__):
        members = inspect.getmembers(importlib.import_module(f"{__name__}.{module.name}"), inspect.isfunction)
        for _, function in members:
            if isinstance(marked := function.__dict__.get("scenario"), Scenario):
                found[marked.name] = marked
    return dict(sorted(found.items()))
