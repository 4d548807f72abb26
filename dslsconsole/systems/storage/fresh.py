"""What is mounted on a node now, from /proc/self/mountinfo alone: nothing here touches a mount that may hang."""

import re

from dslsconsole.model.node import Mount
from dslsconsole.model.reading import Failure, FailureKind
from dslsconsole.systems.acting import Hands, Refused, Unfinished, Unreached, succeeded
from dslsconsole.systems.dslicsrv.fresh import NotRead
from dslsconsole.systems.ground import Ground

_OCTAL = re.compile(r"\\([0-7]{3})")


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
    table = _mount_points(text)
    return tuple(
        Mount(name, path, path.rstrip("/") in table, *table.get(path.rstrip("/"), (None, None)))
        for name, path in storage.paths.items()
    )


def _mount_points(text: str) -> dict[str, tuple[str, str]]:
    """Type and source by mount point (proc(5)); the last mount on a point is the one that is seen."""
    found = {}
    for line in text.splitlines():
        before, separator, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if separator and len(fields) >= 5 and len(kind) >= 2:
            found[_plain(fields[4])] = (kind[0], _plain(kind[1]))
    return found


def _plain(text: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)
