"""A process that stays open on a host and is asked over its standard input, one line a question."""

import asyncio
from contextlib import suppress

import asyncssh

from dslsconsole.model.reading import Failure, FailureKind
from dslsconsole.ssh.errors import SshError, explained, failed

ANSWER_LIMIT = 1_048_576
_CHUNK = 65_536


class Unanswered(SshError):  # noqa: N818 - a kind of SshError, named by what happened
    """A question that got no whole answer. `partial` is what had come."""

    def __init__(self, failure: Failure, partial: bytes) -> None:
        super().__init__(failure)
        self.partial = partial


class Shell:
    """One question at a time. A shell whose answer was late, too long or cut is closed, so that nobody takes the rest
    of that answer for the next one's; open a new one."""

    def __init__(self, process: asyncssh.SSHClientProcess[bytes], where: str) -> None:
        self.where = where
        self._process = process
        self._turn = asyncio.Lock()
        self._rest = b""

    @property
    def is_open(self) -> bool:
        return not self._process.is_closing() and not self._process.stdout.at_eof()

    def close(self) -> None:
        """Ends the channel; the process over there gets end of file, and its commands their own time limits."""
        self._process.close()

    async def ask(self, question: str, end: str, *, timeout: float, limit: int = ANSWER_LIMIT) -> bytes:
        """Sends `question` as a line and gives what comes before the line `end`, which must be unguessable.

        Raises:
            Unanswered: NO_ANSWER within `timeout` seconds; LOST, the process ended; GARBLED, more than `limit` bytes.
                The shell is closed then.
        """
        answer = bytearray()
        try:
            async with asyncio.timeout(timeout), self._turn:
                return await self._asked(question, end.encode(), limit, answer)
        except (SshError, asyncssh.Error, OSError, EOFError) as error:
            self.close()
            failure = explained(error, self.where, "reading it", timeout).failure
            raise Unanswered(failure, bytes(answer)) from None
        except BaseException:
            self.close()
            raise

    async def _asked(self, question: str, end: bytes, limit: int, answer: bytearray) -> bytes:
        with suppress(OSError):
            # A process that has ended takes no question; reading tells what its last words were.
            self._process.stdin.write(question.encode() + b"\n")
        answer += self._rest
        self._rest = b""
        searched = 0
        while True:
            at = _line(answer, end, searched)
            if at >= 0:
                self._rest = bytes(answer[at + len(end) + 1 :])
                return bytes(answer[:at])
            if len(answer) > limit:
                raise failed(FailureKind.GARBLED, f"{self.where} answered with more than {limit // 1024} KiB")
            searched = max(0, len(answer) - len(end) - 2)
            chunk = await self._process.stdout.read(_CHUNK)
            if not chunk:
                raise await self._ended(bytes(answer))
            answer += chunk

    async def _ended(self, answer: bytes) -> SshError:
        """Why the process ended, as far as its last words tell."""
        try:
            async with asyncio.timeout(1.0):
                said = await self._process.stderr.read(1_000)
        except (TimeoutError, asyncssh.Error, OSError):
            said = b""
        words = (said or answer[:1_000]).decode(errors="replace").strip()
        status = self._process.exit_status
        ended = "the probe ended" if status is None else f"the probe ended with status {status}"
        return failed(FailureKind.LOST, f"{self.where}: {ended}" + (f": {words}" if words else " without a word"))


def _line(answer: bytearray, end: bytes, start: int) -> int:
    """Where the line that is exactly `end` begins; -1 if it is not whole yet."""
    at = answer.find(end + b"\n", start)
    while at > 0 and answer[at - 1] != 0x0A:
        at = answer.find(end + b"\n", at + 1)
    return at
