"""Alerts come when a rule has held for long enough, stay in place, and go when it ends."""

import msgspec
import pytest

from dslsconsole.alerts.board import Board, in_order
from dslsconsole.alerts.thresholds import Thresholds, thresholds_of
from dslsconsole.model.balancer import ServerState
from dslsconsole.model.node import Mount, Role, Service, TokenState
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.model.snapshot import Snapshot
from dslsconsole.model.verdict import Alert, Severity
from dslsconsole.watch.judgement import judge
from tests.sample_estate import (
    ARBITRATOR,
    BACKUP,
    CLUSTER,
    NOW,
    PRIMARY,
    SHAPE,
    balancing,
    dead,
    healthy,
    peer,
    pools,
    read,
    server,
    with_balancer,
    with_node,
    with_servers,
    with_view,
)

INTERVAL = 5.0
BLINK = Failure(FailureKind.UNREACHABLE, "connection timed out")


class Watcher:
    """Shows a board one snapshot after the other."""

    def __init__(self) -> None:
        # Readings are made once, so nothing may grow old while the clock of a test runs.
        self.board = Board(SHAPE, thresholds_of(SHAPE), interval=INTERVAL, stale_after=1e9)

    def see(self, snapshot: Snapshot, now: float) -> tuple[Alert, ...]:
        return self.board.judge(snapshot, judge(SHAPE, snapshot, now, 1e9), now)

    def ids(self, snapshot: Snapshot, now: float) -> list[str]:
        return [alert.id for alert in self.see(snapshot, now)]


def test_a_blink_of_a_backup_raises_nothing_and_a_second_failure_does() -> None:
    watcher = Watcher()
    assert watcher.ids(dead(healthy(), BACKUP), NOW) == []
    assert watcher.ids(healthy(), NOW + 5) == []
    assert watcher.ids(dead(healthy(), BACKUP), NOW + 10) == []
    assert watcher.ids(dead(healthy(), BACKUP), NOW + 15) == ["node_failure"]


def test_what_held_when_reading_began_may_be_older_than_its_time_says() -> None:
    watcher = Watcher()
    whole = msgspec.structs.replace(dead(healthy(), BACKUP), round_at=NOW)
    (found,) = [*watcher.see(whole, NOW), *watcher.see(whole, NOW + 5)]
    assert (found.id, found.found) == ("node_failure", True)
    assert watcher.see(msgspec.structs.replace(healthy(), round_at=NOW), NOW + 10) == ()
    (again,) = [*watcher.see(whole, NOW + 15), *watcher.see(whole, NOW + 20)]
    assert (again.id, again.found, again.since) == ("node_failure", False, NOW + 15)


def test_what_begins_after_all_was_read_once_has_its_time() -> None:
    watcher = Watcher()
    whole = msgspec.structs.replace(dead(healthy(), PRIMARY), round_at=NOW)
    assert all(not alert.found for alert in watcher.see(whole, NOW + 5)), "nothing was to be judged in between"


def test_a_dead_primary_is_raised_at_once() -> None:
    assert set(Watcher().ids(dead(healthy(), PRIMARY), NOW)) == {"node_failure", "no_primary"}


def test_an_alert_tells_when_it_began_to_hold_not_when_it_was_raised() -> None:
    watcher = Watcher()
    watcher.see(dead(healthy(), BACKUP), NOW)
    [alert] = watcher.see(dead(healthy(), BACKUP), NOW + 7)
    assert alert.since == NOW
    [later] = watcher.see(dead(healthy(), BACKUP), NOW + 60)
    assert later is alert


def test_an_alert_goes_when_its_rule_no_longer_holds_and_comes_back_anew() -> None:
    watcher = Watcher()
    lost = with_view(healthy(), ARBITRATOR, split_brain=True)
    assert watcher.ids(lost, NOW) == ["split_brain"]
    assert watcher.ids(healthy(), NOW + 5) == []
    assert [alert.since for alert in watcher.see(lost, NOW + 10)] == [NOW + 10]


def test_the_worst_come_first_then_the_oldest() -> None:
    watcher = Watcher()
    low = with_node(healthy(), PRIMARY, tokens=read(TokenState(48211, pools(950))))
    low = with_node(low, BACKUP, tokens=read(TokenState(48211, pools(950))))
    watcher.see(low, NOW)
    assert watcher.ids(low, NOW + 5) == ["tokens_low"]
    assert watcher.ids(dead(low, PRIMARY), NOW + 10) == ["no_primary", "node_failure"]
    assert watcher.ids(with_view(low, ARBITRATOR, split_brain=True), NOW + 15)[0] == "split_brain"


