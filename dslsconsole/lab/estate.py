"""The estate file of the practice estate: what `dslsconsole -c` is given to find it."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import yaml

from dslsconsole.lab.twin import Twin, likened
from dslsconsole.lab.world import site
from dslsconsole.lab.world.world import World

LOOPBACK = "127.0.0.1"
POLL = "2s"


def _node(world: World, plan: site.NodePlan, ssh_port: int) -> dict[str, Any]:
    port = world.nodes[plan.name].server.port
    return {"mode": str(plan.mode), "address": LOOPBACK, "unit": plan.unit, "ssh_port": ssh_port, "port": port}


def _balancers(world: World, ssh_ports: dict[str, int], vip: str) -> dict[str, Any]:
    there = [balancer for balancer in world.balancers.values() if balancer.plan.vip == vip]
    hosts: dict[str, Any] = {}
    for balancer in there:
        hosts[balancer.plan.name] = {"address": LOOPBACK, "ssh_port": ssh_ports[balancer.plan.name]}
        if balancer.page is not None:
            hosts[balancer.plan.name]["stats_url"] = f"http://{LOOPBACK}:{balancer.page.port}/stats"
        else:
            hosts[balancer.plan.name]["socket"] = site.ADMIN_SOCKET
    settings = {"backend": site.BACKEND, "servers": dict(there[0].plan.servers), "hosts": hosts}
    return {"vip": vip, **settings, "keepalived": True} if vip == site.VIP else settings


def _dr(world: World, ssh_ports: dict[str, int]) -> dict[str, Any]:
    nodes = {p.name: _node(world, p, ssh_ports[p.name]) for p in site.NODES if p.is_dr}
    return {
        "site": "campus-backup",
        "nodes": nodes,
        "load_balancers": _balancers(world, ssh_ports, site.DR_VIP),
        "sync": {
            "interval": "300s",
            "max_lag": "900s",
            "source": site.NODES[0].name,
            "remote_user": "dslsop",
            "remote_identity_file": site.REPLICATION_KEY,
            "files": [
                {"from": f"{site.LICENSES}/", "to": f"{site.DR_LICENSES}/", "max_delete": 5},
                {"from": f"{site.CONFIG}/", "to": f"{site.CONFIG}/", "max_delete": 5, "exclude": ["dr-site.conf"]},
            ],
            "generations_directory": site.GENERATIONS,
            "generations": 2,
        },
        "dns": {
            "server": LOOPBACK,
            "port": world.names.port,
            "zone": site.ZONE,
            "record": site.RECORD,
            "ttl": site.RECORD_TTL,
            "main_address": site.VIP,
            "dr_address": site.DR_VIP,
            "key_file": site.DNS_KEY_FILE,
            "run_on": list(nodes),
        },
        "notify": {"url": world.notices.url, "audience": "all_users", "channels": ["email", "slack", "dashboard"]},
    }


def document(world: World, directory: Path, ssh_ports: dict[str, int]) -> dict[str, Any]:
    """The estate file as a mapping.

    Args:
        directory: the lab's own, absolute; keys, known hosts and the journal lie in it.
        ssh_ports: host name to the port of its SSH server.
    """
    primary = site.NODES[0].name
    main = {plan.name: _node(world, plan, ssh_ports[plan.name]) for plan in site.NODES if not plan.is_dr}
    cluster = {
        "nodes": main,
        "quorum": 2,
        "token_sync": {"interval": "5s", "max_lag": "60s"},
        "checkout_features": ["abaqus_standard", "catia_v6"],
        "load_balancers": _balancers(world, ssh_ports, site.VIP),
        "storage": {"kind": "nfs", "paths": dict(site.STORAGE)},
        "dr": _dr(world, ssh_ports),
        "automation": [
            {"name": "token-sync", "node": primary, "unit": "dsls-token-sync.service"},
            {"name": "dr-sync", "node": primary, "unit": "dsls-dr-sync.timer"},
        ],
        "academic": {
            "timezone": "America/New_York",
            "semesters": _semesters(datetime.datetime.fromtimestamp(world.pace.wall(), datetime.UTC).year),
            "class_hours": "Mon-Fri 08:00-18:00",
        },
    }
    return {
        "version": 1,
        "ssh": {
            "config_file": str(directory / "ssh_config"),
            "known_hosts_file": str(directory / "known_hosts"),
            "identity_files": [str(directory / "keys" / "dslsprobe")],
            "operate_identity_files": [str(directory / "keys" / "dslsop")],
            "probe_user": "dslsprobe",
            "operate_user": "dslsop",
        },
        "poll": {"interval": POLL, "timeout": "2s", "stale_after": "10s"},
        "dslicsrv": {"path": site.DSLICSRV},
        "lock_directory": site.LOCK_DIRECTORY,
        "journal": {"directory": str(directory / "journal")},
        "recordings": {"directory": str(directory / "recordings")},
        "clusters": {site.CLUSTER: cluster},
        "operators": {"viewers": ["*"], "operators": ["*"]},
    }


def _semesters(year: int) -> list[dict[str, Any]]:
    """The semesters of a year and the first of the next, each with its exams."""

    def semester(name: str, start: datetime.date, end: datetime.date) -> dict[str, Any]:
        exams = {"start": end - datetime.timedelta(days=10), "end": end}
        return {"name": name, "start": start, "end": end, "exams": exams}

    return [
        semester(f"spring-{year}", datetime.date(year, 1, 15), datetime.date(year, 5, 15)),
        semester(f"summer-{year}", datetime.date(year, 6, 1), datetime.date(year, 8, 10)),
        semester(f"fall-{year}", datetime.date(year, 8, 25), datetime.date(year, 12, 18)),
        semester(f"spring-{year + 1}", datetime.date(year + 1, 1, 15), datetime.date(year + 1, 5, 15)),
    ]


def write(world: World, directory: Path, ssh_ports: dict[str, int], twin: Twin | None = None) -> Path:
    """Write `estate.yaml` and return its path."""
    path = directory / "estate.yaml"
    whole = document(world, directory, ssh_ports)
    text = yaml.safe_dump(whole if twin is None else likened(whole, twin), sort_keys=False, width=120)
    path.write_text(
        f"# The practice estate, as it runs now; written anew each time it starts.\n{text}", encoding="utf-8"
    )
    return path
