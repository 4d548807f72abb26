"""How an argument vector becomes the command line that the far side's shell reads. The only place that does."""

import shlex
from collections.abc import Sequence


def command(*argv: str) -> str:
    """One POSIX shell command that runs exactly `argv`.

    Raises:
        ValueError: there is no program to run, or an argument holds a NUL, which no program can be given.
    """
    if not argv or not argv[0]:
        raise ValueError("there is no program to run")
    if any("\0" in word for word in argv):
        raise ValueError("an argument holds a NUL character")
    # A first word with `=` would be read as a variable's assignment if it were not quoted.
    first = f"'{argv[0]}'" if "=" in argv[0] and shlex.quote(argv[0]) == argv[0] else shlex.quote(argv[0])
    return " ".join((first, *map(shlex.quote, argv[1:])))


def bounded(argv: Sequence[str], seconds: float) -> str:
    """`argv` under the far side's own time limit: TERM after `seconds`, KILL one second later (status 124 or 137).

    A time limit on this side alone leaves the command running over there.

    Raises:
        ValueError: as `command`, or the limit is not above zero (which `timeout` takes for none).
    """
    if not seconds > 0:
        raise ValueError("a time limit must be above zero")
    if not argv or not argv[0]:
        raise ValueError("there is no program to run")
    return command("timeout", "-k", "1", f"{seconds:.3f}".rstrip("0").rstrip("."), *argv)
