"""The address stays on a load balancer whose HAProxy is dead."""

from collections.abc import Iterator

from dslsconsole.audit.facts import HostFacts
from dslsconsole.audit.of_keepalived import of_instances
from dslsconsole.audit.rule import Rule, Verdict, found
from dslsconsole.audit.wording import in_keepalived, listed
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.keepalived.configuration import Instance, KeepalivedConfig

SCRIPT = (
    "vrrp_script chk_haproxy { script \"/usr/bin/timeout 2 /bin/bash -c '</dev/tcp/127.0.0.1/27000'\" "
    "interval 2 fall 2 rise 2 weight 0 }"
)


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether keepalived looks at HAProxy",
        why="keepalived by itself only watches the other keepalived. Unless it tracks a script or the process, the "
        "address stays "
        "on a host whose HAProxy has died, and no client is served although the other load balancer is well.",
        of_cluster=lambda facts: of_instances(facts, _judge),
    )


def _judge(host: HostFacts, config: KeepalivedConfig, instance: Instance) -> Iterator[Verdict]:
    known = {script.name for script in config.scripts} | set(config.processes)
    tracked = [name for name, _ in instance.tracks]
    if any(name in known for name in tracked):
        return
    yield found(
        host.name,
        f"keepalived on {host.name} does not look whether HAProxy serves",
        in_keepalived(
            host.name, f"write `{SCRIPT}` and, in vrrp_instance {instance.name}, `track_script {{ chk_haproxy }}`"
        ),
        f"it tracks {listed(tracked)}, which is defined nowhere"
        if tracked
        else f"vrrp_instance {instance.name} has no track_script",
    )
