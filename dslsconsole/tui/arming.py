"""Arming: for which cluster, why and until when the guarded keys work."""

import math

from msgspec import Struct

LASTS_S = 600.0


class Arming(Struct, frozen=True):
    cluster: str
    reason: str
    until: float
    """Seconds since the epoch."""

    def holds(self, cluster: str, now: float) -> bool:
        return self.cluster == cluster and now < self.until

    def minutes_left(self, now: float) -> int:
        """Whole minutes, counted up, so that the last one is still 1."""
        return max(0, math.ceil((self.until - now) / 60))


def armed(cluster: str, reason: str, now: float) -> Arming:
    return Arming(cluster, reason, now + LASTS_S)
