"""The network as tests hold it: machines to look into and to break, and the console that runs on one of them."""

import asyncio
import csv
import io
import itertools
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from dslsconsole.lab.world import site
from tests.network import estate_file
from tests.network.furniture import Keys, furnish, storage
from tests.network.machine_room import port_of
from tests.network.plan import (
    ADDRESSES,
    BALANCERS,
    DR_LB,
    LB1,
    LB2,
    NODE_CONTROL,
    NODES,
    NOTIFIED,
    OPS,
    PORT,
    PRIMARY,
    Times,
)

DEADLINE_S = 30.0
RUN_S = 180.0
CLUSTER = site.CLUSTER
PROGRAMS = (
    "sshd",
    "haproxy",
    "keepalived",
    "named",
    "dig",
    "nsupdate",
    "rsync",
    "ip",
    "nft",
    "iptables",
    "nsenter",
    "setpriv",
    "sudo",
)
SECRETS = {"DSLS_NOTIFY_TOKEN": "the-token"}
UP = {"dsls-primary": "UP", "dsls-backup": "UP"}


class Unable(Exception):  # noqa: N818 - it says what this machine can't do
    """This machine can't hold the network, and why."""


@dataclass
class Ran:
    """A command that has ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.stdout)
        return found

    def __str__(self) -> str:
        return f"status {self.status}\n{self.stdout}\n{self.stderr}"


@dataclass
class Seen:
    """What a licence client met: the time of each attempt (s, of this machine) and why it failed, or ""."""

    attempts: list[tuple[float, str]] = field(default_factory=list)

    def failed(self, since: float = 0.0) -> int:
        return sum(bool(why) for at, why in self.attempts if at >= since)

    def longest_gap(self, since: float = 0.0) -> float:
        """The longest time between two checkouts that worked, seconds, from the last one before `since` on."""
        good = [at for at, why in self.attempts if not why]
        before = max((at for at in good if at < since), default=since)
        marks = [before, *(at for at in good if at >= since), max(at for at, _ in self.attempts)]
        return max((later - earlier for earlier, later in itertools.pairwise(marks)), default=0.0)


class RealNetwork:
    """All machines, while they run."""

    def __init__(self, room: subprocess.Popen[bytes], base: Path, times: Times) -> None:
        self.room = room
        self.base = base
        self.times = times
        self.firsts: dict[str, int] = {}

    # The room

    def order(self, line: str) -> list[str]:
        """Give the machine room an order; the words of its answer."""
        assert self.room.stdin is not None
        assert self.room.stdout is not None
        if line:
            self.room.stdin.write(line.encode() + b"\n")
            self.room.stdin.flush()
        word, *rest = self.room.stdout.readline().decode().split() or ["error", "the machine room ended"]
        if word != "ok":
            raise Unable(" ".join(rest))
        return rest

    def on(self, *names: str) -> None:
        """Give machines power; they start what is enabled."""
        for answer in self.order(f"on {' '.join(names)}"):
            name, _, pid = answer.partition("=")
            self.firsts[name] = int(pid)

    def off(self, *names: str) -> None:
        """Take the power: processes and cable are gone at once."""
        self.order(f"off {' '.join(names)}")
        for name in names:
            del self.firsts[name]

    @property
    def disks(self) -> Path:
        """The machines' disks, as only the machine room sees them."""
        return Path(f"/proc/{self.room.pid}/root{self.base}")

    def path(self, name: str, path: str) -> Path:
        """A file of a machine that is on."""
        return Path(f"/proc/{self.firsts[name]}/root{path}")

    # Commands

    def entering(self, name: str) -> list[str]:
        """What stands before a command that is to run on a machine, as its root. It is killed with what stands here."""
        namespaces = ("-m", "-u", "-i", "-n", "-p")
        return ["nsenter", "-t", str(self.firsts[name]), *namespaces, "--", "setpriv", "--pdeathsig", "KILL"]

    def sh(self, name: str, script: str) -> Ran:
        """Run a script on a machine."""
        done = subprocess.run(
            [*self.entering(name), "sh", "-c", script], capture_output=True, timeout=RUN_S, check=False, env=_CLEAN
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        """Start the console's command line on the operators' machine."""
        program = [sys.executable, "-P", "-m", "dslsconsole", "-c", estate_file.ESTATE]
        return await asyncio.create_subprocess_exec(
            *self.entering(OPS), *program, *words,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**_CLEAN, **SECRETS, "PYTHONPATH": str(Path.cwd()), "COLUMNS": "200"},
        )  # fmt: skip

    async def console(self, *words: str) -> Ran:
        """Run the console's command line to its end."""
        return await finished(await self.start(*words))

    async def run(self, runbook: str, *words: str) -> Ran:
        """`dslsconsole run`, confirmed, with its result as JSON."""
        return await self.console(*running(runbook, *words))

    @asynccontextmanager
    async def client(self, where: str = site.VIP) -> AsyncIterator[Seen]:
        """A licence client that checks out and in ten times a second while the block lasts."""
        program = [sys.executable, "-P", "-m", "tests.network.licence_client", where, str(PORT)]
        process = await asyncio.create_subprocess_exec(
            *self.entering(OPS), *program, stdout=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL,
            env={**_CLEAN, "PYTHONPATH": str(Path.cwd())},
        )  # fmt: skip
        assert process.stdout is not None
        seen, stream = Seen(), process.stdout

        async def take() -> None:
            while line := await stream.readline():
                at, _, why = line.decode().rstrip("\n").partition(" ")
                seen.attempts.append((float(at), why))

        taking = asyncio.create_task(take())
        try:
            await until(lambda: bool(seen.attempts), "a first attempt of the licence client")
            yield seen
        finally:
            process.kill()
            await process.wait()
            await taking

    # The switch

    def _nft(self, *words: str) -> None:
        subprocess.run(["nsenter", "-t", str(self.room.pid), "-n", "nft", *words], check=True, env=_CLEAN)

    def cut(self, one: str, *others: str, one_way: bool = False) -> None:
        """Lose what passes the switch from one machine to others and, unless `one_way`, back."""
        for other in others:
            self._nft("add", "element", "bridge", "cuts", "lost", f"{{ {port_of(one)} . {port_of(other)} }}")
            if not one_way:
                self._nft("add", "element", "bridge", "cuts", "lost", f"{{ {port_of(other)} . {port_of(one)} }}")

    def isolate(self, name: str) -> None:
        """Lose everything to and from a machine."""
        self.cut(name, *(other for other in ADDRESSES if other != name))

    def mend(self) -> None:
        """End every cut."""
        self._nft("flush", "set", "bridge", "cuts", "lost")

    # What is true

    def servers(self, balancer: str) -> dict[str, str]:
        """Each server's status in HAProxy's own words; empty where it does not run."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(str(self.path(balancer, site.ADMIN_SOCKET)))
                connection.sendall(b"show stat\n")
                with connection.makefile() as answer:
                    table = csv.DictReader(io.StringIO(answer.read().removeprefix("# ")))
                    return {row["svname"]: row["status"] for row in table if row["type"] == "2"}
        except (OSError, KeyError):
            return {}

    def holders(self) -> list[str]:
        """The load balancers that have the floating address."""
        return [lb for lb in (LB1, LB2) if lb in self.firsts and site.VIP in self.sh(lb, "ip -o addr").stdout]

    def told(self, node: str) -> dict[str, Any]:
        """What a licence server says of itself; empty where none runs."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(str(self.path(node, NODE_CONTROL)))
                connection.sendall(b'{"do": "tell"}\n')
                with connection.makefile() as answer:
                    found: dict[str, Any] = json.loads(answer.readline())
                    return found
        except (OSError, KeyError, ValueError):
            return {}

    def serving(self) -> list[str]:
        """The servers that grant licences now."""
        return [
            node for node in NODES
            if (told := self.told(node)) and told["role"] in ("primary", "dr-primary") and told["state"] == "running"
        ]  # fmt: skip

    def record(self) -> str:
        """What the name server answers for the service's name."""
        return self.sh(site.DNS_HOST, f"dig +short @127.0.0.1 {site.RECORD} A").stdout.strip()

    def notices(self) -> list[dict[str, Any]]:
        path = self.path(site.NOTIFY_HOST, NOTIFIED)
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def is_as_built(self) -> bool:
        """Whether everything is as it was when the machines were switched on."""
        return (
            set(self.firsts) == set(ADDRESSES)
            and self.serving() == [PRIMARY]
            and self.told(PRIMARY)["alive"] == sorted(name for name in NODES if name != PRIMARY and _is_main(name))
            and self.servers(LB1) == self.servers(LB2) == UP
            and all(status == "DOWN" for status in self.servers(DR_LB).values())
            and self.holders() == [LB1]
            and self.record() == site.VIP
            and not list(self.path(PRIMARY, site.LOCK_DIRECTORY).iterdir())
        )


