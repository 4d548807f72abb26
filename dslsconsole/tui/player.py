"""Plays a recording: which moment it is, and what came in up to there. It draws nothing and connects to nothing."""

from bisect import bisect_right
from collections.abc import Callable, Iterator

from dslsconsole.sessions.marks import Kind, Mark
from dslsconsole.sessions.reading import Recording
from dslsconsole.sessions.recording import NotARecording, Record, Whole

SLOWEST, FASTEST = 0.25, 64.0
IDLE_S = 10.0
"""A longer stretch without a mark is skipped where that is wanted, up to shortly before the next one."""
BEFORE_S = 2.0
_BUSY = frozenset(
    {Kind.ALERT, Kind.OVER, Kind.UNSEEN, Kind.OPERATION, Kind.DID, Kind.LOOKED, Kind.PRESSED, Kind.TROUBLE, Kind.NOTE}
)


class Player:
    """One recording and the moment it is at.

    Args:
        beats: seconds of a clock that only goes forward, by which time passes while it plays.
    """

    def __init__(self, recording: Recording, beats: Callable[[], float]) -> None:
        self.recording = recording
        self._beats = beats
        self.marks: tuple[Mark, ...] = ()
        self.speed = 1.0
        self.skips_idle = False
        self.damage: str | None = None
        """Why it can't be played further."""
        self.reached = self.begins
        """Up to which moment it was played."""
        self._playing = False
        self._at = self.begins
        self._since = beats()
        self._records: Iterator[Record] = iter(())
        self._next: Record | None = None
        self.seek(self.begins)

    @property
    def begins(self) -> float:
        return self.recording.started_at

    @property
    def ends(self) -> float:
        return max(self.recording.ended_at, self.begins)

    @property
    def playing(self) -> bool:
        return self._playing

    def now(self) -> float:
        """The moment of the recording, in seconds since the epoch."""
        passed = (self._beats() - self._since) * self.speed if self._playing else 0.0
        return min(self.ends, self._at + passed)

    def play(self, on: bool) -> None:
        self._keep()
        self._playing = on

    def change_speed(self, factor: float) -> None:
        self._keep()
        self.speed = min(FASTEST, max(SLOWEST, self.speed * factor))

    def due(self) -> list[Record]:
        """What came in since the last time, in its order. At its end it pauses."""
        if self._playing and self.skips_idle:
            self._skip()
        found = self._up_to(self.now())
        self.reached = self.now()
        if self._playing and self.now() >= self.ends:
            self.play(False)
        return found

    def seek(self, at: float) -> list[Record]:
        """Be at a moment; what is to be known there, from the beginning: a picture may stand first."""
        at = min(self.ends, max(self.begins, at))
        self._at, self._since = at, self._beats()
        self.reached = at
        self.damage = None
        self._records, self._next = self.recording.since_whole(at), None
        self._advance()
        first = self._next
        if isinstance(first, Whole) and first.at > at:  # the moment lies before the first whole picture was complete
            self._records = self.recording.records()
            self._advance()
        return self._up_to(at, whole=True)

    def after(self, *kinds: Kind) -> float | None:
        """The time of the next mark of these kinds, or of any."""
        times = [mark.at for mark in self.marks if not kinds or mark.kind in kinds]
        index = bisect_right(times, self.now() + 0.001)
        return times[index] if index < len(times) else None

    def _skip(self) -> None:
        busy = [mark.at for mark in self.marks if mark.kind in _BUSY]
        now = self.now()
        index = bisect_right(busy, now)
        if (index == 0 or now - busy[index - 1] > BEFORE_S) and index < len(busy) and busy[index] - now > IDLE_S:
            self._at, self._since = busy[index] - BEFORE_S, self._beats()

    def _keep(self) -> None:
        """Go on from where it is."""
        self._at, self._since = self.now(), self._beats()

    def _up_to(self, at: float, *, whole: bool = False) -> list[Record]:
        """`whole` keeps the picture that the first of them may be; others only repeat what is known."""
        found: list[Record] = []
        while self._next is not None and self._next.at <= at:
            if not isinstance(self._next, Whole) or (whole and not found):
                found.append(self._next)
            self._advance()
        return found

    def _advance(self) -> None:
        try:
            self._next = next(self._records, None)
        except NotARecording as damage:
            self._next, self.damage = None, str(damage)
