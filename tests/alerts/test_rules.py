"""Each alert rule: when it holds, when it does not, and that the unknown raises nothing."""

import pkgutil
from typing import Any

import msgspec
import pytest

from dslsconsole.alerts import rules
from dslsconsole.alerts.board import Board, discovered
from dslsconsole.alerts.thresholds import thresholds_of
from dslsconsole.model.balancer import BalancerReadings, CheckTimes, ServerState
from dslsconsole.model.node import (
    Disk,
    DnsAnswer,
    DrSync,
    Link,
    Mount,
    Peer,
    Quorum,
    Role,
    ServerStatus,
    Service,
    TokenState,
)
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.model.shape import ClusterShape
from dslsconsole.model.snapshot import Snapshot
from dslsconsole.model.verdict import Alert, Severity
from dslsconsole.watch.judgement import judge
from tests.sample_estate import (
    ARBITRATOR,
    BACKUP,
    CLUSTER,
    DR_PRIMARY,
    NOW,
    PRIMARY,
    SHAPE,
    balancing,
    dead,
    dr_serving,
    healthy,
    peer,
    pools,
    read,
    server,
    stopped,
    unread,
    with_balancer,
    with_node,
    with_servers,
    with_view,
)

CONTRACT = {
    "node_failure", "service_down", "no_primary", "two_primaries", "split_brain", "quorum_lost", "quorum_edge",
    "sync_lag", "token_mismatch", "tokens_low", "tokens_exhausted", "license_invalid", "license_expiring",
    "load_balancer_down", "lb_disagree", "on_backup", "lb_maint_lost", "no_server_up", "address_missing",
    "address_twice", "storage_missing", "storage_hung", "storage_full", "dr_late", "dr_mismatch", "dr_node_down",
    "clock_skew", "restart_loop", "automation_stopped", "stale", "host_key_changed",
}  # fmt: skip
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
NO_ANSWER = Failure(FailureKind.NO_ANSWER, "no answer within 4 s")
WRONG_WAY = ("sync_wrong_way", PRIMARY, CRITICAL)
Raised = set[tuple[str, str, Severity]]


def alerts(snapshot: Snapshot, now: float = NOW, shape: ClusterShape = SHAPE) -> tuple[Alert, ...]:
    """What a single reading raises."""
    board = Board(shape, thresholds_of(shape), interval=5.0, stale_after=15.0, patient=False)
    return board.judge(snapshot, judge(shape, snapshot, now, 15.0), now)


def raised(snapshot: Snapshot, now: float = NOW) -> Raised:
    return {(alert.id, alert.subject, alert.severity) for alert in alerts(snapshot, now)}


def ids(snapshot: Snapshot) -> set[str]:
    return {alert.id for alert in alerts(snapshot)}


def test_the_intervals_of_checks_are_read_seldom_and_their_age_is_no_alarm() -> None:
    before = healthy()
    checks = Reading((CheckTimes("dsls-primary", 30.0, 30.0, 30.0),), NOW - 50, "probe", None, NOW - 50)
    balancer = msgspec.structs.replace(before.balancer(CLUSTER, "haproxy-01"), checks=checks)
    assert ids(with_balancer(before, "haproxy-01", balancer)) == ids(before)


def both(snapshot: Snapshot, *servers: Any) -> Snapshot:
    """The snapshot with the same servers on both load balancers of the main site."""
    return with_servers(with_servers(snapshot, "haproxy-01", *servers), "haproxy-02", *servers)


def main_site_off(state: str) -> Snapshot:
    """The DR site serves, and every unit of the main site, its loop too, is in this state."""
    off = dr_serving(healthy())
    for name in (PRIMARY, BACKUP, ARBITRATOR):
        before = stopped(healthy(), name, state).node(CLUSTER, name)
        off = with_node(off, name, link=before.link, service=before.service)
    return with_node(off, PRIMARY, automation=read((Service("dsls-token-sync.service", "loaded", state, "dead"),)))


def test_every_alert_of_the_contract_has_its_rule_and_every_module_is_one() -> None:
    assert set(discovered()) >= CONTRACT
    assert set(discovered()) == {module.name for module in pkgutil.iter_modules(rules.__path__)}


