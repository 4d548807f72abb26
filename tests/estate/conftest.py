"""A practice estate for each test, or several after another."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from dslsconsole.lab.practice import Lab

SPEED = 16.0


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with Lab(tmp_path / "lab", speed=SPEED) as lab:
        yield lab


@pytest.fixture
async def new_lab(tmp_path: Path) -> AsyncIterator[Callable[[], Awaitable[Lab]]]:
    """Gives a practice estate that nothing has happened in; the one before it ends."""
    number = 0
    async with AsyncExitStack() as running:

        async def new() -> Lab:
            nonlocal number
            await running.aclose()
            number += 1
            return await running.enter_async_context(Lab(tmp_path / f"lab-{number}", speed=SPEED))

        yield new
