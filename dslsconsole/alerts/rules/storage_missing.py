"""Storage that a licence server needs is not mounted, or another file system is mounted in its place."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import listed
from dslsconsole.model.node import Mount
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find)


def _find(view: View) -> Iterator[Finding]:
    for node in view.storage_nodes:
        mounts = view.fresh(view.node(node.name).mounts)
        wrong = {mount.path: why for mount in mounts or () if (why := wrong_mount(view, mount)) is not None}
        if not wrong:
            continue
        yield Finding(
            subject=node.name,
            severity=Severity.CRITICAL,
            summary=f"storage is missing on {node.name}: {listed(wrong)}",
            evidence=tuple(f"{path}: {why}" for path, why in wrong.items()),
            advice="Mount it before anything else. A DR sync from an unmounted path would empty the other side.",
        )


def wrong_mount(view: View, mount: Mount) -> str | None:
    """What is wrong with what is mounted there, in words; None if nothing is. Local storage is no mount of its own."""
    if view.shape.storage_kind == "local":
        return None
    if not mount.mounted:
        return "nothing is mounted there; the directory is the host's own"
    for said, wanted, what in (
        (mount.fstype, view.shape.storage_fstype, "type"),
        (mount.source, view.shape.storage_source, "source"),
    ):
        if wanted is not None and said is not None and said != wanted:
            return f"another {what} is mounted there: {said} instead of {wanted}"
    return None
