"""The virtual network between the practice hosts: addresses, listening ports, cuts and dead hosts.

No packet leaves the process. `console` is a host like the others: the SSH servers ask the network whether what comes
from the operator's machine arrives.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dslsconsole.lab.streams import Input, Output, Pipe

if TYPE_CHECKING:
    from dslsconsole.lab.host import Host

CONSOLE = "console"
"""The name of the machine the console runs on."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One end of a connection between two hosts."""

    peer: str
    reader: Input
    writer: Output


Handler = Callable[[Connection], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A packet filter's rule on one host: TCP to some ports is dropped, but for what stays on the host."""

    chain: str
    """INPUT for what comes to the host, OUTPUT for what leaves it."""
    ports: frozenset[int]
    words: tuple[str, ...]
    """The rule as it was given, by which it is found again."""


class Network:
    """Who has which address, who listens where, and what reaches whom."""

    def __init__(self) -> None:
        self.machines: dict[str, Host] = {}
        self._hosts: set[str] = {CONSOLE}
        self._addresses: dict[str, str] = {}
        self._listeners: dict[tuple[str, int], Handler] = {}
        self._cuts: set[tuple[str, str]] = set()
        self._isolated: set[str] = set()
        self._silent: set[str] = set()
        self._delays: dict[frozenset[str], float] = {}
        self.rules: dict[str, list[Rule]] = {}
        self._changed = asyncio.Event()
        self._handling: set[asyncio.Task[None]] = set()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Wait for the next change of what reaches whom."""
        await self._changed.wait()

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset(self._hosts)

    def add(self, host: str, addresses: Iterable[str] = ()) -> None:
        """Connect a host under its name and its addresses."""
        self._hosts.add(host)
        for address in addresses:
            self.assign(address, host)
        self._notify()

    def assign(self, address: str, host: str) -> None:
        """Give an address to a host, taking it from whoever had it."""
        self._addresses[address] = host
        self._notify()

    def release(self, address: str) -> None:
        """Let nobody hold an address."""
        self._addresses.pop(address, None)
        self._notify()

    def host_of(self, name: str) -> str | None:
        """The host that a name, its first label or an address leads to now."""
        if name in self._addresses:
            return self._addresses[name]
        if name in self._hosts:
            return name
        label = name.partition(".")[0]
        return label if label in self._hosts else None

    def cut(self, one: str, other: str, *, one_way: bool = False) -> None:
        """Lose every packet from one host to another and, unless `one_way`, back."""
        self._cuts.add((one, other))
        if not one_way:
            self._cuts.add((other, one))
        self._notify()

    def mend(self, one: str, other: str) -> None:
        """End what `cut` did, both ways."""
        self._cuts -= {(one, other), (other, one)}
        self._notify()

    def isolate(self, host: str) -> None:
        """Lose every packet to and from a host."""
        self._isolated.add(host)
        self._notify()

    def rejoin(self, host: str) -> None:
        """End what `isolate` did."""
        self._isolated.discard(host)
        self._notify()

    def silence(self, host: str, silent: bool) -> None:
        """A host that is off or hung answers nothing."""
        (self._silent.add if silent else self._silent.discard)(host)
        self._notify()

    def delay(self, one: str, other: str, seconds: float) -> None:
        """The time a packet takes between two hosts; 0 by default."""
        self._delays[frozenset((one, other))] = seconds

    @property
    def cuts(self) -> frozenset[tuple[str, str]]:
        """(from, to) of every cut."""
        return frozenset(self._cuts)

    @property
    def isolated(self) -> frozenset[str]:
        return frozenset(self._isolated)

    def reachable(self, source: str, target: str) -> bool:
        """Whether a packet from one host arrives at another, and that host is alive to take it."""
        if source in self._silent or target in self._silent:
            return False
        if source == target:
            return True
        return (source, target) not in self._cuts and not {source, target} & self._isolated

    def connected(self, one: str, other: str) -> bool:
        """Whether both directions work, as TCP needs."""
        return self.reachable(one, other) and self.reachable(other, one)

    def passes(self, source: str, target: str, port: int) -> bool:
        """Whether a TCP connection from one host to a port of another comes about: both directions, and no rule."""
        if not self.connected(source, target):
            return False
        if source == target:
            return True
        at_target = (rule for rule in self.rules.get(target, ()) if rule.chain == "INPUT")
        at_source = (rule for rule in self.rules.get(source, ()) if rule.chain == "OUTPUT")
        return not any(port in rule.ports for rule in (*at_target, *at_source))

    async def until_connected(self, one: str, other: str) -> None:
        """Wait while packets between two hosts are lost."""
        while not self.connected(one, other):
            await self.changed()

    def listen(self, host: str, port: int, handler: Handler) -> None:
        """Accept connections to a host's port.

        Raises:
            OSError: the port is taken.
        """
        if (host, port) in self._listeners:
            raise OSError(98, "Address already in use", f"{host}:{port}")
        self._listeners[host, port] = handler

    def unlisten(self, host: str, port: int) -> None:
        """Refuse connections to a host's port from now on."""
        self._listeners.pop((host, port), None)

    async def connect(self, source: str, destination: str, port: int) -> Connection:
        """Connect to a name or address. It waits for ever where packets are lost, so bound the time.

        Raises:
            OSError: nobody has that name.
            ConnectionRefusedError: the host is there, and nothing listens on the port.
        """
        target = self.host_of(destination)
        if target is None:
            raise OSError(-2, "Name or service not known", destination)
        await self.until_connected(source, target)
        await asyncio.sleep(self._delays.get(frozenset((source, target)), 0.0))
        handler = self._listeners.get((target, port))
        if handler is None:
            raise ConnectionRefusedError(111, "Connection refused", f"{destination}:{port}")
        outward, inward = Pipe(), Pipe()
        task = asyncio.create_task(self._handle(handler, Connection(source, outward, inward)))
        self._handling.add(task)
        task.add_done_callback(self._handling.discard)
        return Connection(target, inward, outward)

    @staticmethod
    async def _handle(handler: Handler, connection: Connection) -> None:
        try:
            await handler(connection)
        except (BrokenPipeError, ConnectionResetError):
            return
        finally:
            connection.writer.close()

    async def close(self) -> None:
        """End every connection."""
        handling = list(self._handling)
        for task in handling:
            task.cancel()
        await asyncio.gather(*handling, return_exceptions=True)
