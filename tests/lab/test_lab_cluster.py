"""Roles, epochs and quorum: what the licence servers do when one is stopped, dies, or can't be heard."""

from pathlib import Path

import pytest

from dslsconsole.lab.world.cluster import HOLD
from dslsconsole.model.node import Role
from tests.lab.lab_estate import ARBITRATOR, BACKUP, DR_PRIMARY, PRIMARY, Estate, build


def cut_off(estate: Estate, node: str, *others: str) -> None:
    for other in others:
        estate.world.network.cut(node, other)


def test_in_the_morning_there_is_one_primary_with_quorum(estate: Estate) -> None:
    truth = estate.world.truth()
    assert truth["primaries"] == truth["serving"] == [PRIMARY]
    assert estate.role(BACKUP) == "backup"
    assert estate.role(ARBITRATOR) == "arbitrator"


def test_a_primary_cut_off_from_both_stops_granting_until_it_hears_them_again(estate: Estate) -> None:
    cut_off(estate, PRIMARY, BACKUP, ARBITRATOR)
    estate.pass_time(3)
    assert "State: no-quorum" in estate.text(PRIMARY, "-cluster-status")
    assert "Quorum: no (1/3 votes, 2 needed)" in estate.text(PRIMARY, "-cluster-status")
    assert estate.say(PRIMARY, "-test-checkout", "catia_v6", "1").status == 1
    estate.world.network.mend(PRIMARY, ARBITRATOR)
    estate.pass_time(3)
    assert "State: running" in estate.text(PRIMARY, "-cluster-status")
    assert estate.say(PRIMARY, "-test-checkout", "catia_v6", "1").status == 0


def test_one_lost_vote_costs_nothing(estate: Estate) -> None:
    cut_off(estate, PRIMARY, ARBITRATOR)
    estate.pass_time(3)
    said = estate.text(PRIMARY, "-cluster-status")
    assert "Quorum: yes (2/3 votes, 2 needed)" in said
    assert "role=unknown state=unreachable" in said


def test_nobody_is_promoted_beside_a_serving_primary(estate: Estate) -> None:
    answer = estate.say(BACKUP, "-promote-to-primary", "-node", BACKUP)
    assert answer.status == 1
    assert answer.stderr == b"ERROR: dsls-primary-01 serves as primary (epoch 7)\n"


def test_after_an_orderly_stop_the_backup_is_promoted_at_once_with_a_new_epoch(estate: Estate) -> None:
    estate.stop(PRIMARY)
    assert estate.text(BACKUP, "-promote-to-primary", "-node", BACKUP) == "Promoted: dsls-backup-01 epoch=8\n"
    estate.pass_time(2)
    assert estate.world.truth()["serving"] == [BACKUP]
    assert estate.text(BACKUP, "-promote-to-primary", "-node", BACKUP) == "Promoted: dsls-backup-01 epoch=8\n"


def test_after_a_death_the_voters_hold_back_for_some_heartbeats(estate: Estate) -> None:
    estate.world.units[PRIMARY].kill(estate.world.nodes[PRIMARY].unit)
    estate.pass_time(1)
    held = estate.say(BACKUP, "-promote-to-primary", "-node", BACKUP)
    assert (held.status, b"holds its vote" in held.stderr) == (1, True)
    estate.pass_time(HOLD)
    assert estate.say(BACKUP, "-promote-to-primary", "-node", BACKUP).status == 0


def test_force_goes_over_the_hold(estate: Estate) -> None:
    estate.world.units[PRIMARY].kill(estate.world.nodes[PRIMARY].unit)
    estate.pass_time(0.5)
    assert estate.say(BACKUP, "-promote-to-primary", "-node", BACKUP, "-force").status == 0


def test_without_quorum_nobody_is_promoted_but_by_force(estate: Estate) -> None:
    estate.stop(PRIMARY)
    cut_off(estate, BACKUP, ARBITRATOR)
    estate.pass_time(5)
    refused = estate.say(BACKUP, "-promote-to-primary", "-node", BACKUP)
    assert refused.stderr == b"ERROR: no quorum (1/3 votes, 2 needed)\n"
    assert estate.say(BACKUP, "-promote-to-primary", "-node", BACKUP, "-force").status == 0
    estate.pass_time(3)
    assert estate.say(BACKUP, "-test-checkout", "catia_v6", "1").status == 0


def test_the_arbitrator_is_never_primary(estate: Estate) -> None:
    assert estate.say(PRIMARY, "-promote-to-primary", "-node", ARBITRATOR, "-force").status == 1


def test_an_old_primary_that_comes_back_joins_as_backup(estate: Estate) -> None:
    estate.stop(PRIMARY)
    estate.text(BACKUP, "-promote-to-primary", "-node", BACKUP)
    estate.start(PRIMARY)
    estate.until(lambda: estate.role(PRIMARY) == "backup", within=5)
    estate.pass_time(3)
    assert estate.world.truth()["primaries"] == [BACKUP]
    assert "Epoch: 8" in estate.text(PRIMARY, "-cluster-status")


