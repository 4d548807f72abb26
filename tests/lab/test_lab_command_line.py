"""What DSLicSrv prints, refuses and ends with, word for word."""

import gzip
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dslsconsole.lab.world.statefile import decode
from dslsconsole.lab.world.tokens import RefusedError
from tests.lab.lab_estate import ARBITRATOR, BACKUP, DR_PRIMARY, PRIMARY, Estate, build


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """A practice estate for many examples, none of which may change what the next one finds."""
    return build(tmp_path_factory.mktemp("standing"))


def test_status_has_the_six_lines_of_the_guide(estate: Estate) -> None:
    assert re.fullmatch(
        r"Server Status: Running\nNode: dsls-primary-01\nVersion: R2024x\nUptime: \d+\n"
        r"Connections: \d+/2000\nLicense File: valid \(expires 2027-03-31\)\n",
        estate.text(PRIMARY, "-status"),
    )


def test_cluster_status_of_the_primary(estate: Estate) -> None:
    port = {name: node.server.port for name, node in estate.world.nodes.items()}
    assert re.fullmatch(
        "Cluster: production-cluster\nNode: dsls-primary-01\nRole: primary\nState: running\nEpoch: 7\n"
        r"Quorum: yes \(3/3 votes, 2 needed\)\nSplit-Brain: no\n"
        rf"Peer: dsls-backup-01:{port[BACKUP]} role=backup state=running sync=ok lag=\ds\n"
        rf"Peer: dsls-arbitrator-01:{port[ARBITRATOR]} role=arbitrator state=running\n",
        estate.text(PRIMARY, "-cluster-status"),
    )


def test_cluster_status_as_json_says_the_same(estate: Estate) -> None:
    said = json.loads(estate.text(BACKUP, "-cluster-status", "-format", "json"))
    assert said.keys() == {"cluster", "node", "role", "state", "epoch", "quorum", "split_brain", "peers"}
    assert said["quorum"] == {"held": True, "votes": 3, "members": 3, "needed": 2}
    assert said["peers"][0].keys() == {"node", "port", "role", "state", "sync", "lag_s"}
    assert (said["role"], said["epoch"], said["split_brain"]) == ("backup", 7, False)


def test_tokens_have_a_block_for_each_pool_and_with_detail_for_each_feature(estate: Estate) -> None:
    brief, detailed = estate.text(PRIMARY, "-tokens"), estate.text(PRIMARY, "-tokens", "-detailed")
    assert re.findall(r"^Pool: (.*)$", brief, re.MULTILINE) == ["commercial", "academic"]
    assert "Product:" not in brief
    assert detailed.count("Product: ") == 6
    assert re.search(
        r"Product: ABAQUS_STANDARD\n  Total Tokens: 500\n  In Use: \d+ \(\d+%\)\n  Available: \d+\n", detailed
    )


def test_tokens_as_json_add_up(estate: Estate) -> None:
    said = json.loads(estate.text(PRIMARY, "-tokens", "-format", "json"))
    assert said["node"] == PRIMARY
    for pool in said["pools"]:
        assert pool["used"] == sum(feature["used"] for feature in pool["features"])
        assert pool["used"] + pool["available"] == pool["total"]


def test_the_arbitrator_holds_no_tokens(estate: Estate) -> None:
    answer = estate.say(ARBITRATOR, "-tokens")
    assert (answer.status, answer.stderr) == (1, b"ERROR: arbitrator holds no tokens\n")


def test_sessions_are_one_line_or_object_a_checkout(estate: Estate) -> None:
    found = json.loads(estate.text(PRIMARY, "-sessions", "-format", "json"))
    lines = estate.text(PRIMARY, "-sessions").splitlines()
    assert len(lines) == len(found) > 100
    assert lines[0] == " ".join(f"{key}={value}" for key, value in found[0].items())
    assert list(found[0]) == ["user", "host", "feature", "tokens", "since", "idle_s"]


def test_only_idle_sessions_are_listed_above_the_threshold(estate: Estate) -> None:
    found = json.loads(estate.text(PRIMARY, "-sessions", "-idle-threshold", "600", "-format", "json"))
    assert found
    assert all(item["idle_s"] >= 600 for item in found)


def test_a_stopped_server_ends_with_3_and_still_validates_its_files(estate: Estate) -> None:
    estate.stop(BACKUP)
    assert estate.say(BACKUP, "-cluster-status").status == 3
    status = estate.say(BACKUP, "-status")
    assert (status.status, status.stdout) == (3, b"Server Status: Stopped\n")
    assert estate.text(BACKUP, "-validate") == "License: valid (expires 2027-03-31)\n"
    assert estate.say(PRIMARY, "-status", "-server", estate.target(BACKUP)).status == 3


@pytest.mark.parametrize(
    "words",
    [(), ("-nonsense",), ("-promote-to-primary",), ("-tokens", "-format", "xml"), ("-test-checkout", "catia_v6", "x")],
)
def test_wrong_usage_ends_with_2(estate: Estate, words: tuple[str, ...]) -> None:
    answer = estate.say(PRIMARY, *words)
    assert answer.status == 2
    assert answer.stderr.startswith(b"ERROR: ")


@given(st.lists(st.text(max_size=12), max_size=6), st.binary(max_size=64))
@settings(max_examples=60, deadline=None)
def test_no_command_line_and_no_input_breaks_it(standing: Estate, words: list[str], stdin: bytes) -> None:
    answer = standing.say(PRIMARY, *words, stdin=stdin)
    assert answer.status in (0, 1, 2, 3)


