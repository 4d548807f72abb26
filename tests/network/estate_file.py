"""The estate file that the console on the network is given: the shape of the contract, with the network's addresses."""

from typing import Any

from dslsconsole.lab.world import site
from tests.network.furniture import OPERATE, PROBE
from tests.network.plan import ADDRESSES, BALANCERS, DR_LB, LOOP, NODES, NOTIFY_PORT, PRIMARY, TIMER

CONSOLE = "/console"
ESTATE = f"{CONSOLE}/estate.yaml"


def _nodes(*, dr: bool) -> dict[str, Any]:
    return {
        plan.name: {"mode": str(plan.mode), "address": plan.address, "unit": plan.unit}
        for plan in NODES.values()
        if plan.is_dr == dr
    }


def _balancers(*names: str) -> dict[str, Any]:
    hosts: dict[str, Any] = {}
    for name in names:
        plan = BALANCERS[name]
        way = {"stats_url": f"http://{plan.address}:8404/stats"} if plan.has_page else {"socket": site.ADMIN_SOCKET}
        hosts[name] = {"address": plan.address, **way}
    return {"backend": site.BACKEND, "servers": dict(BALANCERS[names[0]].servers), "hosts": hosts}


def _dr() -> dict[str, Any]:
    return {
        "site": "campus-backup",
        "nodes": _nodes(dr=True),
        "load_balancers": _balancers(DR_LB),
        "sync": {
            "interval": "300s",
            "max_lag": "900s",
            "source": PRIMARY,
            "remote_user": OPERATE,
            "remote_identity_file": site.REPLICATION_KEY,
            "files": [
                {"from": f"{site.LICENSES}/", "to": f"{site.DR_LICENSES}/", "max_delete": 5},
                {"from": f"{site.CONFIG}/", "to": f"{site.CONFIG}/", "max_delete": 5, "exclude": ["dr-site.conf"]},
            ],
        },
        "dns": {
            "server": ADDRESSES[site.DNS_HOST],
            "zone": site.ZONE,
            "record": site.RECORD,
            "ttl": site.RECORD_TTL,
            "main_address": site.VIP,
            "dr_address": site.DR_VIP,
            "key_file": site.DNS_KEY_FILE,
            "run_on": [plan.name for plan in NODES.values() if plan.is_dr],
        },
        "notify": {
            "url": f"http://{ADDRESSES[site.NOTIFY_HOST]}:{NOTIFY_PORT}/notifications",
            "audience": "all_users",
            "channels": ["email", "slack", "dashboard"],
            "token_env": "DSLS_NOTIFY_TOKEN",
        },
    }


def document() -> dict[str, Any]:
    main = _balancers(*(name for name in BALANCERS if name != DR_LB))
    cluster = {
        "nodes": _nodes(dr=False),
        "quorum": 2,
        "token_sync": {"interval": "5s", "max_lag": "60s"},
        "checkout_features": ["abaqus_standard", "catia_v6"],
        "load_balancers": {"vip": site.VIP, **main, "keepalived": True},
        "storage": {"kind": "local", "paths": dict(site.STORAGE)},
        "dr": _dr(),
        "automation": [
            {"name": "token-sync", "node": PRIMARY, "unit": LOOP},
            {"name": "dr-sync", "node": PRIMARY, "unit": TIMER},
        ],
    }
    return {
        "version": 1,
        "ssh": {
            "config_file": f"{CONSOLE}/ssh_config",
            "known_hosts_file": f"{CONSOLE}/known_hosts",
            "identity_files": [f"{CONSOLE}/probe_key"],
            "operate_identity_files": [f"{CONSOLE}/operate_key"],
            "probe_user": PROBE,
            "operate_user": OPERATE,
            # A host without power is silent; tests wait for that often.
            "connect_timeout": "2s",
        },
        "dslicsrv": {"path": site.DSLICSRV},
        "lock_directory": site.LOCK_DIRECTORY,
        "journal": {"directory": f"{CONSOLE}/journal"},
        "clusters": {site.CLUSTER: cluster},
    }
