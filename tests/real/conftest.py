"""The estate of real servers, one for each test."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.real.real_estate import RealEstate, real_estate


@pytest.fixture
async def estate(need: Callable[[str], str], tmp_path: Path) -> AsyncIterator[RealEstate]:
    async with real_estate(need, tmp_path) as running:
        yield running
