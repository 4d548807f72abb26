"""What `DSLicSrv` prints about a server: as documents for JSON, and as text."""

from __future__ import annotations

import datetime
import json
from typing import Any

from dslsconsole.lab.world import licenses
from dslsconsole.lab.world.cluster import Servers
from dslsconsole.lab.world.server import MAX_CONNECTIONS, LicenceServer
from dslsconsole.lab.world.site import CLUSTER
from dslsconsole.lab.world.tokens import Document, stamp
from dslsconsole.model.node import Role

IN_SYNC = 10.0
"""Lab seconds of lag up to which a backup calls its sync ok."""
DR_STALE = 900.0
VERSION = "R2024x"


def as_json(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def status(server: LicenceServer) -> str:
    """`-status`."""
    valid, reason = server.license_validity()
    return (
        f"Server Status: {server.status}\n"
        f"Node: {server.name}\n"
        f"Version: {VERSION}\n"
        f"Uptime: {max(0, int(server.host.clock() - server.started_at))}\n"
        f"Connections: {server.connections}/{MAX_CONNECTIONS}\n"
        f"License File: {'valid' if valid else 'INVALID'} ({reason})\n"
    )


def _peer(server: LicenceServer, peer: LicenceServer) -> Document:
    heard = server.heard.get(peer.name)
    if heard is None or peer.name not in server.alive:
        return {
            "node": peer.name,
            "port": peer.port,
            "role": "unknown",
            "state": "unreachable",
            "sync": None,
            "lag_s": None,
        }
    lag = None if heard.lag is None else round(heard.lag)
    sync = None if lag is None else "ok" if lag <= IN_SYNC else "lagging"
    return {
        "node": peer.name,
        "port": peer.port,
        "role": str(heard.role),
        "state": heard.state,
        "sync": sync,
        "lag_s": lag,
    }


def cluster_document(server: LicenceServer, servers: Servers) -> Document:
    """`-cluster-status -format json`."""
    peers = [servers.by_name[name] for name in server.members if name != server.name]
    return {
        "cluster": CLUSTER,
        "node": server.name,
        "role": str(server.role),
        "state": server.state,
        "epoch": server.epoch,
        "quorum": {
            "held": server.has_quorum,
            "votes": server.votes,
            "members": len(server.members),
            "needed": server.needed,
        },
        "split_brain": server.split_brain,
        "peers": [_peer(server, peer) for peer in peers],
    }


def _peer_text(peer: Document) -> str:
    line = f"Peer: {peer['node']}:{peer['port']} role={peer['role']} state={peer['state']}"
    return line if peer["sync"] is None else f"{line} sync={peer['sync']} lag={peer['lag_s']}s"


def cluster_text(document: Document) -> str:
    """`-cluster-status`."""
    quorum = document["quorum"]
    held = "yes" if quorum["held"] else "no"
    lines = [
        f"Cluster: {document['cluster']}",
        f"Node: {document['node']}",
        f"Role: {document['role']}",
        f"State: {document['state']}",
        f"Epoch: {document['epoch']}",
        f"Quorum: {held} ({quorum['votes']}/{quorum['members']} votes, {quorum['needed']} needed)",
        f"Split-Brain: {'yes' if document['split_brain'] else 'no'}",
        *(_peer_text(peer) for peer in document["peers"]),
    ]
    return "\n".join(lines) + "\n"


def token_document(server: LicenceServer) -> Document:
    """`-tokens -format json`."""
    return {
        "node": server.name,
        "generation": server.tokens.generation,
        "taken_at": stamp(server.host.clock()),
        "pools": [pool.as_document() for pool in server.tokens.pools.values()],
    }


def _percent(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0


def _counts(item: Document, indent: str) -> list[str]:
    total, used = int(item["total"]), int(item["used"])
    peak = int(item.get("peak", used))
    return [
        f"{indent}Total Tokens: {total}",
        f"{indent}In Use: {used} ({_percent(used, total)}%)",
        f"{indent}Available: {item['available']}",
        f"{indent}Queued Users: {item['queued']}",
        f"{indent}Peak Usage: {peak} ({_percent(peak, total)}%)",
    ]


def token_text(document: Document, *, detailed: bool) -> str:
    """`-tokens`."""
    lines = [f"Generation: {document['generation']}"]
    for pool in document["pools"]:
        lines += [f"Pool: {pool['name']}", *_counts(pool, "  ")]
        for feature in pool["features"] if detailed else []:
            lines += [f"Product: {feature['name'].upper()}", *_counts(feature, "  ")]
    return "\n".join(lines) + "\n"


def session_documents(server: LicenceServer, idle_threshold: int) -> list[Document]:
    """`-sessions -format json`."""
    now = server.host.clock()
    found = [checkout.as_document(now) for checkout in server.tokens.checkouts.values()]
    return [item for item in found if item["idle_s"] >= idle_threshold]


def session_text(found: list[Document]) -> str:
    """`-sessions`."""
    return "".join(" ".join(f"{key}={value}" for key, value in item.items()) + "\n" for item in found)


def _files(found: dict[str, str], match: bool) -> str:
    return f"{len(found)} ({'checksums match' if match else 'checksums DIFFER'})"


def dr_document(server: LicenceServer) -> Document:
    """`-verify-dr-sync -format json`."""
    if not server.is_running:
        server.restore()
    license_sums, config_sums = server.checksums()
    wanted = server.synced_files
    matches = wanted is not None and wanted[0] == license_sums and wanted[1] == config_sums
    lag = None if server.last_sync is None else max(0, round(server.host.clock() - server.last_sync))
    result = "NEVER" if lag is None else "MISMATCH" if not matches else "STALE" if lag > DR_STALE else "OK"
    if server.role is Role.DR_PRIMARY and lag is not None and matches:
        result = "OK"
    return {
        "result": result,
        "last_sync": None if server.last_sync is None else stamp(server.last_sync),
        "lag_s": lag,
        "generation": server.tokens.generation,
        "license_files": _files(license_sums, wanted is not None and wanted[0] == license_sums),
        "config_files": _files(config_sums, wanted is not None and wanted[1] == config_sums),
    }


def dr_text(document: Document) -> str:
    """`-verify-dr-sync`."""
    lag = document["lag_s"]
    return (
        f"DR Sync: {document['result']}\n"
        f"Last Sync: {document['last_sync'] or 'never'}\n"
        f"Lag: {'unknown' if lag is None else f'{lag}s'}\n"
        f"Generation: {document['generation']}\n"
        f"License Files: {document['license_files']}\n"
        f"Config Files: {document['config_files']}\n"
    )


def judge_file(server: LicenceServer, path: str) -> tuple[bool, str]:
    """`-validate FILE`."""
    try:
        text = server.files.read(path).decode("utf-8", "replace")
    except OSError:
        return False, f"{path}: no such file"
    today = datetime.datetime.fromtimestamp(server.host.clock(), datetime.UTC).date()
    return licenses.judge([(path, text)], today)
