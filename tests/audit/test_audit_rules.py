"""Each rule of the audit: silent on a cluster that is set up well, and finding what is not."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from dslsconsole.audit.facts import ClusterFacts
from dslsconsole.audit.findings import Finding, discovered, report
from dslsconsole.audit.rule import Result
from dslsconsole.model.node import DnsAnswer, ServerStatus
from dslsconsole.model.reading import FailureKind, Reading
from dslsconsole.settings.schema import Estate
from dslsconsole.systems.dslicsrv.settings import parse_settings
from dslsconsole.systems.haproxy.configuration import parse_haproxy
from dslsconsole.systems.keepalived.configuration import parse_keepalived
from dslsconsole.systems.node.configuration import TimeService
from dslsconsole.systems.storage.fstab import parse_fstab, parse_mounted
from tests.audit import sound
from tests.audit.sound import (
    ARBITRATOR,
    BACKUP,
    CLUSTER,
    DR1,
    DR2,
    DR_LB,
    FSTAB,
    HAPROXY,
    KEEPALIVED,
    LB1,
    LB2,
    LICENCE,
    MOUNTS,
    PRIMARY,
    Document,
    read,
    unread,
)

Change = Callable[[ClusterFacts], ClusterFacts]


def findings(facts: ClusterFacts) -> list[Finding]:
    return list(report(facts.estate, [facts], "now").findings)


def good() -> ClusterFacts:
    return sound.facts(sound.estate())


def haproxy(host: str, old: str, new: str, text: str = HAPROXY) -> Change:
    assert old in text
    return lambda facts: sound.with_host(facts, host, haproxy=read(parse_haproxy(text.replace(old, new))))


def keepalived(host: str, *changes: tuple[str, str]) -> Change:
    text = KEEPALIVED if host == LB1 else KEEPALIVED.replace("priority 101", "priority 100")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return lambda facts: sound.with_host(facts, host, keepalived=read(parse_keepalived(text)))


def licence(host: str, old: str, new: str) -> Change:
    assert old in LICENCE[host]
    return lambda facts: sound.with_host(facts, host, licence=read(parse_settings(LICENCE[host].replace(old, new))))


def failover(text: str) -> Change:
    return lambda facts: sound.with_host(facts, BACKUP, failover=read(parse_settings(text)))


def unit(host: str, name: str, **changes: Any) -> Change:
    return lambda facts: sound.with_unit(facts, host, name, **changes)


def host(name: str, **changes: Any) -> Change:
    return lambda facts: sound.with_host(facts, name, **changes)


def every(*changes: Change) -> Change:
    def all_of(facts: ClusterFacts) -> ClusterFacts:
        for change in changes:
            facts = change(facts)
        return facts

    return all_of


def jumps(name: str) -> Change:
    def change(facts: ClusterFacts) -> ClusterFacts:
        for one in facts.hosts:
            facts = sound.with_host(facts, one.name, jumps=(name,))
        return facts

    return change


def file(change: Callable[[Document], None]) -> Change:
    """Another estate file, and what its hosts then say."""
    return lambda _facts: sound.facts(sound.estate(change))


def put(path: str, value: object) -> Change:
    """One key of the estate file, `/` between its parts, with another value; None takes it away."""

    def change(document: Document) -> None:
        *way, last = path.split("/")
        place: Any = document
        for part in way:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if value is None:
            del place[last]
        else:
            place[last] = value

    return file(change)


MAIN = f"clusters/{CLUSTER}"
BALANCING = f"{MAIN}/load_balancers"
SYNC, DNS = f"{MAIN}/dr/sync", f"{MAIN}/dr/dns"
NO_TRACK = ("    track_script {\n        chk_haproxy\n    }\n", "")
OWN_SCRIPT = "/usr/bin/timeout 2 /bin/bash -c '</dev/tcp/127.0.0.1/27000'"
TWO_NODES = {
    PRIMARY: {"mode": "primary", "unit": "dsls-primary"},
    BACKUP: {"mode": "backup", "unit": "dsls-backup"},
}
TWICE = "filer:/shared/dsls/state /shared/dsls/state nfs4 hard,nofail 0 0\n"

CASES: tuple[tuple[str, Change, str], ...] = (
    ("haproxy_checks_slow", haproxy(LB1, "inter 5s", "inter 30s"), LB1),
    ("haproxy_checks_slow", haproxy(LB2, "fall 3", "fall 20"), LB2),
    ("haproxy_check_missing", haproxy(LB2, "default-server check", "default-server"), LB2),
    ("haproxy_check_connects_only", haproxy(LB1, '    tcp-check expect string "Server Status: Running"\n', ""), LB1),
    ("haproxy_backup_active", haproxy(LB1, "27000 backup", "27000"), LB1),
    ("haproxy_backup_active", haproxy(LB2, "weight 100", "backup"), LB2),
    ("haproxy_sessions_kept", haproxy(DR_LB, " on-marked-down shutdown-sessions", "", sound.DR_HAPROXY), DR_LB),
    ("haproxy_cuts_idle", haproxy(LB1, "    timeout tunnel 1h\n", ""), LB1),
    (
        "haproxy_cuts_idle",
        haproxy(
            LB1, "    timeout tunnel 1h\n", "", HAPROXY.replace("bind *:27000", "bind *:27000\n    timeout tunnel 1h")
        ),
        LB1,
    ),
    ("haproxy_no_redispatch", haproxy(LB1, "    option redispatch\n", ""), LB1),
    ("haproxy_socket_no_admin", haproxy(LB1, " level admin", ""), LB1),
    ("haproxy_socket_no_admin", haproxy(LB1, "/run/haproxy/admin.sock", "/run/other.sock"), LB1),
    ("haproxy_socket_open", haproxy(LB2, "mode 660", "mode 666"), LB2),
    ("haproxy_socket_open", haproxy(LB2, "global\n", "global\n    stats socket *:9999 level admin\n"), LB2),
    ("haproxy_page_open", haproxy(LB1, "bind 127.0.0.1:8404", "bind *:8404\n    stats admin if TRUE"), LB1),
    (
        "haproxy_page_open",
        haproxy(LB1, "bind 127.0.0.1:8404", "bind *:8404\n    stats admin if TRUE\n    stats auth a:b"),
        LB1,
    ),
    ("haproxy_forgets", haproxy(LB1, "    load-server-state-from-file global\n", ""), LB1),
    ("haproxy_forgets", haproxy(LB1, "    server-state-file /var/lib/haproxy/state\n", ""), LB1),
    ("haproxy_lists_differ", haproxy(LB2, "weight 100", "weight 10"), LB2),
    ("haproxy_server_missing", haproxy(LB2, "backend dsls_servers", "backend others"), LB2),
    ("haproxy_server_missing", haproxy(LB2, "server dsls-backup ", "server dsls-second "), LB2),
    ("haproxy_server_elsewhere", haproxy(LB1, "dsls-primary-01:27000", "dsls-backup-01:27000"), LB1),
    ("haproxy_server_elsewhere", haproxy(LB1, "dsls-primary-01:27000", "10.20.0.12:27000"), LB1),
    ("haproxy_server_elsewhere", haproxy(LB1, "dsls-primary-01:27000", "dsls-primary-01:27001"), LB1),
    ("haproxy_server_elsewhere", haproxy(LB1, "server dsls-backup ", "server guest x:1\n server dsls-backup "), LB1),
    ("haproxy_binds_vip", haproxy(LB2, "bind *:27000", f"bind {sound.VIP}:27000"), LB2),
    ("vrrp_address_missing", keepalived(LB2, ("10.20.0.100/24", "10.20.0.101/24")), LB2),
    ("vrrp_pair_differs", keepalived(LB2, ("virtual_router_id 51", "virtual_router_id 52")), LB2),
    ("vrrp_pair_differs", keepalived(LB2, ("auth_pass secret12", "auth_pass secret34")), LB2),
    ("vrrp_same_priority", keepalived(LB2, ("priority 100", "priority 101")), LB2),
    ("vrrp_preempts", keepalived(LB1, ("    nopreempt\n", "")), LB1),
    ("vrrp_preempts", keepalived(LB1, ("state BACKUP", "state MASTER")), LB1),
    ("vrrp_untracked", keepalived(LB1, NO_TRACK), LB1),
    ("vrrp_untracked", keepalived(LB1, ("        chk_haproxy\n", "        chk_other\n")), LB1),
    ("vrrp_script_broken", keepalived(LB1, (OWN_SCRIPT, "/bin/kill -0 `cat /run/haproxy.pid`")), LB1),
    ("vrrp_script_blind", keepalived(LB1, (OWN_SCRIPT, "/usr/bin/killall -0 haproxy")), LB1),
    ("vrrp_script_not_allowed", keepalived(LB2, ("    script_user nobody\n", "")), LB2),
    ("vrrp_weight_too_small", keepalived(LB1, ("weight 0", "weight 2")), LB1),
    (
        "vrrp_weight_too_small",
        every(
            keepalived(LB1, ("weight 0", "weight 2"), ("    nopreempt\n", "")),
            keepalived(LB2, ("weight 0", "weight 2"), ("    nopreempt\n", ""), ("priority 100", "priority 90")),
        ),
        LB1,
    ),
    ("vrrp_password_cut", keepalived(LB1, ("auth_pass secret12", "auth_pass secret12345")), LB1),
    ("licence_identity", licence(BACKUP, "NODE_ID=dsls-backup-01", "NODE_ID=dsls-primary-01"), BACKUP),
    ("licence_identity", licence(BACKUP, "CLUSTER_MODE=backup", "CLUSTER_MODE=primary"), BACKUP),
    ("licence_peers", licence(PRIMARY, ",dsls-arbitrator-01:27000", ""), PRIMARY),
    ("licence_peers", licence(ARBITRATOR, "dsls-backup-01:27000", "dsls-backup-01:27000,old-01:27000"), ARBITRATOR),
    ("licence_quorum", licence(ARBITRATOR, "QUORUM_SIZE=2", "QUORUM_SIZE=1"), ARBITRATOR),
    ("licence_quorum", put(f"{MAIN}/quorum", 1), ""),
    ("licence_quorum", put(f"{MAIN}/quorum", 3), ""),
    ("licence_no_shared_path", licence(BACKUP, sound.SHARED, ""), BACKUP),
    ("licence_settings_differ", licence(BACKUP, "CLUSTER_NAME=production-cluster", "CLUSTER_NAME=other"), ""),
    ("licence_versions_differ", host(BACKUP, status=read(ServerStatus("Running", version="R2023x"))), ""),
    ("licence_acts_before_vote", licence(PRIMARY, "ELECTION_TIMEOUT=60", "ELECTION_TIMEOUT=120"), BACKUP),
    ("licence_tokens_lapse", licence(PRIMARY, "FAILOVER_TIMEOUT=240", "FAILOVER_TIMEOUT=60"), PRIMARY),
    ("licence_checks_overlap", licence(ARBITRATOR, "CHECK_TIMEOUT=5", "CHECK_TIMEOUT=30"), ARBITRATOR),
    ("failover_cures_nothing", failover("FAILOVER_TRIGGERS=server_down,token_exhaustion\n"), BACKUP),
    ("failover_flaps", failover("RECOVERY_MODE=automatic\n"), BACKUP),
    ("dr_starts_by_itself", unit(DR1, "dsls-dr-primary.service", enabled="enabled"), DR1),
    ("unit_missing", unit(BACKUP, "dsls-backup.service", load="not-found"), BACKUP),
    ("unit_not_enabled", unit(LB2, "keepalived.service", enabled="disabled"), LB2),
    ("unit_not_enabled", unit(PRIMARY, "dsls-primary.service", enabled="masked"), PRIMARY),
    ("unit_restarts_for_ever", unit(PRIMARY, "dsls-primary.service", restart="always", restart_s=10.0), PRIMARY),
    ("unit_restarts_for_ever", unit(PRIMARY, "dsls-primary.service", limit_s=0.0), PRIMARY),
    ("balancer_stays_dead", unit(LB1, "keepalived.service", restart="no"), LB1),
    ("unit_before_storage", unit(BACKUP, "dsls-backup.service", mounts=("/shared/dsls/state",)), BACKUP),
    ("unit_file_stale", unit(DR_LB, "haproxy.service", stale=True), DR_LB),
    ("automation_off", unit(PRIMARY, "dsls-dr-sync.timer", active="inactive"), PRIMARY),
    ("automation_off", unit(PRIMARY, "dsls-token-sync.service", enabled="disabled"), PRIMARY),
    ("automation_twice", unit(BACKUP, "dsls-token-sync.service", load="loaded", active="active"), BACKUP),
    ("automation_twice", unit(DR2, "dsls-dr-sync.timer", load="loaded", enabled="enabled"), DR2),
    ("storage_soft", host(BACKUP, mounts=read(parse_mounted(MOUNTS.replace("hard", "soft")))), BACKUP),
    ("storage_soft", host(BACKUP, mounts=read(parse_mounted(MOUNTS.replace(" rw shared", " ro shared")))), BACKUP),
    ("storage_differs", host(BACKUP, mounts=read(parse_mounted(MOUNTS.replace("filer:", "nas:")))), ""),
    ("storage_blocks_boot", host(PRIMARY, fstab=read(parse_fstab(FSTAB.replace("nofail,", "")))), PRIMARY),
    ("storage_blocks_boot", host(PRIMARY, fstab=read(parse_fstab(FSTAB + TWICE))), PRIMARY),
    ("clock_apart", host(DR1, clock_offset=read(-40.0)), DR1),
    ("clock_unsynchronised", host(LB1, time=read(TimeService(False, False))), LB1),
    ("dns_lasts_long", put(f"{DNS}/ttl", 3600), ""),
    ("dns_lasts_long", host(DR1, dns=read(DnsAnswer((sound.VIP,), 3600, True, "NOERROR"))), DR1),
    ("dns_one_hand", put(f"{DNS}/run_on", [DR1]), ""),
    ("dns_one_hand", put(f"{DNS}/run_on", [PRIMARY]), ""),
    ("dns_one_hand", put(f"{DNS}/key_file", None), ""),
    ("dr_copies_nothing", put(f"{SYNC}/files", []), ""),
    ("dr_copies_overlap", put(f"{SYNC}/files/1/to", "/dr/dsls/licenses/config/"), ""),
    ("dr_copies_overlap", put(f"{SYNC}/generations_directory", "/dr/dsls/licenses/old"), ""),
    ("dr_deletes_much", put(f"{SYNC}/files/0/max_delete", 1000), ""),
    ("dr_no_way_back", put(f"{SYNC}/generations_directory", None), ""),
    ("dr_no_way_back", put(f"{SYNC}/generations", 1), ""),
    ("dr_identity_overwritten", put(f"{SYNC}/files/1/exclude", ["other.conf"]), DR1),
    ("single_balancer", put(f"{BALANCING}/hosts", {LB1: {"socket": "/run/haproxy/admin.sock"}}), LB1),
    ("single_balancer", put(f"{BALANCING}/keepalived", False), ""),
    ("one_way_in", jumps("jump-01"), "jump-01"),
    ("notices_readable", put(f"{MAIN}/dr/notify/url", "http://api.company.com/notifications"), ""),
    ("notices_readable", put("notifications", [{"webhook": "http://hooks.example.com"}]), ""),
    ("nobody_is_told", put("notifications", []), ""),
    ("one_person_moves_site", put("operators/two_person", ["dr-activate"]), ""),
    ("everybody_operates", put("operators/operators", ["*"]), ""),
    ("journal_not_anchored", put("journal/anchor", {}), ""),
    ("probe_may_act", put("ssh/probe_user", "dslsop"), ""),
    ("probe_may_act", put("ssh/identity_files", ["~/.ssh/dslsop"]), ""),
)


def test_a_cluster_that_is_set_up_well_has_no_finding() -> None:
    assert findings(good()) == []


def test_every_rule_has_a_case_and_there_are_no_other_ids() -> None:
    assert {rule for rule, _, _ in CASES} == set(discovered())


@pytest.mark.parametrize(("rule", "change", "where"), CASES)
def test_what_is_set_up_wrong_is_found(rule: str, change: Change, where: str) -> None:
    found = [finding for finding in findings(change(good())) if finding.rule == rule]
    assert where in {finding.host for finding in found}, found
    for finding in found:
        assert finding.result is Result.FOUND
        assert finding.summary
        assert finding.evidence
        assert len(finding.mend) > 20
        assert len(finding.why) > 60
        assert f"{finding.summary}{finding.mend}{finding.evidence}".isprintable()


@pytest.mark.parametrize(
    "change",
    [
        haproxy(LB1, "dsls-primary-01:27000", "10.20.0.11:27000"),
        haproxy(LB1, "dsls-primary-01:27000", "dsls-primary-01.main-campus.edu:27000"),
    ],
)
def test_a_server_may_be_named_by_its_address_or_with_its_domain(change: Change) -> None:
    assert {finding.rule for finding in findings(change(good()))} <= {"haproxy_lists_differ"}


def test_a_name_and_an_address_can_not_be_compared() -> None:
    facts = put(f"{MAIN}/nodes", {**TWO_NODES, ARBITRATOR: {"mode": "arbitrator", "unit": "dsls-arbitrator"}})(good())
    changed = haproxy(LB1, "dsls-primary-01:27000", "10.20.0.11:27000")(facts)
    (finding,) = [one for one in findings(changed) if one.rule == "haproxy_server_elsewhere"]
    assert finding.result is Result.UNKNOWN


@pytest.mark.parametrize("name", [PRIMARY, BACKUP, ARBITRATOR, DR1, LB1, DR_LB])
def test_a_host_that_says_nothing_is_unknown_and_never_fine(name: str) -> None:
    facts = good()
    silent = next(one for one in facts.hosts if one.name == name)
    asked = [
        field
        for field in silent.__struct_fields__
        if isinstance(getattr(silent, field), Reading) and getattr(silent, field).tried_at is not None
    ]
    found = findings(sound.with_host(facts, name, **dict.fromkeys(asked, unread())))
    assert {finding.result for finding in found} == {Result.UNKNOWN}
    assert {finding.host for finding in found} == {name}
    assert {finding.summary for finding in found} == {"nobody knows"}


def test_a_file_that_may_be_missing_is_no_finding() -> None:
    absent = unread(f"{DR1}: there is no /opt/dsls/config/dr-site.conf", FailureKind.ABSENT)
    assert findings(sound.with_host(good(), DR1, dr_site=absent)) == []


def test_the_vendors_dialect_is_audited_as_far_as_it_goes() -> None:
    def change(document: Document) -> None:
        document["dslicsrv"] = {"dialect": "vendor"}

    settings: Estate = sound.estate(change)
    assert settings.dslicsrv.dialect == "vendor"
    facts = sound.facts(settings)
    assert all(one.licence.tried_at is None for one in facts.hosts)
    assert {finding.rule for finding in findings(facts)} <= {"haproxy_server_elsewhere"}


def test_the_worst_comes_first_and_the_estate_file_last() -> None:
    facts = every(
        put("notifications", []), haproxy(LB1, "inter 5s", "inter 30s"), keepalived(LB1, ("    nopreempt\n", ""))
    )(good())
    facts = sound.with_host(facts, LB2, time=unread())
    told = [(finding.rule, finding.cluster, str(finding.severity)) for finding in findings(facts)]
    assert told == [
        ("haproxy_checks_slow", CLUSTER, "critical"),
        ("haproxy_checks_slow", CLUSTER, "critical"),
        ("haproxy_lists_differ", CLUSTER, "critical"),
        ("vrrp_preempts", CLUSTER, "warning"),
        ("clock_unsynchronised", CLUSTER, "warning"),
        ("nobody_is_told", "", "warning"),
    ]


def test_two_findings_of_one_unit_are_mended_in_files_of_their_own() -> None:
    name = "dsls-backup.service"
    found = findings(every(unit(BACKUP, name, mounts=()), unit(BACKUP, name, limit_s=0.0))(good()))
    files = {finding.rule: finding.mend.rpartition("> ")[2] for finding in found}
    assert files.keys() == {"unit_before_storage", "unit_restarts_for_ever"}
    assert len(set(files.values())) == 2


def test_the_password_of_keepalived_is_in_no_finding() -> None:
    facts = keepalived(LB2, ("auth_pass secret12", "auth_pass hunter2hunter2"))(good())
    assert b"hunter2" not in msgspec.json.encode(findings(facts))
