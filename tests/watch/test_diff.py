"""A change of a host's readings: what a frame must carry, and what it need not."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dslsconsole.model import frames
from dslsconsole.model.balancer import Backend, BackendServer, BalancerReadings, Process, ServerState
from dslsconsole.model.node import DrSync, Link, NodeReadings, Role, ServerStatus, Service
from dslsconsole.model.picture import Picture
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.model.shape import EstateShape
from dslsconsole.watch.diff import advance
from dslsconsole.watch.live import Live
from tests.sample_estate import BACKUP, CLUSTER, ESTATE, NOW, PRIMARY, healthy, read, unread, view

NO_ANSWER = Failure(FailureKind.NO_ANSWER, "no answer within 4 s")
KEY = f"{CLUSTER}/{PRIMARY}"


def node(at: float = NOW) -> NodeReadings:
    return healthy(at).node(CLUSTER, PRIMARY)


def test_the_same_answer_again_changes_nothing_but_the_time() -> None:
    step = advance(node(), node(NOW + 5))
    assert not step.any_changed
    assert step.touched_at == NOW + 5
    assert step.readings.cluster.at == NOW + 5


def test_only_the_sections_that_changed_are_told() -> None:
    after = msgspec.structs.replace(node(NOW + 5), cluster=read(view(Role.PRIMARY, epoch=8), NOW + 5))
    step = advance(node(), after)
    assert [name for name in step.changed.__struct_fields__ if getattr(step.changed, name).tried_at] == ["cluster"]


def test_a_section_that_fails_keeps_its_last_value_with_its_time() -> None:
    after = msgspec.structs.replace(node(NOW + 5), tokens=unread(NO_ANSWER, NOW + 5))
    tokens = advance(node(), after).readings.tokens
    assert tokens.value == node().tokens.value
    assert (tokens.at, tokens.failure, tokens.tried_at) == (NOW, NO_ANSWER, NOW + 5)


def test_a_lost_connection_fails_every_section_at_once() -> None:
    lost = NodeReadings(link=unread(NO_ANSWER, NOW + 5))
    after = advance(node(), lost).readings
    assert after.cluster.failure == NO_ANSWER
    assert after.cluster.value == node().cluster.value
    assert after.cluster.fresh(NOW + 5, 15.0) is None
    assert after.dr_sync == Reading()


def test_a_section_that_was_not_asked_for_keeps_its_age() -> None:
    after = msgspec.structs.replace(node(NOW + 5), mounts=Reading())
    step = advance(node(), after)
    assert step.readings.mounts.at == NOW
    assert step.changed.mounts == step.readings.mounts


@pytest.mark.parametrize(
    ("section", "old", "new"),
    [
        ("link", Link(100.0, "h", 0.1), Link(101.5, "h", 0.4)),
        ("service", Service("u", "loaded", "active", since=100.0), Service("u", "loaded", "active", since=101.0)),
        ("status", ServerStatus("Running", started_at=100.0), ServerStatus("Running", started_at=98.5)),
    ],
)
def test_times_that_jitter_are_no_change(section: str, old: Any, new: Any) -> None:
    before, after = NodeReadings(**{section: read(old)}), NodeReadings(**{section: read(new, NOW + 5)})
    step = advance(before, after)
    assert not step.any_changed
    assert getattr(step.readings, section).value == old


def test_a_copy_that_only_grows_older_is_no_change() -> None:
    before = NodeReadings(dr_sync=read(DrSync("OK", last_sync=NOW - 100, lag_s=100.0)))
    older = NodeReadings(dr_sync=read(DrSync("OK", last_sync=NOW - 100, lag_s=105.0), NOW + 5))
    assert not advance(before, older).any_changed
    synced = NodeReadings(dr_sync=read(DrSync("OK", last_sync=NOW + 3, lag_s=2.0), NOW + 5))
    assert advance(before, synced).readings.dr_sync.value == synced.dr_sync.value
    untold = NodeReadings(dr_sync=read(DrSync("OK", lag_s=105.0), NOW + 5))
    assert advance(before, untold).any_changed


def test_a_restart_is_a_change() -> None:
    before = NodeReadings(status=read(ServerStatus("Running", started_at=100.0)))
    step = advance(before, NodeReadings(status=read(ServerStatus("Running", started_at=110.0), NOW + 5)))
    assert step.readings.status.value == ServerStatus("Running", started_at=110.0)


def backend(since: float, status: str = "UP", sessions: int = 3) -> Backend:
    line = BackendServer("dsls-primary", status, ServerState.UP, sessions=sessions, since=since)
    return Backend("dsls_servers", "UP", 1, 0, (line,))


def test_the_time_of_a_server_s_last_change_stays_while_its_status_does() -> None:
    before = BalancerReadings(backend=read(backend(100.0)), process=read(Process("2.6", 7, 50.0)))
    after = BalancerReadings(backend=read(backend(101.0), NOW + 5), process=read(Process("2.6", 7, 51.0), NOW + 5))
    assert not advance(before, after).any_changed
    busier = BalancerReadings(backend=read(backend(101.0, sessions=4), NOW + 5))
    value = advance(before, busier).readings.backend.value
    assert value is not None
    assert (value.servers[0].since, value.servers[0].sessions) == (100.0, 4)
    moved = advance(before, BalancerReadings(backend=read(backend(101.0, "UP 2/3"), NOW + 5))).readings.backend.value
    assert moved is not None
    assert moved.servers[0].since == 101.0


failures = st.sampled_from([NO_ANSWER, Failure(FailureKind.GARBLED, "half a JSON")])
values: dict[str, st.SearchStrategy[Any]] = {
    "link": st.builds(
        Link, since=st.sampled_from([1.0, 2.0, 9.0]), clock_offset_s=st.sampled_from([None, 0.1, 0.2, 7.0])
    ),
    "service": st.builds(
        Service,
        unit=st.just("u"),
        load=st.just("loaded"),
        active=st.sampled_from(["active", "inactive"]),
        since=st.sampled_from([None, 1.0, 2.0, 9.0]),
    ),
    "cluster": st.sampled_from([view(Role.PRIMARY), view(Role.BACKUP), view(Role.PRIMARY, epoch=8)]),
}


def reading(section: str, at: float) -> st.SearchStrategy[Reading[Any]]:
    good = values[section].map(lambda value: read(value, at))
    return st.one_of(good, good, failures.map(lambda failure: unread(failure, at)), st.just(Reading()))


@st.composite
def answers(draw: st.DrawFn) -> list[tuple[str, NodeReadings]]:
    turns = draw(st.integers(1, 8))
    found = []
    for turn in range(turns):
        at = NOW + 3.0 * turn
        name = draw(st.sampled_from([PRIMARY, BACKUP]))
        sections = {section: draw(reading(section, at)) for section in ("link", "service", "cluster")}
        found.append((f"{CLUSTER}/{name}", NodeReadings(**sections)))
    return found


@settings(max_examples=150, deadline=None)
@given(answers(), st.lists(st.booleans(), min_size=8, max_size=8))
def test_applying_the_frames_gives_what_the_reading_process_holds(
    sequence: list[tuple[str, NodeReadings]], ticks: list[bool]
) -> None:
    live = Live(ESTATE)
    picture = Picture().apply(live.hello(NOW)).apply(live.full(NOW))
    now = NOW
    for (host, answer), tick in zip(sequence, ticks, strict=False):
        now += 3.0
        live.arrived(host, answer, now)
        if tick:
            picture = followed(picture, live, now)
    picture = followed(picture, live, now)
    whole = live.full(now)
    assert picture.snapshot == whole.snapshot
    assert tuple(picture.verdicts.values()) == whole.verdicts
    assert picture.alerts == whole.alerts


def followed(picture: Picture, live: Live, now: float) -> Picture:
    """The picture after the frames of one tick, as they come over the wire."""
    for frame in [*live.tick(now), *live.tick(now)]:
        line = frames.decode(frames.encode(frame))
        assert line is not None
        picture = picture.apply(line)
    return msgspec.structs.replace(picture, snapshot=msgspec.structs.replace(picture.snapshot, at=now))


def test_an_estate_without_hosts_has_nothing_to_tell() -> None:
    live = Live(EstateShape(clusters=(), interval_s=5.0, stale_after_s=15.0, can_act=False))
    assert live.tick(NOW) == []