def test_a_healthy_estate_raises_nothing() -> None:
    assert raised(healthy()) == set()


def test_a_host_that_was_never_tried_raises_nothing() -> None:
    assert raised(Snapshot(at=NOW)) == set()


def test_a_serving_dr_site_raises_nothing_of_its_own() -> None:
    found = {alert.subject for alert in alerts(dr_serving(healthy()))}
    assert found <= {PRIMARY, BACKUP, ARBITRATOR, CLUSTER}
    assert not {"no_primary", "dr_node_down", "dr_late", "no_server_up"} & ids(dr_serving(healthy()))


class TestDeadHosts:
    def test_a_dead_backup_is_one_alert(self) -> None:
        assert raised(dead(healthy(), BACKUP)) == {("node_failure", BACKUP, CRITICAL)}

    def test_a_dead_arbitrator_is_one_alert(self) -> None:
        assert raised(dead(healthy(), ARBITRATOR)) == {("node_failure", ARBITRATOR, CRITICAL)}

    def test_a_dead_primary_is_a_dead_host_and_a_cluster_without_primary(self) -> None:
        down = server("dsls-primary", ServerState.DOWN), server("dsls-backup", backup=True)
        assert raised(both(dead(healthy(), PRIMARY), *down)) == {
            ("node_failure", PRIMARY, CRITICAL),
            ("no_primary", CLUSTER, CRITICAL),
        }

    def test_its_evidence_tells_what_it_carried(self) -> None:
        [failure] = [alert for alert in alerts(dead(healthy(), PRIMARY)) if alert.id == "node_failure"]
        said = "\n".join(failure.evidence)
        for word in ("no route to host", "primary, running", "dsls-primary", "token-sync", "2 of 3", "haproxy-01"):
            assert word in said

    def test_a_node_that_its_peers_still_see_can_t_be_read_and_is_not_called_dead(self) -> None:
        found = alerts(dead(healthy(), BACKUP, seen_by_peers=True))
        assert [(alert.id, alert.subject) for alert in found] == [("stale", BACKUP)]
        assert any("see it running" in line for line in found[0].evidence)

    @pytest.mark.parametrize("kind", [FailureKind.PERMISSION, FailureKind.BUSY, FailureKind.HOST_KEY_UNKNOWN])
    def test_a_host_that_refuses_us_is_not_dead(self, kind: FailureKind) -> None:
        refused = dead(healthy(), BACKUP, seen_by_peers=True, failure=Failure(kind, "refused"))
        assert raised(refused) == {("stale", BACKUP, WARNING)}

    def test_a_changed_host_key_is_an_alert_of_its_own(self) -> None:
        key = Failure(FailureKind.HOST_KEY_CHANGED, "another key")
        changed = dead(healthy(), BACKUP, seen_by_peers=True, failure=key)
        assert raised(changed) == {("host_key_changed", BACKUP, CRITICAL)}

    def test_a_dead_dr_node_in_standby_is_a_warning(self) -> None:
        assert raised(dead(healthy(), DR_PRIMARY, seen_by_peers=True)) == {("dr_node_down", DR_PRIMARY, WARNING)}

    def test_readings_that_grew_old_are_stale_and_nobody_is_called_down(self) -> None:
        assert {alert.id for alert in alerts(healthy(), NOW + 60.0)} == {"stale"}

    @pytest.mark.parametrize(
        ("node", "advice"),
        [(PRIMARY, "press F"), (BACKUP, "no failover is needed"), (ARBITRATOR, "It only votes")],
    )
    def test_the_advice_fits_what_was_lost(self, node: str, advice: str) -> None:
        [failure] = [alert for alert in alerts(dead(healthy(), node)) if alert.id == "node_failure"]
        assert advice in failure.advice
        assert ("press F" in failure.advice) is (node == PRIMARY)

    def test_nobody_is_told_to_fail_over_when_another_took_over(self) -> None:
        after = dead(with_view(healthy(), BACKUP, role=Role.PRIMARY, epoch=8), PRIMARY)
        [failure] = [alert for alert in alerts(after) if alert.id == "node_failure"]
        assert "press F" not in failure.advice
        assert BACKUP in failure.advice


