"""`dslsconsole check`: the file, and every host as each user, tried on the practice estate."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from dslsconsole.audit.access import Trial, failed, trials
from dslsconsole.cli import program
from dslsconsole.lab.practice import Lab
from dslsconsole.settings import load


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with Lab(tmp_path / "lab") as running:
        yield running


async def tried(lab: Lab, *changes: tuple[str, str, object]) -> tuple[Trial, ...]:
    """Everything that fails with the practice estate's file, some values of which are changed."""
    data = yaml.safe_load(lab.estate_path.read_text())
    for section, key, value in changes:
        (data if not section else data[section])[key] = value
    file = lab.directory / "changed.yaml"
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    return failed(await trials(load(file)))


async def test_the_practice_estate_passes(lab: Lab) -> None:
    found = await trials(load(lab.estate_path))
    assert failed(found) == ()
    tried_on = {(trial.host, str(trial.user), trial.what) for trial in found}
    assert {
        ("dsls-primary-01", "probe", "probe"),
        ("dr-dsls-02", "operate", "lock directory"),
        ("haproxy-01", "operate", "socket"),
        ("haproxy-02", "console", "page"),
    } <= tried_on


async def test_nothing_is_left_in_the_lock_directory(lab: Lab) -> None:
    before = sorted(path for path in lab.directory.rglob("*") if ".check-" in path.name)
    await trials(load(lab.estate_path))
    assert sorted(path for path in lab.directory.rglob("*") if ".check-" in path.name) == before == []


async def test_a_user_without_a_key_fails_alone(lab: Lab) -> None:
    wrong = await tried(lab, ("ssh", "operate_identity_files", ["/nowhere/key"]))
    assert {(str(trial.user), trial.what) for trial in wrong} == {("operate", "login")}
    assert all("/nowhere/key" in trial.text for trial in wrong)


async def test_unknown_host_keys_are_refused(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    wrong = await tried(lab, ("ssh", "known_hosts_file", str(tmp_path / "empty")))
    assert {trial.what for trial in wrong} == {"login"}
    assert len(wrong) == 2 * 8


async def test_a_lock_directory_that_is_missing_says_what_to_make(lab: Lab) -> None:
    wrong = await tried(lab, ("", "lock_directory", "/nowhere/locks"))
    assert {trial.what for trial in wrong} == {"lock directory"}
    assert all("make /nowhere/locks on the node, owned by dslsop" in trial.text for trial in wrong)


async def test_a_host_that_is_down_costs_only_itself(lab: Lab) -> None:
    data = yaml.safe_load(lab.estate_path.read_text())
    clusters = data["clusters"]
    clusters["production-cluster"]["nodes"]["dsls-backup-01"]["ssh_port"] = 1
    wrong = await tried(lab, ("", "clusters", clusters))
    assert {trial.host for trial in wrong} == {"dsls-backup-01"}


def test_an_unsound_file_is_told_as_json_too(tmp_path: Path) -> None:
    file = tmp_path / "estate.yaml"
    file.write_text("version: 1\nclusters: {}\n")
    result = CliRunner().invoke(program, ["check", "-c", str(file), "--json"])
    assert result.exit_code == 78
    (finding,) = json.loads(result.stdout)["findings"]
    assert (finding["line"], finding["column"], finding["key"]) == (2, 11, "clusters")


def test_the_file_alone_can_be_checked(tmp_path: Path) -> None:
    file = tmp_path / "estate.yaml"
    file.write_text("version: 1\nclusters: {east: {nodes: {a: {mode: primary}}}}\n")
    result = CliRunner().invoke(program, ["-c", str(file), "check", "--file-only"])
    assert (result.exit_code, result.stdout) == (0, f"{file} is sound: east.\n")


def test_hosts_that_can_not_be_reached_end_with_1(tmp_path: Path) -> None:
    file = tmp_path / "estate.yaml"
    (tmp_path / "key").touch()
    file.write_text(
        f"version: 1\nssh: {{config_file: {tmp_path}/none, identity_files: [{tmp_path}/key]}}\n"
        "clusters: {east: {nodes: {a: {mode: primary, address: 127.0.0.1, ssh_port: 1}}}}\n"
    )
    result = CliRunner().invoke(program, ["-c", str(file), "check"])
    assert result.exit_code == 1
    assert "FAILED" in result.stdout
    assert "No ssh.operate_user is given, so nothing can be run." in result.stdout