def test_what_concerns_the_whole_service_comes_before_what_led_to_it() -> None:
    host = Alert("node_failure", Severity.CRITICAL, CLUSTER, PRIMARY, "does not answer", NOW - 9)
    none = Alert("no_primary", Severity.CRITICAL, CLUSTER, CLUSTER, "no node is primary", NOW)
    low = Alert("tokens_low", Severity.WARNING, CLUSTER, "academic", "nearly used up", NOW - 99)
    assert in_order([low, host, none]) == (none, host, low)


def test_a_pool_at_the_threshold_does_not_come_and_go_with_single_checkouts() -> None:
    def used(tokens: int) -> Snapshot:
        snapshot = with_node(healthy(), PRIMARY, tokens=read(TokenState(48211, pools(tokens))))
        return with_node(snapshot, BACKUP, tokens=read(TokenState(48211, pools(tokens))))

    watcher = Watcher()
    seen = [watcher.ids(used(tokens), NOW + 5 * turn) for turn, tokens in enumerate((900, 900, 899, 880, 869))]
    assert seen == [[], ["tokens_low"], ["tokens_low"], ["tokens_low"], []]


def test_load_balancers_may_differ_for_a_moment() -> None:
    watcher = Watcher()
    torn = with_servers(
        healthy(), "haproxy-02", server("dsls-primary"), server("dsls-backup", ServerState.MAINT, backup=True)
    )
    assert watcher.ids(torn, NOW) == []
    assert watcher.ids(torn, NOW + 10) == []
    assert watcher.ids(torn, NOW + 15) == ["lb_disagree"]


def test_an_address_on_the_way_from_one_host_to_the_other_is_not_missed() -> None:
    watcher = Watcher()
    nowhere = with_balancer(
        healthy(), "haproxy-01", balancing(server("dsls-primary"), server("dsls-backup", backup=True))
    )
    assert watcher.ids(nowhere, NOW) == []
    assert watcher.ids(nowhere, NOW + 5) == []
    assert watcher.ids(nowhere, NOW + 10) == ["address_missing"]


class TestRestarts:
    def restarts(self, count: int) -> Snapshot:
        return with_node(
            healthy(), BACKUP, service=read(Service("dsls-backup", "loaded", "active", "running", restarts=count))
        )

    def test_a_count_that_keeps_rising_is_a_loop(self) -> None:
        watcher = Watcher()
        seen = [watcher.ids(self.restarts(count), NOW + 30 * turn) for turn, count in enumerate((3, 4, 5))]
        assert seen == [[], [], ["restart_loop"]]

    def test_restarts_far_apart_or_long_ago_are_none(self) -> None:
        watcher = Watcher()
        seen = [watcher.ids(self.restarts(count), NOW + 601 * turn) for turn, count in enumerate((3, 4, 5, 5))]
        assert not any("restart_loop" in ids for ids in seen)

    def test_a_count_that_starts_again_with_the_host_is_none(self) -> None:
        watcher = Watcher()
        assert [watcher.ids(self.restarts(count), NOW + turn) for turn, count in enumerate((9, 0, 1))] == [[], [], []]


class TestForgottenMaintenance:
    MAINT = server("dsls-backup", ServerState.MAINT, backup=True)
    UP = server("dsls-backup", backup=True)

    def shown(self, line: object, pid: int) -> Snapshot:
        snapshot = healthy()
        for host in ("haproxy-01", "haproxy-02"):
            readings = balancing(server("dsls-primary"), line, holds=host == "haproxy-01", pid=pid)  # type: ignore[arg-type]
            snapshot = with_balancer(snapshot, host, readings)
        return snapshot

    def test_a_reload_forgets_it(self) -> None:
        watcher = Watcher()
        assert watcher.ids(self.shown(self.MAINT, 100), NOW) == []
        assert watcher.ids(self.shown(self.UP, 101), NOW + 5) == ["lb_maint_lost"]
        assert watcher.ids(self.shown(self.UP, 101), NOW + 60) == ["lb_maint_lost"]
        assert watcher.ids(self.shown(self.MAINT, 101), NOW + 65) == []

    def test_the_same_process_was_told_so(self) -> None:
        watcher = Watcher()
        watcher.see(self.shown(self.MAINT, 100), NOW)
        assert watcher.ids(self.shown(self.UP, 100), NOW + 5) == []

    def test_a_new_process_that_remembers_is_fine(self) -> None:
        watcher = Watcher()
        watcher.see(self.shown(self.MAINT, 100), NOW)
        assert watcher.ids(self.shown(self.MAINT, 101), NOW + 5) == []


