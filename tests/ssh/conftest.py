"""A server that every test of connections may use."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.own_ssh_server import OwnServer


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[OwnServer]:
    own = OwnServer(tmp_path)
    await own.start()
    yield own
    await own.stop()
