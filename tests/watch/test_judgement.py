"""Are licences being served: only what fresh readings prove."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dslsconsole.model.balancer import ServerState
from dslsconsole.model.node import DnsAnswer, Quorum, Role
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.model.snapshot import Snapshot, key
from dslsconsole.model.verdict import Alert, ClusterVerdict, Health, Severity
from dslsconsole.watch.judgement import judge, with_alerts
from tests.sample_estate import (
    ARBITRATOR,
    BACKUP,
    CLUSTER,
    DR_BACKUP,
    DR_PRIMARY,
    NOW,
    PRIMARY,
    SHAPE,
    dead,
    dr_serving,
    healthy,
    read,
    server,
    stopped,
    unread,
    view,
    with_node,
    with_servers,
    with_view,
)

STALE_AFTER = 15.0
LOST = Failure(FailureKind.NO_ANSWER, "no answer within 4 s")


def verdict(snapshot: Snapshot, now: float = NOW) -> ClusterVerdict:
    return judge(SHAPE, snapshot, now, STALE_AFTER)


def test_a_healthy_cluster_serves() -> None:
    found = verdict(healthy())
    assert found.serving is True
    assert (found.primary, found.primaries, found.epoch) == (PRIMARY, (PRIMARY,), 7)
    assert found.quorum == Quorum(True, 3, 3, 2)
    assert found.split_brain is False
    assert found.dr_active is False
    assert found.sentence == f"licences are served by {PRIMARY}"


@pytest.mark.parametrize(
    ("active", "addresses", "serves"),
    [
        (False, ("10.20.0.100",), True),
        (False, ("10.30.0.100",), False),
        (False, ("10.20.0.100", "10.30.0.100"), True),
        (False, (), True),
        (True, ("10.30.0.100",), True),
        (True, ("10.20.0.100",), False),
    ],
)
def test_a_primary_at_the_site_to_which_the_record_sends_nobody_does_not_serve(
    active: bool, addresses: tuple[str, ...], serves: bool
) -> None:
    assert SHAPE.dr is not None
    dr = msgspec.structs.replace(
        SHAPE.dr, record="dsls.company.com", main_address="10.20.0.100", dr_address="10.30.0.100"
    )
    snapshot = dr_serving(healthy()) if active else healthy()
    answer = DnsAnswer(addresses, 60, authoritative=True, status="NOERROR")
    snapshot = with_node(snapshot, DR_PRIMARY, dns=read(answer))
    found = judge(msgspec.structs.replace(SHAPE, dr=dr), snapshot, NOW, STALE_AFTER)
    assert found.serving is serves
    if not serves:
        assert found.sentence.endswith(f"dsls.company.com sends clients to the {'main' if active else 'DR'} site")


def test_before_anything_was_read_nothing_is_known() -> None:
    found = verdict(Snapshot(at=NOW))
    assert (found.serving, found.primary, found.quorum, found.split_brain, found.dr_active) == (None,) * 5
    assert found.health is Health.UNKNOWN
    assert found.sentence == "nothing has been read yet"


def test_old_readings_prove_nothing() -> None:
    found = verdict(healthy(), NOW + STALE_AFTER + 1.0)
    assert (found.serving, found.primary, found.quorum) == (None, None, None)
    assert found.sentence.startswith("no node could be read")


def test_a_failed_attempt_makes_the_value_before_it_old_at_once() -> None:
    snapshot = healthy()
    before = snapshot.node(CLUSTER, PRIMARY).cluster
    found = verdict(with_node(snapshot, PRIMARY, cluster=unread(LOST, NOW, before)))
    assert (found.serving, found.primary) == (None, None)


def test_two_claimants_the_higher_epoch_is_primary_and_both_are_named() -> None:
    snapshot = with_view(healthy(), BACKUP, role=Role.PRIMARY, epoch=8)
    found = verdict(snapshot)
    assert found.primary == BACKUP
    assert found.primaries == (BACKUP, PRIMARY)
    assert found.split_brain is True
    assert found.epoch == 8


def test_a_stale_claimant_that_does_not_grant_is_no_split_brain() -> None:
    snapshot = with_view(healthy(), BACKUP, role=Role.PRIMARY, epoch=8)
    found = verdict(with_view(snapshot, PRIMARY, state="no-quorum"))
    assert (found.primary, found.split_brain) == (BACKUP, False)


def test_a_split_brain_that_any_node_reports_is_one() -> None:
    assert verdict(with_view(healthy(), ARBITRATOR, split_brain=True)).split_brain is True


@pytest.mark.parametrize(
    ("changes", "serving"),
    [
        ({"state": "degraded"}, True),
        ({"state": "no-quorum"}, False),
        ({"state": "starting"}, False),
        ({"state": "stopping"}, False),
        ({"state": "dozing"}, None),
        ({"state": None}, None),
        ({"quorum": Quorum(False, 1, 3, 2)}, False),
        ({"quorum": Quorum(None)}, None),
        ({"role": None}, None),
    ],
)
def test_serving_follows_what_the_primary_says_of_itself(changes: dict[str, Any], serving: bool | None) -> None:
    assert verdict(with_view(healthy(), PRIMARY, **changes)).serving is serving


def test_without_a_primary_s_view_the_majority_tells_the_quorum() -> None:
    snapshot = dead(healthy(), PRIMARY)
    assert verdict(snapshot).quorum == Quorum(True, 2, 3, 2)
    torn = with_view(snapshot, BACKUP, quorum=Quorum(False, 1, 3, 2))
    assert verdict(torn).quorum is None


class TestLoadBalancers:
    UP = ServerState.UP

    @pytest.mark.parametrize("state", [ServerState.MAINT, ServerState.DOWN, ServerState.DRAIN, ServerState.NOLB])
    def test_clients_that_no_load_balancer_sends_to_the_primary_are_not_served(self, state: ServerState) -> None:
        snapshot = healthy()
        for host in ("haproxy-01", "haproxy-02"):
            snapshot = with_servers(snapshot, host, server("dsls-primary", state), server("dsls-backup", backup=True))
        found = verdict(snapshot)
        assert found.serving is False
        assert "no load balancer sends clients" in found.sentence

    def test_the_holder_of_the_address_decides(self) -> None:
        maint = server("dsls-primary", ServerState.MAINT), server("dsls-backup", backup=True)
        assert verdict(with_servers(healthy(), "haproxy-01", *maint)).serving is False
        assert verdict(with_servers(healthy(), "haproxy-02", *maint)).serving is True

    def test_a_backup_line_is_served_only_when_no_active_one_is_up(self) -> None:
        promoted = with_view(with_view(healthy(), BACKUP, role=Role.PRIMARY, epoch=8), PRIMARY, role=Role.BACKUP)
        assert verdict(promoted).serving is False
        for host in ("haproxy-01", "haproxy-02"):
            maint = server("dsls-primary", ServerState.MAINT)
            promoted = with_servers(promoted, host, maint, server("dsls-backup", backup=True))
        assert verdict(promoted).serving is True

    def test_a_weight_of_zero_takes_no_clients(self) -> None:
        snapshot = with_servers(healthy(), "haproxy-01", server("dsls-primary", weight=0))
        assert verdict(snapshot).serving is False

    def test_load_balancers_that_can_t_be_read_leave_it_unknown(self) -> None:
        snapshot = healthy()
        for host in ("haproxy-01", "haproxy-02"):
            before = snapshot.balancer(CLUSTER, host)
            failed = msgspec.structs.replace(before, backend=unread(LOST, NOW, before.backend))
            snapshot = msgspec.structs.replace(snapshot, balancers=snapshot.balancers | {key(CLUSTER, host): failed})
        found = verdict(snapshot)
        assert found.serving is None
        assert "not known" in found.sentence

    def test_a_cluster_without_load_balancers_needs_the_primary_alone(self) -> None:
        shape = msgspec.structs.replace(SHAPE, balancers=None)
        assert judge(shape, healthy(), NOW, STALE_AFTER).serving is True


class TestNoPrimary:
    def test_it_is_proven_by_a_stopped_unit(self) -> None:
        found = verdict(stopped(healthy(), PRIMARY))
        assert (found.serving, found.primary) == (False, None)
        assert found.sentence == "no node is primary: no licences are served"

    def test_it_is_proven_by_silence_that_the_peers_confirm(self) -> None:
        assert verdict(dead(healthy(), PRIMARY)).serving is False

    def test_it_is_proven_by_a_server_that_hangs_for_us_and_for_its_peers(self) -> None:
        alive = healthy().node(CLUSTER, PRIMARY)
        snapshot = with_node(dead(healthy(), PRIMARY), PRIMARY, link=alive.link, service=alive.service)
        assert verdict(with_node(snapshot, PRIMARY, cluster=unread(LOST))).serving is False
        hung_here = with_node(healthy(), PRIMARY, cluster=unread(LOST))
        assert verdict(hung_here).serving is None

    def test_silence_towards_us_alone_proves_nothing(self) -> None:
        found = verdict(dead(healthy(), PRIMARY, seen_by_peers=True))
        assert found.serving is None
        assert PRIMARY in found.sentence

    def test_a_dr_site_that_can_t_be_read_may_be_serving(self) -> None:
        snapshot = dead(stopped(healthy(), PRIMARY), DR_PRIMARY)
        found = verdict(snapshot)
        assert (found.serving, found.dr_active) == (None, None)


class TestDr:
    def test_a_serving_dr_site_is_where_the_primary_is(self) -> None:
        found = verdict(dr_serving(healthy()))
        assert (found.primary, found.dr_active, found.serving, found.epoch) == (DR_PRIMARY, True, True, 8)
        assert "campus-backup" in found.sentence

    def test_the_role_may_also_be_called_primary(self) -> None:
        assert verdict(with_view(dr_serving(healthy()), DR_PRIMARY, role=Role.PRIMARY)).dr_active is True

    def test_a_running_dr_backup_is_standby(self) -> None:
        snapshot = with_node(healthy(), DR_PRIMARY, cluster=read(view(Role.DR_BACKUP)))
        assert verdict(snapshot).dr_active is False

    def test_both_sites_serving_is_a_split_brain(self) -> None:
        snapshot = with_node(healthy(), DR_PRIMARY, cluster=read(view(Role.DR_PRIMARY, epoch=8)))
        found = verdict(snapshot)
        assert found.split_brain is True
        assert set(found.primaries) == {PRIMARY, DR_PRIMARY}


def alert(severity: Severity) -> Alert:
    return Alert("stale", severity, CLUSTER, PRIMARY, "…", NOW)


@pytest.mark.parametrize(
    ("alerts", "readable", "health"),
    [
        ((), True, Health.OK),
        ((alert(Severity.WARNING),), True, Health.WARNING),
        ((alert(Severity.WARNING), alert(Severity.CRITICAL)), True, Health.CRITICAL),
        ((alert(Severity.CRITICAL),), False, Health.UNKNOWN),
    ],
)
def test_health_is_that_of_the_worst_alert_and_unknown_where_no_node_was_read(
    alerts: tuple[Alert, ...], readable: bool, health: Health
) -> None:
    assert with_alerts(verdict(healthy()), alerts, readable=readable).health is health


def test_without_alerts_what_is_not_known_to_serve_is_not_ok() -> None:
    found = verdict(with_view(healthy(), PRIMARY, role=None))
    assert with_alerts(found, (), readable=True).health is Health.UNKNOWN


class TestTheSentenceNamesTheGravestAlert:
    def said(self, snapshot: Snapshot, *alerts: Alert) -> str:
        return with_alerts(verdict(snapshot), alerts, readable=True).sentence

    def alert(self, rule: str, summary: str) -> Alert:
        return Alert(rule, Severity.CRITICAL, CLUSTER, ARBITRATOR, summary, NOW)

    def test_what_is_wrong_though_licences_are_served(self) -> None:
        low = self.alert("tokens_low", "pool academic: 96 % of 450 in use")
        assert self.said(healthy(), low) == f"licences are served by {PRIMARY}, but pool academic: 96 % of 450 in use"

    def test_a_host_that_is_gone_and_what_the_next_loss_does(self) -> None:
        snapshot = with_view(dead(healthy(), ARBITRATOR), PRIMARY, quorum=Quorum(True, 2, 3, 2))
        gone = self.alert("node_failure", f"{ARBITRATOR} does not answer: it was primary when last read")
        assert self.said(snapshot, gone) == (
            f"licences are served by {PRIMARY}, but {ARBITRATOR} does not answer and only 2 of 3 vote: "
            "one more loss stops service"
        )

    def test_the_last_vote_is_not_told_twice(self) -> None:
        snapshot = with_view(healthy(), PRIMARY, quorum=Quorum(True, 2, 3, 2))
        edge = self.alert("quorum_edge", "quorum hangs on one vote: 2 of 3, 2 needed")
        assert self.said(snapshot, edge).endswith(", but quorum hangs on one vote: 2 of 3, 2 needed")

    def test_without_alerts_nothing_is_added(self) -> None:
        assert self.said(healthy()) == f"licences are served by {PRIMARY}"

    def test_where_no_licences_are_served_the_sentence_says_that_alone(self) -> None:
        none = self.alert("no_primary", "no node is primary: no licences are served")
        snapshot = stopped(stopped(healthy(), PRIMARY), BACKUP)
        assert self.said(snapshot, none) == verdict(snapshot).sentence


SECTIONS = ("link", "service", "cluster")
NODES = (PRIMARY, BACKUP, ARBITRATOR, DR_PRIMARY, DR_BACKUP)


@given(st.sets(st.tuples(st.sampled_from(NODES), st.sampled_from(SECTIONS))), st.booleans())
def test_losing_readings_never_makes_a_stopped_cluster_serve_nor_a_serving_one_stopped(
    lost: set[tuple[str, str]], serves: bool
) -> None:
    snapshot = healthy() if serves else stopped(healthy(), PRIMARY)
    for name, section in lost:
        before: Reading[Any] = getattr(snapshot.node(CLUSTER, name), section)
        snapshot = with_node(snapshot, name, **{section: unread(LOST, NOW, before)})
    assert verdict(snapshot).serving in (None, serves)


@given(
    st.sampled_from([None, *Role]), st.sampled_from([None, "running", "no-quorum", "?"]), st.sampled_from([None, True])
)
def test_serving_is_never_claimed_without_a_primary_that_runs_with_quorum(
    role: Role | None, state: str | None, held: bool | None
) -> None:
    snapshot = with_view(healthy(), PRIMARY, role=role, state=state, quorum=Quorum(held))
    if verdict(snapshot).serving:
        assert (role in (Role.PRIMARY, Role.DR_PRIMARY), state, held) == (True, "running", True)
