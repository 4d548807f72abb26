"""Applying frames in order gives the state they describe."""

import msgspec
import pytest

from dslsconsole.model import frames
from dslsconsole.model.balancer import BalancerReadings, Process
from dslsconsole.model.frames import Alerts, Change, Full, Hello, Trouble, Verdicts
from dslsconsole.model.node import NodeReadings, Role, Service
from dslsconsole.model.picture import Picture
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.model.shape import EstateShape
from dslsconsole.model.snapshot import Snapshot
from dslsconsole.model.verdict import Alert, ClusterVerdict, Health, Severity

ESTATE = EstateShape(clusters=(), interval_s=5.0, stale_after_s=15.0, can_act=True)
ACTIVE = Reading(value=Service("dsls-primary", "loaded", "active"), at=10.0, source="probe", tried_at=10.0)
FAILED = Failure(FailureKind.NO_ANSWER, "dsls-primary-01 did not answer within 4 s")


def full(nodes: dict[str, NodeReadings], at: float = 10.0) -> Full:
    return Full(at=at, snapshot=Snapshot(at=at, nodes=nodes))


def test_a_section_that_changed_replaces_the_old_one_and_leaves_the_others() -> None:
    status = Reading[object](value=None, tried_at=10.0, failure=FAILED)
    before = NodeReadings(service=ACTIVE, status=status)  # type: ignore[arg-type]
    stopped = Reading(value=Service("dsls-primary", "loaded", "inactive"), at=12.0, source="probe", tried_at=12.0)
    picture = Picture().apply(full({"c/n": before}))
    picture = picture.apply(Change(at=12.0, nodes={"c/n": NodeReadings(service=stopped)}))
    assert picture.snapshot.node("c", "n").service == stopped
    assert picture.snapshot.node("c", "n").status == status


def test_a_touched_host_was_read_again_with_the_same_values() -> None:
    picture = Picture().apply(full({"c/n": NodeReadings(service=ACTIVE)}))
    picture = picture.apply(Change(at=15.0, touched={"c/n": 14.5}))
    service = picture.snapshot.node("c", "n").service
    assert (service.value, service.at, service.tried_at) == (ACTIVE.value, 14.5, 14.5)


def test_a_touched_section_that_had_failed_failed_again_and_its_value_grows_older() -> None:
    failing = msgspec.structs.replace(ACTIVE, failure=FAILED, tried_at=12.0)
    picture = Picture().apply(full({"c/n": NodeReadings(service=failing)}))
    picture = picture.apply(Change(at=15.0, touched={"c/n": 14.5}))
    service = picture.snapshot.node("c", "n").service
    assert (service.at, service.tried_at, service.failure) == (10.0, 14.5, FAILED)


def test_a_section_never_tried_stays_unknown_when_its_host_is_touched() -> None:
    picture = Picture().apply(full({"c/n": NodeReadings(service=ACTIVE)}))
    picture = picture.apply(Change(at=15.0, touched={"c/n": 14.5}))
    assert picture.snapshot.node("c", "n").tokens == Reading()


def test_load_balancers_change_as_nodes_do() -> None:
    process = Reading(value=Process("2.6.12", 7, 1.0), at=3.0, source="socket", tried_at=3.0)
    picture = Picture().apply(full({}))
    picture = picture.apply(Change(at=3.0, balancers={"c/lb": BalancerReadings(process=process)}))
    picture = picture.apply(Change(at=4.0, touched={"c/lb": 4.0}))
    assert picture.snapshot.balancer("c", "lb").process.at == 4.0
    assert picture.snapshot.nodes == {}


def test_a_new_hello_forgets_what_was_known() -> None:
    picture = Picture().apply(Hello(at=1.0, estate=ESTATE)).apply(full({"c/n": NodeReadings(service=ACTIVE)}))
    assert picture.apply(Hello(at=20.0, estate=ESTATE)).snapshot.nodes == {}


def test_verdicts_replace_those_of_their_cluster_only() -> None:
    one, two = (ClusterVerdict(name, Health.OK, "") for name in ("one", "two"))
    worse = ClusterVerdict("two", Health.CRITICAL, "no primary")
    picture = Picture().apply(Verdicts(1.0, (one, two))).apply(Verdicts(2.0, (worse,)))
    assert picture.verdicts == {"one": one, "two": worse}


def test_alerts_replace_all_alerts() -> None:
    alert = Alert("no_primary", Severity.CRITICAL, "c", "c", "nobody serves", since=1.0)
    picture = Picture().apply(Alerts(1.0, (alert,)))
    assert picture.apply(Alerts(2.0, ())).alerts == ()


def test_trouble_is_over_with_the_next_change() -> None:
    picture = Picture().apply(Trouble(1.0, "the estate file can't be read"))
    assert picture.trouble == "the estate file can't be read"
    assert picture.apply(Change(at=2.0)).trouble is None


@pytest.mark.parametrize(
    "frame",
    [
        Hello(at=1.0, estate=ESTATE, version="0.1.0"),
        full({"c/n": NodeReadings(service=ACTIVE)}),
        Change(at=2.0, touched={"c/n": 2.0}, history={"c/commercial": (1, None, 3)}, round_at=2.0),
        Verdicts(3.0, (ClusterVerdict("c", Health.UNKNOWN, "nothing is known"),)),
        Alerts(4.0, (Alert("stale", Severity.WARNING, "c", "n", "late", since=3.0, evidence=("a", "b")),)),
        Trouble(5.0, "ended", ends=True),
    ],
)
def test_every_frame_comes_back_from_its_line(frame: frames.Frame) -> None:
    line = frames.encode(frame)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert frames.decode(line) == frame


def test_a_frame_of_a_later_version_is_skipped() -> None:
    assert frames.decode(b'{"frame":"weather","at":1.0}') is None


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'{"at":1}', b'{"frame":"change"}', b"\xff"])
def test_a_line_that_is_no_frame_is_an_error(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        frames.decode(line)


def test_only_a_fresh_reading_without_failure_counts() -> None:
    assert ACTIVE.fresh(now=20.0, stale_after=15.0) == ACTIVE.value
    assert ACTIVE.fresh(now=26.0, stale_after=15.0) is None
    failing = msgspec.structs.replace(ACTIVE, failure=FAILED)
    assert failing.fresh(now=11.0, stale_after=15.0) is None
    assert Reading[Role]().fresh(now=1.0, stale_after=15.0) is None