class TestServices:
    def test_a_stopped_backup_is_one_alert(self) -> None:
        assert raised(stopped(healthy(), BACKUP)) == {("service_down", BACKUP, CRITICAL)}

    def test_a_failed_unit_and_one_between_restarts_are_down(self) -> None:
        assert ("service_down", BACKUP, CRITICAL) in raised(stopped(healthy(), BACKUP, "failed"))
        again = Service("dsls-backup", "loaded", "activating", "auto-restart")
        assert "service_down" in ids(with_node(healthy(), BACKUP, service=read(again)))

    def test_a_server_that_says_stopped_under_an_active_unit_is_down(self) -> None:
        assert "service_down" in ids(with_node(healthy(), BACKUP, status=read(ServerStatus("Stopped"))))

    def test_a_server_that_is_silent_here_and_towards_its_peers_hangs(self) -> None:
        hung = with_node(
            dead(healthy(), PRIMARY),
            PRIMARY,
            **{
                name: getattr(healthy().node(CLUSTER, PRIMARY), name)
                for name in ("link", "service", "mounts", "automation")
            },
        )
        hung = with_node(hung, PRIMARY, status=unread(NO_ANSWER), cluster=unread(NO_ANSWER), tokens=unread(NO_ANSWER))
        assert raised(hung) == {("service_down", PRIMARY, CRITICAL), ("no_primary", CLUSTER, CRITICAL)}

    def test_a_command_that_hangs_while_the_peers_see_the_server_is_only_unread(self) -> None:
        hung = with_node(
            healthy(), PRIMARY, status=unread(NO_ANSWER), cluster=unread(NO_ANSWER), tokens=unread(NO_ANSWER)
        )
        assert raised(hung) == {("stale", PRIMARY, WARNING)}

    def test_it_tells_since_when(self) -> None:
        [down] = alerts(stopped(healthy(), BACKUP))
        assert down.since == NOW - 30.0

    def test_a_dr_service_that_rests_in_standby_is_meant(self) -> None:
        assert "service_down" not in ids(healthy())

    @pytest.mark.parametrize("state", ["inactive", "failed"])
    def test_nobody_is_told_to_start_the_main_site_beside_a_dr_site_that_serves(self, state: str) -> None:
        told = {alert.id: alert for alert in alerts(main_site_off(state))}
        assert told.keys() & ({"main_site_stopped"} if state == "inactive" else {"service_down", "automation_stopped"})
        for alert in told.values():
            assert "start it" not in alert.advice

    def test_a_main_site_that_was_stopped_for_the_dr_site_is_one_warning(self) -> None:
        mine = [alert for alert in alerts(main_site_off("inactive")) if alert.id != "stale"]
        assert {(alert.id, alert.subject, alert.severity) for alert in mine} == {
            ("main_site_stopped", CLUSTER, WARNING)
        }
        [told] = mine
        assert [name for name in (PRIMARY, BACKUP, ARBITRATOR) if any(name in line for line in told.evidence)] == [
            PRIMARY, BACKUP, ARBITRATOR,
        ]  # fmt: skip
        assert "stopped with it: token-sync" in told.evidence

    def test_a_unit_that_failed_beside_a_serving_dr_site_is_still_told(self) -> None:
        assert {alert.subject for alert in alerts(main_site_off("failed")) if alert.id == "service_down"} == {
            PRIMARY, BACKUP, ARBITRATOR,
        }  # fmt: skip

    def test_automation_that_does_not_run(self) -> None:
        loop = (Service("dsls-token-sync.service", "loaded", "inactive", "dead"),)
        assert raised(with_node(healthy(), PRIMARY, automation=read(loop))) == {
            ("automation_stopped", PRIMARY, WARNING)
        }


