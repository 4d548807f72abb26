"""A practice estate that begins like another: what is true in the one is true in the other, names apart."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from dslsconsole.lab.practice import Lab
from dslsconsole.lab.twin import NoTwin, Twin, read_picture, twin_of, write_picture
from dslsconsole.model import frames
from dslsconsole.model.picture import Picture
from dslsconsole.model.shape import EstateShape
from dslsconsole.settings import load
from dslsconsole.watch.reading import read_once
from tests.estate import practising as p
from tests.estate.conftest import SPEED

Broken = Callable[[Lab], Awaitable[object]]


def by(*words: str) -> Broken:
    return lambda lab: lab.fault(*words)


async def failed_over(lab: Lab) -> None:
    await p.until_ready(lab, "failover")
    assert (await p.run(lab, "failover")).outcome.value == "done"


async def at_the_dr_site(lab: Lab) -> None:
    await failed_over(lab)
    for host in p.MAIN:
        await lab.world.power_off(host)
    await p.until_ready(lab, "dr-activate", attested=p.MAIN)
    report = await p.run(lab, "dr-activate", attested=p.MAIN)
    assert report.outcome.value == "done", p.explained(report)


STATES: dict[str, Broken] = {
    "the primary has no power": by("node-down", p.PRIMARY),
    "a load balancer has no power": by("node-down", "haproxy-02"),
    "HAProxy has died": by("lb-dead", "haproxy-01"),
    "the service was killed": by("service-killed", p.PRIMARY),
    "only the console does not reach the backup": by("partition", "console", p.BACKUP),
    "two servers don't hear each other": by("partition", p.PRIMARY, p.ARBITRATOR),
    "storage is gone": by("storage-unmounted", p.BACKUP),
    "the licence has expired": by("license-expired"),
    "it was moved to the backup": failed_over,
    "the DR site serves": at_the_dr_site,
}


def essence(truth: dict[str, Any]) -> dict[str, Any]:
    """What must be the same: not counts that go on, nor when things were."""
    nodes = {
        # What is on the disk of a host without power nobody could read.
        name: {key: node[key] for key in ("power", "unit", "role", "state", "epoch", "automation")}
        if node["power"] == "on"
        else {"power": node["power"]}
        for name, node in truth["nodes"].items()
    }
    balancers = {
        name: {
            "power": one["power"],
            "running": one["running"],
            "holds_vip": one["holds_vip"],
            "admin": {server: line["admin"] for server, line in one["servers"].items()} if one["running"] else {},
        }
        for name, one in truth["load_balancers"].items()
    }
    return {
        "primaries": truth["primaries"],
        "serving": truth["serving"],
        "nodes": nodes,
        "load_balancers": balancers,
        "dns": truth["dns"],
        "cuts": truth["cuts"],
    }


async def picture_of(lab: Lab) -> Picture:
    """What was read, once every host that can be reached was: a busy machine may let one miss its time."""
    while True:
        picture = await read_once(load(lab.estate_path), p.CLUSTER)
        snapshot = picture.snapshot
        links = {key: found.link for key, found in snapshot.nodes.items()}
        links |= {key: found.link for key, found in snapshot.balancers.items()}
        unread = {key.partition("/")[2] for key, link in links.items() if link.failure is not None}
        if not any(can_be_reached(lab, name) for name in unread):
            return picture


def can_be_reached(lab: Lab, name: str) -> bool:
    host, cuts = lab.world.hosts[name], lab.world.network.cuts
    return host.is_up and not any({"console", name} == set(cut) for cut in cuts)


@pytest.mark.parametrize("state", STATES)
async def test_it_begins_as_the_other_was_read(lab: Lab, tmp_path: Path, state: str) -> None:
    await STATES[state](lab)
    picture = await picture_of(lab)
    there = essence(lab.truth())
    async with Lab(tmp_path / "twin", speed=SPEED, twin=twin_of(picture, p.CLUSTER)) as twin:
        here = essence(twin.truth())
        assert [host for host in here["nodes"] if here["nodes"][host] != there["nodes"][host]] == []
        assert here == there
        assert twin.unlike == ()


async def test_it_has_the_tokens_and_the_age_of_the_dr_copy(lab: Lab, tmp_path: Path) -> None:
    await lab.fault("dr-stale")
    picture = await picture_of(lab)
    readings = picture.snapshot.node(p.CLUSTER, p.PRIMARY)
    async with Lab(tmp_path / "twin", speed=SPEED, twin=twin_of(picture)) as twin:
        server = twin.world.nodes[p.PRIMARY].server
        assert readings.tokens.value is not None
        read = {pool.name: (pool.total, pool.used) for pool in readings.tokens.value.pools}
        # People go on coming and going.
        for pool in server.tokens.pools.values():
            assert pool.total == read[pool.name][0]
            assert pool.used == pytest.approx(read[pool.name][1], rel=0.2)
        held = sum(checkout.tokens for checkout in server.tokens.checkouts.values())
        assert held == sum(pool.used for pool in server.tokens.pools.values())
        copy = twin.world.nodes[p.DR_PRIMARY].server
        assert copy.last_sync is not None
        assert twin.world.pace.wall() - copy.last_sync == pytest.approx(3600, abs=400)


NAMES = {
    p.PRIMARY: "lic-a.uni.example",
    p.BACKUP: "lic-b.uni.example",
    p.ARBITRATOR: "lic-c.uni.example",
    "haproxy-01": "lb-east",
    p.CLUSTER: "university",
    "catia_v6": "nastran",
}


def renamed(picture: Picture) -> Picture:
    """The same estate with other names, and one load balancer."""
    assert picture.estate is not None
    text = frames.encode(frames.Hello(picture.at, picture.estate)) + frames.encode(
        frames.Full(picture.at, picture.snapshot, tuple(picture.verdicts.values()))
    )
    for old, new in NAMES.items():
        text = text.replace(old.encode(), new.encode())
    found = Picture()
    for line in text.splitlines():
        frame = frames.decode(line)
        assert frame is not None
        found = found.apply(frame)
    return found


async def test_a_cluster_of_other_names_and_features_is_stood_for_by_the_practice_hosts(
    lab: Lab, tmp_path: Path
) -> None:
    await lab.fault("service-killed", p.PRIMARY)
    twin = twin_of(renamed(await picture_of(lab)))
    assert twin.stands_for[p.PRIMARY] == "lic-a.uni.example"
    assert twin.stands_for["haproxy-01"] == "lb-east"
    assert twin.real(f"promote {p.BACKUP} on {p.BACKUP}: {p.BACKUP}x") == (
        f"promote lic-b.uni.example on lic-b.uni.example: {p.BACKUP}x"
    )
    assert twin.practised("target=lic-b.uni.example, lic-b.uni.example.") == f"target={p.BACKUP}, {p.BACKUP}."
    async with Lab(tmp_path / "twin", speed=SPEED, twin=twin) as other:
        cluster = load(other.estate_path).clusters["university"]
        assert cluster.environment == "practice"
        assert other.world.users.is_still
        features = other.world.nodes[p.BACKUP].server.tokens.pools["commercial"].features
        assert {"abaqus_standard", "nastran"} <= features.keys()
        assert other.truth()["nodes"][p.PRIMARY]["unit"] == "failed"


def without(shape: EstateShape, **changes: Any) -> Picture:
    import msgspec

    (cluster,) = shape.clusters
    smaller = msgspec.structs.replace(cluster, **changes)
    return Picture(at=1e9, estate=msgspec.structs.replace(shape, clusters=(smaller,)))


async def test_what_the_cluster_has_not_the_practice_estate_has_not(lab: Lab, tmp_path: Path) -> None:
    shape = (await picture_of(lab)).estate
    assert shape is not None
    few = tuple(node for node in shape.clusters[0].nodes if node.name != p.ARBITRATOR)
    picture = without(shape, nodes=few, dr=None, balancers=None, automation=(), storage={}, quorum=None)
    async with Lab(tmp_path / "twin", speed=SPEED, twin=twin_of(picture)) as twin:
        cluster = load(twin.estate_path).clusters[p.CLUSTER]
        assert set(cluster.nodes) == {p.PRIMARY, p.BACKUP}
        assert (cluster.dr, cluster.load_balancers, cluster.storage) == (None, None, None)
        assert twin.truth()["nodes"][p.ARBITRATOR]["power"] == "off"
        assert twin.truth()["serving"] == [p.PRIMARY]
        assert "no token pool was read; those here are the practice estate's own" in twin.unlike


async def test_a_host_that_nothing_stands_for_is_told(lab: Lab, tmp_path: Path) -> None:
    import msgspec

    shape = (await picture_of(lab)).estate
    assert shape is not None
    (cluster,) = shape.clusters
    second = msgspec.structs.replace(cluster.nodes[1], name="dsls-backup-02")
    twin = twin_of(without(shape, nodes=(*cluster.nodes, second)))
    assert twin.without == ("dsls-backup-02",)
    async with Lab(tmp_path / "twin", speed=SPEED, twin=twin) as other:
        assert "nothing stands for dsls-backup-02" in other.unlike


async def test_there_is_none_of_a_cluster_that_nobody_named_or_that_speaks_the_vendors_own(lab: Lab) -> None:
    picture = await picture_of(lab)
    with pytest.raises(NoTwin, match="there is no cluster elsewhere in what was read, but production-cluster"):
        twin_of(picture, "elsewhere")
    with pytest.raises(NoTwin, match="no cluster at all"):
        twin_of(Picture())
    assert picture.estate is not None
    with pytest.raises(NoTwin, match="vendor's own failover"):
        twin_of(without(picture.estate, dialect="vendor"))


async def test_what_was_read_goes_through_a_file_as_watch_prints_it(lab: Lab, tmp_path: Path) -> None:
    picture, path = await picture_of(lab), tmp_path / "read.jsonl"
    write_picture(path, picture)
    again: Twin = twin_of(read_picture(path))
    assert again.picture.snapshot == picture.snapshot
    path.write_text("a sentence\n")
    with pytest.raises(NoTwin, match="line 1 is nothing that `dslsconsole watch` prints"):
        read_picture(path)
