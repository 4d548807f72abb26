"""A practice host: a virtual machine in miniature.

It has a name, users, a private file system, addresses, programs, sockets and processes, and nothing of the machine it
runs on. What SSH clients say ends in `execute`.
"""

import asyncio
import contextlib
import itertools
import posixpath
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from dslsconsole.lab.accounts import OPERATOR, PROBE, ROOT, Account
from dslsconsole.lab.filesystem import FileSystem, Mount
from dslsconsole.lab.hitches import Snags
from dslsconsole.lab.network import Network
from dslsconsole.lab.streams import Buffer, Input, Null, Output

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MOST_SHELLS = 500
_BINARIES = frozenset(SEARCH_PATH.split(":"))


@dataclass(frozen=True, slots=True)
class Call:
    """A program as it was called: its arguments, its user, its surroundings and its streams."""

    host: "Host"
    argv: tuple[str, ...]
    account: Account
    cwd: str = "/"
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: Input = field(default_factory=Null)
    stdout: Output = field(default_factory=Null)
    stderr: Output = field(default_factory=Null)
    umask: int = 0o022
    pid: int = 0

    @property
    def name(self) -> str:
        """The program's own name, without directories."""
        return posixpath.basename(self.argv[0])

    @property
    def arguments(self) -> tuple[str, ...]:
        return self.argv[1:]

    @property
    def is_root(self) -> bool:
        return self.account.is_root

    def path(self, name: str) -> str:
        """The absolute path of a file named relative to where the program was called."""
        return posixpath.normpath(posixpath.join(self.cwd, name)).replace("//", "/")

    async def say(self, text: str) -> None:
        """Print a line on standard output."""
        await self.stdout.write(text.encode("utf-8", "surrogateescape") + b"\n")

    async def complain(self, text: str) -> None:
        """Print a line on standard error, after the program's name."""
        await self.stderr.write(f"{self.name}: {text}\n".encode("utf-8", "surrogateescape"))

    async def run(self, argv: Iterable[str]) -> int:
        """Run another program in the same surroundings and return its exit status."""
        return await self.host.call(replace(self, argv=tuple(argv)))


Program = Callable[[Call], Awaitable[int]]
"""A program: takes its call, returns its exit status (0 to 255)."""


@dataclass(frozen=True, slots=True)
class Completed:
    """What a command left behind."""

    status: int
    stdout: bytes
    stderr: bytes


@dataclass(slots=True)
class Process:
    """A running program, for `ps` and `kill`."""

    pid: int
    argv: tuple[str, ...]
    account: Account
    started: float
    task: "asyncio.Task[int] | None"


SocketHandler = Callable[[Input, Output], Awaitable[None]]
"""Serves one connection to a UNIX socket of the host."""


class Service(Protocol):
    """What goes and comes with a host's power, e.g. its SSH server."""

    async def start(self) -> None:
        """Begin to serve."""

    async def stop(self) -> None:
        """End, at once."""


