"""true and false."""

from dslsconsole.lab.host import Call


async def true(call: Call) -> int:
    """Succeed."""
    return 0


async def false(call: Call) -> int:
    """Fail."""
    return 1
