"""Set the practice estate's hosts up: files, mounts, units and programs."""

from __future__ import annotations

import base64
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

from dslsconsole.lab.filesystem import Mount, Volume
from dslsconsole.lab.host import Call, Host
from dslsconsole.lab.network import Network
from dslsconsole.lab.world.command import STDIN_VERBS, TOUCHES_LICENSES, CommandLine
from dslsconsole.lab.world.licenses import license_files
from dslsconsole.lab.world.pace import until
from dslsconsole.lab.world.server import LicenceServer
from dslsconsole.lab.world.site import (
    CLUSTER,
    CONFIG,
    DNS_KEY_FILE,
    DNS_KEY_NAME,
    DR_LICENSES,
    DSLICSRV,
    GENERATIONS,
    LOCK_DIRECTORY,
    NODES,
    STORAGE,
    STORAGE_HOST,
    NodePlan,
)
from dslsconsole.model.node import Mode

DNS_SECRET = base64.b64encode(b"the practice estate's update key").decode()
INTERFACE = "eth0"


def config_files(ports: dict[str, int]) -> dict[str, str]:
    """The six configuration files that both main nodes carry, after the guide."""

    def peers(*names: str) -> str:
        return ",".join(f"{name}:{ports[name]}" for name in names)

    first, second, third = (plan.name for plan in NODES[:3])
    paths = "".join(f"DSLS_SHARED_{key.upper().rstrip('S')}_PATH={path}\n" for key, path in STORAGE.items())
    return {
        "primary.conf": (
            f"DSLS_PORT={ports[first]}\nDSLS_CLUSTER_MODE=primary\nDSLS_NODE_ID={first}\n\nDSLS_HA_ENABLED=true\n"
            f"DSLS_HA_ROLE=primary\nDSLS_HA_CLUSTER_NAME={CLUSTER}\nDSLS_HA_PEER_SERVERS={peers(second, third)}\n\n"
            "DSLS_CLUSTER_TOKEN_SYNC=true\nDSLS_CLUSTER_STATE_SYNC=true\n"
            f"{paths}DSLS_TOKEN_POOL_SIZE=1000\nDSLS_TOKEN_REPLICATION=true\n"
        ),
        "backup.conf": (
            f"DSLS_PORT={ports[second]}\nDSLS_CLUSTER_MODE=backup\nDSLS_NODE_ID={second}\n\nDSLS_HA_ENABLED=true\n"
            f"DSLS_HA_ROLE=backup\nDSLS_HA_CLUSTER_NAME={CLUSTER}\nDSLS_HA_PEER_SERVERS={peers(first, third)}\n\n"
            f"{paths}DSLS_BACKUP_SYNC_INTERVAL=60\nDSLS_TOKEN_SYNC_MODE=real_time\n"
        ),
        "arbitrator.conf": (
            f"DSLS_CLUSTER_MODE=arbitrator\nDSLS_NODE_ID={third}\nDSLS_ARBITRATOR_ROLE=witness\n"
            f"DSLS_HA_PEER_SERVERS={peers(first, second)}\n"
            "DSLS_ARBITRATOR_VOTE_WEIGHT=1\nDSLS_ARBITRATOR_QUORUM_SIZE=2\n"
        ),
        "failover.conf": "FAILOVER_ENABLED=true\nFAILOVER_MODE=manual\nRECOVERY_MODE=manual\n",
        "academic-ha.conf": "ACADEMIC_HA_ENABLED=true\nACADEMIC_PRIMARY_POOL=500\n",
        "token-pools.conf": "POOL_COMMERCIAL=1000\nPOOL_ACADEMIC=500\n",
    }


