"""An estate of real servers on loopback: sshd, HAProxy, BIND, rsync; only licence server and systemd are stand-ins."""

import asyncio
import getpass
import json
import os
import shlex
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import yaml

from dslsconsole.lab.world.listeners import free_ports
from dslsconsole.shipped import shipped
from tests.real.licence_host import State, locked
from tests.real.processes import children, sshd_children
from tests.real.real_haproxy import PASSWORD, USER, Balancer, real_balancer
from tests.real.real_named import RECORD, ZONE, NameServer, real_named
from tests.real_sshd import RealSshd, real_sshd

Need = Callable[[str], str]
CLUSTER = "production-cluster"
PRIMARY, BACKUP, ARBITRATOR = "dsls-primary-01", "dsls-backup-01", "dsls-arbitrator-01"
DR_PRIMARY, DR_BACKUP = "dr-dsls-01", "dr-dsls-02"
MODES = {
    PRIMARY: "primary", BACKUP: "backup", ARBITRATOR: "arbitrator", DR_PRIMARY: "dr-primary", DR_BACKUP: "dr-backup",
}  # fmt: skip
LB1, LB2, DR_LB = "haproxy-01", "haproxy-02", "dr-haproxy-01"
WAY = "way"
BEHIND = (DR_PRIMARY, DR_BACKUP, DR_LB)
"""Hosts that the console reaches through the host `way` alone."""
LOOP = "dsls-token-sync.service"
SECRETS = {"LB_PASSWORD": PASSWORD, "NOTIFY_TOKEN": "the-token"}
DEADLINE_S = 30.0
MAIN_ADDRESS, DR_ADDRESS = "192.0.2.10", "198.51.100.10"


@dataclass
class Ran:
    """A command of the console that has ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.stdout)
        return found

    def __str__(self) -> str:
        try:
            report = self.report
        except ValueError:
            return f"status {self.status}\n{self.stdout}\n{self.stderr}"
        steps = [(step["name"], step["host"], step["outcome"], step["output"]) for step in report.get("steps", ())]
        return f"status {self.status}: {report.get('sentence')}\n{report.get('card')}\n{steps}\n{self.stderr}"


@dataclass
class Notices:
    """What the notification endpoint received, and which address the record had then."""

    status: int = 200
    received: list[dict[str, Any]] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    addresses: list[tuple[str, ...]] = field(default_factory=list)


@dataclass
class RealEstate:
    """The estate while it runs."""

    directory: Path
    document: dict[str, Any]
    sshds: dict[str, RealSshd]
    balancers: dict[str, Balancer]
    names: NameServer
    notices: Notices
    probe_key: str
    operate_key: str

    @property
    def path(self) -> Path:
        return self.directory / "estate.yaml"

    @property
    def locks(self) -> Path:
        return self.directory / "locks"

    @property
    def cluster(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document["clusters"][CLUSTER]
        return found

    def write(self) -> None:
        """Write the estate file anew, after a change of `document`."""
        self.path.write_text(yaml.safe_dump(self.document, sort_keys=False))

    def truth(self) -> State:
        with locked(self.directory / "state") as state:
            return state

    def change(self, node: str, **values: object) -> None:
        with locked(self.directory / "state") as state:
            state[node].update(values)

    def primaries(self) -> list[str]:
        return [n["name"] for n in self.truth().values() if n["running"] and n["role"] in ("primary", "dr-primary")]

    def stop_main_site(self) -> None:
        for node in (PRIMARY, BACKUP, ARBITRATOR):
            self.change(node, running=False)

    def refuse(self, node: str, verb: str) -> None:
        (self.directory / "state" / "refuse" / f"{node} {verb}").touch()

    def hold(self, node: str, verb: str) -> None:
        """Keep a command of a host waiting, until `release`."""
        (self.directory / "state" / "hold" / f"{node} {verb}").touch()

    def release(self, node: str, verb: str) -> None:
        (self.directory / "state" / "hold" / f"{node} {verb}").unlink()

    async def until_held(self, node: str, verb: str) -> None:
        path = self.directory / "state" / "held" / f"{node} {verb}"
        async with asyncio.timeout(DEADLINE_S):
            while not path.exists():  # noqa: ASYNC110 - a command on a host tells by a file
                await asyncio.sleep(0.02)

    def cut_connections(self, host: str) -> int:
        """Kill the sshd processes that serve connections of a host, not the one that listens; how many they were."""
        serving = self._serving(host)
        for pid in serving:
            os.kill(pid, 9)
        return len(serving)

    def close_door(self, host: str) -> None:
        """Take no new connection on a host, then cut those there are."""
        serving = self._serving(host)
        self.sshds[host].process.kill()
        for pid in serving:
            os.kill(pid, 9)

    def _serving(self, host: str) -> list[int]:
        listening = self.sshds[host].process.pid
        return [pid for child in children(listening) for pid in (*sshd_children(child), child)]

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        """Start the console's command line."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("DSLSCONSOLE")}
        environment |= {**SECRETS, "COLUMNS": "200"}
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "dslsconsole", "-c", str(self.path), *words,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=environment,
        )  # fmt: skip

    async def console(self, *words: str) -> Ran:
        """Run the console's command line to its end."""
        return await finished(await self.start(*words))

    async def run(self, runbook: str, *words: str) -> Ran:
        """`dslsconsole run`, confirmed, with its result as JSON."""
        return await self.console(*self.running(runbook, *words))

    @staticmethod
    def running(runbook: str, *words: str) -> tuple[str, ...]:
        return ("run", runbook, CLUSTER, "--reason", "INC-1", "--confirm", CLUSTER, "--json", *words)


