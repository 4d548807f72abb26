"""The status report: the members that scripts depend on, null for what is not known, and the exit status."""

import io
import json
from typing import Any

import msgspec
import pytest
from rich.console import Console

from dslsconsole.model.balancer import ServerState
from dslsconsole.model.frames import Full, Hello
from dslsconsole.model.node import DrSync, Peer, Role, TokenState
from dslsconsole.model.picture import Picture
from dslsconsole.model.reading import Failure, FailureKind
from dslsconsole.model.snapshot import Snapshot
from dslsconsole.model.verdict import Alert, Health, Severity
from dslsconsole.sessions.metrics import exposition
from dslsconsole.sessions.status import EXIT_STATUS, report, sentence, worst
from dslsconsole.sessions.table import print_table
from dslsconsole.watch.live import Live
from tests.sample_estate import (
    ARBITRATOR,
    BACKUP,
    CLUSTER,
    DR_PRIMARY,
    ESTATE,
    NOW,
    PRIMARY,
    dead,
    dr_serving,
    healthy,
    peer,
    pools,
    read,
    server,
    stopped,
    unread,
    with_node,
    with_servers,
    with_view,
)


def picture(snapshot: Snapshot, now: float = NOW) -> Picture:
    """What one reading of every host gives."""
    live = Live(ESTATE, patient=False)
    for host, node in snapshot.nodes.items():
        live.arrived(host, node, now)
    for host, balancer in snapshot.balancers.items():
        live.arrived(host, balancer, now)
    return Picture().apply(live.hello(now)).apply(live.full(now))


def cluster(snapshot: Snapshot, now: float = NOW) -> dict[str, Any]:
    document = json.loads(msgspec.json.encode(report(picture(snapshot, now), now)))
    [found] = document["clusters"]
    assert isinstance(found, dict)
    return found


def test_the_document_of_a_healthy_estate() -> None:
    document = json.loads(msgspec.json.encode(report(picture(healthy()), NOW)))
    assert (document["schema"], document["taken_at"], document["health"]) == (1, "2027-01-01T12:00:00Z", "ok")
    [found] = document["clusters"]
    assert (found["name"], found["health"], found["primary"], found["epoch"]) == (CLUSTER, "ok", PRIMARY, 7)
    assert found["quorum"] == {"held": True, "votes": 3, "needed": 2, "members": 3}
    assert found["split_brain"] is False
    assert found["alerts"] == []


def test_a_node_s_members() -> None:
    [primary, backup, _] = cluster(healthy())["nodes"]
    assert primary == {
        "name": PRIMARY, "mode": "primary", "role": "primary", "reachable": True, "service": "active",
        "state": "running", "sync_lag_s": None, "age_s": 0.0, "error": None,
    }  # fmt: skip
    assert (backup["role"], backup["sync_lag_s"]) == ("backup", 2.0)


def test_the_other_members_of_the_contract() -> None:
    found = cluster(healthy())
    assert found["token_pools"][0] == {
        "name": "commercial", "total": 1000, "used": 712, "available": 288, "queued": 0, "generation": 48211,
        "in_sync": True,
    }  # fmt: skip
    balancer = found["load_balancers"][0]
    assert (balancer["name"], balancer["reachable"], balancer["holds_vip"]) == ("haproxy-01", True, True)
    assert balancer["servers"][0] == {
        "name": "dsls-primary", "node": PRIMARY, "status": "UP", "weight": 100, "backup": False, "sessions": 3,
        "check": "L7OK", "last_change_s": 86400,
    }  # fmt: skip
    assert found["storage"][0].items() >= {
        "node": PRIMARY, "path": "/shared/dsls/licenses", "mounted": True, "free_pct": 63,
    }.items()  # fmt: skip
    dr = found["dr"]
    assert (dr["site"], dr["active"], dr["result"], dr["lag_s"]) == ("campus-backup", False, "OK", 184)
    assert (dr["last_sync_at"], dr["generation"]) == ("2027-01-01T11:56:56Z", 48190)
    assert dr["nodes"][0].items() >= {
        "name": DR_PRIMARY, "mode": "dr-primary", "role": None, "reachable": True, "service": "inactive", "age_s": 0.0,
    }.items()  # fmt: skip


def test_before_anything_was_read_everything_is_null_and_nothing_is_zero() -> None:
    found = cluster(Snapshot(at=NOW))
    assert found["health"] == "unknown"
    assert {found["primary"], found["epoch"], found["split_brain"], *found["quorum"].values()} == {None}
    for node in found["nodes"]:
        assert {value for name, value in node.items() if name not in ("name", "mode")} == {None}
    assert found["token_pools"] == []
    assert [balancer["reachable"] for balancer in found["load_balancers"]] == [None, None]
    assert {mount["mounted"] for mount in found["storage"]} == {None}
    assert (found["dr"]["active"], found["dr"]["result"], found["dr"]["lag_s"]) == (None, None, None)


