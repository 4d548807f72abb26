"""How an operation ends, and where it is written down."""

from enum import StrEnum
from typing import Protocol

from msgspec import Struct


class Ending(StrEnum):
    """How an operation ended."""

    DONE = "done"
    REFUSED = "refused"
    LOCKED = "locked"
    ROLLED_BACK = "rolled_back"
    NEEDS_PERSON = "needs_person"
    NOT_CONFIRMED = "not_confirmed"


class Ended(Struct, frozen=True):
    """What became of the whole: the sentence says what happened, the card what to look at."""

    ending: Ending
    sentence: str
    card: tuple[str, ...] = ()


class NotWritten(Exception):  # noqa: N818
    """The journal could not be written; what it was to say has not been done."""


class Log(Protocol):
    """Where an operation is written down, synced to disk before `append` returns. Raises NotWritten."""

    def append(self, event: str, **data: object) -> None: ...
