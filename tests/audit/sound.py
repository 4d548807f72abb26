"""A cluster that is set up as every rule of the audit wants it, and ways to change one thing of it."""

import copy
from collections.abc import Callable
from typing import Any

import msgspec

from dslsconsole.audit.facts import ClusterFacts, HostFacts, SiteFacts
from dslsconsole.audit.gathering import Questions
from dslsconsole.model.node import DnsAnswer, ServerStatus
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.settings.hosts import HostAddress, HostKind, Site, cluster_hosts
from dslsconsole.settings.schema import Estate
from dslsconsole.systems.dslicsrv.settings import parse_settings
from dslsconsole.systems.haproxy.configuration import parse_haproxy
from dslsconsole.systems.keepalived.configuration import parse_keepalived
from dslsconsole.systems.node.configuration import TimeService
from dslsconsole.systems.storage.fstab import parse_fstab, parse_mounted
from dslsconsole.systems.systemd.settings import UnitSettings

CLUSTER = "production-cluster"
PRIMARY, BACKUP, ARBITRATOR = "dsls-primary-01", "dsls-backup-01", "dsls-arbitrator-01"
DR1, DR2 = "dr-dsls-01", "dr-dsls-02"
LB1, LB2, DR_LB = "haproxy-01", "haproxy-02", "dr-haproxy-01"
VIP = "10.20.0.100"
PATHS = {"licenses": "/shared/dsls/licenses", "state": "/shared/dsls/state"}
NODES = {PRIMARY: "10.20.0.11", BACKUP: "10.20.0.12", ARBITRATOR: "10.20.0.13"}
Document = dict[str, Any]

HAPROXY = """
global
    stats socket /run/haproxy/admin.sock mode 660 level admin
    server-state-file /var/lib/haproxy/state
defaults
    mode tcp
    option redispatch
    timeout connect 5s
    timeout client 50s
    timeout server 50s
    timeout tunnel 1h
    timeout check 2s
    load-server-state-from-file global
    default-server check inter 5s fastinter 1s fall 3 rise 2 on-marked-down shutdown-sessions
backend dsls_servers
    option tcp-check
    tcp-check send "STATUS\\r\\n"
    tcp-check expect string "Server Status: Running"
    server dsls-primary dsls-primary-01:27000 weight 100
    server dsls-backup dsls-backup-01:27000 backup
frontend dsls_frontend
    bind *:27000
    default_backend dsls_servers
frontend stats
    mode http
    bind 127.0.0.1:8404
    stats enable
"""
DR_HAPROXY = HAPROXY.replace("dsls-primary dsls-primary-01", "dsls-dr-primary dr-dsls-01").replace(
    "dsls-backup dsls-backup-01", "dsls-dr-backup dr-dsls-02"
)
KEEPALIVED = """
global_defs {
    enable_script_security
    script_user nobody
}
vrrp_script chk_haproxy {
    script "/usr/bin/timeout 2 /bin/bash -c '</dev/tcp/127.0.0.1/27000'"
    weight 0
}
vrrp_instance VI_1 {
    state BACKUP
    nopreempt
    virtual_router_id 51
    priority 101
    authentication {
        auth_type PASS
        auth_pass secret12
    }
    virtual_ipaddress {
        10.20.0.100/24
    }
    track_script {
        chk_haproxy
    }
}
"""
MOUNTS = "".join(
    f"{number} 1 0:4{number} / {path} rw shared:1 - nfs4 filer:{path} rw,hard\n"
    for number, path in enumerate(PATHS.values(), 1)
)
FSTAB = "".join(f"filer:{path} {path} nfs4 hard,nofail,_netdev 0 0\n" for path in PATHS.values())
SHARED = "DSLS_SHARED_LICENSE_PATH=/shared/dsls/licenses\nDSLS_SHARED_STATE_PATH=/shared/dsls/state\n"
LICENCE = {
    PRIMARY: "DSLS_NODE_ID=dsls-primary-01\nDSLS_CLUSTER_MODE=primary\nDSLS_HA_ROLE=primary\n"
    "DSLS_HA_CLUSTER_NAME=production-cluster\nDSLS_HA_PEER_SERVERS=dsls-backup-01:27000,dsls-arbitrator-01:27000\n"
    f"DSLS_CLUSTER_ELECTION_TIMEOUT=60\nDSLS_TOKEN_FAILOVER_TIMEOUT=240\n{SHARED}",
    BACKUP: "DSLS_NODE_ID=dsls-backup-01\nDSLS_CLUSTER_MODE=backup\nDSLS_HA_CLUSTER_NAME=production-cluster\n"
    f"DSLS_HA_PEER_SERVERS=dsls-primary-01:27000,10.20.0.13:27000\nDSLS_BACKUP_TAKEOVER_TIMEOUT=90\n{SHARED}",
    ARBITRATOR: "DSLS_NODE_ID=dsls-arbitrator-01\nDSLS_CLUSTER_MODE=arbitrator\nDSLS_ARBITRATOR_QUORUM_SIZE=2\n"
    "DSLS_HA_PEER_SERVERS=dsls-primary-01:27000,dsls-backup-01:27000\n"
    "DSLS_HEALTH_CHECK_INTERVAL=15\nDSLS_HEALTH_CHECK_TIMEOUT=5\n",
}
FAILOVER = "FAILOVER_TRIGGERS=server_down,network_partition\nFAILOVER_DETECTION_TIMEOUT=60\nRECOVERY_MODE=manual\n"


