"""When a pool will be exhausted if its use goes on as it went."""

from statistics import linear_regression

LOOKED_AT = (30, 10)
"""Minutes that a forecast is made from, whichever says that more is left: what has stopped to grow is not told of."""
LEAST = 8
"""Minutes of these that must be known."""
FARTHEST_H = 12
GROWS = 0.01
"""Tokens a minute from which on a pool's use grows."""


def minutes_left(history: tuple[int | None, ...], total: int | None) -> float | None:
    """Minutes until a pool of `total` tokens is used up, if it grows on as it did in its last half hour.

    `history` is tokens in use, one value a minute, the newest last; None where nothing is known. None where it does
    not grow, too little is known, or that would be in more than twelve hours.
    """
    if total is None:
        return None
    now = next((used for used in reversed(history) if used is not None), None)
    slopes = [_slope(history[-minutes:]) for minutes in LOOKED_AT]
    if now is None or any(slope is None or slope <= GROWS for slope in slopes):
        return None
    left = max(0.0, (total - now) / min(slope for slope in slopes if slope is not None))
    return left if left <= FARTHEST_H * 60 else None


def outlook(history: tuple[int | None, ...], total: int | None, available: int | None) -> str:
    """In words, why there is no time at which the pool will be used up."""
    if available == 0:
        return "none is free now"
    known = [sum(used is not None for used in history[-minutes:]) for minutes in LOOKED_AT]
    if total is None or min(known) < LEAST:
        return f"no forecast yet: {min(known)} of at least {LEAST} minutes are known"
    if any((_slope(history[-minutes:]) or 0.0) <= GROWS for minutes in LOOKED_AT):
        return "its use does not grow at the pace of the last half hour"
    return f"at the pace of the last half hour it lasts for more than {FARTHEST_H} h"


def _slope(history: tuple[int | None, ...]) -> float | None:
    """Tokens a minute, by the straight line through what is known."""
    known = [(float(minute), float(used)) for minute, used in enumerate(history) if used is not None]
    return linear_regression(*zip(*known, strict=True)).slope if len(known) >= LEAST else None
