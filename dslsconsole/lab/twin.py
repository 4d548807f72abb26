"""A practice estate in the place of a real cluster: which practice host stands for which, and what it can't be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dslsconsole.lab.world import site
from dslsconsole.model import frames
from dslsconsole.model.picture import Picture
from dslsconsole.model.shape import BalancersShape, ClusterShape, NodeShape

ENVIRONMENT = "practice"
"""What the first line of every screen says of it."""
LARGEST = 256 * 1024 * 1024
"""Of a file with what was read, bytes."""


class NoTwin(Exception):  # noqa: N818 - it says why there can't be one
    """Why no practice estate can stand for a cluster, in a sentence."""


@dataclass(frozen=True, slots=True)
class Twin:
    """A cluster as it was read, and the practice hosts that stand for its hosts."""

    shape: ClusterShape
    picture: Picture
    stands_for: dict[str, str]
    """Practice host to the cluster's host."""

    @property
    def absent(self) -> frozenset[str]:
        """Practice hosts of nodes and load balancers that stand for nobody: they are no part of this estate."""
        all_of_them = {plan.name for plan in (*site.NODES, *site.BALANCERS)}
        return frozenset(all_of_them - self.stands_for.keys())

    @property
    def without(self) -> tuple[str, ...]:
        """Hosts of the cluster that no practice host stands for."""
        known = set(self.stands_for.values())
        names = (*(node.name for node in self.shape.all_nodes), *self.shape.all_balancers)
        return tuple(name for name in names if name not in known)

    def practised(self, text: str) -> str:
        """A text with the names of the cluster's hosts made those of the practice hosts."""
        return _exchanged(text, {real: practice for practice, real in self.stands_for.items()})

    def real(self, text: str) -> str:
        """The reverse of `practised`."""
        return _exchanged(text, self.stands_for)


def _exchanged(text: str, names: dict[str, str]) -> str:
    """All at once, so that no name that was put in is taken for one to exchange."""
    if not names:
        return text
    longest_first = sorted(names, key=len, reverse=True)
    pattern = rf"(?<![\w.-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])"
    return re.sub(pattern, lambda found: names[found[0]], text)


def read_picture(path: Path) -> Picture:
    """What a stream of `dslsconsole watch` in a file comes to.

    Raises:
        NoTwin: it is no such stream.
        OSError: it can't be read.
    """
    if path.stat().st_size > LARGEST:
        raise NoTwin(f"{path} is larger than {LARGEST // 1024 // 1024} MB")
    picture = Picture()
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                frame = frames.decode(line)
            except ValueError as wrong:
                raise NoTwin(f"{path}, line {number} is nothing that `dslsconsole watch` prints ({wrong})") from None
            picture = picture if frame is None else picture.apply(frame)
    return picture


def write_picture(path: Path, picture: Picture) -> None:
    """Write what `read_picture` reads. Raises ValueError where the picture is of no estate, or OSError."""
    if picture.estate is None:
        raise ValueError("nothing is known of the estate")
    hello = frames.Hello(picture.at, picture.estate)
    full = frames.Full(picture.at, picture.snapshot, tuple(picture.verdicts.values()), picture.alerts)
    path.write_bytes(frames.encode(hello) + frames.encode(full))


def twin_of(picture: Picture, cluster: str | None = None) -> Twin:
    """The practice hosts that stand for a cluster's; for the first cluster where none is named.

    Raises:
        NoTwin: there is no such cluster, or none that the practice estate is like.
    """
    shapes = picture.estate.clusters if picture.estate is not None else ()
    shape = next((one for one in shapes if cluster in (None, one.name)), None)
    if shape is None:
        known = ", ".join(one.name for one in shapes) or "no cluster at all"
        raise NoTwin(f"there is no cluster {cluster or ''} in what was read, but {known}".replace("  ", " "))
    if shape.dialect != "guide":
        raise NoTwin(f"{shape.name} speaks the vendor's own failover, which the practice estate has no servers for")
    nodes = _paired(site.NODES, shape.all_nodes)
    main = _paired_balancers(site.VIP, shape.balancers)
    dr = _paired_balancers(site.DR_VIP, shape.dr.balancers if shape.dr is not None else None)
    return Twin(shape, picture, {**nodes, **main, **dr})


def _paired(plans: Iterable[site.NodePlan], nodes: Iterable[NodeShape]) -> dict[str, str]:
    """The first node of each mode."""
    first: dict[str, str] = {}
    for node in nodes:
        first.setdefault(node.mode, node.name)
    return {plan.name: first[plan.mode] for plan in plans if plan.mode in first}


def _paired_balancers(vip: str, shape: BalancersShape | None) -> dict[str, str]:
    plans = [plan.name for plan in site.BALANCERS if plan.vip == vip]
    return dict(zip(plans, shape.hosts if shape is not None else (), strict=False))


def likened(document: dict[str, Any], twin: Twin) -> dict[str, Any]:
    """The practice estate's file with the cluster's name, and without what the cluster has not."""
    (cluster,) = document["clusters"].values()
    cluster["environment"] = ENVIRONMENT
    shape, absent = twin.shape, twin.absent
    cluster["nodes"] = {name: node for name, node in cluster["nodes"].items() if name not in absent}
    voters = len(cluster["nodes"])
    cluster["quorum"] = needed(twin, voters)
    cluster["checkout_features"] = list(shape.checkout_features)
    if not shape.storage:
        del cluster["storage"]
    there = {one.name for one in shape.automation}
    cluster["automation"] = [one for one in cluster["automation"] if one["name"] in there]
    if shape.dr is None:
        del cluster["dr"]
    else:
        dr = cluster["dr"]
        dr["nodes"] = {name: node for name, node in dr["nodes"].items() if name not in absent}
        dr["dns"]["run_on"] = list(dr["nodes"])
        if shape.dr.record is None:
            del dr["dns"]
        _without_hosts(dr, absent)
    _without_hosts(cluster, absent)
    return {**document, "clusters": {shape.name: {key: value for key, value in cluster.items() if value != []}}}


def _without_hosts(part: dict[str, Any], absent: frozenset[str]) -> None:
    """Take absent load balancers out of a site, and their servers' nodes; all of it where none is left."""
    balancers = part["load_balancers"]
    balancers["hosts"] = {name: host for name, host in balancers["hosts"].items() if name not in absent}
    balancers["servers"] = {node: name for node, name in balancers["servers"].items() if node not in absent}
    if not balancers["hosts"]:
        del part["load_balancers"]


def needed(twin: Twin, voters: int) -> int:
    """The votes that serving takes: as the cluster has it, as far as there are so many practice servers."""
    return min(twin.shape.quorum or voters // 2 + 1, voters)
