"""A reading: a value with its time and source, or why there is none."""

from enum import StrEnum
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class FailureKind(StrEnum):
    """Why something could not be read, as far as that changes what one does about it."""

    UNREACHABLE = "unreachable"  # no route, name not found, connection timed out
    REFUSED = "refused"  # the host answers, nobody listens
    HOST_KEY_UNKNOWN = "host_key_unknown"
    HOST_KEY_CHANGED = "host_key_changed"
    PERMISSION = "permission"  # key or password not accepted, or not allowed to do this
    BUSY = "busy"  # too many sessions or connections: says nothing of the host's health
    NO_ANSWER = "no_answer"  # connected, but the answer did not come in time
    LOST = "lost"  # the connection ended in the middle
    GARBLED = "garbled"  # an answer nobody could read
    ABSENT = "absent"  # the thing asked for does not exist there
    FAILED = "failed"  # it answered with an error of its own


LETS_NOBODY_IN = frozenset({FailureKind.PERMISSION, FailureKind.HOST_KEY_CHANGED, FailureKind.HOST_KEY_UNKNOWN})
"""Failures to connect of a host that is there, but of which nothing more can be known."""


class Failure(Struct, frozen=True):
    """Why there is no value: a sentence for the person on call, already cleaned of control characters."""

    kind: FailureKind
    text: str


class Reading(Struct, Generic[T], frozen=True, omit_defaults=True):
    """What one source last said of one thing.

    A failed attempt keeps the value of the last good one, so that the screen can show it greyed; `failure` tells
    that it is not current. Times are seconds since the epoch, UTC, by the clock of the reading process.
    """

    value: T | None = None
    at: float | None = None
    """When `value` was read. None if it never was."""
    source: str = ""
    """Where it comes from: `probe`, `socket`, `statistics page`, `dns` …"""
    failure: Failure | None = None
    """Why the newest attempt gave no value; None if it gave one."""
    tried_at: float | None = None
    """When the newest attempt ended. None if there was none yet."""

    def age(self, now: float) -> float | None:
        """Seconds since the value was read; None if there is no value."""
        return None if self.at is None else max(0.0, now - self.at)

    def fresh(self, now: float, stale_after: float) -> T | None:
        """The value if the newest attempt gave it and it is at most `stale_after` seconds old, else None."""
        age = self.age(now)
        if self.failure is not None or age is None or age > stale_after:
            return None
        return self.value
