"""The sections of one answer of the probe, each made into a reading of its own."""

from collections.abc import Callable
from typing import TypeVar, cast

from dslsconsole.model.reading import Failure, Reading
from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.node import failures, probe

SOURCE = "probe"
T = TypeVar("T")


def base(word: str) -> str:
    """The section's name, without what it is asked about."""
    return word.partition("=")[0]


class Sections:
    """The sections of one answer, made into readings."""

    def __init__(
        self,
        host: str,
        sections: dict[str, probe.Section],
        refused: frozenset[str],
        shortfall: Failure | None,
        now: float,
        limit_s: int,
        parsed: dict[str, tuple[str, object]],
    ) -> None:
        self.sections = sections
        self.host = host
        self._refused = frozenset(map(base, refused))
        self._shortfall = shortfall
        self.now = now
        self._limit_s = limit_s
        self._parsed = parsed

    def of(
        self, name: str, parse: Callable[[str], T], good: tuple[int, ...] = (0,), *, keeps: bool = True
    ) -> Reading[T]:
        """The section's value, or why there is none. With `keeps`, the same text gives the same value unparsed."""
        section = self.sections.get(name)
        if section is None:
            if name in self._refused:
                return self._failed(failures.unknown_to_probe(self.host, name))
            return self._failed(failures.missing(self.host, name, self._shortfall))
        if section.status not in good:
            return self._failed(failures.of_status(self.host, name, section, self._limit_s))
        before = self._parsed.get(name) if keeps else None
        if before is not None and before[0] == section.body:
            return Reading(cast(T, before[1]), self.now, SOURCE, None, self.now)
        try:
            value = parse(section.body)
        except Unreadable as error:
            if section.status != 0:
                return self._failed(failures.of_status(self.host, name, section, self._limit_s))
            return self._failed(failures.garbled(self.host, name, str(error)))
        if keeps:
            self._parsed[name] = (section.body, value)
        return Reading(value, self.now, SOURCE, None, self.now)

    def _failed(self, failure: Failure) -> Reading[T]:
        return Reading(None, None, SOURCE, failure, self.now)
