"""Tokens in use over the last hour, one value a minute, for the plots."""

from collections import deque

LENGTH = 60
"""Minutes."""


class History:
    """Per pool, the first value known in each minute; None for a minute in which none was."""

    def __init__(self) -> None:
        self._series: dict[str, deque[int | None]] = {}
        self._minute: dict[str, int] = {}

    def observe(self, pool: str, used: int | None, now: float) -> bool:
        """Take note of a value (None: not known). Returns whether the series changed.

        Args:
            pool: its key in the snapshot.
            now: seconds since the epoch.
        """
        minute = int(now // 60)
        series = self._series.setdefault(pool, deque(maxlen=LENGTH))
        last = self._minute.get(pool)
        if last is None and used is None:
            return False
        if last is None or minute > last:
            missed = 0 if last is None else min(minute - last - 1, LENGTH)
            series.extend([None] * missed)
            series.append(used)
            self._minute[pool] = minute
            return True
        if series[-1] is None and used is not None:
            series[-1] = used
            return True
        return False

    def series(self, pool: str) -> tuple[int | None, ...]:
        return tuple(self._series.get(pool, ()))

    @property
    def pools(self) -> tuple[str, ...]:
        return tuple(self._series)
