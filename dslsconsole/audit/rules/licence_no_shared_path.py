"""A backup that takes over would find no licences."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts, Settings
from dslsconsole.audit.of_licence import in_own_file
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.audit.wording import listed
from dslsconsole.model.node import Mode
from dslsconsole.model.verdict import Severity

KEYS = {"licenses": "DSLS_SHARED_LICENSE_PATH", "state": "DSLS_SHARED_STATE_PATH", "logs": "DSLS_SHARED_LOG_PATH"}


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether every server that may be primary knows the shared storage",
        why="The guide gives DSLS_SHARED_LICENSE_PATH to the primary alone: a backup that is promoted with its "
        "file has no licences and "
        "no state to go on with, which shows at the failover and not before.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    able = [host for host in facts.main.nodes if host.address.mode in (Mode.PRIMARY, Mode.BACKUP)]
    return of_each(able, lambda host: host.licence, lambda host, settings: _of_host(facts, host, settings))


def _of_host(facts: ClusterFacts, host: HostFacts, settings: Settings) -> Iterator[Verdict]:
    paths = facts.cluster.storage.paths if facts.cluster.storage is not None else {}
    wanted = {KEYS[name]: path for name, path in paths.items() if name in KEYS}
    wrong = {key: path for key, path in wanted.items() if settings.get(key, "").rstrip("/") != path.rstrip("/")}
    if wrong:
        yield found(
            host.name,
            f"the licence server of {host.name} does not use the shared storage as the estate file has it",
            in_own_file(host, f"write {listed(f'`{key}={path}`' for key, path in wrong.items())}"),
            *(f"{key}={settings[key]}" if key in settings else f"there is no {key}" for key in wrong),
        )