def test_a_test_checkout_leaves_nothing_behind(estate: Estate) -> None:
    used = estate.world.servers.by_name[PRIMARY].tokens.pools["commercial"].used
    assert estate.text(PRIMARY, "-test-checkout", "abaqus_standard", "1") == "Checkout: OK abaqus_standard 1\n"
    assert estate.world.servers.by_name[PRIMARY].tokens.pools["commercial"].used == used
    refused = estate.say(BACKUP, "-test-checkout", "abaqus_standard", "1")
    assert (refused.status, refused.stderr) == (1, b"ERROR: not primary\n")


def test_tokens_given_to_the_backup_make_it_the_same(estate: Estate) -> None:
    estate.world.servers.by_name[BACKUP].replication_stuck = True
    estate.text(PRIMARY, "-test-checkout", "catia_v6", "1")
    state = estate.say(PRIMARY, "-tokens", "-format", "json").stdout
    generation = json.loads(state)["generation"]
    done = estate.say(PRIMARY, "-sync-tokens", "-target", estate.target(BACKUP), stdin=state)
    assert done.stdout == f"Sync: OK generation={generation}\n".encode()
    there = json.loads(estate.text(BACKUP, "-tokens", "-format", "json"))
    assert (there["generation"], there["pools"]) == (generation, json.loads(state)["pools"])


@pytest.mark.parametrize("stdin", [b"", b"{}", b"[]", b"\xff\xfe", b'{"generation": "x", "pools": []}'])
def test_what_is_no_token_state_is_refused(estate: Estate, stdin: bytes) -> None:
    before = estate.world.servers.by_name[BACKUP].tokens.generation
    answer = estate.say(PRIMARY, "-sync-tokens", "-target", estate.target(BACKUP), stdin=stdin)
    assert answer.status == 1
    assert estate.world.servers.by_name[BACKUP].tokens.generation == before


def test_an_older_token_state_is_refused_and_forced_over(estate: Estate) -> None:
    old = estate.say(PRIMARY, "-tokens", "-format", "json").stdout
    estate.world.servers.by_name[BACKUP].tokens.generation += 50
    assert estate.say(PRIMARY, "-sync-tokens", "-target", estate.target(BACKUP), stdin=old).status == 1
    forced = estate.text(PRIMARY, "-force-sync", "-target", estate.target(BACKUP))
    assert forced == f"Sync: FORCED generation={json.loads(old)['generation']}\n"


def test_an_exported_state_is_imported_plain_and_gzipped(estate: Estate) -> None:
    state = estate.say(PRIMARY, "-export-state").stdout
    assert re.match(rb"DSLS-STATE 1 generation=\d+ sha256=[0-9a-f]{64}\n", state)
    for data in (state, gzip.compress(state)):
        answer = estate.say(DR_PRIMARY, "-import-state", stdin=data)
        assert answer.stdout == f"Imported: generation={decode(state).generation}\n".encode()


def test_a_damaged_or_older_state_is_refused(estate: Estate) -> None:
    state = estate.say(PRIMARY, "-export-state").stdout
    assert estate.say(DR_PRIMARY, "-import-state", stdin=state[:-20]).status == 1
    assert estate.say(DR_PRIMARY, "-import-state").status == 1
    estate.text(PRIMARY, "-test-checkout", "catia_v6", "1")
    newer = estate.say(PRIMARY, "-export-state").stdout
    assert estate.say(DR_PRIMARY, "-import-state", stdin=newer).status == 0
    older = estate.say(DR_PRIMARY, "-import-state", stdin=state)
    assert (older.status, older.stderr.startswith(b"ERROR: state is older")) == (1, True)
    assert estate.say(DR_PRIMARY, "-import-state", "-force", stdin=state).status == 0


@given(st.integers(min_value=0, max_value=4000), st.integers(min_value=1, max_value=255))
@settings(max_examples=80, deadline=None)
def test_no_changed_byte_of_a_state_goes_unnoticed(standing: Estate, position: int, change: int) -> None:
    state = bytearray(standing.say(PRIMARY, "-export-state").stdout)
    state[position % len(state)] ^= change
    with pytest.raises(RefusedError):
        decode(bytes(state))


def test_dr_sync_is_ok_until_a_file_differs(estate: Estate) -> None:
    assert re.fullmatch(
        r"DR Sync: OK\nLast Sync: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\nLag: \d+s\nGeneration: \d+\n"
        r"License Files: 12 \(checksums match\)\nConfig Files: 6 \(checksums match\)\n",
        estate.text(DR_PRIMARY, "-verify-dr-sync"),
    )
    estate.world.hosts[DR_PRIMARY].write("/dr/dsls/licenses/catia_v6-a.lic", "changed")
    answer = estate.say(DR_PRIMARY, "-verify-dr-sync", "-format", "json")
    assert (answer.status, json.loads(answer.stdout)["result"]) == (1, "MISMATCH")


def test_dr_sync_is_late_when_nothing_is_copied_any_more(estate: Estate) -> None:
    estate.stop(PRIMARY)
    estate.pass_time(1000, step=10)
    assert estate.say(DR_PRIMARY, "-verify-dr-sync").stdout.startswith(b"DR Sync: STALE\n")


def test_academic_settings_are_taken_and_named(estate: Estate) -> None:
    words = ("--primary-pool", "500", "--backup-pool", "500", "--sync-interval", "30", "--failover-priority", "high")
    assert estate.text(PRIMARY, "-configure-academic-ha", *words) == "Configured: academic-ha\n"
    assert estate.say(PRIMARY, "-configure-academic-ha", *words[:2]).status == 2