class Host:
    """One practice host. Power, hanging and addresses are mirrored to the network."""

    def __init__(
        self,
        name: str,
        root: Path,
        network: Network,
        *,
        clock: Callable[[], float],
        addresses: Iterable[tuple[str, str]] = (),
        accounts: Iterable[Account] = (ROOT, PROBE, OPERATOR),
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Set up the host with the directories every host has.

        Args:
            name: host name, also in the network.
            root: the real directory that holds its file system.
            network: where it is connected.
            clock: the host's time, epoch seconds.
            addresses: (interface, CIDR) of every address.
            accounts: its users.
            pause: how the `sleep` program waits a number of the host's seconds.
        """
        self.name = name
        self.root = root
        self.network = network
        self.clock = clock
        self.pause = pause
        self.accounts = {account.name: account for account in accounts}
        self.addresses: list[tuple[str, str]] = list(addresses)
        self.programs: dict[str, Program] = {}
        self.sockets: dict[str, SocketHandler] = {}
        self.snags = Snags()
        self.socket_users: dict[str, frozenset[str]] = {}
        self.services: list[Service] = []
        self.may_sudo: Callable[[Account, tuple[str, ...]], bool] = lambda account, argv: account.may_sudo
        self.ssh_port = 22
        self.accepts_logins = True
        self.processes: dict[int, Process] = {}
        self.is_up = True
        self.is_frozen = False
        self.booted = clock()
        self._shells = 0
        self._pids = itertools.count(400)
        self._background: dict[int, asyncio.Task[int]] = {}
        self.files = FileSystem(root, name, network)
        network.add(name, [cidr.partition("/")[0] for _, cidr in self.addresses])
        network.machines[name] = self
        self._furnish()

    def _furnish(self) -> None:
        from dslsconsole.lab import userland  # the programs know the host's type

        for directory in ("/tmp", "/run", "/etc", "/var/log", "/var/lib", "/usr/bin", "/proc/self", "/dev", "/opt"):
            (self.root / directory.lstrip("/")).mkdir(parents=True, exist_ok=True)
        self.files.own(self.files.place("/tmp"), "root", 0o1777)
        for account in self.accounts.values():
            (self.root / account.home.lstrip("/")).mkdir(parents=True, exist_ok=True)
            self.files.own(self.files.place(account.home), account.name, 0o750)
        userland.install(self)

    # Files

    @property
    def mounts(self) -> list[Mount]:
        return self.files.mounts

    @property
    def virtual_files(self) -> dict[str, Callable[[], bytes]]:
        """Files whose content is computed when they are read."""
        return self.files.computed

    def write(self, path: str, content: str | bytes, *, mode: int = 0o644, owner: str = "root") -> None:
        """Put a file on the host, with the directories above it."""
        self.files.make_directory(posixpath.dirname(path), parents=True)
        data = content.encode() if isinstance(content, str) else content
        self.files.write(path, data)
        self.files.own(self.files.place(path), owner, mode)

    def read(self, path: str) -> bytes:
        """A file of the host.

        Raises:
            OSError: there is no such file.
        """
        return self.files.read(path)

    # Programs

    def install(self, path: str, program: Program) -> None:
        """Add a program under its absolute path, or under a bare name as if it lay in /usr/bin."""
        self.programs[path] = program

    def find_program(self, name: str, search_path: str = SEARCH_PATH) -> Program | None:
        """The built-in program that a command name or path leads to, if any."""
        if "/" in name:
            if (program := self.programs.get(posixpath.normpath(name))) is not None:
                return program
            directory, base = posixpath.split(posixpath.normpath(name))
            return self.programs.get(base) if directory in _BINARIES else None
        for directory in search_path.split(":"):
            if (program := self.programs.get(f"{directory}/{name}")) is not None:
                return program
            if directory in _BINARIES and (program := self.programs.get(name)) is not None:
                return program
        return None

    async def call(self, call: Call) -> int:
        """Run a program to its end and return its exit status.

        A script on the host's file system is run by the shell.

        Raises:
            FileNotFoundError: there is no such program.
            PermissionError: the file may not be run.
        """
        from dslsconsole.lab.shell.scripts import run_file  # the shell knows the host's type

        program = self.find_program(call.argv[0], call.env.get("PATH", SEARCH_PATH))
        pid = next(self._pids)
        call = replace(call, pid=pid)
        self.processes[pid] = Process(pid, call.argv, call.account, self.clock(), None)
        try:
            if program is None:
                return await run_file(call)
            return await self._guarded(program, call)
        finally:
            self.processes.pop(pid, None)

    @staticmethod
    async def _guarded(program: Program, call: Call) -> int:
        try:
            return await program(call)
        except BrokenPipeError:
            return 141
        except OSError as error:
            await call.complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
            return 1

    def next_pid(self) -> int:
        """A process id that was not used before."""
        return next(self._pids)

    @contextlib.contextmanager
    def forked(self) -> Iterator[None]:
        """Count a subshell while it runs.

        Raises:
            BlockingIOError: there are too many already.
        """
        if self._shells >= _MOST_SHELLS:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        self._shells += 1
        try:
            yield
        finally:
            self._shells -= 1

    def adopt(self, pid: int, argv: tuple[str, ...], account: Account, task: "asyncio.Task[int]") -> None:
        """Keep a background job of a shell until it ends or the host goes off."""
        self.processes[pid] = Process(pid, argv, account, self.clock(), task)
        self._background[pid] = task
        task.add_done_callback(lambda _: self._forget(pid))

    def _forget(self, pid: int) -> None:
        self._background.pop(pid, None)
        self.processes.pop(pid, None)

    def start(
        self,
        command: str | None,
        account: Account,
        *,
        stdin: Input,
        stdout: Output,
        stderr: Output,
    ) -> "asyncio.Task[int]":
        """Start a command line as sshd does for a user (`sh -c`), or a shell that reads commands from its input.

        The host keeps the task, and ends it when it loses power.
        """
        argv = ("sh",) if command is None else ("sh", "-c", command)
        env = self.login_environment(account)
        call = Call(self, argv, account, cwd=account.home, env=env, stdin=stdin, stdout=stdout, stderr=stderr)
        task = asyncio.create_task(self.call(call))
        self.adopt(self.next_pid(), (f"sshd: {account.name}@notty",), account, task)
        return task

    async def execute(
        self,
        command: str,
        account: Account | str,
        *,
        stdin: Input | None = None,
        stdout: Output | None = None,
        stderr: Output | None = None,
    ) -> int:
        """Run a command line for a user and return its exit status.

        Raises:
            KeyError: no such user.
        """
        user = self.accounts[account] if isinstance(account, str) else account
        return await self.call(
            Call(
                self,
                ("sh", "-c", command),
                user,
                cwd=user.home,
                env=self.login_environment(user),
                stdin=stdin or Null(),
                stdout=stdout or Null(),
                stderr=stderr or Null(),
            )
        )

    async def capture(self, command: str, account: Account | str = ROOT, *, stdin: bytes = b"") -> Completed:
        """Run a command line and keep what it prints."""
        stdout, stderr = Buffer(), Buffer()
        status = await self.execute(command, account, stdin=Buffer(stdin), stdout=stdout, stderr=stderr)
        return Completed(status, stdout.getvalue(), stderr.getvalue())

    @staticmethod
    def login_environment(account: Account) -> dict[str, str]:
        """What a user's session starts with; nothing comes from the client or from this machine."""
        return {
            "USER": account.name,
            "LOGNAME": account.name,
            "HOME": account.home,
            "PATH": SEARCH_PATH,
            "SHELL": "/bin/sh",
            "PWD": account.home,
        }

    # Power

    def _mirror(self) -> None:
        self.network.silence(self.name, not self.is_up or self.is_frozen)

    def freeze(self) -> None:
        """Hang: connections stay, and nothing answers."""
        self.is_frozen = True
        self._mirror()

    def thaw(self) -> None:
        """End a hang."""
        self.is_frozen = False
        self._mirror()

    async def power_off(self) -> None:
        """Lose power: services and programs end, connections break."""
        self.is_up = False
        self._mirror()
        for service in self.services:
            await service.stop()
        await self.end_programs()

    async def end_programs(self) -> None:
        """End what still runs in the background."""
        ending = list(self._background.values())
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    async def programs_ended(self) -> None:
        """Wait until nothing runs in the background any more."""
        while self._background:
            await asyncio.wait(self._background.values())

    async def power_on(self) -> None:
        """Start again after `power_off`."""
        self.is_up, self.is_frozen, self.booted = True, False, self.clock()
        self._mirror()
        for service in self.services:
            await service.start()

    def may_use_socket(self, path: str, account: Account) -> bool:
        """Whether a user may connect to a UNIX socket of the host."""
        allowed = self.socket_users.get(path)
        return account.is_root or allowed is None or account.name in allowed