class TestCluster:
    def test_a_stopped_primary_leaves_no_primary(self) -> None:
        assert raised(stopped(healthy(), PRIMARY)) == {
            ("service_down", PRIMARY, CRITICAL),
            ("no_primary", CLUSTER, CRITICAL),
        }

    def test_where_all_run_as_backup_each_may_take_over(self) -> None:
        found = alerts(with_view(healthy(), PRIMARY, role=Role.BACKUP))
        advice = next(alert.advice for alert in found if alert.id == "no_primary")
        assert advice == f"Press F to fail over to {PRIMARY} or {BACKUP}."

    def test_where_clients_are_sent_to_the_dr_site_no_failover_is_advised(self) -> None:
        assert SHAPE.dr is not None
        dr = msgspec.structs.replace(
            SHAPE.dr, record="dsls.company.com", main_address="10.20.0.100", dr_address="10.30.0.100"
        )
        shape = msgspec.structs.replace(SHAPE, dr=dr)
        answer = DnsAnswer(("10.30.0.100",), 60, authoritative=True, status="NOERROR")
        found = alerts(with_node(stopped(healthy(), PRIMARY), DR_PRIMARY, dns=read(answer)), shape=shape)
        alert = next(alert for alert in found if alert.id == "no_primary")
        assert alert.advice.startswith("Activate the DR site (A)")
        assert "DNS: dsls.company.com is 10.30.0.100" in alert.evidence[-1]

    def test_a_name_server_that_answers_nobody_is_told_once_and_of_no_host(self) -> None:
        assert SHAPE.dr is not None
        dr = msgspec.structs.replace(SHAPE.dr, record="dsls.company.com")
        shape = msgspec.structs.replace(SHAPE, dr=dr)
        snapshot = healthy()
        for node in dr.nodes:
            snapshot = with_node(snapshot, node.name, dns=unread(NO_ANSWER))
        (alert,) = alerts(snapshot, shape=shape)
        assert (alert.id, alert.subject) == ("stale", CLUSTER)
        assert alert.summary == "where dsls.company.com points can't be read"

    def test_a_primary_that_only_can_t_be_read_does_not(self) -> None:
        assert "no_primary" not in ids(dead(healthy(), PRIMARY, seen_by_peers=True))

    def test_two_primaries(self) -> None:
        found = raised(with_view(healthy(), BACKUP, role=Role.PRIMARY, epoch=8))
        assert {("two_primaries", CLUSTER, CRITICAL), ("split_brain", CLUSTER, CRITICAL)} <= found

    @pytest.mark.parametrize(
        ("epoch", "says"),
        [
            (8, f"{BACKUP} has the newest epoch. Stop {PRIMARY}"),
            (6, f"{PRIMARY} has the newest epoch. Stop {BACKUP}"),
            (7, "Their epochs don't tell which is stale"),
            (None, "Their epochs don't tell which is stale"),
        ],
    )
    def test_which_of_two_primaries_is_stale_is_said_only_where_the_epochs_tell(
        self, epoch: int | None, says: str
    ) -> None:
        found = alerts(with_view(healthy(), BACKUP, role=Role.PRIMARY, epoch=epoch))
        assert next(alert.advice for alert in found if alert.id == "two_primaries").startswith(says)

    def test_an_old_primary_without_quorum_is_not_a_second_one(self) -> None:
        snapshot = with_view(healthy(), BACKUP, role=Role.PRIMARY, epoch=8)
        assert "two_primaries" not in ids(with_view(snapshot, PRIMARY, state="no-quorum"))

    def test_a_reported_split_brain(self) -> None:
        assert raised(with_view(healthy(), ARBITRATOR, split_brain=True)) == {("split_brain", CLUSTER, CRITICAL)}

    def test_quorum_lost(self) -> None:
        snapshot = with_view(healthy(), PRIMARY, state="no-quorum", quorum=Quorum(False, 1, 3, 2))
        assert ("quorum_lost", CLUSTER, CRITICAL) in raised(snapshot)
        assert "no_primary" not in ids(snapshot)

    def test_quorum_on_its_last_vote_without_a_dead_host_to_explain_it(self) -> None:
        peers = (peer(BACKUP, Role.BACKUP, 2.0), Peer(ARBITRATOR, 27000, "arbitrator", "unreachable"))
        cut = with_view(healthy(), PRIMARY, quorum=Quorum(True, 2, 3, 2), peers=peers)
        assert raised(cut) == {("quorum_edge", CLUSTER, WARNING)}

    @pytest.mark.parametrize("quorum", [Quorum(None, 2, 3, 2), Quorum(True), Quorum(True, 2, 2, 2)])
    def test_quorum_that_is_not_known_or_has_nobody_to_lose_is_no_edge(self, quorum: Quorum) -> None:
        assert "quorum_edge" not in ids(with_view(healthy(), PRIMARY, quorum=quorum))