def test_an_old_primary_that_hears_only_the_arbitrator_learns_of_the_new_epoch(estate: Estate) -> None:
    estate.stop(PRIMARY)
    estate.text(BACKUP, "-promote-to-primary", "-node", BACKUP)
    estate.pass_time(2)
    cut_off(estate, PRIMARY, BACKUP)
    estate.start(PRIMARY)
    estate.pass_time(5)
    assert estate.role(PRIMARY) == "backup"


def test_split_brain_is_seen_by_the_arbitrator_and_ends_when_they_hear_each_other(estate: Estate) -> None:
    cut_off(estate, PRIMARY, BACKUP)
    estate.pass_time(1)
    assert estate.say(BACKUP, "-promote-to-primary", "-node", BACKUP, "-force").status == 0
    assert estate.world.truth()["primaries"] == [PRIMARY, BACKUP]
    assert "Split-Brain: yes" in estate.text(ARBITRATOR, "-cluster-status")
    estate.world.network.mend(PRIMARY, BACKUP)
    estate.pass_time(3)
    assert estate.world.truth()["primaries"] == [BACKUP]
    assert "Split-Brain: no" in estate.text(ARBITRATOR, "-cluster-status")


def test_demotion_of_the_only_one_serving_needs_force(estate: Estate) -> None:
    assert estate.say(PRIMARY, "-demote-to-backup", "-node", PRIMARY).status == 1
    assert estate.text(PRIMARY, "-demote-to-backup", "-node", PRIMARY, "-force") == "Demoted: dsls-primary-01\n"
    assert estate.world.truth()["primaries"] == []


def test_the_backup_has_the_primarys_tokens_a_heartbeat_later(estate: Estate) -> None:
    estate.text(PRIMARY, "-test-checkout", "catia_v6", "3")
    generation = estate.world.servers.by_name[PRIMARY].tokens.generation
    estate.until(lambda: estate.world.servers.by_name[BACKUP].tokens.generation >= generation, within=5)


def test_stuck_replication_shows_as_growing_lag(estate: Estate) -> None:
    estate.world.servers.by_name[BACKUP].replication_stuck = True
    estate.pass_time(90)
    assert "sync=lagging lag=9" in estate.text(PRIMARY, "-cluster-status")


def test_a_server_that_was_stopped_still_has_its_tokens(estate: Estate) -> None:
    before = estate.world.servers.by_name[PRIMARY].tokens.as_document()
    estate.stop(PRIMARY)
    estate.start(PRIMARY)
    assert estate.world.servers.by_name[PRIMARY].tokens.as_document() == before


def test_a_dr_node_serves_once_it_is_started_and_promoted(estate: Estate) -> None:
    for node in (PRIMARY, BACKUP, ARBITRATOR):
        estate.stop(node)
    estate.start(DR_PRIMARY)
    estate.until(lambda: estate.role(DR_PRIMARY) == "dr-backup", within=5)
    assert estate.text(DR_PRIMARY, "-promote-to-primary", "-node", DR_PRIMARY) == "Promoted: dr-dsls-01 epoch=8\n"
    estate.pass_time(2)
    assert estate.role(DR_PRIMARY) == Role.DR_PRIMARY
    assert estate.say(DR_PRIMARY, "-test-checkout", "abaqus_standard", "1").status == 0


def test_a_dr_node_is_not_promoted_while_the_main_site_is_seen_to_serve(estate: Estate) -> None:
    estate.start(DR_PRIMARY)
    estate.pass_time(4)
    assert estate.say(DR_PRIMARY, "-promote-to-primary", "-node", DR_PRIMARY).status == 1


@pytest.mark.parametrize(("takeover", "serving"), [(None, []), (20.0, [BACKUP])])
def test_a_backup_takes_over_by_itself_only_where_it_was_told_to(
    tmp_path: Path, takeover: float | None, serving: list[str]
) -> None:
    estate = build(tmp_path, takeover=takeover)
    estate.world.units[PRIMARY].kill(estate.world.nodes[PRIMARY].unit)
    estate.pass_time(30)
    assert estate.world.truth()["serving"] == serving


def test_the_same_seed_gives_the_same_day(tmp_path: Path) -> None:
    def day(name: str, seed: int) -> list[object]:
        estate = build(tmp_path / name, seed=seed)
        seen: list[object] = []
        for _ in range(20):
            estate.pass_time(10)
            seen.append([(n["generation"], n["used"]) for n in estate.world.truth()["nodes"].values()])
        return seen

    assert day("one", 7) == day("two", 7)
    assert day("three", 8) != day("four", 7)