def test_a_dead_host_is_not_reachable_and_its_last_values_are_not_reported() -> None:
    node = cluster(dead(healthy(), BACKUP))["nodes"][1]
    assert (node["reachable"], node["role"], node["service"], node["state"]) == (False, None, None, None)
    assert node["error"] == "no route to host"


def test_a_stopped_server_has_no_role() -> None:
    node = cluster(stopped(healthy(), BACKUP))["nodes"][1]
    assert (node["reachable"], node["role"], node["service"]) == (True, None, "inactive")


def test_old_readings_are_not_reported_as_now() -> None:
    old = report(picture(healthy()), NOW + 60)
    node = old.clusters[0].nodes[0]
    assert (node.reachable, node.role, node.service, node.age_s) == (None, None, None, 60.0)


def test_while_the_dr_site_serves_the_primary_is_its_node() -> None:
    found = cluster(dr_serving(healthy()))
    assert (found["primary"], found["dr"]["active"]) == (DR_PRIMARY, True)
    assert found["token_pools"][0]["name"] == "commercial"


@pytest.mark.parametrize(
    ("theirs", "seen", "in_sync"),
    [
        (TokenState(48211, pools()), peer(BACKUP, Role.BACKUP, 0.0), True),
        (TokenState(48211, pools(1)), peer(BACKUP, Role.BACKUP, 0.0), False),
        (TokenState(48200, pools(1)), peer(BACKUP, Role.BACKUP, 2.0), True),
        (TokenState(48200, pools(1)), peer(BACKUP, Role.BACKUP, 61.0), False),
        (TokenState(48200, pools(1)), Peer(BACKUP, 27000, "backup", "running", "stalled", 2.0), False),
        (TokenState(48200, pools(1)), Peer(BACKUP, 27000, "backup", "running"), None),
        (TokenState(None, pools()), peer(BACKUP, Role.BACKUP, 0.0), None),
    ],
)
def test_in_sync(theirs: TokenState, seen: Peer, in_sync: bool | None) -> None:
    snapshot = with_view(healthy(), PRIMARY, peers=(seen, peer(ARBITRATOR, Role.ARBITRATOR)))
    assert cluster(with_node(snapshot, BACKUP, tokens=read(theirs)))["token_pools"][0]["in_sync"] is in_sync


def test_the_worst_dr_copy_is_reported_but_a_dr_backup_that_never_had_one_is_not() -> None:
    snapshot = with_node(healthy(), "dr-dsls-02", dr_sync=read(DrSync("NEVER")))
    assert cluster(snapshot)["dr"]["result"] == "OK"
    snapshot = with_node(healthy(), "dr-dsls-02", dr_sync=read(DrSync("MISMATCH", NOW - 10)))
    assert cluster(snapshot)["dr"]["result"] == "MISMATCH"


def test_alerts_are_listed_with_when_they_began() -> None:
    [alert] = cluster(stopped(healthy(), BACKUP))["alerts"]
    assert (alert["id"], alert["severity"], alert["subject"]) == ("service_down", "critical", BACKUP)
    assert (alert["since"], alert["acknowledged_by"]) == ("2027-01-01T11:59:30Z", None)


@pytest.mark.parametrize(
    ("healths", "expected"),
    [
        ([], Health.UNKNOWN),
        ([Health.OK, Health.OK], Health.OK),
        ([Health.OK, Health.UNKNOWN], Health.UNKNOWN),
        ([Health.UNKNOWN, Health.WARNING], Health.WARNING),
        ([Health.WARNING, Health.CRITICAL, Health.UNKNOWN], Health.CRITICAL),
    ],
)
def test_an_estate_is_as_well_as_its_worst_cluster(healths: list[Health], expected: Health) -> None:
    assert worst(healths) is expected


def test_exit_statuses_are_those_of_monitoring_plugins() -> None:
    assert [EXIT_STATUS[health] for health in Health] == [0, 1, 2, 3]


def test_the_first_line_is_one_sentence() -> None:
    assert sentence(picture(healthy()), Health.OK) == f"OK - {CLUSTER}: licences are served by {PRIMARY}"
    said = sentence(picture(stopped(healthy(), BACKUP)), Health.CRITICAL)
    assert said.startswith("CRITICAL - ")
    assert "the licence server on dsls-backup-01 does not run" in said
    assert "\n" not in said


