"""Storage that a licence server needs is not mounted, or another file system is mounted in its place."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import listed
from dslsconsole.model.node import ClusterResource, Mount
from dslsconsole.model.shape import NodeShape
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find)


def _find(view: View) -> Iterator[Finding]:
    for node in view.storage_nodes:
        mounts = view.fresh(view.node(node.name).mounts)
        wrong = {mount.path: why for mount in mounts or () if (why := wrong_mount(view, mount)) is not None}
        resource = view.fresh(view.node(node.name).resource)
        if resource is not None and (why := not_started(view, node, resource)) is not None:
            wrong[resource.name] = why
        if not wrong:
            continue
        yield Finding(
            subject=node.name,
            severity=Severity.CRITICAL,
            summary=f"storage is missing on {node.name}: {listed(wrong)}",
            evidence=tuple(f"{path}: {why}" for path, why in wrong.items()),
            advice="Mount it before anything else. A DR sync from an unmounted path would empty the other side.",
        )


def not_started(view: View, node: NodeShape, resource: ClusterResource) -> str | None:
    """Why the Pacemaker resource under the storage does not serve the node, in words; None where it does.

    Pacemaker may name a node by its full name or by its first label, as the host itself may.
    """
    link = view.node(node.name).link.value
    own = {_label(name) for name in (node.name, node.address, link.hostname if link is not None else None) if name}
    if own & {_label(name) for name in resource.started_on}:
        return None
    if own & {_label(name) for name in resource.failed_on}:
        return "Pacemaker could not start it on this node, or it failed there"
    elsewhere = f"it runs on {listed(resource.started_on)}" if resource.started_on else "it runs nowhere"
    quorum = "; Pacemaker's cluster has no quorum" if resource.has_quorum is False else ""
    return f"Pacemaker has not started it on this node, {elsewhere}{quorum}"


def _label(name: str) -> str:
    """A name's first label; an address as it is."""
    is_address = ":" in name or name.replace(".", "").isdecimal()
    return name if is_address else name.lower().partition(".")[0]


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
