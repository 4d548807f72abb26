"""How a host is reached, as whom and with which keys: the estate's `ssh:` section over the user's ssh_config."""

import asyncio
import getpass
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import asyncssh
from asyncssh.config import ConfigParseError, SSHClientConfig
from msgspec import Struct

from dslsconsole.model.reading import FailureKind
from dslsconsole.settings.schema import Ssh
from dslsconsole.ssh.acknowledging import acknowledge_at_once
from dslsconsole.ssh.errors import SshError, explained, failed
from dslsconsole.ssh.hostkeys import GLOBAL_FILE, KnownHosts, Trusted, refused
from dslsconsole.ssh.identity import DEFAULT_FILES, Identities, KeyRing

KEX_ALGORITHMS = (
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "diffie-hellman-group14-sha256",
)
"""In the order of what they cost; diffie-hellman-group-exchange would hold the event loop for half a second."""
CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes128-ctr",
    "aes256-ctr",
)
HOST_KEY_ALGORITHMS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
KEEPALIVE_S = 10
KEEPALIVE_COUNT = 3


class Target(Struct, frozen=True):
    """A host to connect to. Without an address, its name is used as ssh would; without a port, ssh_config's or 22."""

    name: str
    address: str | None = None
    port: int | None = None


class Route(Struct, frozen=True):
    """What a target resolves to."""

    target: Target
    user: str
    host: str
    port: int
    names: tuple[str, ...]
    """What known_hosts may call it."""
    alias: str
    jumps: tuple["Jump", ...]
    config: SSHClientConfig

    @property
    def where(self) -> str:
        """For sentences: the node's name, with what it is reached by where that differs."""
        reached_by = self.host if self.port == asyncssh.DEFAULT_PORT else f"{self.host}:{self.port}"
        return self.target.name if reached_by == self.target.name else f"{self.target.name} ({reached_by})"


class Jump(Struct, frozen=True):
    """A host on the way (ProxyJump)."""

    target: Target
    user: str | None = None


