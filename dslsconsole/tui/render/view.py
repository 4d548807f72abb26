"""What of one cluster is to be drawn, and the questions every panel asks about it."""

from datetime import tzinfo
from typing import TypeVar

from msgspec import Struct

from dslsconsole.model.node import NodeReadings
from dslsconsole.model.picture import Picture
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.model.shape import ClusterShape
from dslsconsole.model.verdict import Alert, ClusterVerdict, Health, Severity
from dslsconsole.tui.audited import Audited
from dslsconsole.tui.events import Event
from dslsconsole.tui.inspected import Inspected
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import Sheet, Tone

T = TypeVar("T")

FAILURES = {
    FailureKind.UNREACHABLE: "no route",
    FailureKind.REFUSED: "refused",
    FailureKind.HOST_KEY_UNKNOWN: "key unknown",
    FailureKind.HOST_KEY_CHANGED: "key CHANGED",
    FailureKind.PERMISSION: "not allowed",
    FailureKind.BUSY: "busy",
    FailureKind.NO_ANSWER: "no answer",
    FailureKind.LOST: "lost",
    FailureKind.GARBLED: "garbled",
    FailureKind.ABSENT: "absent",
    FailureKind.FAILED: "error",
}
HEALTHS = {
    Health.OK: Tone.OK,
    Health.WARNING: Tone.WARNING,
    Health.CRITICAL: Tone.CRITICAL,
    Health.UNKNOWN: Tone.UNKNOWN,
}
SEVERITIES = {Severity.WARNING: Tone.WARNING, Severity.CRITICAL: Tone.CRITICAL}


class View(Struct, frozen=True):
    """One cluster at a moment."""

    cluster: ClusterShape
    picture: Picture
    now: float
    detail: bool = False
    """Whether the panel has the whole screen."""
    events: tuple[Event, ...] = ()
    """What happened while this console looked, in all clusters, the newest last."""
    audited: Audited = Audited()
    inspected: dict[str, Inspected] = {}
    """What close looks at nodes of this cluster told, by their names."""
    zone: tzinfo | None = None
    """The zone of the times that are shown; None for UTC."""
    here: tzinfo | None = None
    """The zone of who looks, where that is not UTC."""
    dialog: Sheet | None = None
    """What stood in the dialog that the operator of a recording had open."""
    seen: float | None = None
    """Up to when somebody has seen what happened; None where changes are not marked."""

    def time(self, at: float | None) -> str:
        """A time of day as the screen shows it."""
        return words.time_of_day(at, self.zone)

    def moment(self, at: float | None) -> str:
        """A date and time as the screen shows it."""
        return words.moment(at, self.zone)

    @property
    def stale_after(self) -> float:
        return self.picture.estate.stale_after_s if self.picture.estate else 15.0

    @property
    def verdict(self) -> ClusterVerdict | None:
        return self.picture.verdicts.get(self.cluster.name)

    @property
    def silence(self) -> float | None:
        """Seconds since the last frame, where that is so long that verdict and alerts are not about now; else None."""
        age = self.now - self.picture.at
        return age if self.picture.at > 0 and age > self.stale_after else None

    @property
    def alerts(self) -> tuple[Alert, ...]:
        return tuple(alert for alert in self.picture.alerts if alert.cluster == self.cluster.name)

    @property
    def primary(self) -> str | None:
        return self.verdict.primary if self.verdict else None

    def node(self, name: str) -> NodeReadings:
        return self.picture.snapshot.node(self.cluster.name, name)

    def now_value(self, reading: Reading[T]) -> T | None:
        """The value if it is current."""
        return reading.fresh(self.now, self.stale_after)

    def is_stale(self, reading: Reading[T]) -> bool:
        """There is a value, but it is not current."""
        return reading.value is not None and self.now_value(reading) is None

    def late(self, *readings: Reading[T]) -> float | None:
        """Age in seconds of the oldest of those readings that are not current; None where all are."""
        ages = [age for r in readings if self.is_stale(r) and (age := r.age(self.now)) is not None]
        return max(ages, default=None)

    def alert_tone(self, subject: str, *rules: str) -> Tone:
        """The gravest alert about a host, pool or server, of these rules or of any."""
        tones = [
            SEVERITIES[alert.severity]
            for alert in self.alerts
            if alert.subject == subject and (not rules or alert.id in rules)
        ]
        return Tone.CRITICAL if Tone.CRITICAL in tones else tones[0] if tones else Tone.OK


def failure_word(failure: Failure) -> str:
    """The failure in a word or two for a narrow column; its text says the rest."""
    return FAILURES.get(failure.kind, failure.kind.value)