def test_the_first_line_says_nothing_twice() -> None:
    shown = picture(stopped(healthy(), BACKUP))
    more = Alert("tokens_low", Severity.WARNING, CLUSTER, "academic", "pool academic: 96 % of 450 in use", NOW)
    line = sentence(msgspec.structs.replace(shown, alerts=(shown.alerts[0], more)), Health.CRITICAL)
    assert f"licences are served by {PRIMARY}, but the licence server on {BACKUP} does not run" in line
    assert line.count("does not run") == 1
    assert line.endswith(" (also warning: pool academic: 96 % of 450 in use)")


def test_a_stream_that_did_not_begin_can_t_be_reported_on() -> None:
    with pytest.raises(ValueError, match="which estate"):
        report(Picture(), NOW)
    assert report(Picture().apply(Hello(at=NOW, estate=ESTATE)).apply(Full(at=NOW, snapshot=Snapshot(NOW))), NOW)


def table(snapshot: Snapshot) -> str:
    out = io.StringIO()
    print_table(report(picture(snapshot), NOW), Console(file=out, width=100, no_color=True))
    return out.getvalue()


def test_the_table_shows_every_host_and_what_is_not_known() -> None:
    shown = table(dead(healthy(), BACKUP))
    for word in (PRIMARY, BACKUP, "no answer", "commercial", "haproxy-02", "campus-backup", "node_failure", "?"):
        assert word in shown


def test_words_from_hosts_are_shown_and_never_obeyed() -> None:
    hostile = server("[bold red]x[/]", ServerState.UP)
    assert "[bold red]x[/]" in table(with_servers(healthy(), "haproxy-01", hostile))


class TestMetrics:
    def metrics(self, snapshot: Snapshot) -> dict[str, float]:
        lines = exposition(picture(snapshot), NOW).decode().splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}

    def test_every_metric_has_its_help_and_type(self) -> None:
        lines = exposition(picture(healthy()), NOW).decode().splitlines()
        helped = {line.split()[2] for line in lines if line.startswith("# HELP")}
        typed = {line.split()[2] for line in lines if line.startswith("# TYPE")}
        assert helped == typed
        assert {line.partition("{")[0].split()[0] for line in lines if not line.startswith("#")} <= helped

    def test_the_guide_s_metrics(self) -> None:
        found = self.metrics(healthy())
        assert found[f'dsls_cluster_node_status{{cluster="{CLUSTER}",mode="backup",node="{BACKUP}"}}'] == 1
        assert found[f'dsls_token_synchronization_lag{{cluster="{CLUSTER}",node="{BACKUP}"}}'] == 2
        assert found[f'dsls_failover_readiness{{cluster="{CLUSTER}"}}'] == 1
        assert found[f'dsls_replication_health{{cluster="{CLUSTER}"}}'] == 1
        assert found[f'dsls_dr_sync_status{{cluster="{CLUSTER}",site="campus-backup"}}'] == 1

    def test_what_is_not_known_has_no_sample(self) -> None:
        found = self.metrics(Snapshot(at=NOW))
        assert [name for name in found if "health" not in name] == []
        assert found[f'dsls_cluster_health{{cluster="{CLUSTER}"}}'] == 3

    @pytest.mark.parametrize(
        ("snapshot", "ready"),
        [
            (dead(healthy(), BACKUP), 0.0),
            (stopped(healthy(), BACKUP), 0.0),
            (with_view(healthy(), PRIMARY, role=None), None),
        ],
    )
    def test_failover_readiness_needs_a_backup_that_runs_in_sync(self, snapshot: Snapshot, ready: float | None) -> None:
        assert self.metrics(snapshot).get(f'dsls_failover_readiness{{cluster="{CLUSTER}"}}') == ready

    def test_alerts_are_metrics_too(self) -> None:
        alert = f'dsls_alert{{alert="service_down",cluster="{CLUSTER}",severity="critical",subject="{BACKUP}"}}'
        assert self.metrics(stopped(healthy(), BACKUP))[alert] == 1

    def test_a_hostile_name_can_t_forge_a_metric(self) -> None:
        forged = server('x"} 1\ndsls_forged 1', ServerState.UP)
        assert "dsls_forged" not in self.metrics(with_servers(healthy(), "haproxy-01", forged))


def test_a_failure_s_text_is_reported_whole() -> None:
    refused = Failure(FailureKind.PERMISSION, "the key is not accepted; look at authorized_keys")
    node = cluster(with_node(healthy(), BACKUP, link=unread(refused)))["nodes"][1]
    assert node["error"] == refused.text
