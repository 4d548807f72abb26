"""What lies on the machines' disks: users, keys, configuration and the licence servers' state."""

import hashlib
import json
import os
import random
import re
import shlex
import stat
import sys
import time
from pathlib import Path
from typing import Any

import asyncssh
import msgspec
from msgspec import Struct

from dslsconsole.lab.keys import known_hosts, public_line
from dslsconsole.lab.network import Network
from dslsconsole.lab.world import build, site
from dslsconsole.lab.world.assembly import FIRST_EPOCH, FIRST_GENERATION
from dslsconsole.lab.world.licenses import license_files
from dslsconsole.lab.world.server import STATE_FILE
from dslsconsole.lab.world.tokens import TokenState, fresh
from dslsconsole.lab.world.users import Users
from dslsconsole.model.node import Mode, Role
from dslsconsole.shipped import shipped
from tests.network.plan import ADDRESSES, BACKUP, BALANCERS, DR_LB, NODES, OPS, PORT, PRIMARY, TIMES_FILE, Times

PROBE, OPERATE = "dslsprobe", "dslsop"
USERS = {PROBE: 61990, OPERATE: 61991}
GROUP, GROUP_ID = "dslsconsole", 61992
HERE = Path(__file__).parent


class Keys(Struct, frozen=True):
    """Every key of the network: one a machine, and those of the console and of the copying to the DR site."""

    hosts: dict[str, asyncssh.SSHKey]
    probe: asyncssh.SSHKey
    operate: asyncssh.SSHKey
    replication: asyncssh.SSHKey

    @classmethod
    def made(cls) -> "Keys":
        def key() -> asyncssh.SSHKey:
            return asyncssh.generate_private_key("ssh-ed25519")

        return cls({name: key() for name in ADDRESSES}, key(), key(), key())

    def known(self) -> str:
        """The known_hosts of all machines."""
        return known_hosts((ADDRESSES[name], 22, key) for name, key in self.hosts.items()) + known_hosts(
            (name, 22, key) for name, key in self.hosts.items()
        )


class Disk:
    """A machine's own layer over the file system of this machine."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for name in ("disk", "work", "root"):
            (directory / name).mkdir(parents=True)

    def _made(self, path: str) -> Path:
        """The place of a path, its directories with the modes that they have on this machine."""
        place, real = self.directory / "disk", Path("/")
        parts = path.strip("/").split("/")
        for part in parts[:-1]:
            place, real = place / part, real / part
            if not place.exists():
                place.mkdir(mode=0o755)
                if real.is_dir():
                    place.chmod(stat.S_IMODE(real.stat().st_mode))
        return place / parts[-1]

    def write(self, path: str, text: str, owner: str = "root", mode: int = 0o644) -> None:
        place = self._made(path)
        place.write_text(text)
        place.chmod(mode)
        os.chown(place, USERS.get(owner, 0), USERS.get(owner, 0))

    def directory_of(self, path: str, owner: str = "root", mode: int = 0o755) -> None:
        place = self._made(path)
        place.mkdir(exist_ok=True)
        place.chmod(mode)
        os.chown(place, USERS.get(owner, 0), USERS.get(owner, 0))

    def program(self, path: str, script: str) -> None:
        self.write(path, f"#!/bin/sh\n{script}\n", mode=0o755)


def furnish(name: str, base: Path, keys: Keys, times: Times) -> None:
    """Everything on one machine's disk."""
    disk = Disk(base / name)
    _users(disk)
    _access(disk, name, keys)
    _programs(disk)
    if name in NODES:
        _node(disk, name, keys)
        disk.write(TIMES_FILE, msgspec.json.encode(times).decode())
    if name in BALANCERS:
        _balancer(disk, name, times)
    if name == site.DNS_HOST:
        _name_server(disk)
    if name == OPS:
        for file, key in (("probe_key", keys.probe), ("operate_key", keys.operate)):
            disk.write(f"/console/{file}", key.export_private_key("openssh").decode(), mode=0o600)
        disk.write("/console/known_hosts", keys.known())
        disk.write("/console/ssh_config", "")


def storage(base: Path) -> None:
    """The shared storage of the main site."""
    for kind in site.STORAGE:
        (base / "storage" / kind).mkdir(parents=True)
    for name, text in license_files().items():
        (base / "storage" / "licenses" / name).write_text(text)


