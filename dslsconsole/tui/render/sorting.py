"""The rows of a table in the order of one of its columns."""

import re
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from dslsconsole.tui.render.cells import Column, Row

_NUMBER = re.compile(r"[<~+]?(-?\d+(?:\.\d+)?)\s*([smhd%]?)(?:\b|$|/)")
_UNITS = {"": 1.0, "%": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


class Order(Struct, frozen=True):
    """By which column: numbers and spans of time with the largest first, words from A to Z; or the other way round."""

    column: str
    inverted: bool = False


def in_order(rows: Sequence[Row], columns: Sequence[Column], order: Order) -> tuple[Row, ...]:
    """The rows sorted; what spans the table comes after them, and what has no value in the column last of them."""
    index = next((i for i, column in enumerate(columns) if column.key == order.column), None)
    if index is None:
        return tuple(rows)
    told: list[tuple[float, Row]] = []
    words: list[tuple[str, Row]] = []
    empty: list[Row] = []
    for row in rows:
        text = row.cells[index].text.strip() if index < len(row.cells) else ""
        if row.spans:
            continue
        if (number := _number(text)) is not None:
            told.append((number, row))
        elif any(character.isalpha() for character in text):
            words.append((text.casefold(), row))
        else:
            empty.append(row)
    told.sort(key=lambda one: one[0], reverse=not order.inverted)
    words.sort(key=lambda one: one[0], reverse=order.inverted)
    return (*(row for _, row in told), *(row for _, row in words), *empty, *(row for row in rows if row.spans))


def _number(text: str) -> float | None:
    match = _NUMBER.match(text)
    return float(match[1]) * _UNITS[match[2]] if match else None


def marked(columns: Sequence[Column], order: Order) -> tuple[Column, ...]:
    """The columns, with an arrow at the one they are sorted by."""
    arrow = "↑" if order.inverted else "↓"
    return tuple(replace(c, label=f"{c.label}{arrow}") if c.key == order.column else c for c in columns)
