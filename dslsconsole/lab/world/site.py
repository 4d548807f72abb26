"""Which hosts the practice estate has, and what runs on them."""

from __future__ import annotations

from dataclasses import dataclass

from dslsconsole.model.node import Mode

CLUSTER = "production-cluster"
VIP = "10.20.0.100"
DR_VIP = "10.30.0.100"
BACKEND = "dsls_servers"
ZONE = "company.com"
RECORD = "dsls.company.com"
RECORD_TTL = 60
DSLICSRV = "/opt/dsls/bin/DSLicSrv"
LOCK_DIRECTORY = "/var/lib/dslsconsole"
REPLICATION_KEY = "/etc/dslsconsole/replication_key"
DNS_KEY_FILE = "/etc/bind/keys/dsls-update.key"
DNS_KEY_NAME = "dsls-update"
ADMIN_SOCKET = "/run/haproxy/admin.sock"
LICENSES = "/shared/dsls/licenses"
DR_LICENSES = "/dr/dsls/licenses"
CONFIG = "/opt/dsls/config"
GENERATIONS = "/dr/dsls/generations"
STORAGE = {"licenses": LICENSES, "state": "/shared/dsls/state", "logs": "/shared/dsls/logs"}
GUIDE_PORT = 27000

POOLS = {
    "commercial": {"abaqus_standard": 500, "catia_v6": 320, "solidworks": 180},
    "academic": {"abaqus_teaching": 240, "catia_student": 160, "solidworks_edu": 100},
}
TOKENS_OF = {
    "abaqus_standard": 5,
    "catia_v6": 8,
    "solidworks": 2,
    "abaqus_teaching": 3,
    "catia_student": 4,
    "solidworks_edu": 1,
}
"""Tokens that one user of the feature takes."""


@dataclass(frozen=True, slots=True)
class NodePlan:
    """A host with a licence server."""

    name: str
    mode: Mode
    address: str
    unit: str

    @property
    def is_dr(self) -> bool:
        return self.mode in (Mode.DR_PRIMARY, Mode.DR_BACKUP)

    @property
    def holds_tokens(self) -> bool:
        return self.mode is not Mode.ARBITRATOR


@dataclass(frozen=True, slots=True)
class BalancerPlan:
    """A host with HAProxy: its address, the level of its socket, and whether it offers the statistics page."""

    name: str
    address: str
    servers: dict[str, str]
    vip: str
    priority: int
    socket_level: str = "admin"
    has_page: bool = False


NODES = (
    NodePlan("dsls-primary-01", Mode.PRIMARY, "10.20.0.11", "dsls-primary"),
    NodePlan("dsls-backup-01", Mode.BACKUP, "10.20.0.12", "dsls-backup"),
    NodePlan("dsls-arbitrator-01", Mode.ARBITRATOR, "10.20.0.13", "dsls-arbitrator"),
    NodePlan("dr-dsls-01", Mode.DR_PRIMARY, "10.30.0.11", "dsls-dr-primary"),
    NodePlan("dr-dsls-02", Mode.DR_BACKUP, "10.30.0.12", "dsls-dr-backup"),
)
SERVERS = {"dsls-primary-01": "dsls-primary", "dsls-backup-01": "dsls-backup"}
DR_SERVERS = {"dr-dsls-01": "dsls-dr-primary", "dr-dsls-02": "dsls-dr-backup"}
BALANCERS = (
    BalancerPlan("haproxy-01", "10.20.0.21", SERVERS, VIP, 101),
    BalancerPlan("haproxy-02", "10.20.0.22", SERVERS, VIP, 100, socket_level="operator", has_page=True),
    BalancerPlan("dr-haproxy-01", "10.30.0.21", DR_SERVERS, DR_VIP, 100),
)
STORAGE_HOST = "storage-01"
DNS_HOST = "dns-01"
OTHERS = {STORAGE_HOST: "10.20.0.31", DNS_HOST: "10.20.0.53"}
NOTIFY_HOST = "notify"
