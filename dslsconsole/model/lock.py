"""The lock of a running operation, as the nodes of its cluster show it to whoever reads them."""

from msgspec import Struct


class HeldLock(Struct, frozen=True):
    """Who runs what, and how far it is. Times are seconds since the epoch, by the clock of the host that runs it."""

    operation: str
    runbook: str
    operator: str
    from_host: str
    started_at: float
    step: int = 0
    steps: int = 0
    beat_at: float = 0.0
    """The last sign of life; 0 where it was left behind on purpose."""

    def is_alive(self, now: float, still_after: float = 30.0) -> bool:
        """Whether it showed a sign of life lately. That it did not is no proof of its end."""
        return abs(now - self.beat_at) < still_after
