"""`dslsconsole audit` on the practice estate: what is really so there, and what a fault sets up wrong."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dslsconsole.audit.facts import ClusterFacts
from dslsconsole.audit.findings import Report, report
from dslsconsole.audit.gathering import gather
from dslsconsole.audit.printing import told
from dslsconsole.cli import program
from dslsconsole.lab.practice import Lab
from dslsconsole.settings import load
from tests.audit import sound

REALLY_SO = {
    ("vrrp_preempts", "haproxy-01"),
    ("vrrp_preempts", "haproxy-02"),
    *(("haproxy_forgets", name) for name in ("haproxy-01", "haproxy-02", "dr-haproxy-01")),
    *((rule, "") for rule in ("everybody_operates", "journal_not_anchored", "nobody_is_told", "one_person_moves_site")),
}
"""A reload of the practice estate's HAProxy does forget, its addresses do move back, and one person practises alone."""


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with Lab(tmp_path / "lab") as running:
        yield running


async def audited(lab: Lab) -> Report:
    estate = load(lab.estate_path)
    return report(estate, await gather(estate, list(estate.clusters)), "2027-01-01T12:00:00Z")


def pairs(found: Report) -> set[tuple[str, str]]:
    return {(finding.rule, finding.host) for finding in found.findings}


async def run(lab: Lab, *words: str) -> Result:
    runner = CliRunner()
    return await asyncio.to_thread(runner.invoke, program, ["-c", str(lab.estate_path), "audit", *words])


async def test_the_practice_estate_has_what_is_really_so_and_no_more(lab: Lab) -> None:
    result = await run(lab, "--json")
    assert result.exit_code == 1, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    assert document["schema"] == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["taken_at"])
    assert {(one["rule"], one["host"]) for one in document["findings"]} == REALLY_SO
    keys = {"rule", "severity", "cluster", "host", "summary", "evidence", "why", "mend", "result"}
    assert all(set(one) == keys for one in document["findings"])
    assert {(one["severity"], one["result"]) for one in document["findings"]} == {("warning", "found")}


async def test_faults_of_the_configuration_are_found_where_they_are(lab: Lab) -> None:
    faults = {
        "haproxy-slow-checks": {
            ("haproxy_checks_slow", "haproxy-01"),
            ("haproxy_lists_differ", "haproxy-02"),
        },
        "keepalived-strangers": {("vrrp_pair_differs", "haproxy-02")},
        "dr-starts-by-itself": {("dr_starts_by_itself", "dr-dsls-01")},
        "storage-soft": {("storage_soft", "dsls-backup-01")},
        "token-loop-twice": {("automation_twice", "dsls-backup-01")},
        "clock-skew": {("clock_apart", "dsls-backup-01"), ("clock_unsynchronised", "dsls-backup-01")},
    }
    for name, expected in faults.items():
        await lab.fault(name)
        assert pairs(await audited(lab)) == REALLY_SO | expected, name
        await lab.heal()
    assert pairs(await audited(lab)) == REALLY_SO


async def test_what_can_not_be_read_is_unknown_and_says_what_to_do(lab: Lab) -> None:
    await lab.fault("keepalived-unreadable")
    await lab.fault("sshd-dead", "dr-dsls-02")
    result = await run(lab)
    assert result.exit_code == 1
    text = " ".join(result.output.split())
    assert "UNKNOWN" in text
    assert "setfacl -m u:dslsprobe:r /etc/keepalived/keepalived.conf" in text
    found = await audited(lab)
    unknown = {(finding.rule, finding.host) for finding in found.findings if finding.result == "unknown"}
    assert {("vrrp_preempts", "haproxy-01"), ("vrrp_pair_differs", "haproxy-01")} <= unknown
    assert {("dr_starts_by_itself", "dr-dsls-02"), ("clock_unsynchronised", "dr-dsls-02")} <= unknown
    assert ("vrrp_preempts", "haproxy-02") in pairs(found) - unknown


async def test_a_cluster_is_chosen_and_another_name_is_wrong_usage(lab: Lab) -> None:
    one = await run(lab, "--cluster", "production-cluster", "--json")
    assert len(json.loads(one.stdout)["findings"]) == len(REALLY_SO)
    other = await run(lab, "--cluster", "nobody")
    assert (other.exit_code, other.stderr) == (64, "There is no cluster nobody; there are production-cluster.\n")


def test_an_unsound_estate_file_ends_with_78(tmp_path: Path) -> None:
    file = tmp_path / "estate.yaml"
    file.write_text("version: 1\nclusters: {}\n")
    assert CliRunner().invoke(program, ["-c", str(file), "audit", "--json"]).exit_code == 78


def lines_of(facts: ClusterFacts, width: int = 100) -> list[str]:
    return list(told(report(facts.estate, [facts], "now"), width))


def test_nothing_found_is_said_in_one_line() -> None:
    (line,) = lines_of(sound.facts(sound.estate()))
    assert re.fullmatch(r"Nothing found: \d+ answers of \d+ rules were good\.", line)


def test_one_rule_on_two_hosts_is_told_once() -> None:
    facts = sound.facts(sound.estate())
    for name in (sound.LB1, sound.LB2):
        facts = sound.with_unit(facts, name, "haproxy.service", enabled="disabled")
    lines = lines_of(facts)
    assert lines[:2] == [sound.CLUSTER, "  WARNING   unit_not_enabled: whether what serves comes back after a reboot"]
    assert sum("why:" in line for line in lines) == 1
    assert "          mend: On haproxy-01 and haproxy-02: systemctl enable haproxy.service." in lines
    assert lines[-1].startswith("2 warning; ")
    assert all(len(line) <= 100 for line in lines)
