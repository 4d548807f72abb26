"""Noticing that the estate file has changed, so that who reads it can begin anew with what it says now."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from dslsconsole.settings import ConfigurationError, load

LOOK_EVERY_S = 2.0


async def changed(path: Path, say: Callable[[str], None], pause: Callable[[float], Awaitable[None]]) -> None:
    """Wait until the estate file is another one and sound. What is not sound is said, and the old goes on.

    Args:
        say: told a sentence about each change.
        pause: waits a number of seconds between two looks.
    """
    used = _content(path)
    while True:
        await pause(LOOK_EVERY_S)
        now = _content(path)
        if now is None or now == used:
            continue
        await pause(LOOK_EVERY_S)  # it may be written in several goes
        if _content(path) != now:
            continue
        used = now
        try:
            load(path)
        except ConfigurationError as error:
            say(f"the estate file has changed and is not sound, so the one before is used on: {error.findings[0]}")
        else:
            say("the estate file has changed and is read anew")
            return


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
