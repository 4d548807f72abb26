"""What goes wrong with one command on a practice host, while the host is well otherwise."""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum

REFUSAL = "refused for practice"


class Hitch(StrEnum):
    """What becomes of a command."""

    REFUSED = "refused"
    LOST_BEFORE = "lost before"
    """The connection breaks, and the command never ran."""
    LOST_AFTER = "lost after"
    """The command runs to its end, and the connection breaks before its answer."""
    SLOW = "slow"
    """The command does not begin until the hitch is over."""


@dataclass(frozen=True, eq=False)
class Snag:
    """One hitch for every command that contains a text, until `over`."""

    hitch: Hitch
    text: str
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True)
class Snags:
    """Those of one host or one interface of it."""

    all: list[Snag] = field(default_factory=list)

    def of(self, command: str) -> Snag | None:
        """What catches the command; None where nothing does."""
        return next((snag for snag in self.all if snag.text in command), None)

    def hitch(self, command: str) -> Hitch | None:
        """What becomes of the command; None where nothing catches it."""
        snag = self.of(command)
        return snag.hitch if snag is not None else None

    def refuse(self, command: str) -> bool:
        """Whether the command is refused."""
        return self.hitch(command) is Hitch.REFUSED