_CLEAN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}


def _is_main(name: str) -> bool:
    return not NODES[name].is_dr


def running(runbook: str, *words: str) -> tuple[str, ...]:
    return ("run", runbook, CLUSTER, "--reason", "INC-1", "--confirm", CLUSTER, "--json", *words)


async def finished(process: asyncio.subprocess.Process) -> Ran:
    """What a started command said; it is killed when it takes too long."""
    try:
        async with asyncio.timeout(RUN_S):
            stdout, stderr = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Ran(process.returncode, stdout.decode(), stderr.decode())


async def until(condition: Callable[[], bool], what: str, deadline: float = DEADLINE_S) -> None:
    """Wait for something to become true."""
    try:
        async with asyncio.timeout(deadline):
            while not condition():  # noqa: ASYNC110 - a network tells nobody
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not within {deadline:g} s: {what}") from None


def missing(which: Callable[[str], str | None]) -> str | None:
    """Why there can be no network here, in a sentence; None where there can."""
    if sys.platform != "linux":
        return "a network of namespaces needs Linux"
    if os.geteuid() != 0:
        return "a network of namespaces needs root"
    lacking = [program for program in PROGRAMS if which(program) is None]
    return f"{', '.join(lacking)} not installed on this machine" if lacking else None


@contextmanager
def real_network(directory: Path, times: Times | None = None) -> Iterator[RealNetwork]:
    """The network, healthy. When the block ends, whatever was started has ended.

    Raises:
        Unable: this machine's kernel does not allow it, e.g. in a container without CAP_SYS_ADMIN.
    """
    times = times or Times()
    base = directory / "machines"
    base.mkdir(parents=True)
    room = subprocess.Popen(
        [sys.executable, "-P", "-m", "tests.network.machine_room", str(base)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**_CLEAN, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    try:
        network = RealNetwork(room, base, times)
        network.order("")
        keys = Keys.made()
        storage(network.disks)
        for name in ADDRESSES:
            furnish(name, network.disks, keys, times)
        estate = network.disks / OPS / "disk" / estate_file.ESTATE.lstrip("/")
        estate.write_text(yaml.safe_dump(estate_file.document(), sort_keys=False))
        network.on(*ADDRESSES)
        _wait(network)
        yield network
    finally:
        assert room.stdin is not None
        room.stdin.close()
        room.wait()
        assert room.stdout is not None
        room.stdout.close()


def _wait(network: RealNetwork) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not (network.is_as_built() and all(_greets(network, name) for name in ADDRESSES)):
        if time.monotonic() > deadline:
            raise AssertionError(f"the network does not come up: {_state(network)}")
        time.sleep(0.05)


def _greets(network: RealNetwork, name: str) -> bool:
    return Path(f"/proc/{network.firsts[name]}/root/run/sshd.pid").exists()


def _state(network: RealNetwork) -> Mapping[str, object]:
    logs = {
        f"{name}/{log.name}": log.read_text()[-500:]
        for name in ADDRESSES
        for log in [
            network.disks / name / "console.log",
            *(network.disks / name / "disk/var/log").glob("*.service.log"),
        ]
        if log.exists() and log.stat().st_size
    }
    balancers = {name: network.servers(name) for name in BALANCERS}
    return {"told": {name: network.told(name) for name in NODES}, "balancers": balancers, "logs": logs}