def document() -> Document:
    """The estate file."""
    dr_nodes = {
        DR1: ("dr-primary", "10.30.0.11", "dsls-dr-primary"),
        DR2: ("dr-backup", "10.30.0.12", "dsls-dr-backup"),
    }
    cluster = {
        "nodes": {
            PRIMARY: {"mode": "primary", "address": NODES[PRIMARY], "unit": "dsls-primary"},
            BACKUP: {"mode": "backup", "address": NODES[BACKUP], "unit": "dsls-backup"},
            ARBITRATOR: {"mode": "arbitrator", "address": NODES[ARBITRATOR], "unit": "dsls-arbitrator"},
        },
        "quorum": 2,
        "load_balancers": {
            "vip": VIP,
            "servers": {PRIMARY: "dsls-primary", BACKUP: "dsls-backup"},
            "hosts": {name: {"socket": "/run/haproxy/admin.sock"} for name in (LB1, LB2)},
            "keepalived": True,
        },
        "storage": {"paths": dict(PATHS)},
        "dr": {
            "site": "campus-backup",
            "nodes": {
                name: {"mode": mode, "address": address, "unit": unit}
                for name, (mode, address, unit) in dr_nodes.items()
            },
            "load_balancers": {
                "servers": {DR1: "dsls-dr-primary", DR2: "dsls-dr-backup"},
                "hosts": {DR_LB: {"socket": "/run/haproxy/admin.sock"}},
            },
            "sync": {
                "files": [
                    {"from": "/shared/dsls/licenses/", "to": "/dr/dsls/licenses/", "max_delete": 5},
                    {"from": "/opt/dsls/config/", "to": "/opt/dsls/config/", "exclude": ["dr-site.conf"]},
                ],
                "generations_directory": "/dr/dsls/generations",
            },
            "dns": {
                "server": "10.20.0.53",
                "zone": "company.com",
                "record": "dsls.company.com",
                "main_address": VIP,
                "dr_address": "10.30.0.100",
                "key_file": "/etc/bind/keys/dsls.key",
            },
            "notify": {"url": "https://api.company.com/notifications"},
        },
        "automation": [
            {"name": "token-sync", "node": PRIMARY, "unit": "dsls-token-sync.service"},
            {"name": "dr-sync", "node": PRIMARY, "unit": "dsls-dr-sync.timer"},
        ],
    }
    return {
        "version": 1,
        "ssh": {
            "probe_user": "dslsprobe",
            "operate_user": "dslsop",
            "identity_files": ["~/.ssh/dslsprobe"],
            "operate_identity_files": ["~/.ssh/dslsop"],
        },
        "journal": {"anchor": {"host": ARBITRATOR}},
        "clusters": {CLUSTER: cluster},
        "operators": {"operators": ["@dsls-oncall"], "two_person": ["dr-activate", "dr-return"]},
        "notifications": [{"webhook": "https://hooks.example.com/dsls"}],
    }


