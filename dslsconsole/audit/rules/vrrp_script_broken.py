"""The script that keepalived tracks can never succeed."""

from collections.abc import Iterator

from dslsconsole.audit.facts import HostFacts
from dslsconsole.audit.of_keepalived import of_instances
from dslsconsole.audit.rule import Rule, Verdict, found
from dslsconsole.audit.rules.vrrp_untracked import SCRIPT
from dslsconsole.audit.wording import in_keepalived
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.keepalived.configuration import Instance, KeepalivedConfig


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether the tracked script can be run",
        why="keepalived runs scripts without a shell: backquotes, pipes and $(…) are plain arguments, so the "
        "script fails for ever and "
        "HAProxy's death changes nothing (measured with the guide's `kill -0 `cat …`` on keepalived 2.2: Status = "
        "BAD while HAProxy "
        "ran).",
        of_cluster=lambda facts: of_instances(facts, _judge),
    )


def _judge(host: HostFacts, config: KeepalivedConfig, instance: Instance) -> Iterator[Verdict]:
    for script, _ in config.scripts_of(instance):
        if script.needs_shell or not script.command:
            yield found(
                host.name,
                f"the script {script.name} on {host.name} can never succeed",
                in_keepalived(host.name, f"write `{SCRIPT.replace('chk_haproxy', script.name)}` in its place"),
                f"script: {script.command or 'none'}",
            )
