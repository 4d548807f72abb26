"""Contradictions between values: each is told at the value that is wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from dslsconsole.settings import ConfigurationError, load
from dslsconsole.settings.class_hours import class_periods
from dslsconsole.shipped import shipped


def changed(data: object, path: str, value: object) -> None:
    """Set one value of nested data; a path's parts are separated by slashes, `-` removes the value."""
    *way, last = path.split("/")
    for step in way:
        data = data[int(step)] if isinstance(data, list) else data[step]  # type: ignore[index]
    if isinstance(data, list):
        data[int(last)] = value
    elif isinstance(data, dict) and value == "-":
        del data[last]
    elif isinstance(data, dict):
        data[last] = value


def findings(tmp_path: Path, changes: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Key and text of what is wrong with the full example after the changes. `C` is its cluster."""
    data = yaml.safe_load((shipped("config") / "estate.yaml").read_text())
    for path, value in changes.items():
        changed(data, path.replace("C/", "clusters/production-cluster/", 1), value)
    file = tmp_path / "estate.yaml"
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    try:
        load(file)
    except ConfigurationError as error:
        for finding in error.findings:
            yield finding.key.replace("clusters.production-cluster", "C"), finding.text


CASES: list[tuple[dict[str, object], str, str]] = [
    ({"C/nodes/dsls-backup-01/mode": "primary"}, "C.nodes.dsls-backup-01.mode", "second primary beside"),
    ({"C/dr/nodes/dr-dsls-02/mode": "dr-primary"}, "C.dr.nodes.dr-dsls-02.mode", "second dr-primary beside"),
    ({"C/nodes/dsls-backup-01/mode": "dr-backup"}, "C.nodes.dsls-backup-01.mode", "is for nodes under dr"),
    ({"C/dr/nodes/dr-dsls-02/mode": "backup"}, "C.dr.nodes.dr-dsls-02.mode", "write dr-primary or dr-backup"),
    (
        {"C/nodes/dsls-backup-01/address": "10.20.0.11"},
        "C.nodes.dsls-backup-01.address",
        "10.20.0.11 is dsls-primary-01 too",
    ),
    (
        {"C/load_balancers/hosts/haproxy-01/address": "10.30.0.12"},
        "C.load_balancers.hosts.haproxy-01.address",
        "is dr-dsls-02 too",
    ),
    (
        {"C/dr/nodes/dsls-backup-01": {"mode": "dr-backup", "address": "10.9.9.9"}},
        "C.dr.nodes.dsls-backup-01",
        "names a node of the main site too",
    ),
    ({"C/load_balancers/vip": "10.20.0.21"}, "C.load_balancers.vip", "is the address of haproxy-01 itself"),
    (
        {"C/load_balancers/servers": {"dsls-primray-01": "x"}},
        "C.load_balancers.servers.dsls-primray-01",
        "did you mean dsls-primary-01?",
    ),
    (
        {"C/load_balancers/servers/dsls-backup-01": "dsls-primary"},
        "C.load_balancers.servers.dsls-backup-01",
        "is dsls-primary-01's server too",
    ),
    ({"C/automation/0/node": "nobody"}, "C.automation[0].node", "nobody is no node of this cluster; known are"),
    ({"C/automation/1/unit": "dsls-token-sync.service"}, "C.automation[1].unit", "is given twice"),
    ({"C/dr/sync/source": "dr-dsls-01"}, "C.dr.sync.source", "is no node of the main site"),
    ({"C/dr/dns/run_on": ["dr-dsls-1"]}, "C.dr.dns.run_on[0]", "did you mean dr-dsls-01?"),
    ({"C/monitoring/node": "dsls-primary-02"}, "C.monitoring.node", "is no node of this cluster"),
    ({"C/monitoring/path": "-"}, "C.monitoring", "path is missing"),
    ({"C/quorum": 4}, "C.quorum", "4 votes can never be had of 3 nodes"),
    ({"poll/stale_after": "3s"}, "poll.stale_after", "3s is shorter than interval (5s)"),
    ({"poll/timeout": "20s"}, "poll.stale_after", "15s is shorter than timeout (20s)"),
    ({"C/token_sync/max_lag": "1s"}, "C.token_sync.max_lag", "1s is shorter than interval (5s)"),
    ({"C/dr/sync/max_lag": "1m"}, "C.dr.sync.max_lag", "1m is shorter than interval (5m)"),
    ({"C/dr/dns/record": "dsls.notcompany.com"}, "C.dr.dns.record", "is not in the zone company.com"),
    ({"C/dr/dns/dr_address": "10.20.0.100"}, "C.dr.dns.dr_address", "is main_address too"),
    ({"C/dr/dns/main_address": "vip.company.com"}, "C.dr.dns.main_address", "is no IPv4 address"),
    ({"C/dr/sync/files/1/to": "/dr/dsls/licenses"}, "C.dr.sync.files[1].to", "is copied to twice"),
    ({"C/academic/semesters/0/end": "2026-01-01"}, "C.academic.semesters[0].end", "is before start (2027-01-18)"),
    ({"C/academic/semesters/0/exams/start": "2027-05-15"}, "C.academic.semesters[0].exams.end", "is before start"),
    ({"C/academic/semesters/0/exams/start": "2026-05-15"}, "C.academic.semesters[0].exams", "is not within"),
    ({"C/academic/class_hours": "mornings"}, "C.academic.class_hours", "does not name days and hours"),
    ({"C/academic/timezone": "Mars/Olympus"}, "C.academic.timezone", "is no time zone"),
    ({"C/academic/timezone": "../../etc/passwd"}, "C.academic.timezone", "is no time zone"),
    ({"C/storage/kind": "gfs2"}, "C.storage.kind", "gfs2 needs the Pacemaker resource"),
    ({"C/storage/resource": "dsls"}, "C.storage.resource", "is for gfs2, and kind is nfs"),
    ({"C/storage/paths/logs": "/shared/dsls/state/"}, "C.storage.paths.logs", "is the path of state too"),
    ({"C/load_balancers/hosts/haproxy-01/socket": "-"}, "C.load_balancers.hosts.haproxy-01", "neither socket nor"),
    (
        {"C/load_balancers/hosts/haproxy-02/username": "admin"},
        "C.load_balancers.hosts.haproxy-02.username",
        "has no password",
    ),
    (
        {"C/load_balancers/hosts/haproxy-02/password_env": "PW"},
        "C.load_balancers.hosts.haproxy-02.password_env",
        "has no username",
    ),
    (
        {"C/load_balancers/hosts/haproxy-02/stats_url": "http://h:99999/stats"},
        "C.load_balancers.hosts.haproxy-02.stats_url",
        "is not a sound URL",
    ),
    ({"C/dr/notify/token_file": "~/t"}, "C.dr.notify.token_file", "token_env is given too"),
    ({"operators/two_person": ["dr-activat"]}, "operators.two_person[0]", "did you mean dr-activate?"),
    ({"operators/operators": ["@"]}, "operators.operators[0]", "names nobody"),
    ({"dslicsrv/commands": {"stats": "/x"}}, "dslicsrv.commands.stats", "did you mean status?"),
    ({"journal/directory": "$NOT_SET_ANYWHERE/j"}, "journal.directory", "names $NOT_SET_ANYWHERE, which is not set"),
    ({"ssh/identity_files": ["~nobody-here/k"]}, "ssh.identity_files[0]", "home directory that is not known"),
]


@pytest.mark.parametrize(("changes", "key", "text"), CASES, ids=[case[1] for case in CASES])
def test_a_contradiction_is_told_at_its_value(tmp_path: Path, changes: dict[str, object], key: str, text: str) -> None:
    ((found_key, found_text),) = findings(tmp_path, changes)
    assert found_key == key
    assert text in found_text


def test_a_secret_in_a_url_is_told_without_being_repeated(tmp_path: Path) -> None:
    url = "http://admin:hunter2@10.20.0.22:8404/stats"
    ((key, text),) = findings(tmp_path, {"C/load_balancers/hosts/haproxy-02/stats_url": url})
    assert key.endswith("stats_url")
    assert "secrets come from the environment or a file" in text
    assert "hunter2" not in text


def test_one_user_for_both_needs_keys_of_its_own(tmp_path: Path) -> None:
    one_user = {"ssh/operate_user": "dslsprobe"}
    assert list(findings(tmp_path, dict(one_user))) == []
    same_keys = {**one_user, "ssh/operate_identity_files": ["~/.ssh/dslsprobe"]}
    assert [key for key, _ in findings(tmp_path, dict(same_keys))] == ["ssh.operate_user"]


def test_hosts_behind_one_address_are_told_apart_by_their_ssh_port(tmp_path: Path) -> None:
    changes: dict[str, object] = {
        "C/nodes/dsls-primary-01/address": "127.0.0.1",
        "C/nodes/dsls-primary-01/ssh_port": 2201,
        "C/nodes/dsls-backup-01/address": "127.0.0.1",
        "C/nodes/dsls-backup-01/ssh_port": 2202,
    }
    assert list(findings(tmp_path, dict(changes))) == []
    changes["C/nodes/dsls-backup-01/ssh_port"] = 2201
    assert [key for key, _ in findings(tmp_path, changes)] == ["C.nodes.dsls-backup-01.address"]


def test_two_clusters_may_share_load_balancers_but_no_licence_server(tmp_path: Path) -> None:
    balancers = {"hosts": {"haproxy-01": {"address": "10.20.0.21", "socket": "/run/haproxy/admin.sock"}}}
    second: dict[str, object] = {
        "nodes": {"x": {"mode": "primary", "address": "10.50.0.1"}},
        "load_balancers": balancers,
    }
    assert list(findings(tmp_path, {"clusters/second": second})) == []
    second["nodes"] = {"x": {"mode": "primary", "address": "10.20.0.11"}}
    ((key, text),) = findings(tmp_path, {"clusters/second": second})
    assert key == "clusters.second.nodes.x"
    assert "dsls-primary-01 of production-cluster" in text


def test_what_follows_only_from_a_wrong_value_is_not_told_twice(tmp_path: Path) -> None:
    changes: dict[str, object] = {"C/load_balancers/hosts/haproxy-01/socket": "relative"}
    assert [key for key, _ in findings(tmp_path, changes)] == ["C.load_balancers.hosts.haproxy-01.socket"]


def test_class_hours_are_days_and_minutes() -> None:
    week, friday = class_periods("Mon-Thu 08:00-18:00, Fri 8:00-13:30")
    assert (week.days, week.start, week.end) == (frozenset({0, 1, 2, 3}), 480, 1080)
    assert (friday.days, friday.end) == (frozenset({4}), 810)
    assert class_periods("Sat-Mon 00:00-24:00")[0].days == {5, 6, 0}


@pytest.mark.parametrize("text", ["", "Mon", "Mon-Foo 08:00-09:00", "Mon 09:00-08:00", "Mon 08:00-25:00", "Mon 8-9"])
def test_other_class_hours_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        class_periods(text)


@pytest.mark.parametrize(
    "path",
    ["C/nodes/dsls-arbitrator-01/address", "C/nodes/dsls-arbitrator-01/mode", "C/dr/nodes/dr-dsls-02/address"],
)
def test_one_wrong_value_hides_nothing_else_in_its_cluster(tmp_path: Path, path: str) -> None:
    wrong: dict[str, object] = {path: ["neither"], "C/nodes/dsls-backup-01/address": "10.20.0.11"}
    found = dict(findings(tmp_path, wrong))
    assert path.replace("/", ".") in found
    assert found["C.nodes.dsls-backup-01.address"].startswith("10.20.0.11 is dsls-primary-01 too")
    assert len(found) == 2, found
