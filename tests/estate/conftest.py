"""A practice estate for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dslsconsole.lab.practice import Lab


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with Lab(tmp_path / "lab", speed=8.0) as lab:
        yield lab
