"""Practice hosts: files, network and users of their own."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dslsconsole.lab.host import Host
from dslsconsole.lab.network import Network


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def host(tmp_path: Path, network: Network) -> Host:
    return Host(
        "dsls-primary-01", tmp_path / "primary", network, clock=time.time, addresses=[("eth0", "10.20.0.11/24")]
    )


@pytest.fixture
async def other(tmp_path: Path, network: Network) -> AsyncIterator[Host]:
    host = Host("dr-dsls-01", tmp_path / "dr", network, clock=time.time, addresses=[("eth0", "10.30.0.11/24")])
    yield host
    await host.end_programs()