def furnish_node(host: Host, plan: NodePlan, storage: Volume, config: dict[str, str]) -> None:
    """Licence files, configuration, directories and mounts of a node."""
    host.write(f"{CONFIG}/README", "Configuration of the licence servers.\n") if plan.mode is Mode.ARBITRATOR else None
    for name, text in config.items():
        if plan.mode is not Mode.ARBITRATOR or name == "arbitrator.conf":
            host.write(f"{CONFIG}/{name}", text, owner="dslsop")
    host.files.change_owner(CONFIG, "dslsop")
    host.files.make_directory("/opt/dsls/state", parents=True)
    host.files.make_directory(LOCK_DIRECTORY, parents=True)
    host.files.change_owner(LOCK_DIRECTORY, "dslsop")
    host.files.change_mode(LOCK_DIRECTORY, 0o755)
    host.write(DSLICSRV, "#!/bin/sh\n# The practice estate's licence server\n", mode=0o755)
    if plan.is_dr:
        role = "primary" if plan.mode is Mode.DR_PRIMARY else "backup"
        host.write(f"{CONFIG}/dr-site.conf", f"DR_SITE_NAME=campus-backup\nDR_NODE_ID={plan.name}\nDR_ROLE={role}\n")
        host.write(
            DNS_KEY_FILE,
            f'key "{DNS_KEY_NAME}" {{\n\talgorithm hmac-sha256;\n\tsecret "{DNS_SECRET}";\n}};\n',
            owner="dslsop",
            mode=0o600,
        )
        for name, text in license_files().items():
            host.write(f"{DR_LICENSES}/{name}", text, owner="dslsop")
        host.files.change_owner(DR_LICENSES, "dslsop")
        host.files.make_directory(GENERATIONS, parents=True)
        host.files.change_owner(GENERATIONS, "dslsop")
    elif plan.holds_tokens:
        lines = [f"{STORAGE_HOST}:{point} {point} nfs4 hard,nofail,_netdev 0 0\n" for point in STORAGE.values()]
        host.write("/etc/fstab", "/dev/sda1 / ext4 errors=remount-ro 0 1\n" + "".join(lines))
        for kind, point in STORAGE.items():
            host.files.mount(
                Mount(
                    point,
                    "nfs4",
                    f"{STORAGE_HOST}:{point}",
                    storage,
                    directory=f"/{kind}",
                    options="rw,relatime",
                    super_options="rw,vers=4.2,hard,proto=tcp,timeo=600,retrans=2",
                    server=STORAGE_HOST,
                )
            )


def fill_storage(directory: Path) -> Volume:
    """The shared storage's volume, with the licence files on it."""
    for kind in STORAGE:
        (directory / kind).mkdir(parents=True, exist_ok=True)
    for name, text in license_files().items():
        (directory / "licenses" / name).write_text(text)
    return Volume(directory, blocks=52_428_800, free_blocks=33_030_144, block_size=4096)


def licence_program(line: CommandLine) -> Callable[[Call], Awaitable[int]]:
    """`DSLicSrv` as a program of the host: it hangs where the server or its storage does."""

    async def program(call: Call) -> int:
        server: LicenceServer = line.server
        verb = call.arguments[0] if call.arguments else ""
        await until(lambda: not server.commands_hang and not (server.is_running and server.is_hung))
        if server.plan.holds_tokens and verb in TOUCHES_LICENSES:
            await server.files.reach(server.license_directory)
        stdin = await call.stdin.read(-1) if verb in STDIN_VERBS else b""
        answer = line.run(call.arguments, stdin)
        if server.garbage is not None:
            await call.stdout.write(server.garbage)
            return 0
        await call.stdout.write(answer.stdout)
        if answer.stderr:
            await call.stderr.write(answer.stderr)
        return answer.status

    return program


def make_host(
    name: str,
    address: str,
    directory: Path,
    network: Network,
    clock: Callable[[], float],
    pause: Callable[[float], Awaitable[None]],
    rng: random.Random,
) -> Host:
    """A host with a network card and the files every Debian has."""
    root = directory / name
    root.mkdir(parents=True, exist_ok=True)
    host = Host(
        name,
        root,
        network,
        clock=clock,
        addresses=[("lo", "127.0.0.1/8"), (INTERFACE, f"{address}/24")],
        pause=pause,
    )
    network.release("127.0.0.1")
    host.write("/proc/sys/net/ipv4/ip_nonlocal_bind", "0\n")
    host.write("/etc/machine-id", f"{rng.getrandbits(128):032x}\n")
    host.write("/etc/os-release", 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n')
    return host