def _users(disk: Disk) -> None:
    people = {user: (uid, uid, f"/home/{user}") for user, uid in USERS.items()}
    lines = [f"{user}:x:{uid}:{gid}::{home}:/bin/sh" for user, (uid, gid, home) in people.items()]
    groups = [f"{user}:x:{gid}:" for user, (_, gid, _) in people.items()] + [f"{GROUP}:x:{GROUP_ID}:{','.join(USERS)}"]
    shadow = [f"{user}:*:19000:0:99999:7:::" for user in USERS]
    for path, more, mode in (("passwd", lines, 0o644), ("group", groups, 0o644), ("shadow", shadow, 0o640)):
        disk.write(f"/etc/{path}", "\n".join([Path(f"/etc/{path}").read_text().rstrip("\n"), *more, ""]), mode=mode)
    for user in USERS:
        disk.directory_of(f"/home/{user}", user)
    # The interpreter and this repository may lie where only root looks.
    for root in (Path(sys.prefix), Path(sys.base_prefix), Path.cwd()):
        for above in (root.resolve(), *root.resolve().parents):
            if above != Path("/") and above.stat().st_dev == Path("/").stat().st_dev and not above.stat().st_mode & 1:
                disk.directory_of(str(above), mode=stat.S_IMODE(above.stat().st_mode) | 0o011)


def _access(disk: Disk, name: str, keys: Keys) -> None:
    hosts = "".join(f"{address} {host}\n" for host, address in ADDRESSES.items())
    disk.write("/etc/hosts", f"127.0.0.1 localhost\n{hosts}")
    disk.write("/etc/hostname", f"{name}\n")
    disk.write("/etc/resolv.conf", f"nameserver {ADDRESSES[site.DNS_HOST]}\noptions timeout:1 attempts:1\n")
    disk.write("/etc/ssh/ssh_known_hosts", keys.known())
    disk.write("/etc/ssh/host_key", keys.hosts[name].export_private_key("openssh").decode(), mode=0o600)
    disk.write(
        "/etc/ssh/sshd_config",
        "HostKey /etc/ssh/host_key\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "PermitRootLogin no\nSubsystem sftp internal-sftp\n",
    )
    forwarding = ",port-forwarding" if name in BALANCERS else ""
    probe = f'restrict{forwarding},command="/usr/local/lib/dslsconsole/dslsprobe" {public_line(keys.probe)}\n'
    operate = f'from="{ADDRESSES[OPS]}",restrict{forwarding} {public_line(keys.operate)}\n'
    plan = NODES.get(name)
    if plan is not None:
        far = [other.address for other in NODES.values() if other.is_dr != plan.is_dr and other.holds_tokens]
        operate += f'from="{",".join(far)}",restrict {public_line(keys.replication)}\n'
    for user, lines in ((PROBE, probe), (OPERATE, operate)):
        disk.directory_of(f"/home/{user}/.ssh", user, 0o700)
        disk.write(f"/home/{user}/.ssh/authorized_keys", lines, user, 0o600)
    unit = plan.unit if plan else "haproxy"
    rules = (shipped("config") / "node" / "sudoers").read_text().replace("dsls-primary", unit)
    disk.write("/etc/sudoers.d/dslsconsole", rules, mode=0o440)


def _programs(disk: Disk) -> None:
    disk.directory_of("/var/lib/dslsconsole", OPERATE, 0o700)
    disk.write(
        "/usr/local/lib/dslsconsole/dslsprobe", (shipped("config") / "node" / "dslsprobe").read_text(), mode=0o755
    )
    call = shlex.join([os.path.realpath(sys.executable), "-I", "-S", str(HERE / "programs.py")])
    for program in ("systemctl", "systemd-run"):
        disk.program(f"/usr/bin/{program}", f'exec {call} {program} "$@"')
    disk.program(site.DSLICSRV, f'exec {call} DSLicSrv "$@"')


def _node(disk: Disk, name: str, keys: Keys) -> None:
    plan = NODES[name]
    config = build.config_files(dict.fromkeys(NODES, PORT))
    disk.directory_of(site.CONFIG, OPERATE)
    for file, text in config.items():
        if plan.holds_tokens or file == "arbitrator.conf":
            disk.write(f"{site.CONFIG}/{file}", text, OPERATE)
    disk.directory_of("/opt/dsls/state", OPERATE)
    if plan.is_dr:
        disk.write(f"{site.CONFIG}/dr-site.conf", f"DR_SITE_ID=campus-backup\nDR_NODE_ID={name}\n", OPERATE)
        disk.directory_of(site.DR_LICENSES, OPERATE)
        for file, text in license_files().items():
            disk.write(f"{site.DR_LICENSES}/{file}", text, OPERATE)
        disk.write(site.DNS_KEY_FILE, _dns_key(), OPERATE, 0o600)
    if plan.holds_tokens:
        key = keys.replication.export_private_key("openssh").decode()
        disk.write(site.REPLICATION_KEY, key, OPERATE, 0o600)
    state = _state(plan, config)
    disk.write(STATE_FILE, json.dumps(state), OPERATE, 0o666)
    if name == PRIMARY:
        server = f"{site.DSLICSRV}"
        disk.program(
            "/usr/local/sbin/token-sync",
            f"while :; do\n  if {server} -cluster-status | grep -q '^Role: primary'; then\n"
            f"    {server} -tokens -format json | {server} -sync-tokens -target {BACKUP}:{PORT}\n  fi\n  sleep 5\ndone",
        )


