"""The estate of real servers, one for each test."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.real.real_estate import SECRETS, RealEstate, real_estate


@pytest.fixture
async def estate(
    need: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RealEstate]:
    for variable, secret in SECRETS.items():
        monkeypatch.setenv(variable, secret)
    async with real_estate(need, tmp_path) as running:
        yield running