class TestTokens:
    @pytest.mark.parametrize(("lag", "holds"), [(60.0, False), (61.0, True), (None, False)])
    def test_sync_lag(self, lag: float | None, holds: bool) -> None:
        snapshot = with_view(healthy(), PRIMARY, peers=(peer(BACKUP, Role.BACKUP, lag),))
        assert (("sync_lag", BACKUP, WARNING) in raised(snapshot)) is holds

    def test_pools_that_differ_at_the_same_generation(self) -> None:
        other = TokenState(48211, pools(used=500))
        assert raised(with_node(healthy(), BACKUP, tokens=read(other))) == {("token_mismatch", BACKUP, WARNING)}

    def test_a_backup_that_is_ahead(self) -> None:
        assert "token_mismatch" in ids(with_node(healthy(), BACKUP, tokens=read(TokenState(48300, pools()))))

    @pytest.mark.parametrize("state", [TokenState(48200, pools(700)), TokenState(None, pools(1)), TokenState(48211)])
    def test_a_backup_a_little_behind_or_unknown_is_no_mismatch(self, state: TokenState) -> None:
        found = ids(with_node(healthy(), BACKUP, tokens=read(state)))
        assert ("token_mismatch" in found) is (state.generation == 48211)

    @pytest.mark.parametrize(
        ("used", "queued", "expected"),
        [
            (899, 0, set()),
            (900, 0, {("tokens_low", "commercial", WARNING)}),
            (500, 3, {("tokens_low", "commercial", WARNING)}),
            (1000, 4, {("tokens_exhausted", "commercial", CRITICAL)}),
        ],
    )
    def test_pools(self, used: int, queued: int, expected: Raised) -> None:
        both_nodes = with_node(healthy(), PRIMARY, tokens=read(TokenState(48211, pools(used, queued))))
        assert raised(with_node(both_nodes, BACKUP, tokens=read(TokenState(48211, pools(used, queued))))) == expected

    def test_pools_of_unknown_use_raise_nothing(self) -> None:
        blank = tuple(msgspec.structs.replace(pool, used=None, available=None, queued=None) for pool in pools())
        assert raised(with_node(healthy(), PRIMARY, tokens=read(TokenState(48211, blank)))) == set()


class TestLicence:
    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            (
                ServerStatus("Running", license_valid=False, license_note="expired"),
                ("license_invalid", PRIMARY, CRITICAL),
            ),
            (
                ServerStatus("Running", license_valid=True, license_expires="2027-01-31"),
                ("license_expiring", PRIMARY, WARNING),
            ),
            (ServerStatus("Running", license_valid=True, license_expires="2027-02-01"), None),
            (ServerStatus("Running", license_valid=True, license_expires="soon"), None),
            (ServerStatus("Running"), None),
        ],
    )
    def test_of_one_node(self, status: ServerStatus, expected: tuple[str, str, Severity] | None) -> None:
        assert raised(with_node(healthy(), PRIMARY, status=read(status))) == ({expected} if expected else set())

    def test_the_same_on_every_node_is_one_alert(self) -> None:
        snapshot = healthy()
        for name in (PRIMARY, BACKUP, ARBITRATOR):
            snapshot = with_node(snapshot, name, status=read(ServerStatus("Running", license_valid=False)))
        assert raised(snapshot) == {("license_invalid", CLUSTER, CRITICAL)}

    def test_licence_files_on_storage_that_is_missing_are_the_storage_s_alert(self) -> None:
        mount = Mount("licenses", "/shared/dsls/licenses", False)
        snapshot = with_node(healthy(), PRIMARY, mounts=read((mount,)))
        snapshot = with_node(snapshot, PRIMARY, status=read(ServerStatus("Running", license_valid=False)))
        assert raised(snapshot) == {("storage_missing", PRIMARY, CRITICAL)}