def _state(plan: site.NodePlan, config: dict[str, str]) -> dict[str, Any]:
    """What a licence server finds when it starts: people at work, and a copy at the DR site a minute ago."""
    role = {Mode.PRIMARY: Role.PRIMARY, Mode.BACKUP: Role.BACKUP, Mode.ARBITRATOR: Role.ARBITRATOR}
    sums = [
        {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
        for files in (license_files(), config)
    ]
    return {
        "role": str(role.get(plan.mode, Role.DR_BACKUP)),
        "epoch": FIRST_EPOCH,
        "tokens": _busy().as_document(),
        "last_sync": time.time() - 60 if plan.is_dr else None,
        "synced_files": sums if plan.is_dr else None,
    }


def _busy() -> TokenState:
    tokens = fresh(site.POOLS, FIRST_GENERATION)
    Users({}, [], Network(), lambda: None, random.Random(1)).prefill([tokens], 0.0)
    for checkout in tokens.checkouts.values():
        checkout.since = checkout.active_at = time.time() - 600
    # Half of them have gone home, so that there are licences left for whoever asks.
    for number in [number for number in tokens.checkouts if number % 2]:
        tokens.give_back(number)
    return tokens


def _dns_key() -> str:
    return f'key "{site.DNS_KEY_NAME}" {{\n\talgorithm hmac-sha256;\n\tsecret "{build.DNS_SECRET}";\n}};\n'


def _balancer(disk: Disk, name: str, times: Times) -> None:
    plan = BALANCERS[name]
    servers = "".join(
        f"    server {server} {node}:{PORT} check port {PORT} inter {times.check_interval * 1000:.0f}ms rise 2 fall 3 "
        f"weight {'50 backup' if number else '100'}\n"
        for number, (node, server) in enumerate(plan.servers.items())
    )
    level = f"level {plan.socket_level} "
    page = "frontend stats\n    bind *:8404\n    mode http\n    stats enable\n    stats uri /stats\n"
    page += "    stats refresh 30s\n    stats admin if TRUE\n"
    disk.write(
        "/etc/haproxy/haproxy.cfg",
        f"""global
    chroot /var/lib/haproxy
    stats socket {site.ADMIN_SOCKET} mode 660 {level}gid {GROUP_ID}
    stats timeout 30s
    user haproxy
    group haproxy
defaults
    mode tcp
    option tcp-check
    timeout connect 5000ms
    timeout client 50000ms
    timeout server 50000ms
    retries 3
backend {site.BACKEND}
    mode tcp
    balance roundrobin
    option tcp-check
    tcp-check send "STATUS\\r\\n"
    tcp-check expect string "Server Status: Running"
{servers}frontend dsls_frontend
    bind *:{PORT}
    mode tcp
    default_backend {site.BACKEND}
{page}""",
    )
    if name != DR_LB:
        disk.write("/etc/keepalived/keepalived.conf", _keepalived(plan))


def _keepalived(plan: site.BalancerPlan) -> str:
    """As the guide has it, but that a shell reads the pid file: without one its check can never succeed."""
    return f"""global_defs {{
    script_user root
    enable_script_security
}}
vrrp_script chk_haproxy {{
    script "/bin/sh -c '/bin/kill -0 `cat /run/haproxy.pid`'"
    interval 2
    weight 2
    fall 3
    rise 2
}}
vrrp_instance VI_1 {{
    state {"MASTER" if plan.priority > 100 else "BACKUP"}
    interface eth0
    virtual_router_id 51
    priority {plan.priority}
    advert_int 1
    authentication {{
        auth_type PASS
        auth_pass dsls_ha_
    }}
    virtual_ipaddress {{
        {plan.vip}/24
    }}
    track_script {{
        chk_haproxy
    }}
}}
"""


def _name_server(disk: Disk) -> None:
    disk.directory_of("/var/lib/bind", mode=0o755)
    label = re.sub(rf"\.{site.ZONE}$", "", site.RECORD)
    disk.write(
        "/var/lib/bind/zone",
        f"$TTL 60\n@ IN SOA ns hostmaster 1 60 60 600 60\n@ IN NS ns\nns IN A {ADDRESSES[site.DNS_HOST]}\n"
        f"{label} {site.RECORD_TTL} IN A {site.VIP}\n",
    )
    disk.write(
        "/etc/bind/named.conf",
        f"""{_dns_key()}
options {{
    directory "/var/lib/bind"; listen-on {{ any; }}; listen-on-v6 {{ none; }}; pid-file none;
    session-keyfile none; recursion no; dnssec-validation no; notify no;
}};
controls {{ }};
zone "{site.ZONE}" {{
    type primary; file "/var/lib/bind/zone"; update-policy {{ grant {site.DNS_KEY_NAME} name {site.RECORD} A; }};
}};
""",
    )
