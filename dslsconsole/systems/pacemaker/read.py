"""Where Pacemaker has started a resource: `crm_mon --output-as=xml`, before 2.0.3 `--as-xml` (crm_mon(8), crm_mon.rng).

Root and members of the group `haclient` may ask; others are refused, which is said and is no word about the resource.
"""

from collections.abc import Iterator
from xml.etree import ElementTree

from dslsconsole.model.node import ClusterResource
from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import Unreadable, truth

_RUNNING_ROLES = frozenset({"started", "promoted", "unpromoted", "master", "slave"})
_MOST_NODES = 64
_MOST_NAMED = 5


def parse_crm_mon(text: str, name: str) -> ClusterResource:
    """The resource `name`: a primitive, each instance of a clone, or all members of a group.

    A group is started where each of its members is. A resource that failed, is blocked or is not active counts as
    started nowhere.

    Raises:
        Unreadable: it is no status of a cluster, or the cluster has no such resource.
    """
    root = _parsed(text)
    resources = root.find("resources")
    if resources is None:
        raise Unreadable(f"it tells of no resources: {clean(_message(root) or text, 120) or 'nothing at all'}")
    found = list(_named(resources, name))
    if not found:
        known = dict.fromkeys(base for one in resources.iter("resource") if (base := _base(one)))
        listed = ", ".join(clean(one, 60) for one in list(known)[:_MOST_NAMED])
        raise Unreadable(f"Pacemaker has no resource {name}; it has {listed or 'none'}")
    started: dict[str, set[str]] = {}
    failed: set[str] = set()
    for resource in found:
        on = started.setdefault(_base(resource), set())
        nodes = {clean(node.get("name", ""), 200) for node in resource.findall("node")} - {""}
        if _is_true(resource, "failed") or _is_true(resource, "blocked"):
            failed |= nodes
        elif resource.get("role", "").lower() in _RUNNING_ROLES and _is_true(resource, "active"):
            on |= nodes
    everywhere = set.intersection(*started.values()) - failed
    return ClusterResource(
        name=name,
        started_on=tuple(sorted(everywhere)[:_MOST_NODES]),
        failed_on=tuple(sorted(failed)[:_MOST_NODES]),
        has_quorum=_quorum(root),
    )


def _parsed(text: str) -> ElementTree.Element:
    start = text.find("<")
    if start < 0:
        raise Unreadable(f"it is no XML: {clean(text, 80) or 'nothing at all'}")
    if "<!" in text:
        # Status needs neither a document type nor entities, and entities could be made to grow without bound.
        raise Unreadable("its XML holds declarations that a status never does")
    try:
        return ElementTree.fromstring(text[start:].strip())
    except ElementTree.ParseError as error:
        raise Unreadable(f"its XML is damaged: {error}") from None


def _named(within: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """The resources that are meant by the name, or lie in the clone, group or bundle of that name."""
    for one in within:
        if one.get("id", "").partition(":")[0] == name:
            yield from [one] if one.tag == "resource" else one.iter("resource")
        elif one.tag != "resource":
            yield from _named(one, name)


def _base(resource: ElementTree.Element) -> str:
    """Its id, without the number of an instance."""
    return resource.get("id", "").partition(":")[0]


def _is_true(element: ElementTree.Element, attribute: str) -> bool:
    return truth(element.get(attribute)) is True


def _quorum(root: ElementTree.Element) -> bool | None:
    leader = root.find("summary/current_dc")
    return truth(leader.get("with_quorum")) if leader is not None else None


def _message(root: ElementTree.Element) -> str:
    status = root.find("status")
    return status.get("message", "") if status is not None else ""