async def finished(process: asyncio.subprocess.Process) -> Ran:
    """What a started command said; it is killed when it takes too long."""
    try:
        async with asyncio.timeout(4 * DEADLINE_S):
            stdout, stderr = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Ran(process.returncode, stdout.decode(), stderr.decode())


def _programs(directory: Path, ssh: str, config: Path) -> Path:
    """What every host finds first on its PATH."""
    programs = directory / "bin"
    programs.mkdir()
    python = os.path.realpath(sys.executable)
    script = shlex.join([python, "-I", "-S", str(Path(__file__).with_name("licence_host.py"))])
    bodies = {
        "DSLicSrv": f'exec {script} DSLicSrv "$@"',
        "systemctl": f'exec {script} systemctl "$@"',
        "sudo": '[ "$1" = -n ] || exit 1\nshift\nexec "$@"',
        "uname": '[ "$*" = -n ] || exit 1\necho "$DSLS_NODE"',
        # OpenSSH looks for known hosts in the home directory of the user database, whatever HOME says.
        "ssh": f'exec {ssh} -F {config} "$@"',
    }
    for name, body in bodies.items():
        (programs / name).write_text(f"#!/bin/sh\n{body}\n")
        (programs / name).chmod(0o755)
    probe = (shipped("config") / "node" / "dslsprobe").read_text()
    (directory / "probe.conf").write_text(f"path={programs / 'DSLicSrv'}\n")
    (programs / "dslsprobe").write_text(probe.replace("/etc/dslsconsole/probe.conf", str(directory / "probe.conf")))
    (programs / "dslsprobe").chmod(0o755)
    return programs


def _key(path: Path) -> str:
    """A new key at the path; its public half."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(path)
    path.chmod(0o600)
    return key.export_public_key().decode().strip()


def _state(directory: Path, ports: Mapping[str, int]) -> None:
    for name in ("hold", "held", "refuse"):
        (directory / name).mkdir(parents=True)
    nodes = {}
    for name, mode in MODES.items():
        main = not mode.startswith("dr-")
        nodes[name] = {
            "name": name, "mode": mode, "site": "main" if main else "dr", "role": mode if main else "dr-backup",
            "running": main, "epoch": 7 if main else 6, "generation": 4812 if name == PRIMARY else 4809,
            "port": ports[name], "unit": name.rpartition("-")[0], "synced_at": 0.0 if main else time.time() - 60,
            "units": {LOOP: True} if name == PRIMARY else {},
        }  # fmt: skip
    (directory / "state.json").write_text(json.dumps(nodes))


async def _licence_port(directory: Path, node: str, port: int) -> asyncio.Server:
    """The node's licence port: it answers HAProxy's check while the server runs, and closes at once otherwise."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state: State = json.loads((directory / "state.json").read_text())
        if state[node]["running"]:
            await reader.readline()
            writer.write(b"Server Status: Running\r\n")
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", port)