class TestTokenMismatch:
    def states(self, ours: int, theirs: int) -> Snapshot:
        snapshot = with_node(healthy(), PRIMARY, tokens=read(TokenState(ours, pools(ours % 500))))
        return with_node(snapshot, BACKUP, tokens=read(TokenState(theirs, pools(theirs % 500))))

    def test_a_backup_that_follows_is_never_one_however_long_it_takes(self) -> None:
        watcher = Watcher()
        for turn in range(60):
            assert watcher.ids(self.states(1000 + turn, 995 + turn), NOW + 5 * turn) == []

    def test_a_backup_that_stands_still_while_the_primary_moves_is_one(self) -> None:
        watcher = Watcher()
        seen = [watcher.ids(self.states(1000 + turn, 1000), NOW + 5 * turn) for turn in range(20)]
        assert seen[11] == []
        assert seen[-1] == ["token_mismatch"]

    def test_a_lag_that_the_primary_admits_is_told_once(self) -> None:
        watcher = Watcher()
        for turn in range(20):
            snapshot = self.states(1000 + turn, 1000)
            behind = (peer(BACKUP, Role.BACKUP, 5.0 * turn), peer(ARBITRATOR, Role.ARBITRATOR))
            seen = watcher.ids(with_view(snapshot, PRIMARY, peers=behind), NOW + 5 * turn)
        assert seen == ["sync_lag"]


@pytest.mark.parametrize(
    ("monitoring", "expected"),
    [
        (None, 60.0),
        ({}, 60.0),
        ({"ha_monitoring": {"alerts": {"sync_lag": {"threshold": 300, "severity": "warning"}}}}, 300.0),
        ({"alerts": {"sync_lag": {"threshold": 30}}}, 30.0),
        ({"alerts": {"sync_lag": {"threshold": "soon"}}}, 60.0),
        ({"alerts": {"sync_lag": {"threshold": True}}}, 60.0),
        ({"alerts": ["sync_lag"]}, 60.0),
        ({"ha_monitoring": "on"}, 60.0),
    ],
)
def test_thresholds_come_from_the_guide_s_mapping_where_it_says_a_number(
    monitoring: dict[str, object] | None, expected: float
) -> None:
    thresholds = thresholds_of(SHAPE, monitoring)
    assert msgspec.structs.replace(thresholds, severities={}) == Thresholds(sync_lag_s=expected, dr_lag_s=900.0)


def test_the_guide_s_alerts_take_the_severity_that_the_site_gives_them() -> None:
    asked = {"sync_lag": "critical", "dr_sync_failure": "critical", "node_failure": "loud", "no_primary": "warning"}
    mapping = {"alerts": {name: {"severity": severity} for name, severity in asked.items()}}
    thresholds = thresholds_of(SHAPE, mapping)
    assert thresholds.severities == dict.fromkeys(("sync_lag", "dr_late", "dr_mismatch"), Severity.CRITICAL)
    watcher = Watcher()
    watcher.board.use(thresholds)
    behind = (peer(BACKUP, Role.BACKUP, 90.0), peer(ARBITRATOR, Role.ARBITRATOR))
    [alert] = watcher.see(with_view(healthy(), PRIMARY, peers=behind), NOW)
    assert (alert.id, alert.severity) == ("sync_lag", Severity.CRITICAL)


def test_storage_at_the_threshold_does_not_flicker() -> None:
    def free(percent: int) -> Snapshot:
        mount = Mount("state", "/shared/dsls/state", True, "nfs4", "filer:/dsls", True, percent)
        return with_node(healthy(), PRIMARY, mounts=read((mount,)))

    watcher = Watcher()
    seen = [watcher.ids(free(percent), NOW + 5 * turn) for turn, percent in enumerate((10, 10, 12, 13))]
    assert seen == [[], ["storage_full"], ["storage_full"], []]


def test_severity_follows_the_finding_while_an_alert_stays() -> None:
    watcher = Watcher()

    def gone(snapshot: Snapshot, host: str) -> Snapshot:
        before = snapshot.balancer(CLUSTER, host)
        lost: Reading[object] = Reading(failure=BLINK, tried_at=NOW)
        sections = dict.fromkeys(before.__struct_fields__, lost)
        return with_balancer(snapshot, host, msgspec.structs.replace(before, **sections))

    one = gone(healthy(), "haproxy-02")
    watcher.see(one, NOW)
    [alert] = watcher.see(one, NOW + 5)
    assert (alert.id, alert.severity) == ("load_balancer_down", Severity.WARNING)
    worse = [alert for alert in watcher.see(gone(one, "haproxy-01"), NOW + 10) if alert.subject == "haproxy-02"]
    assert [(alert.severity, alert.since) for alert in worse] == [(Severity.CRITICAL, NOW)]
