"""HAProxy's runtime socket, opened through the SSH connection: nothing is installed on the host for it."""

import asyncio

import asyncssh
from msgspec import Struct

from dslsconsole.model.reading import FailureKind
from dslsconsole.ssh.connection import Connection
from dslsconsole.ssh.errors import explained, failed
from dslsconsole.systems.haproxy.read import parse_level

ANSWER_LIMIT = 1_048_576
_CHUNK = 65_536
_QUESTION = "show info;show cli level;show stat"


class Told(Struct, frozen=True):
    """What one question to the socket gave."""

    info: str
    stat: str
    level: str | None


async def ask(connection: Connection, path: str, line: str, timeout: float) -> str:
    """What the socket answers to one line of commands, until it closes (management guide, 9.3: non-interactive mode).

    Raises:
        SshError: it can't be opened, or gives no answer in time.
    """
    reader, writer = await connection.open_socket(path, timeout=timeout)
    answer = bytearray()
    try:
        async with asyncio.timeout(timeout):
            writer.write(line.encode() + b"\n")
            while chunk := await reader.read(_CHUNK):
                answer += chunk
                if len(answer) > ANSWER_LIMIT:
                    text = f"{connection.where}: {path} answered with more than {ANSWER_LIMIT // 1024} KiB"
                    raise failed(FailureKind.GARBLED, text)
    except (asyncssh.Error, OSError) as error:
        raise explained(error, f"{connection.where}: {path}", "reading it", timeout) from None
    finally:
        writer.close()
    return answer.decode(errors="replace")


async def read_socket(connection: Connection, path: str, timeout: float) -> Told:
    """Process, level and statistics in one go, so that they belong together.

    Raises:
        SshError: as `ask`.
    """
    answer = await ask(connection, path, _QUESTION, timeout)
    head, mark, table = answer.partition("# pxname,")
    words = [line for line in head.splitlines() if line.strip()]
    level = parse_level(words[-1]) if words else None
    return Told(info=head, stat=mark + table, level=level)