async def _endpoint(notices: Notices, names: NameServer) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(line[15:]) for line in head.lower().splitlines() if line.startswith("content-length:"))
        notices.received.append(json.loads(await reader.readexactly(length)))
        notices.headers.append(head)
        notices.addresses.append(await names.addresses())
        writer.write(f"HTTP/1.1 {notices.status} so\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


@asynccontextmanager
async def real_estate(need: Need, directory: Path) -> AsyncIterator[RealEstate]:
    """A healthy estate. Every host of it runs when the block begins, and nothing is left when it ends."""
    programs = {name: need(name) for name in ("sshd", "haproxy", "named", "ssh", "rsync", "nsupdate", "dig")}
    ports = dict(zip(MODES, free_ports(len(MODES)), strict=True))
    _state(directory / "state", ports)
    for name in ("locks", "source", "config", "copy", "copied"):
        (directory / name).mkdir()
    (directory / "source" / "dsls.lic").write_text("a licence\n")
    (directory / "config" / "dsls.conf").write_text("PORT=27000\n")
    known_hosts, console_config, host_config = (directory / name for name in ("known", "ssh_config", "host_config"))
    host_config.write_text(f"UserKnownHostsFile {known_hosts}\nGlobalKnownHostsFile /dev/null\n")
    keys = {name: _key(directory / name) for name in ("probe_key", "operate_key", "replication_key")}
    path = _programs(directory, programs["ssh"], host_config)
    async with AsyncExitStack() as stack:
        # First, before anybody else chooses ports.
        for name, port in ports.items():
            await stack.enter_async_context(await _licence_port(directory / "state", name, port))
        sshds = {}
        for name in (*MODES, LB1, LB2, DR_LB, WAY):
            # With SHLVL, bash does not take itself for a login by SSH: it would run the present user's .bashrc first.
            environment = f"SetEnv PATH={path}:/usr/bin:/bin SHLVL=2 DSLS_NODE={name} DSLS_STATE={directory / 'state'}"
            sshds[name] = await stack.enter_async_context(
                real_sshd(programs["sshd"], directory / name, options=(environment, "MaxStartups 50"))
            )
            (directory / name / "authorized_keys").write_text(_authorized(name, keys, path))
        known_hosts.write_text("".join(sshd.known for sshd in sshds.values()))
        console_config.write_text(
            f"Host {' '.join(BEHIND)}\n  ProxyJump {getpass.getuser()}@{WAY}\n"
            f"Host {WAY}\n  HostName 127.0.0.1\n  Port {sshds[WAY].port}\n"
        )
        main = {"dsls-primary": ports[PRIMARY], "dsls-backup": ports[BACKUP]}
        away = {"dsls-dr-primary": ports[DR_PRIMARY], "dsls-dr-backup": ports[DR_BACKUP]}
        started: dict[str, Balancer] = {}
        for name, level, servers in ((LB1, "level admin", main), (LB2, "", main), (DR_LB, "level admin", away)):
            started[name] = await stack.enter_async_context(
                real_balancer(programs["haproxy"], directory / f"lb{len(started)}", servers, level)
            )
        names = await stack.enter_async_context(real_named(programs["named"], directory / "named", MAIN_ADDRESS))
        notices = Notices()
        endpoint = await stack.enter_async_context(await _endpoint(notices, names))
        estate = RealEstate(directory, {}, sshds, started, names, notices, keys["probe_key"], keys["operate_key"])
        estate.document = _document(estate, ports, int(endpoint.sockets[0].getsockname()[1]))
        estate.write()
        for name in (LB1, LB2):
            await started[name].until({"dsls-primary": "UP", "dsls-backup": "UP"})
        await started[DR_LB].until({"dsls-dr-primary": "DOWN", "dsls-dr-backup": "DOWN"})
        yield estate
        for held in (directory / "state" / "hold").iterdir():
            held.unlink()


def _authorized(name: str, keys: Mapping[str, str], programs: Path) -> str:
    if name == WAY:
        return "".join(f"restrict,port-forwarding {keys[key]}\n" for key in ("probe_key", "operate_key"))
    forwarding = ",port-forwarding" if "haproxy" in name else ""
    lines = [
        f'restrict{forwarding},command="{programs / "dslsprobe"}" {keys["probe_key"]}',
        f"restrict{forwarding} {keys['operate_key']}",
    ]
    if name in (*MODES,):
        lines.append(f"restrict {keys['replication_key']}")
    return "\n".join(lines) + "\n"


def _host(estate: RealEstate, name: str) -> dict[str, Any]:
    return {"address": "127.0.0.1", "ssh_port": estate.sshds[name].port}


def _node(estate: RealEstate, name: str, ports: Mapping[str, int]) -> dict[str, Any]:
    unit = name.rpartition("-")[0]
    return {**_host(estate, name), "mode": MODES[name], "unit": unit, "port": ports[name]}


def _document(estate: RealEstate, ports: Mapping[str, int], notify_port: int) -> dict[str, Any]:
    directory, user, balancers = estate.directory, getpass.getuser(), estate.balancers
    cluster = {
        "nodes": {name: _node(estate, name, ports) for name in (PRIMARY, BACKUP, ARBITRATOR)},
        "quorum": 2,
        "checkout_features": ["abaqus_standard", "catia_v6"],
        "load_balancers": {
            "servers": {PRIMARY: "dsls-primary", BACKUP: "dsls-backup"},
            "hosts": {
                LB1: {**_host(estate, LB1), "socket": str(balancers[LB1].socket)},
                LB2: {
                    **_host(estate, LB2), "socket": str(balancers[LB2].socket), "stats_url": balancers[LB2].url,
                    "username": USER, "password_env": "LB_PASSWORD",
                },
            },
        },
        "storage": {"kind": "local", "paths": {"licenses": "/proc"}},
        "dr": _dr(estate, ports, notify_port),
        "automation": [{"name": "token-sync", "node": PRIMARY, "unit": LOOP}],
    }  # fmt: skip
    return {
        "version": 1,
        "ssh": {
            "config_file": str(directory / "ssh_config"),
            "known_hosts_file": str(directory / "known"),
            "identity_files": [str(directory / "probe_key")],
            "operate_identity_files": [str(directory / "operate_key")],
            "probe_user": user,
            "operate_user": user,
        },
        "dslicsrv": {"path": str(directory / "bin" / "DSLicSrv")},
        "lock_directory": str(estate.locks),
        "journal": {"directory": str(directory / "journal")},
        "clusters": {CLUSTER: cluster},
    }


def _dr(estate: RealEstate, ports: Mapping[str, int], notify_port: int) -> dict[str, Any]:
    directory = estate.directory
    return {
        "site": "campus-backup",
        "nodes": {name: _node(estate, name, ports) for name in (DR_PRIMARY, DR_BACKUP)},
        "load_balancers": {
            "servers": {DR_PRIMARY: "dsls-dr-primary", DR_BACKUP: "dsls-dr-backup"},
            "hosts": {DR_LB: {**_host(estate, DR_LB), "socket": str(estate.balancers[DR_LB].socket)}},
        },
        "sync": {
            "remote_user": getpass.getuser(),
            "remote_identity_file": str(directory / "replication_key"),
            "files": [
                {"from": f"{directory}/source/", "to": f"{directory}/copy/", "max_delete": 2},
                {"from": f"{directory}/config/", "to": f"{directory}/copied/", "exclude": ["dr-site.conf"]},
            ],
        },
        "dns": {
            "server": "127.0.0.1", "port": estate.names.port, "zone": ZONE, "record": RECORD, "ttl": 60,
            "main_address": MAIN_ADDRESS, "dr_address": DR_ADDRESS, "key_file": str(estate.names.key_file),
            "run_on": [DR_PRIMARY, DR_BACKUP],
        },
        "notify": {
            "url": f"http://127.0.0.1:{notify_port}/notifications", "channels": ["email"], "token_env": "NOTIFY_TOKEN",
        },
    }  # fmt: skip
