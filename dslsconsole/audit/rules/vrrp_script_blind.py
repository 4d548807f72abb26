"""The script that keepalived tracks looks for a process, not for service."""

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
        severity=Severity.WARNING,
        about="what the tracked script looks at",
        why="`kill -0`, `pidof` and `pgrep` prove that a process exists. A HAProxy that hangs, an old one that "
        "lingers after a reload, "
        "or one without the licence frontend has a process too, and keeps the address.",
        of_cluster=lambda facts: of_instances(facts, _judge),
    )


def _judge(host: HostFacts, config: KeepalivedConfig, instance: Instance) -> Iterator[Verdict]:
    for script, _ in config.scripts_of(instance):
        if script.only_looks_for_a_process and not script.needs_shell:
            yield found(
                host.name,
                f"the script {script.name} on {host.name} sees a process, not whether HAProxy serves",
                in_keepalived(host.name, f"write `{SCRIPT.replace('chk_haproxy', script.name)}` in its place"),
                f"script: {script.command}",
            )
