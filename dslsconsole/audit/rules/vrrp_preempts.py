"""A load balancer that comes back takes the address away from the one that serves."""

from collections.abc import Iterator

from dslsconsole.audit.facts import HostFacts
from dslsconsole.audit.of_keepalived import of_instances
from dslsconsole.audit.rule import Rule, Verdict, found
from dslsconsole.audit.wording import in_keepalived
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.keepalived.configuration import Instance, KeepalivedConfig


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="whether a returning load balancer takes the address back",
        why="With preemption every repaired load balancer moves the address once more: all licence sessions break "
        "a second time, and "
        "one that restarts in a loop moves it again and again. `nopreempt` needs `state BACKUP` on both "
        "(keepalived.conf(5)); "
        "tracked scripts then need weight 0, since a lower priority alone moves nothing any more.",
        of_cluster=lambda facts: of_instances(facts, _judge),
    )


def _judge(host: HostFacts, _config: KeepalivedConfig, instance: Instance) -> Iterator[Verdict]:
    if instance.nopreempt and instance.state != "MASTER":
        return
    ignored = instance.nopreempt
    yield found(
        host.name,
        f"{host.name} takes the service address back as soon as it returns"
        + (": its `nopreempt` is ignored with `state MASTER`" if ignored else ""),
        in_keepalived(
            host.name,
            f"write `state BACKUP` and `nopreempt` in vrrp_instance {instance.name}, and `weight 0` in its "
            "vrrp_script; do the same on the other load balancer",
        ),
        f"state {instance.state}",
        "nopreempt" if instance.nopreempt else "no nopreempt",
    )
