"""Faults by name: what can be broken in the practice estate, and how each is mended again.

A fault is a function in a module of this package, marked with `@fault`. It breaks something and returns how to mend it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from dslsconsole.lab.practice import Lab

Mend = Callable[[], Awaitable[None] | None]
Cause = Callable[..., Awaitable[Mend] | Mend]
_Cause = TypeVar("_Cause", bound=Cause)


class FaultError(Exception):
    """Why a fault could not be caused or mended, in a sentence."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault: `defaults` are its arguments, host names in the order they are given; `text` says the last is none."""

    name: str
    about: str
    defaults: tuple[str | None, ...]
    cause: Cause
    text: bool = False


def fault(name: str, about: str, *defaults: str | None, text: bool = False) -> Callable[[_Cause], _Cause]:
    """Mark a function as a fault.

    Args:
        defaults: the hosts it takes where none is named; None for one that must be.
        text: whether the last argument is a text and no host.
    """

    def mark(function: _Cause) -> _Cause:
        function.__dict__["fault"] = Fault(name, about, defaults, function, text)
        return function

    return mark


@cache
def all_faults() -> dict[str, Fault]:
    """Every fault of this package by its name."""
    found: dict[str, Fault] = {}
    for module in pkgutil.iter_modules(__path__):
        members = inspect.getmembers(importlib.import_module(f"{__name__}.{module.name}"), inspect.isfunction)
        for _, function in members:
            if isinstance(marked := function.__dict__.get("fault"), Fault):
                found[marked.name] = marked
    return dict(sorted(found.items()))


class Active:
    """The faults that are in force, and how to mend each."""

    def __init__(self) -> None:
        self._mends: dict[tuple[str, ...], Mend] = {}

    def names(self) -> list[str]:
        """Each fault in force as it was named."""
        return [" ".join(words) for words in self._mends]

    async def cause(self, lab: Lab, name: str, arguments: Iterable[str]) -> str:
        """Break something. Raises `FaultError`."""
        known = all_faults().get(name)
        if known is None:
            near = get_close_matches(name, all_faults(), 1)
            raise FaultError(
                f"there is no fault {name}" + (f"; did you mean {near[0]}?" if near else "; see `lab faults`")
            )
        words = list(arguments)
        if len(words) > len(known.defaults):
            raise FaultError(f"{name} takes at most {len(known.defaults)} host(s), not {len(words)}")
        hosts = [*words, *known.defaults[len(words) :]]
        if None in hosts:
            raise FaultError(f"{name} needs {len(known.defaults)} host(s) named")
        for host in hosts[:-1] if known.text else hosts:
            if host not in lab.world.hosts and host not in ("console", "notify"):
                raise FaultError(f"there is no host {host}; there are {', '.join(lab.world.hosts)}")
        key = (name, *map(str, hosts))
        if key in self._mends:
            return f"{' '.join(key)} is in force already"
        mend = known.cause(lab, *hosts)
        self._mends[key] = await mend if inspect.isawaitable(mend) else mend
        return f"{' '.join(key)}: {known.about}"

    async def heal(self, lab: Lab, name: str) -> str:
        """Mend every fault of a name, or all. Raises `FaultError`."""
        wanted = [key for key in self._mends if name in ("all", key[0], " ".join(key))]
        if not wanted and name != "all":
            raise FaultError(
                f"no fault {name} is in force" + (f"; in force: {', '.join(self.names())}" if self._mends else "")
            )
        for key in reversed(wanted):
            done = self._mends.pop(key)()
            if inspect.isawaitable(done):
                await done
        return f"mended: {', '.join(' '.join(key) for key in wanted) or 'nothing was broken'}"
