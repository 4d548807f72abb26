"""statfs of the storage paths. It hangs with its mount, and a mount that hangs is not asked again at once.

Each question that hangs may leave a process behind on the node that nothing can end; so one is asked, then none for a
while, longer each time.
"""

from collections.abc import Mapping

from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.node import failures
from dslsconsole.systems.node.probe import Answer, Section, encoded, is_askable
from dslsconsole.systems.storage.read import Space, parse_statfs

FIRST_PAUSE_S = 15.0
LONGEST_PAUSE_S = 300.0


class Spaces:
    """What is known of each path's file system, and which ones to ask now."""

    def __init__(self, storage: Mapping[str, str]) -> None:
        self._paths = {f"space={encoded(path)}": path for path in storage.values() if is_askable(path)}
        self._known: dict[str, Space] = {}
        self._hangs: dict[str, tuple[float, float]] = {}
        self._asked: tuple[str, ...] = ()

    @property
    def known(self) -> Mapping[str, Space]:
        """By path."""
        return self._known

    def words(self, now: float) -> tuple[str, ...]:
        """What to ask now: every path but those that hung a short while ago."""
        self._asked = tuple(word for word in self._paths if self._hangs.get(word, (0.0, 0.0))[0] <= now)
        return self._asked

    def told(self, answer: Answer, now: float, *, reached: bool) -> None:
        """Takes in what the answer tells of the paths asked; `reached`: all that is asked before them came."""
        for word in self._asked:
            section = answer.sections.get(word)
            path = self._paths[word]
            if section is not None and failures.timed_out(section):
                self._hung(word, now)
            elif section is not None:
                self._hangs.pop(word, None)
                self._known[path] = space_of(section)
            elif reached and answer.shortfall is not None:
                # The probe itself hung in this one; the others behind it were not asked.
                self._hung(word, now)
                reached = False
            else:
                self._known[path] = Space(None)

    def _hung(self, word: str, now: float) -> None:
        pause = min(LONGEST_PAUSE_S, max(FIRST_PAUSE_S, 2 * self._hangs.get(word, (0.0, 0.0))[1]))
        self._hangs[word] = (now + pause, pause)
        self._known[self._paths[word]] = Space(False)


def space_of(section: Section) -> Space:
    """What statfs told; of a path that could not be asked nothing."""
    if section.status != 0:
        return Space(None)
    try:
        return parse_statfs(section.body)
    except Unreadable:
        return Space(None)
