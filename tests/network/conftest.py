"""One network for all tests that need it; a test that leaves it other than it was built gets the next a new one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from tests.network.real_network import RealNetwork, Unable, missing, real_network


class Site:
    """Where the network stands between two tests."""

    def __init__(self, directories: pytest.TempPathFactory) -> None:
        self._directories = directories
        self._stack = ExitStack()
        self._network: RealNetwork | None = None

    def network(self) -> RealNetwork:
        """The network; a new one where there is none. Raises `Unable`."""
        if self._network is None:
            self._network = self._stack.enter_context(real_network(self._directories.mktemp("network")))
        return self._network

    def leave(self) -> None:
        """End the network unless it is as it was built."""
        if self._network is not None:
            self._network.mend()
            if not self._network.is_as_built():
                self.close()

    def close(self) -> None:
        self._network = None
        self._stack.close()


@pytest.fixture(scope="session")
def building_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory)
    yield site
    site.close()


@pytest.fixture
def network(building_site: Site) -> Iterator[RealNetwork]:
    which = partial(shutil.which, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    reason = missing(which)
    try:
        running = None if reason else building_site.network()
    except Unable as unable:
        reason = f"no network of namespaces can be made here: {unable}"
    if running is None or reason:
        if os.environ.get("DSLSCONSOLE_REQUIRE_REAL") == "1":
            pytest.fail(str(reason))
        pytest.skip(str(reason))
    yield running
    building_site.leave()
