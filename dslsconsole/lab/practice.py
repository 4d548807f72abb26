"""The practice estate, running: its world, its SSH servers, its keys and its estate file in one directory."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path
from typing import Any

import asyncssh

from dslsconsole.lab import control, estate, faults, keys
from dslsconsole.lab.accounts import OPERATOR, PROBE
from dslsconsole.lab.sshd import Sshd
from dslsconsole.lab.twin import Twin
from dslsconsole.lab.world import site
from dslsconsole.lab.world.pace import Pace
from dslsconsole.lab.world.world import World

_OWN = ("hosts", "storage")


class _Reached:
    """A host's SSH server as the console reaches it: without power nothing refuses, packets are just lost.

    On loopback a closed port would say that the host is up; so the port stays open, and the gate behind it silent.
    """

    def __init__(self, sshd: Sshd) -> None:
        self._sshd = sshd

    async def start(self) -> None:
        """Power is back."""
        if not self._sshd.is_listening:
            await self._sshd.start()

    async def stop(self) -> None:
        """Power is lost: connections break."""
        was_listening = self._sshd.is_listening
        await self._sshd.stop()
        if was_listening:
            await self._sshd.start()


class Lab:
    """Use as `async with Lab(directory) as lab`: inside, the estate runs and `lab.estate_path` leads to it."""

    def __init__(
        self,
        directory: Path,
        *,
        seed: int = 1,
        speed: float = 1.0,
        takeover: float | None = None,
        hour: float | None = None,
        twin: Twin | None = None,
    ) -> None:
        """Args:
        directory: everything lies in it; hosts and storage in it are made anew.
        seed: the same seed gives the same people and the same day.
        speed: lab seconds a real second.
        takeover: lab seconds after which a backup takes over by itself; None for never.
        hour: of the day by which people come and go when it starts; None for the morning.
        twin: the cluster that it is to be like; None for itself, where all is well.
        """
        self.directory = directory.absolute()
        self.seed = seed
        self.pace = Pace(speed)
        self.takeover = takeover
        self.hour = hour
        self.twin = twin
        self.unlike: tuple[str, ...] = ()
        """What it can't be like of that cluster, in sentences, once it is up."""
        self.faults: faults.Active = faults.Active()
        self._world: World | None = None
        self.sshds: dict[str, Sshd] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._control = control.Control(self)

    @property
    def world(self) -> World:
        """What runs. Raises RuntimeError where the lab is not up."""
        if self._world is None:
            raise RuntimeError("the practice estate is not up; use it inside `async with`")
        return self._world

    @property
    def estate_path(self) -> Path:
        return self.directory / "estate.yaml"

    async def __aenter__(self) -> Lab:
        """Start. Raises `control.AlreadyRunning` where one runs from the directory."""
        self.directory.mkdir(parents=True, exist_ok=True)
        control.must_be_free(self.directory)
        for name in _OWN:
            shutil.rmtree(self.directory / name, ignore_errors=True)
        self._world = World.create(self.directory, seed=self.seed, pace=self.pace, takeover=self.takeover)
        try:
            await self._open()
        except BaseException:
            await self._shut()
            raise
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._shut()

    async def _open(self) -> None:
        world = self.world
        if self.hour is not None:
            world.users.time_of_day = self.hour * 3600
        await world.open()
        await self._open_ssh()
        await self._become_alike()
        estate.write(world, self.directory, self.ssh_ports, self.twin)
        await self._control.open()
        self._tasks.append(asyncio.create_task(world.run(), name="time of the practice estate"))

    async def _become_alike(self) -> None:
        if self.twin is not None:
            from dslsconsole.lab import likeness  # it works on this class

            self.unlike = await likeness.put(self, self.twin)

    async def _shut(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()
        await self._control.close()
        for sshd in self.sshds.values():
            await sshd.stop()
        world, self._world = self._world, None
        if world is not None:
            await world.close()

    # SSH

    @property
    def ssh_ports(self) -> dict[str, int]:
        return {name: sshd.port for name, sshd in self.sshds.items()}

    async def _open_ssh(self) -> None:
        directory = self.directory / "keys"
        directory.mkdir(mode=0o700, exist_ok=True)
        probe = keys.created(directory / "dslsprobe", "dslsprobe@practice")
        operator = keys.created(directory / "dslsop", "dslsop@practice")
        replication = keys.created(directory / "replication", "replication@practice")
        for name, host in self.world.hosts.items():
            self.sshds[name] = Sshd(host, keys.created(directory / f"host-{name}", f"root@{name}"))
            host.services.append(_Reached(self.sshds[name]))
            await self.sshds[name].start()
            self._authorize(name, PROBE.name, PROBE.home, probe)
            self._authorize(name, OPERATOR.name, OPERATOR.home, operator, replication)
        self._remember_hosts()
        (self.directory / "ssh_config").write_text("# Nothing of this machine's own configuration is used.\n")
        secret = (directory / "replication").read_bytes()
        for name in self.world.nodes:
            self.world.hosts[name].write(site.REPLICATION_KEY, secret, owner=OPERATOR.name, mode=0o600)

    def _authorize(self, name: str, user: str, home: str, *allowed: asyncssh.SSHKey) -> None:
        text = "".join(f"{keys.public_line(key)}\n" for key in allowed)
        self.world.hosts[name].write(f"{home}/.ssh/authorized_keys", text, owner=user, mode=0o600)

    def _remember_hosts(self) -> None:
        text = keys.known_hosts(("127.0.0.1", sshd.port, sshd.key) for sshd in self.sshds.values())
        (self.directory / "known_hosts").write_text(text, encoding="utf-8")
        for name in self.world.nodes:
            self.world.hosts[name].write(f"{OPERATOR.home}/.ssh/known_hosts", text, owner=OPERATOR.name)

    @property
    def ending(self) -> asyncio.Event:
        """Set when somebody asked for the end of the practice estate."""
        return self._control.ending

    # Breaking and mending

    async def fault(self, name: str, *arguments: str) -> str:
        """Cause a fault; a sentence that says what is broken now. Raises `faults.FaultError`."""
        return await self.faults.cause(self, name, arguments)

    async def heal(self, name: str = "all") -> str:
        """Mend one kind of fault, or all. Raises `faults.FaultError`."""
        return await self.faults.heal(self, name)

    def truth(self) -> dict[str, Any]:
        """The state of the world, and what is broken in it."""
        like = None
        if self.twin is not None:
            like = {"cluster": self.twin.shape.name, "stands_for": self.twin.stands_for, "unlike": list(self.unlike)}
        return {**self.world.truth(), "faults": self.faults.names(), "like": like}
