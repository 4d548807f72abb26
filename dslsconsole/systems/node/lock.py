"""The lock file of a running operation, read as anybody may read it: what lies on a host is a hostile text."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from dslsconsole.model.lock import HeldLock
from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import Unreadable

LONGEST_WORD = 200
_Count = Annotated[int, Meta(ge=0, le=10_000_000)]
_Time = Annotated[float, Meta(ge=0, le=4_102_444_800)]  # the year 2100


class _File(Struct, frozen=True):
    """What of it is shown; it holds more (see the runbooks' own lock record)."""

    operation: str
    cluster: str
    runbook: str
    operator: str
    from_host: str
    started_at: _Time
    step: _Count = 0
    steps: _Count = 0
    beat_at: _Time = 0.0


def parse_lock(text: str, cluster: str) -> tuple[HeldLock, ...]:
    """The lock that the file tells of; none where there is no file.

    Raises:
        Unreadable: it is no lock of this cluster.
    """
    if not text.strip():
        return ()
    try:
        found = msgspec.json.decode(text.encode(), type=_File)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Unreadable(f"it is no lock: {clean(str(error), 160)}") from None
    if found.cluster != cluster:
        raise Unreadable(f"it is a lock of {clean(found.cluster, 60)}")
    held = HeldLock(
        operation=clean(found.operation, LONGEST_WORD),
        runbook=clean(found.runbook, LONGEST_WORD),
        operator=clean(found.operator, LONGEST_WORD),
        from_host=clean(found.from_host, LONGEST_WORD),
        started_at=found.started_at,
        step=found.step,
        steps=found.steps,
        beat_at=found.beat_at,
    )
    return (held,)
