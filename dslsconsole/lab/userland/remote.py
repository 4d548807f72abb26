"""ssh from one practice host to another, over the virtual network, so that cuts and dead hosts count."""

import asyncio
import ipaddress
from dataclasses import dataclass, field

import asyncssh

from dslsconsole.lab.accounts import Account
from dslsconsole.lab.host import Call, Host

_FLAGS = frozenset("46AaCfgKkMNnqsTtVvXxYy")
_DEFAULT_WAIT = 130.0
"""Seconds a TCP connection is tried on Linux."""


class RemoteError(Exception):
    """A login that failed; the text is what ssh prints."""


@dataclass(slots=True)
class Destination:
    """Where ssh goes and how, as its command line said."""

    target: str
    user: str
    port: int = 22
    identities: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)

    @property
    def wait(self) -> float:
        """Seconds to wait for the connection."""
        return float(self.options.get("connecttimeout", _DEFAULT_WAIT))


def parsed(arguments: list[str], user: str) -> tuple[Destination, list[str]]:
    """The destination of an ssh command line and the command to run there.

    Raises:
        RemoteError: no destination, or an option that ssh does not know.
    """
    destination = Destination("", user)
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "--":
            break
        if set(option[1:]) <= _FLAGS:
            continue
        letter, value = option[1:2], option[2:] or (rest.pop(0) if rest else "")
        if letter == "p" and value.isdigit():
            destination.port = int(value)
        elif letter == "i":
            destination.identities.append(value)
        elif letter == "l":
            destination.user = value
        elif letter == "o":
            name, _, setting = value.replace(" ", "=", 1).partition("=")
            destination.options[name.lower()] = setting.strip()
        elif letter not in "bcDeFJLmRSWw":
            raise RemoteError(f"unknown option -- {letter}")
    if not rest:
        raise RemoteError("usage: ssh [-i identity_file] [-o option] [-p port] destination [command [argument ...]]")
    name, at, host = rest.pop(0).rpartition("@")
    destination.target = host
    if at:
        destination.user = name
    if (port := destination.options.get("port", "")).isdigit():
        destination.port = int(port)
    return destination, rest


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _machine(call: Call, destination: Destination) -> Host:
    machines = call.host.network.machines
    if _is_loopback(destination.target):
        # All practice hosts share the loopback address; their SSH ports tell them apart.
        found = [machine for machine in machines.values() if machine.ssh_port == destination.port != 22]
        if found:
            return found[0]
        reason = "Connection refused"
        raise RemoteError(f"connect to host {destination.target} port {destination.port}: {reason}")
    name = call.host.network.host_of(destination.target)
    if name is None or name not in machines:
        raise RemoteError(f"Could not resolve hostname {destination.target}: Name or service not known")
    return machines[name]


async def login(call: Call, destination: Destination) -> tuple[Host, Account]:
    """The host and the user that a login leads to, once network, port and key allow it.

    Raises:
        RemoteError: as ssh would print it.
    """
    machine = _machine(call, destination)
    place = f"connect to host {destination.target} port {destination.port}:"
    try:
        async with asyncio.timeout(destination.wait):
            await call.host.network.until_connected(call.host.name, machine.name)
    except TimeoutError:
        raise RemoteError(f"{place} Connection timed out") from None
    if not machine.accepts_logins or destination.port not in (22, machine.ssh_port):
        raise RemoteError(f"{place} Connection refused")
    account = machine.accounts.get(destination.user)
    if account is None or not await _knows_key(call, destination, machine, account):
        raise RemoteError(f"{destination.user}@{destination.target}: Permission denied (publickey).")
    return machine, account


async def _knows_key(call: Call, destination: Destination, machine: Host, account: Account) -> bool:
    try:
        authorized = machine.files.read(f"{account.home}/.ssh/authorized_keys").decode("utf-8", "replace")
    except OSError:
        return False
    for name in destination.identities or [f"{call.account.home}/.ssh/id_ed25519"]:
        try:
            text = call.host.files.read(call.path(name), call.account)
            key = asyncssh.import_private_key(text)
        except OSError as error:
            if destination.identities:
                await call.stderr.write(f"Warning: Identity file {name} not accessible: {error.strerror}.\n".encode())
            continue
        except asyncssh.KeyImportError:
            await call.stderr.write(f'Load key "{name}": error in libcrypto\n'.encode())
            continue
        if key.export_public_key("openssh").split()[1].decode() in authorized.split():
            return True
    return False


async def ssh(call: Call) -> int:
    """`ssh [-i KEY] [-p PORT] [-o OPTION] [USER@]HOST COMMAND…`; 255 where the login fails."""
    try:
        destination, command = parsed(list(call.arguments), call.account.name)
        machine, account = await login(call, destination)
    except RemoteError as error:
        prefix = "" if "Permission denied" in str(error) or str(error).startswith("usage") else "ssh: "
        await call.stderr.write(f"{prefix}{error}\n".encode())
        return 255
    running = asyncio.create_task(
        machine.execute(
            " ".join(command) or "exec sh", account, stdin=call.stdin, stdout=call.stdout, stderr=call.stderr
        )
    )
    broken = asyncio.create_task(_until_broken(call.host, machine))
    try:
        await asyncio.wait({running, broken}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            return running.result()
        await call.stderr.write(b"client_loop: send disconnect: Broken pipe\n")
        return 255
    finally:
        for task in (running, broken):
            task.cancel()
        await asyncio.gather(running, broken, return_exceptions=True)


async def _until_broken(host: Host, machine: Host) -> None:
    """A host that loses power breaks its connections; packets that are merely lost do not."""
    while machine.is_up and host.is_up:
        await host.network.changed()