class TestLoadBalancers:
    def gone(self, snapshot: Snapshot, host: str) -> Snapshot:
        before = snapshot.balancer(CLUSTER, host)
        refused = Failure(FailureKind.REFUSED, "connection refused")
        sections = {name: unread(refused, NOW, getattr(before, name)) for name in before.__struct_fields__}
        return with_balancer(snapshot, host, BalancerReadings(**sections))

    def test_one_down_is_a_warning_that_says_where_the_address_was(self) -> None:
        snapshot = self.gone(healthy(), "haproxy-01")
        assert raised(snapshot) == {("load_balancer_down", "haproxy-01", WARNING)}
        assert any("held 10.20.0.100" in line for line in alerts(snapshot)[0].evidence)

    def test_the_last_one_down_is_critical(self) -> None:
        snapshot = self.gone(self.gone(healthy(), "haproxy-01"), "haproxy-02")
        assert {alert.severity for alert in alerts(snapshot) if alert.id == "load_balancer_down"} == {CRITICAL}

    def test_a_haproxy_that_does_not_run_on_a_host_that_answers_is_down(self) -> None:
        before = healthy().balancer(CLUSTER, "haproxy-02")
        absent = Failure(FailureKind.ABSENT, "/run/haproxy/admin.sock does not exist")
        snapshot = with_balancer(
            healthy(), "haproxy-02", msgspec.structs.replace(before, process=unread(absent), backend=unread(absent))
        )
        assert ("load_balancer_down", "haproxy-02", WARNING) in raised(snapshot)

    def test_a_socket_that_refuses_us_is_only_unread(self) -> None:
        before = healthy().balancer(CLUSTER, "haproxy-02")
        denied = Failure(FailureKind.PERMISSION, "Permission denied")
        snapshot = with_balancer(
            healthy(), "haproxy-02", msgspec.structs.replace(before, process=unread(denied), backend=unread(denied))
        )
        assert raised(snapshot) == {("stale", "haproxy-02", WARNING)}

    def test_a_server_in_maintenance_on_one_only(self) -> None:
        line = server("dsls-primary"), server("dsls-backup", ServerState.MAINT, backup=True)
        assert raised(with_servers(healthy(), "haproxy-02", *line)) == {("lb_disagree", "dsls-backup", WARNING)}

    def test_health_checks_of_a_dead_node_may_differ(self) -> None:
        line = server("dsls-primary"), server("dsls-backup", ServerState.DOWN, backup=True)
        assert "lb_disagree" not in ids(with_servers(dead(healthy(), BACKUP), "haproxy-02", *line))

    def test_states_nobody_knows_are_no_disagreement(self) -> None:
        line = server("dsls-primary", ServerState.UNKNOWN), server("dsls-backup", backup=True)
        assert "lb_disagree" not in ids(with_servers(healthy(), "haproxy-02", *line))

    def test_clients_on_the_backup_server_of_the_new_primary(self) -> None:
        promoted = with_view(with_view(healthy(), BACKUP, role=Role.PRIMARY, epoch=8), PRIMARY, role=Role.BACKUP)
        maint = server("dsls-primary", ServerState.MAINT), server("dsls-backup", backup=True)
        assert raised(both(promoted, *maint)) == {("on_backup", CLUSTER, WARNING), WRONG_WAY}

    def test_clients_sent_to_an_old_primary_are_refused(self) -> None:
        promoted = with_view(with_view(healthy(), BACKUP, role=Role.PRIMARY, epoch=8), PRIMARY, role=Role.BACKUP)
        assert raised(promoted) == {("lb_wrong_server", "dsls-primary", CRITICAL), WRONG_WAY}

    def test_that_the_licence_is_not_valid_is_one_cause(self) -> None:
        invalid = read(ServerStatus("Running", license_valid=False, license_note="expired"))
        snapshot = with_node(with_node(healthy(), PRIMARY, status=invalid), BACKUP, status=invalid)
        down = server("dsls-primary", ServerState.DOWN), server("dsls-backup", backup=True)
        assert "lb_wrong_server" not in ids(both(snapshot, *down))
        assert "license_invalid" in ids(both(snapshot, *down))
        assert "lb_wrong_server" in ids(both(healthy(), *down))

    def test_no_server_up(self) -> None:
        line = server("dsls-primary", ServerState.MAINT), server("dsls-backup", ServerState.DRAIN, backup=True)
        assert raised(both(healthy(), *line)) == {("no_server_up", CLUSTER, CRITICAL)}
        assert ("no_server_up", "haproxy-02", CRITICAL) in raised(with_servers(healthy(), "haproxy-02", *line))

    def test_a_state_nobody_knows_is_not_no_server(self) -> None:
        line = server("dsls-primary", ServerState.UNKNOWN), server("dsls-backup", ServerState.DRAIN, backup=True)
        assert "no_server_up" not in ids(both(healthy(), *line))

    def holding(self, *hosts: str) -> Snapshot:
        snapshot = healthy()
        lines = server("dsls-primary"), server("dsls-backup", backup=True)
        for host in ("haproxy-01", "haproxy-02"):
            snapshot = with_balancer(snapshot, host, balancing(*lines, holds=host in hosts))
        return snapshot

    def test_the_address_is_held_by_nobody_or_by_two(self) -> None:
        assert raised(self.holding()) == {("address_missing", "10.20.0.100", CRITICAL)}
        assert raised(self.holding("haproxy-01", "haproxy-02")) == {("address_twice", "10.20.0.100", CRITICAL)}

    def test_a_host_that_was_not_read_may_hold_it(self) -> None:
        assert "address_missing" not in ids(self.gone(self.holding(), "haproxy-01"))


