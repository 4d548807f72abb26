"""What the DR site holds is not what the main site holds: checksums differ."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find)


def _find(view: View) -> Iterator[Finding]:
    if view.verdict.dr_active:
        return
    for node in view.dr_nodes:
        sync = view.fresh(view.node(node.name).dr_sync)
        if sync is None or sync.result.upper() != "MISMATCH":
            continue
        files = ((sync.license_files, "license files"), (sync.config_files, "configuration files"))
        yield Finding(
            subject=node.name,
            severity=Severity.WARNING,
            summary=f"the copy on {node.name} does not match the main site",
            evidence=tuple(f"{what}: {said}" for said, what in files if said),
            advice="Find out which side is right before the next sync (D with a dry run shows what would change).",
        )
