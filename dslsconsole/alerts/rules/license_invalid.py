"""A licence server says that its licence file is not valid. Where its storage is missing, that is the alert."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.rules.storage_missing import wrong_mount
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import listed
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find)


def _find(view: View) -> Iterator[Finding]:
    found = {}
    asked = []
    for node in view.shape.all_nodes:
        status = view.fresh(view.node(node.name).status)
        mounts = view.fresh(view.node(node.name).mounts) or ()
        if status is None or status.license_valid is None or any(wrong_mount(view, mount) for mount in mounts):
            continue
        asked.append(node.name)
        if status.license_valid is False:
            found[node.name] = status.license_note or "invalid"
    if not found:
        return
    yield Finding(
        subject=view.where(list(found), tuple(asked)),
        severity=Severity.CRITICAL,
        summary=f"the licence is not valid on {listed(found)}",
        evidence=tuple(f"{name}: {note}" for name, note in found.items()),
        advice="Run `DSLicSrv -validate` on the node and ask the vendor for a licence; backups share the same files.",
    )
