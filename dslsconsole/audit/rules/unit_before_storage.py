"""A licence server may start on an empty directory, before the shared storage is there."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.audit.wording import full_unit, in_unit, listed
from dslsconsole.model.node import Mode
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether the licence server waits for its storage",
        why="At boot NFS comes after the network. Without `RequiresMountsFor=` the server may start on the empty "
        "directory underneath: no "
        "licences, a state of its own, and a copy of that to the DR site deletes what is there (systemd.unit(5)).",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    able = [host for host in facts.main.nodes if host.address.mode in (Mode.PRIMARY, Mode.BACKUP)]
    if facts.cluster.storage is None or facts.cluster.storage.kind != "nfs":
        return iter(())
    return of_each(able, lambda host: host.units, lambda host, _units: _of_host(facts, host))


def _of_host(facts: ClusterFacts, host: HostFacts) -> Iterator[Verdict]:
    name = full_unit(host.address.unit or "dsls")
    unit = host.unit(name)
    paths = [path.rstrip("/") for path in facts.cluster.storage.paths.values()] if facts.cluster.storage else []
    if unit is None or not unit.exists or unit.mounts is None:
        return
    waited = [place.rstrip("/") for place in unit.mounts]
    missing = [path for path in paths if not any(place == path or place.startswith(f"{path}/") for place in waited)]
    if missing:
        yield found(
            host.name,
            f"{name} on {host.name} does not wait for {listed(missing)}",
            in_unit(host.name, name, "[Unit]", f"RequiresMountsFor={' '.join(missing)}"),
            f"RequiresMountsFor={' '.join(unit.mounts)}",
        )
