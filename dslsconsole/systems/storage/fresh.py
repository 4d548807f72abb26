"""What is mounted on a node now, from /proc/self/mountinfo alone: nothing here touches a mount that may hang."""

from dslsconsole.model.node import Mount
from dslsconsole.model.reading import Failure, FailureKind
from dslsconsole.systems.acting import Hands, Refused, Unfinished, Unreached, succeeded
from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.dslicsrv.fresh import NotRead
from dslsconsole.systems.ground import Ground
from dslsconsole.systems.storage.read import mounts_at, parse_mountinfo


async def mounts(hands: Hands, ground: Ground, host: str) -> tuple[Mount, ...]:
    """The estate's storage paths as the node has them mounted. Raises NotRead."""
    storage = ground.cluster.storage
    if storage is None:
        return ()
    try:
        answer = await hands.run(host, ground.plain("cat", "/proc/self/mountinfo", seconds=5), timeout=7)
        text = succeeded(answer)
    except Unreached as failure:
        raise NotRead(failure.failure) from failure
    except (Unfinished, Refused) as failure:
        raise NotRead(Failure(FailureKind.FAILED, f"{host}: /proc/self/mountinfo: {failure}")) from failure
    try:
        return mounts_at(storage.paths, parse_mountinfo(text), {})
    except Unreadable as unreadable:
        raise NotRead(Failure(FailureKind.GARBLED, f"{host}: /proc/self/mountinfo: {unreadable}")) from unreadable
