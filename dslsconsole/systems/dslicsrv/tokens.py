"""`DSLicSrv -tokens`: pools and their features, as JSON, as blocks of `Key: value`, or as a table."""

from collections.abc import Mapping

import msgspec

from dslsconsole.model.node import Feature, Pool, TokenState
from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import Unreadable, json_in, lines, pair, whole, word

MOST_POOLS = 256
MOST_FEATURES = 2_000
WHOLE_SERVER = "all"
"""The pool's name where counts are told without naming one."""
_KEYS = {
    "total tokens": "total",
    "total": "total",
    "allocated": "total",
    "in use": "used",
    "used": "used",
    "available": "available",
    "queued users": "queued",
    "queued": "queued",
    "peak usage": "peak",
    "peak": "peak",
}
_Counts = dict[str, int | None]


def parse_tokens(text: str) -> TokenState:
    """`-tokens [-detailed] [-format json]`.

    Raises:
        Unreadable: it tells neither a generation nor a pool.
    """
    found = json_in(text)
    if isinstance(found, dict):
        state = _told(found)
    elif "|" in text and "pool:" not in text.lower():
        state = _table(text)
    else:
        state = _blocks(text)
    if state.generation is None and not state.pools:
        raise Unreadable(f"it tells of no token pool: {clean(text, 80) or 'nothing at all'}")
    return state


def _told(found: Mapping[str, object]) -> TokenState:
    pools = found.get("pools")
    records = [record for record in pools[:MOST_POOLS] if isinstance(record, dict)] if isinstance(pools, list) else []
    return TokenState(
        generation=whole(found.get("generation")),
        pools=tuple(_pool(record, name) for record in records if (name := word(record.get("name")))),
    )


def _pool(record: Mapping[str, object], name: str) -> Pool:
    features = record.get("features")
    return Pool(
        name=name,
        total=whole(record.get("total")),
        used=whole(record.get("used")),
        available=whole(record.get("available")),
        queued=whole(record.get("queued")),
        peak=whole(record.get("peak")),
        features=tuple(
            Feature(
                name=feature_name,
                total=whole(told.get("total")),
                used=whole(told.get("used")),
                available=whole(told.get("available")),
                queued=whole(told.get("queued")),
            )
            for told in (features[:MOST_FEATURES] if isinstance(features, list) else ())
            if isinstance(told, dict) and (feature_name := word(told.get("name")))
        ),
    )


class _Blocks:
    """Collects blocks as their lines come: a `Pool:` or `Product:` line opens one."""

    def __init__(self) -> None:
        self.generation: int | None = None
        self.pools: list[tuple[str, _Counts, list[tuple[str, _Counts]]]] = []
        self._counts: _Counts | None = None
        self._has_pools = False

    def line(self, key: str, value: str) -> None:
        if key == "generation":
            self.generation = whole(value)
        elif key in ("pool", "product", "feature"):
            self._open(key, clean(value, 200))
        elif key in _KEYS:
            if self._counts is None:
                self._open("pool", WHOLE_SERVER)
            assert self._counts is not None
            self._counts.setdefault(_KEYS[key], whole(value))

    def _open(self, key: str, name: str) -> None:
        self._counts = {}
        self._has_pools = self._has_pools or key == "pool"
        if key != "pool" and self._has_pools:
            self.pools[-1][2].append((name, self._counts))
        else:
            # Servers without pools print their products alone: each counts for itself.
            self.pools.append((name, self._counts, []))


def _blocks(text: str) -> TokenState:
    blocks = _Blocks()
    for line in lines(text):
        if (one := pair(line)) is not None:
            blocks.line(*one)
    return TokenState(
        generation=blocks.generation,
        pools=tuple(
            msgspec.convert(
                {
                    "name": name or WHOLE_SERVER,
                    **counts,
                    "features": [_feature(*told) for told in features[:MOST_FEATURES]],
                },
                Pool,
            )
            for name, counts, features in blocks.pools[:MOST_POOLS]
        ),
    )


def _feature(name: str, counts: _Counts) -> dict[str, object]:
    return {"name": name, **{key: count for key, count in counts.items() if key != "peak"}}


def _table(text: str) -> TokenState:
    """`Product | Allocated | In Use | Available | Peak Usage`, a row each; the row of totals is left out."""
    columns: list[str | None] = []
    pools: list[Pool] = []
    generation: int | None = None
    for line in lines(text):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) < 2:
            one = pair(line)
            generation = whole(one[1]) if one and one[0] == "generation" else generation
        elif not columns:
            columns = [_KEYS.get(" ".join(cell.lower().split())) for cell in cells]
        elif cells[0].strip("-+=: ") and not cells[0].lower().startswith("total") and len(pools) < MOST_POOLS:
            counts: dict[str, object] = {
                key: whole(cell) for key, cell in zip(columns[1:], cells[1:], strict=False) if key is not None
            }
            pools.append(msgspec.convert({"name": clean(cells[0], 200), **counts}, Pool))
    return TokenState(generation=generation, pools=tuple(pools))
