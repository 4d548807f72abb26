"""What is mounted on a node now, from /proc/self/mountinfo, and whether it answers: statfs, once, and not for long."""

import asyncio

from dslsconsole.model.node import Mount
from dslsconsole.model.reading import Failure, FailureKind
from dslsconsole.systems.acting import Hands, Refused, Unfinished, Unreached, succeeded
from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.dslicsrv.fresh import NotRead
from dslsconsole.systems.ground import Ground
from dslsconsole.systems.storage.read import Space, mounts_at, parse_mountinfo

ANSWERS_WITHIN_S = 3
CUT_SHORT = frozenset({124, 137})
"""What timeout(1) ends with where it had to end the command, by TERM or by KILL."""


async def mounts(hands: Hands, ground: Ground, host: str) -> tuple[Mount, ...]:
    """The estate's storage paths as the node has them mounted. Raises NotRead."""
    storage = ground.cluster.storage
    if storage is None:
        return ()
    try:
        answers = asyncio.ensure_future(_answers(hands, ground, host, tuple(storage.paths.values())))
        try:
            answer = await hands.run(host, ground.plain("cat", "/proc/self/mountinfo", seconds=5), timeout=7)
        finally:
            there = await answers
        text = succeeded(answer)
    except Unreached as failure:
        raise NotRead(failure.failure) from failure
    except (Unfinished, Refused) as failure:
        raise NotRead(Failure(FailureKind.FAILED, f"{host}: /proc/self/mountinfo: {failure}")) from failure
    try:
        space = Space(there)
        return mounts_at(storage.paths, parse_mountinfo(text), dict.fromkeys(storage.paths.values(), space))
    except Unreadable as unreadable:
        raise NotRead(Failure(FailureKind.GARBLED, f"{host}: /proc/self/mountinfo: {unreadable}")) from unreadable


async def _answers(hands: Hands, ground: Ground, host: str, paths: tuple[str, ...]) -> bool | None:
    """Whether file systems at all of the paths answer; None where nobody could tell."""
    command = ground.plain("stat", "-f", "-c", "%S", *paths, seconds=ANSWERS_WITHIN_S)
    try:
        return (await hands.run(host, command, timeout=ANSWERS_WITHIN_S + 3)).status not in CUT_SHORT
    except (Unreached, Unfinished, Refused):
        return None