class TestStorage:
    def mounts(self, **changes: Any) -> Snapshot:
        mount = Mount("licenses", "/shared/dsls/licenses", True, "nfs4", "filer:/dsls", True, 63)
        return with_node(healthy(), PRIMARY, mounts=read((msgspec.structs.replace(mount, **changes),)))

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, set()),
            ({"mounted": False}, {("storage_missing", PRIMARY, CRITICAL)}),
            ({"answers": False, "free_pct": None}, {("storage_hung", PRIMARY, CRITICAL)}),
            ({"answers": None, "free_pct": None}, set()),
            ({"free_pct": 10}, {("storage_full", PRIMARY, WARNING)}),
            ({"free_pct": 11}, set()),
        ],
    )
    def test_mounts(self, changes: dict[str, Any], expected: Raised) -> None:
        assert raised(self.mounts(**changes)) == expected

    @pytest.mark.parametrize(
        ("wanted", "holds"),
        [
            ({"storage_fstype": "nfs4", "storage_source": "filer:/dsls"}, False),
            ({"storage_fstype": "gfs2"}, True),
            ({"storage_source": "other:/dsls"}, True),
        ],
    )
    def test_another_mount_in_its_place(self, wanted: dict[str, str], holds: bool) -> None:
        shape = msgspec.structs.replace(SHAPE, **wanted)
        board = Board(shape, thresholds_of(shape), interval=5.0, stale_after=15.0, patient=False)
        found = board.judge(self.mounts(), judge(shape, self.mounts(), NOW, 15.0), NOW)
        assert ("storage_missing" in {alert.id for alert in found}) is holds


class TestDr:
    @pytest.mark.parametrize(
        ("sync", "expected"),
        [
            (DrSync("OK", NOW - 900.0, 900.0), set()),
            (DrSync("OK", NOW - 901.0, 901.0), {("dr_late", DR_PRIMARY, WARNING)}),
            (DrSync("OK", None, 901.0), {("dr_late", DR_PRIMARY, WARNING)}),
            (DrSync("OK"), set()),
            (DrSync("STALE", NOW - 10.0), {("dr_late", DR_PRIMARY, WARNING)}),
            (DrSync("NEVER"), {("dr_late", DR_PRIMARY, WARNING)}),
            (DrSync("MISMATCH", NOW - 10.0), {("dr_mismatch", DR_PRIMARY, WARNING)}),
        ],
    )
    def test_the_copy(self, sync: DrSync, expected: Raised) -> None:
        assert raised(with_node(healthy(), DR_PRIMARY, dr_sync=read(sync))) == expected

    def test_a_serving_site_is_no_copy(self) -> None:
        assert "dr_late" not in ids(with_node(dr_serving(healthy()), DR_PRIMARY, dr_sync=read(DrSync("NEVER"))))

    def test_a_node_that_does_not_run_while_its_site_serves(self) -> None:
        inactive = healthy().node(CLUSTER, "dr-dsls-02")
        snapshot = with_node(dr_serving(healthy()), "dr-dsls-02", service=inactive.service, cluster=inactive.cluster)
        assert ("dr_node_down", "dr-dsls-02", WARNING) in raised(snapshot)