class Access:
    """Connects to hosts as one user. Built once; keys and known hosts are read anew when they changed."""

    def __init__(
        self,
        *,
        user: str | None,
        identity_files: tuple[Path, ...],
        known_hosts: KnownHosts,
        config_file: Path,
        connect_timeout: float,
        forbidden_files: tuple[Path, ...] = (),
    ) -> None:
        self.user = user
        self.connect_timeout = connect_timeout
        self._identity_files = identity_files
        self._known_hosts = known_hosts
        self._config_file = config_file
        self._forbidden_files = frozenset(forbidden_files)
        self._keys = KeyRing()

    @classmethod
    def probe(cls, ssh: Ssh) -> "Access":
        """As the user who reads only. The operate user's key files are never opened, even if ssh_config names them."""
        return cls(
            user=ssh.probe_user,
            identity_files=_expanded(ssh.identity_files),
            known_hosts=_known_hosts(ssh),
            config_file=_expand(ssh.config_file),
            connect_timeout=ssh.connect_timeout,
            forbidden_files=tuple(
                file for file in _expanded(ssh.operate_identity_files) if file not in _expanded(ssh.identity_files)
            ),
        )

    @classmethod
    def operate(cls, ssh: Ssh) -> "Access":
        """As the user who acts.

        Raises:
            SshError: the estate file names no operate user.
        """
        if ssh.operate_user is None:
            raise failed(FailureKind.PERMISSION, "the estate file names no ssh.operate_user, so nothing can be run")
        return cls(
            user=ssh.operate_user,
            identity_files=_expanded(ssh.operate_identity_files),
            known_hosts=_known_hosts(ssh),
            config_file=_expand(ssh.config_file),
            connect_timeout=ssh.connect_timeout,
        )

    def route(self, target: Target, user: str | None = None) -> Route:
        """What `target` resolves to with ssh_config: blocks that match its name come first, then those of its address.

        Raises:
            SshError: ssh_config can't be read.
        """
        try:
            config = self._configured(target, user or self.user)
        except (ConfigParseError, OSError, ValueError) as error:
            raise failed(FailureKind.FAILED, f"{self._config_file} can't be used for {target.name}: {error}") from None
        host = target.address or cast(str, config.get("Hostname", target.name))
        alias = cast("str | None", config.get("HostKeyAlias"))
        return Route(
            target=target,
            user=cast(str, config.get("User") or getpass.getuser()),
            host=host,
            port=cast(int, config.get("Port", asyncssh.DEFAULT_PORT)),
            names=(alias,) if alias else tuple(dict.fromkeys((target.name, host))),
            alias=alias or target.name,
            jumps=_jumps(cast("str | None", config.get("ProxyJump"))),
            config=config,
        )

    def _configured(self, target: Target, user: str | None) -> SSHClientConfig:
        files = [self._config_file] if self._config_file.is_file() else []
        given = (getpass.getuser(), user or (), target.name, target.port or ())
        config = SSHClientConfig.load(None, files, False, False, False, *given)
        if config.has_match_final():
            config = SSHClientConfig.load(config, files, True, False, True, *given)
        if target.address and target.address != target.name and files:
            # As last_config the first keeps what it has: the address only adds what the name left open.
            by_address = (getpass.getuser(), user or (), target.address, target.port or ())
            config = SSHClientConfig.load(config, files, False, False, False, *by_address)
        return cast(SSHClientConfig, config)

    async def connect(
        self,
        route: Route,
        tunnel: asyncssh.SSHClientConnection | None,
        client: type[asyncssh.SSHClient] = asyncssh.SSHClient,
    ) -> asyncssh.SSHClientConnection:
        """A new connection over `tunnel`, if the route has jumps.

        Raises:
            SshError: for whatever reason there is none.
        """
        trusted = self._known_hosts.trusted(route.names, route.port, _more_known_hosts(route.config))
        shown: list[asyncssh.SSHKey] = []

        class Client(client):  # type: ignore[misc, valid-type]
            def validate_host_public_key(self, _host: str, _addr: str, _port: int, key: asyncssh.SSHKey) -> bool:
                shown.append(key)
                return False

        try:
            async with asyncio.timeout(self.connect_timeout), self._keys_for(route) as keys:
                options = self._options(route, trusted, keys)
                connection = await asyncssh.connect(
                    route.host, route.port, tunnel=tunnel or (), client_factory=Client, config=None, **options
                )
                if tunnel is None:
                    acknowledge_at_once(connection)
                return connection
        except asyncssh.HostKeyNotVerifiable:
            key = shown[0] if shown else None
            raise SshError(refused(route.where, route.names, route.port, self._known_hosts, trusted, key)) from None
        except asyncssh.KeyExchangeFailed as error:
            if trusted.keys and "host key" in error.reason.lower():
                raise SshError(
                    refused(route.where, route.names, route.port, self._known_hosts, trusted, None)
                ) from None
            raise explained(error, route.where) from None
        except (asyncssh.Error, OSError, ValueError) as error:
            raise explained(error, route.where, limit_s=self.connect_timeout) from None

    @asynccontextmanager
    async def _keys_for(self, route: Route) -> AsyncIterator[list[asyncssh.SSHKeyPair]]:
        """Our keys, then the agent's: as objects, since asyncssh left to itself would add the default key files."""
        identities = self._identities(route.config)
        named = cast("str | None", route.config.get("IdentityAgent", os.environ.get("SSH_AUTH_SOCK")))
        async with AsyncExitStack() as stack:
            offered: list[asyncssh.SSHKeyPair] = list(identities.pairs)
            troubles = list(identities.troubles)
            if named and not (offered and route.config.get("IdentitiesOnly")):
                try:
                    agent = await stack.enter_async_context(asyncssh.connect_agent(str(_expand(named))))
                    offered.extend(await agent.get_keys())
                except (OSError, ValueError, asyncssh.Error) as error:
                    troubles.append(f"the agent at {named} does not answer: {error}")
            if not offered:
                why = "; ".join(troubles) or "no key file is there, and the agent holds none"
                raise failed(FailureKind.PERMISSION, f"there is no key to log in to {route.where} with: {why}")
            yield offered

    def _options(self, route: Route, trusted: Trusted, keys: list[asyncssh.SSHKeyPair]) -> dict[str, Any]:
        config = route.config
        proxy = cast("str | None", config.get("ProxyCommand"))
        return {
            "username": route.user,
            "known_hosts": trusted.found,
            "host_key_alias": route.alias,
            "client_keys": keys,
            "agent_path": None,
            "proxy_command": proxy if proxy and not route.jumps else None,
            "kex_algs": config.get("KexAlgorithms") or list(KEX_ALGORITHMS),
            "encryption_algs": config.get("Ciphers") or list(CIPHERS),
            "server_host_key_algs": config.get("HostKeyAlgorithms") or _host_key_algorithms(trusted),
            "family": config.get("AddressFamily", ()),
            "compression_algs": None,
            "preferred_auth": "publickey",
            "public_key_auth": True,
            "password_auth": False,
            "kbdint_auth": False,
            "host_based_auth": False,
            "gss_auth": False,
            "gss_kex": False,
            "agent_forwarding": False,
            "x509_trusted_certs": None,
            "connect_timeout": self.connect_timeout,
            "login_timeout": self.connect_timeout,
            "keepalive_interval": KEEPALIVE_S,
            "keepalive_count_max": KEEPALIVE_COUNT,
        }

    def _identities(self, config: SSHClientConfig) -> Identities:
        certificates = _expanded(cast("list[str]", config.get("CertificateFile", [])))
        if self._identity_files:
            return self._keys.identities(self._identity_files, certificates)
        named = _expanded(cast("list[str]", config.get("IdentityFile", [])))
        files = tuple(file for file in named or _expanded(map(str, DEFAULT_FILES)) if file not in self._forbidden_files)
        return self._keys.identities(files, certificates, quiet=not named)