def estate(change: Callable[[Document], None] | None = None) -> Estate:
    """The estate, with a change of its file."""
    changed = copy.deepcopy(document())
    if change is not None:
        change(changed)
    return Estate.model_validate(changed)


def read(value: Any) -> Reading[Any]:
    return Reading(value, 1.0, "probe", None, 1.0)


def unread(text: str = "nobody knows", kind: FailureKind = FailureKind.UNREACHABLE) -> Reading[Any]:
    return Reading(None, None, "probe", Failure(kind, text), 1.0)


def facts(settings: Estate) -> ClusterFacts:
    """What the hosts of the estate say while all is well."""
    hosts = cluster_hosts(settings, CLUSTER)
    cluster = settings.clusters[CLUSTER]
    dr = cluster.dr
    told = {host.name: _host(settings, host) for host in hosts.all}
    sites = [
        SiteFacts(
            Site.MAIN,
            cluster.nodes,
            tuple(told[host.name] for host in hosts.nodes),
            cluster.load_balancers,
            tuple(told[host.name] for host in hosts.balancers),
        )
    ]
    if dr is not None:
        nodes = tuple(told[host.name] for host in hosts.dr_nodes)
        balancers = tuple(told[host.name] for host in hosts.dr_balancers)
        sites.append(SiteFacts(Site.DR, dr.nodes, nodes, dr.load_balancers, balancers))
    return ClusterFacts(CLUSTER, cluster, settings, tuple(sites))


def _host(settings: Estate, host: HostAddress) -> HostFacts:
    questions = Questions.of(settings, host)
    config = KEEPALIVED if host.name == LB1 else KEEPALIVED.replace("priority 101", "priority 100")
    values: dict[str, Any] = {
        "time": TimeService(True, True),
        "kernel": {"ip_nonlocal_bind": 0},
        "haproxy": parse_haproxy(DR_HAPROXY if host.site is Site.DR else HAPROXY),
        "keepalived": parse_keepalived(config),
        "status": ServerStatus("Running", version="R2024x"),
        "licence": parse_settings(LICENCE.get(host.name, "")),
        "failover": parse_settings(FAILOVER),
        "dr_site": {"DR_SITE_ID": "campus-backup"},
        "mounts": parse_mounted(MOUNTS),
        "fstab": parse_fstab(FSTAB),
        "dns": DnsAnswer((VIP,), 60, True, "NOERROR"),
        "units": tuple(_unit(name, host) for name in questions.units),
    }
    readings: dict[str, Any] = {fact: read(values[fact]) for fact in questions.words}
    return HostFacts(host, clock_offset=read(0.0), unit_names=questions.units, **readings)


def _unit(name: str, host: HostAddress) -> UnitSettings:
    unit = UnitSettings(name, "loaded", "active", "enabled", "on-failure", 1.0, 10.0, 5, tuple(PATHS.values()))
    own = name in (f"{host.unit}.service", "haproxy.service", "keepalived.service")
    if host.kind is HostKind.NODE and host.site is Site.DR and own:
        return msgspec.structs.replace(unit, active="inactive", enabled="disabled")
    if own or host.name == PRIMARY:
        return unit
    return UnitSettings(name, "not-found", "inactive", "")


def with_host(before: ClusterFacts, name: str, **changes: Any) -> ClusterFacts:
    """The facts with some of one host's replaced."""

    def changed(hosts: tuple[HostFacts, ...]) -> tuple[HostFacts, ...]:
        return tuple(msgspec.structs.replace(host, **changes) if host.name == name else host for host in hosts)

    sites = tuple(
        msgspec.structs.replace(site, nodes=changed(site.nodes), balancers=changed(site.balancers))
        for site in before.sites
    )
    return msgspec.structs.replace(before, sites=sites)


def with_unit(before: ClusterFacts, name: str, unit: str, **changes: Any) -> ClusterFacts:
    """The facts with some of one unit's settings replaced."""
    host = next(host for host in before.hosts if host.name == name)
    assert host.units.value is not None
    units = tuple(
        msgspec.structs.replace(one, **changes) if named == unit else one
        for named, one in zip(host.unit_names, host.units.value, strict=True)
    )
    return with_host(before, name, units=read(units))