class TestUnread:
    @pytest.mark.parametrize(
        ("kind", "advice"),
        [
            (FailureKind.PERMISSION, "refuses our key"),
            (FailureKind.HOST_KEY_UNKNOWN, "host key is not known"),
            (FailureKind.BUSY, "takes no more connections"),
            (FailureKind.GARBLED, "Look at the way from here"),
        ],
    )
    def test_the_advice_names_why_a_host_can_t_be_read(self, kind: FailureKind, advice: str) -> None:
        locked_out = dead(healthy(), BACKUP, seen_by_peers=True, failure=Failure(kind, "no way in"))
        [told] = [alert for alert in alerts(locked_out) if alert.id == "stale"]
        assert advice in told.advice
        assert "node_failure" not in ids(locked_out)


class TestOwnDisk:
    @pytest.mark.parametrize(("free", "words"), [(0, "is full"), (2, "is nearly full"), (3, None), (60, None)])
    def test_a_full_disk_of_a_node(self, free: int, words: str | None) -> None:
        found = alerts(with_node(healthy(), PRIMARY, disk=read(Disk("/var/lib/dslsconsole", free))))
        assert {(alert.id, alert.subject, alert.severity) for alert in found} == (
            {("disk_full", PRIMARY, WARNING)} if words else set()
        )
        assert all(words in alert.summary for alert in found if words)

    def test_it_is_read_seldom_and_an_old_reading_counts_for_nothing(self) -> None:
        for age, ids_ in ((100.0, {"disk_full"}), (200.0, set())):
            assert ids(with_node(healthy(), PRIMARY, disk=read(Disk("/d", 0), NOW - age))) == ids_


class TestSyncLoops:
    def test_a_loop_on_an_old_primary_that_is_backup_now(self) -> None:
        promoted = with_view(with_view(healthy(), BACKUP, role=Role.PRIMARY, epoch=8), PRIMARY, role=Role.BACKUP)
        [told] = [alert for alert in alerts(promoted) if alert.id == "sync_wrong_way"]
        assert "token-sync runs on dsls-primary-01, which is backup now" in told.summary
        assert "systemctl stop dsls-token-sync.service" in told.advice

    def test_where_the_loop_is_paused_or_the_role_is_not_known_nothing_is_said(self) -> None:
        promoted = with_view(with_view(healthy(), BACKUP, role=Role.PRIMARY, epoch=8), PRIMARY, role=Role.BACKUP)
        paused = (Service("dsls-token-sync.service", "loaded", "inactive", "dead"),)
        assert "sync_wrong_way" not in ids(with_node(promoted, PRIMARY, automation=read(paused)))
        assert "sync_wrong_way" not in ids(with_node(promoted, PRIMARY, cluster=unread(NO_ANSWER)))
        assert "sync_wrong_way" not in ids(healthy())

    def test_a_loop_beside_a_dr_site_that_serves(self) -> None:
        off = main_site_off("inactive")
        loop = (Service("dsls-token-sync.service", "loaded", "active", "running"),)
        [told] = [
            alert for alert in alerts(with_node(off, PRIMARY, automation=read(loop))) if alert.id == "sync_wrong_way"
        ]
        assert "dr-return" in told.advice


class TestHosts:
    @pytest.mark.parametrize(("offset", "holds"), [(5.0, False), (5.1, True), (-30.0, True), (None, False)])
    def test_clock_skew(self, offset: float | None, holds: bool) -> None:
        snapshot = with_node(healthy(), BACKUP, link=read(Link(NOW, None, offset)))
        assert raised(snapshot) == ({("clock_skew", BACKUP, WARNING)} if holds else set())

    def test_a_section_that_fails_is_stale_and_says_which(self) -> None:
        snapshot = with_node(healthy(), BACKUP, tokens=unread(NO_ANSWER, NOW, healthy().node(CLUSTER, BACKUP).tokens))
        [found] = alerts(snapshot)
        assert (found.id, found.subject) == ("stale", BACKUP)
        assert "tokens" in found.summary
        assert "no answer within 4 s" in found.evidence[0]
