"""A licence client: ten times a second it connects, checks a licence out and in again, and says what became of it.

`python -m tests.network.licence_client HOST PORT` prints `TIME` or `TIME WHY-IT-FAILED`, one attempt a line; the time
is that of the answer, in seconds of the monotonic clock that all of this machine shares.
"""

import asyncio
import sys
import time

EVERY_S = 0.1
PATIENCE_S = 2.0
"""How long a user waits for an answer before it counts as failed."""


async def attempt(host: str, port: int) -> str:
    """Why one checkout failed; "" where it did not."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(b"CHECKOUT somebody ws-001 solidworks\n")
                answer = (await reader.readline()).decode().split()
                if answer[:1] != ["OK"]:
                    return " ".join(answer) or "closed without an answer"
                writer.write(f"CHECKIN {answer[1]}\n".encode())
                return "" if await reader.readline() else "closed before the licence was back"
            finally:
                writer.close()
    except TimeoutError:
        return "no answer"
    except OSError as failure:
        return str(failure)


async def one(host: str, port: int) -> None:
    why = await attempt(host, port)
    print(f"{time.monotonic():.3f} {why}".rstrip(), flush=True)


async def main(host: str, port: int) -> None:
    """Attempts begin in time whether or not earlier ones have ended."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    async with asyncio.TaskGroup() as attempts:
        while True:
            attempts.create_task(one(host, port))
            due += EVERY_S
            await asyncio.sleep(max(0.0, due - loop.time()))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
