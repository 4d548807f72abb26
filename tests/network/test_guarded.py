"""What the console says and refuses when the network is broken, when two act at once, and when one is killed."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from dslsconsole.lab.world import site
from tests.network.plan import ADDRESSES, BACKUP, BALANCERS, LB1, LB2, NODES, OPS, PRIMARY
from tests.network.real_network import CLUSTER, DEADLINE_S, UP, RealNetwork, running, until

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("network")]
GROWING = ("/var/log/", "/opt/dsls/state/")
"""What changes by itself."""


def guard(report: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in report["guards"] if one["name"] == name)
    return found


async def test_a_primary_that_only_the_console_can_not_reach_is_not_taken_for_dead(network: RealNetwork) -> None:
    network.cut(OPS, PRIMARY)
    status = await network.console("status", "--json")
    failover, attested = await asyncio.gather(network.run("failover"), network.run("failover", "--attest", PRIMARY))
    (cluster,) = status.report["clusters"]
    node = next(one for one in cluster["nodes"] if one["name"] == PRIMARY)
    assert (node["reachable"], node["role"], node["service"]) == (False, None, None)
    assert [(one["id"], one["subject"]) for one in cluster["alerts"]] == [("stale", PRIMARY)], cluster["alerts"]
    (alert,) = cluster["alerts"]
    assert "see it running" in json.dumps(alert)
    for ran in (failover, attested):
        assert ran.status == 10, ran
        assert guard(ran.report, "primary_dead")["result"] == "fail", ran
    async with network.client() as seen:
        await until(lambda: len(seen.attempts) >= 5, "clients go on")
    assert not seen.failed(), seen.attempts
    network.mend()


async def test_a_primary_cut_off_from_everybody_grants_nothing_and_the_console_says_so(network: RealNetwork) -> None:
    network.isolate(PRIMARY)
    await until(lambda: network.told(PRIMARY)["state"] == "no-quorum", "without quorum it stops granting")
    await until(lambda: network.servers(LB1)["dsls-primary"] != "UP", "the load balancer misses it")
    async with asyncio.timeout(DEADLINE_S):
        ran = await network.console("status", "--json")
        while ran.status != 2:  # until the other servers have missed it too
            ran = await network.console("status", "--json")
    (cluster,) = ran.report["clusters"]
    assert cluster["primary"] is None
    assert cluster["quorum"]["votes"] == 2
    assert {"node_failure", "no_primary"} <= {alert["id"] for alert in cluster["alerts"]}
    network.mend()
    await until(network.is_as_built, "the primary serves again")


async def test_of_two_consoles_one_acts_and_what_was_killed_in_a_step_is_taken_up(network: RealNetwork) -> None:
    one, other = await asyncio.gather(network.run("failover"), network.run("failover"))
    assert sorted((one.status, other.status)) == [0, 11], (one, other)
    assert network.serving() == [BACKUP]

    console = await network.start(*running("failback"))
    await until(lambda: _started(network, f"stop {BACKUP}"), "the step that stops the serving primary")
    console.kill()
    await console.wait()
    refused = await network.run("failover")
    assert refused.status == 11, refused
    (operation,) = json.loads((await network.console("operations", "--json")).stdout)
    assert (operation["runbook"], operation["state"], operation["cluster"]) == ("failback", "unfinished", CLUSTER)
    resumed = await network.console(
        "operations", "resume", operation["operation"], "--decide", "continue", "--confirm", CLUSTER,
        "--reason", "INC-1", "--json",
    )  # fmt: skip
    assert resumed.status == 0, resumed
    await until(lambda: network.servers(LB1) == network.servers(LB2) == UP, "both servers are ready again")
    assert network.serving() == [PRIMARY]
    assert (await network.console("operations", "--json")).stdout.strip() == "[]"
    assert not list(network.path(PRIMARY, site.LOCK_DIRECTORY).iterdir())


def _started(network: RealNetwork, step: str) -> bool:
    lines = [
        line for file in network.path(OPS, "/console/journal").glob("*.jsonl") for line in file.read_text().splitlines()
    ]
    return any('"step-started"' in line and f'"{step}"' in line for line in lines)


async def test_a_dry_run_changes_nothing_on_any_host(network: RealNetwork) -> None:
    before = _everything(network)
    runs = await asyncio.gather(
        *(
            network.console("run", runbook, CLUSTER, "--dry-run", "--json")
            for runbook in ("failover", "dr-sync", "dr-activate", "force-sync")
        )
    )
    assert {ran.status for ran in runs} == {0, 10}, "\n".join(str(ran) for ran in runs)
    after = _everything(network)
    for what, value in before.items():
        assert after[what] == value, what


def _everything(network: RealNetwork) -> dict[str, object]:
    """Files, processes, load balancers, name server and notifications, as far as they don't change by themselves."""
    found: dict[str, object] = {f"files of {name}": _files(network, name) for name in ADDRESSES if name != OPS}
    for name in ADDRESSES:
        units = network.sh(
            name, "systemctl show -p Id,ActiveState,MainPID $(ls /etc/systemd/system/*.service | xargs -n1 basename)"
        )
        found[f"units of {name}"] = units.stdout
    for name in BALANCERS:
        found[f"servers of {name}"] = network.servers(name)
    for name in NODES:
        told = network.told(name)
        found[f"server of {name}"] = {key: told.get(key) for key in ("role", "state", "epoch", "generation")}
    found["zone"] = network.sh(site.DNS_HOST, f"dig +short @127.0.0.1 {site.ZONE} SOA; dig +short {site.RECORD}").stdout
    found["notifications"] = network.notices()
    return found


def _files(network: RealNetwork, name: str) -> dict[str, tuple[int, int, float]]:
    disk = network.disks / name / "disk"
    paths = [path for path in disk.rglob("*") if not str(path).removeprefix(str(disk)).startswith(GROWING)]
    return {
        str(path.relative_to(disk)): _meta(path) for path in paths if path.is_file() and "__pycache__" not in path.parts
    }


def _meta(path: Path) -> tuple[int, int, float]:
    status = path.stat()
    return status.st_mode, status.st_size, status.st_mtime