def _host_key_algorithms(trusted: Trusted) -> list[str]:
    """Those of the known keys first, then the others: a host that changed its key's type must show it to be noticed."""
    known = [algorithm.decode() for key in trusted.keys for algorithm in key.sig_algorithms]
    certified = (
        [f"{algorithm}-cert-v01@openssh.com" for algorithm in HOST_KEY_ALGORITHMS] if trusted.authorities else []
    )
    return list(dict.fromkeys((*certified, *(name for name in known if name != "ssh-rsa"), *HOST_KEY_ALGORITHMS)))


def _jumps(text: str | None) -> tuple[Jump, ...]:
    """The hosts of a ProxyJump value: `[user@]host[:port]`, comma separated (ssh_config(5))."""
    if not text:
        return ()
    jumps = []
    for part in text.split(","):
        part = part.strip().removeprefix("ssh://")
        user, _, host = part.rpartition("@")
        port: int | None = None
        if host.startswith("["):
            host, _, rest = host[1:].partition("]")
            port = int(rest[1:]) if rest.startswith(":") and rest[1:].isdecimal() else None
        elif host.count(":") == 1:
            host, _, number = host.partition(":")
            port = int(number) if number.isdecimal() else None
        jumps.append(Jump(Target(host, None, port), user or None))
    return tuple(jumps)


def _known_hosts(ssh: Ssh) -> KnownHosts:
    return KnownHosts((_expand(ssh.known_hosts_file), GLOBAL_FILE))


def _more_known_hosts(config: SSHClientConfig) -> tuple[Path, ...]:
    files = cast("list[str]", config.get("UserKnownHostsFile", [])) + cast(
        "list[str]", config.get("GlobalKnownHostsFile", [])
    )
    return tuple(file for file in _expanded(files) if file.is_file())


def _expand(path: str) -> Path:
    return Path(os.path.expandvars(path)).expanduser()


def _expanded(paths: Iterable[str]) -> tuple[Path, ...]:
    return tuple(_expand(path) for path in paths)
