"""Practice hosts: files, network and users of their own."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dslsconsole.lab import keys
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


@pytest.fixture
def linked(host: Host, other: Host, tmp_path: Path) -> Host:
    """The other host, with licences on both and a key of the first that it accepts."""
    key = keys.create(tmp_path / "replication", "replication")
    text = (tmp_path / "replication").read_bytes()
    host.write("/etc/dslsconsole/replication_key", text, mode=0o600, owner="dslsop")
    other.write("/home/dslsop/.ssh/authorized_keys", keys.public_line(key) + "\n")
    host.write("/shared/dsls/licenses/abaqus.lic", "licence")
    other.write("/dr/dsls/licenses/old.lic", "old")
    other.files.change_owner("/dr/dsls/licenses", "dslsop")
    return other
