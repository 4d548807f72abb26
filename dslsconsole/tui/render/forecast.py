"""When a pool will be exhausted if its use goes on as it went."""

from statistics import linear_regression

LOOKED_AT = (30, 10)
"""Minutes that a forecast is made from, whichever says that more is left: what has stopped to grow is not told of."""
LEAST = 8
"""Minutes of these that must be known."""
FARTHEST_H = 12


def minutes_left(history: tuple[int | None, ...], total: int | None) -> float | None:
    """Minutes until a pool of `total` tokens is used up, if it grows on as it did in its last half hour.

    `history` is tokens in use, one value a minute, the newest last; None where nothing is known. None where it does
    not grow, too little is known, or that would be in more than twelve hours.
    """
    if total is None:
        return None
    now = next((used for used in reversed(history) if used is not None), None)
    slopes = [_slope(history[-minutes:]) for minutes in LOOKED_AT]
    if now is None or any(slope is None or slope <= 0.01 for slope in slopes):
        return None
    left = max(0.0, (total - now) / min(slope for slope in slopes if slope is not None))
    return left if left <= FARTHEST_H * 60 else None


def _slope(history: tuple[int | None, ...]) -> float | None:
    """Tokens a minute, by the straight line through what is known."""
    known = [(float(minute), float(used)) for minute, used in enumerate(history) if used is not None]
    return linear_regression(*zip(*known, strict=True)).slope if len(known) >= LEAST else None
