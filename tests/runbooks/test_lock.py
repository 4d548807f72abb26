"""The cluster's lock as other consoles read it."""

from typing import Any, cast

import msgspec
import pytest

from dslsconsole.runbooks import lock
from dslsconsole.settings.schema import Estate
from dslsconsole.systems.acting import Hands
from dslsconsole.systems.ground import Ground

NODES = {"p1": {"mode": "primary"}, "b1": {"mode": "backup"}, "a1": {"mode": "arbitrator"}}
BALANCERS = {"servers": {"p1": "one", "b1": "two"}, "hosts": {"lb1": {"socket": "/s"}}}
GROUND = Ground(
    Estate.model_validate({"version": 1, "clusters": {"c": {"nodes": NODES, "load_balancers": BALANCERS}}}), "c"
)
RECORD = lock.LockRecord("o", "c", "failover", "ada", "jump-1", 1, 0.0, "hash")


class Reading:
    """Hands that find, one look after another, what a lock file holds; the last of them for ever."""

    def __init__(self, *found: bytes | None) -> None:
        self.found = list(found)
        self.removed: list[str] = []

    async def read(self, host: str, path: str) -> bytes | None:
        return self.found.pop(0) if len(self.found) > 1 else self.found[0]

    async def remove(self, host: str, path: str) -> None:
        self.removed.append(path)


def hands(reading: Reading) -> Hands:
    return cast("Hands", reading)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "FILLED_SECONDS", 0.0)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ((b"", b"", msgspec.json.encode(RECORD)), {"p1": RECORD}),
        ((b"",), {"p1": None}),
        ((b"{",), {"p1": None}),
        ((b"", None), {}),
        ((None,), {}),
    ],
    ids=["filled a moment later", "never filled", "damaged", "gone again", "free"],
)
async def test_a_lock_that_is_being_made_is_looked_at_again(found: tuple[Any, ...], said: dict[str, Any]) -> None:
    assert await lock.holders(hands(Reading(*found)), GROUND, ("p1",)) == said
    assert await lock.read(hands(Reading(*found)), "p1", GROUND) == said.get("p1")


@pytest.mark.parametrize(("later", "goes"), [(msgspec.json.encode(RECORD), False), (b"", True)])
async def test_only_one_that_stays_unreadable_is_removed_as_such(later: bytes, goes: bool) -> None:
    reading = Reading(b"", later)
    assert await lock.removed_unreadable(hands(reading), GROUND, "p1") is goes
    assert reading.removed == ([lock.path_of(GROUND)] if goes else [])
