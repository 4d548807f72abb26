"""keepalived is not told as whom to run scripts."""

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
        about="as whom keepalived runs scripts",
        why="Without `script_user` and `enable_script_security` keepalived runs scripts as root, or not at all "
        "where there is no user "
        "keepalived_script, and says `SECURITY VIOLATION` at each start; whoever may write the script is root "
        "(keepalived.conf(5)).",
        of_cluster=lambda facts: of_instances(facts, _judge),
    )


def _judge(host: HostFacts, config: KeepalivedConfig, instance: Instance) -> Iterator[Verdict]:
    lacking = [
        *([] if config.script_security else ["no enable_script_security"]),
        *([] if config.script_user else ["no script_user"]),
    ]
    if lacking and any(config.scripts_of(instance)):
        yield found(
            host.name,
            f"keepalived on {host.name} is not told as whom to run its scripts",
            in_keepalived(host.name, "write `enable_script_security` and `script_user nobody` in `global_defs`"),
            *lacking,
        )
