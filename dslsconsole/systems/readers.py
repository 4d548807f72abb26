"""Every host of an estate, ready to be read: connections, page client and readers, made together and ended together."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from msgspec import Struct

from dslsconsole.model.balancer import BalancerReadings
from dslsconsole.model.node import NodeReadings
from dslsconsole.model.snapshot import key
from dslsconsole.settings.hosts import HostAddress, hosts_of
from dslsconsole.settings.schema import Estate
from dslsconsole.ssh.access import Access, Target
from dslsconsole.ssh.pool import Pool
from dslsconsole.systems.balancer import read as balancer
from dslsconsole.systems.balancer.page import page_client
from dslsconsole.systems.node import read as node


class HostReader(Struct, frozen=True):
    """One host. `read` asks it once; what can't be read is a failure in its readings, never an exception."""

    key: str
    """As in the snapshot."""
    reader: node.NodeReader | balancer.BalancerReader

    @property
    def empty(self) -> NodeReadings | BalancerReadings:
        """Readings of its kind, of nothing."""
        return NodeReadings() if isinstance(self.reader, node.NodeReader) else BalancerReadings()

    async def read(self) -> NodeReadings | BalancerReadings:
        return await self.reader.read()


@asynccontextmanager
async def readers(estate: Estate, clock: Callable[[], float]) -> AsyncIterator[tuple[HostReader, ...]]:
    """The readers of all hosts, as the probe user; their connections end with the context.

    Raises:
        FileNotFoundError: the installation lacks the probe.
    """
    async with Pool(Access.probe(estate.ssh), clock) as pool, page_client() as pages:
        found = []
        for cluster in hosts_of(estate):
            for host in cluster.all_nodes:
                reader = node.NodeReader(
                    node.Questions.of(estate, host),
                    target_of(host),
                    estate.dslicsrv,
                    pool,
                    timeout=estate.poll.timeout,
                    clock=clock,
                )
                found.append(HostReader(key(host.cluster, host.name), reader))
            for host in cluster.all_balancers:
                reads_balancer = balancer.BalancerReader(
                    balancer.Questions.of(estate, host),
                    target_of(host),
                    estate.dslicsrv,
                    pool,
                    pages,
                    timeout=estate.poll.timeout,
                    clock=clock,
                )
                found.append(HostReader(key(host.cluster, host.name), reads_balancer))
        yield tuple(found)


def target_of(host: HostAddress) -> Target:
    """How SSH reaches the host: without an address of its own, ssh_config decides by its name."""
    return Target(host.name, host.address if host.address != host.name else None, host.ssh_port)
