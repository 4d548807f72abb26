"""A close look at a node of the practice estate: its log, its configuration file, and who holds licences."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dslsconsole.cli import program
from dslsconsole.lab.practice import Lab
from dslsconsole.model.inspection import Inspection
from dslsconsole.model.reading import FailureKind
from dslsconsole.settings import load
from dslsconsole.settings.hosts import cluster_hosts
from dslsconsole.watch.inspecting import inspect

PRIMARY, BACKUP, ARBITRATOR = "dsls-primary-01", "dsls-backup-01", "dsls-arbitrator-01"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with Lab(tmp_path / "lab") as running:
        yield running


async def looked(lab: Lab, name: str) -> Inspection:
    estate = load(lab.estate_path)
    (cluster,) = estate.clusters
    host = cluster_hosts(estate, cluster).host(name)
    assert host is not None
    return await inspect(estate, host)


async def run(lab: Lab, *words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, program, ["-c", str(lab.estate_path), "inspect", *words])


async def test_a_primary_tells_its_log_its_file_and_who_holds_what(lab: Lab) -> None:
    seen = await looked(lab, PRIMARY)
    assert seen.log.value is not None
    assert f"{PRIMARY} systemd[1]: Started dsls-primary.service" in seen.log.value[-1]
    assert f"DSLS_NODE_ID={PRIMARY}" in (seen.config.value or ())
    holders = seen.holders.value or ()
    assert len(holders) > 20
    assert all(one.user and one.host and one.feature and one.tokens and one.since for one in holders)


async def test_what_happens_to_its_service_is_at_the_end_of_its_log(lab: Lab) -> None:
    await lab.fault("service-killed", BACKUP)
    seen = await looked(lab, BACKUP)
    assert seen.log.value is not None
    assert seen.log.value[-1].endswith("dsls-backup.service: Failed with result 'signal'.")
    assert seen.holders.failure is not None
    assert seen.holders.failure.kind is FailureKind.REFUSED
    assert "dsls-backup-01" in seen.holders.failure.text


async def test_an_arbitrator_holds_no_tokens_and_is_not_asked_who_has_them(lab: Lab) -> None:
    seen = await looked(lab, ARBITRATOR)
    assert seen.holders.value is None
    assert seen.holders.failure is None
    assert seen.config.value is not None


async def test_a_host_that_can_not_be_reached_says_why_in_each_place(lab: Lab) -> None:
    await lab.fault("node-down", PRIMARY)
    seen = await looked(lab, PRIMARY)
    for reading in (seen.log, seen.config, seen.holders):
        assert reading.failure is not None
        assert PRIMARY in reading.failure.text


async def test_the_command_tells_it_to_a_person_and_to_a_program(lab: Lab) -> None:
    result = await run(lab, PRIMARY)
    assert result.exit_code == 0, result.output
    for part in ("Log of dsls-primary on dsls-primary-01:", "Configuration:", "Licences in use:", "tokens  since"):
        assert part in result.output
    document: dict[str, Any] = json.loads((await run(lab, PRIMARY, "--json")).stdout)
    assert {"cluster", "node", "taken_at", "unit", "log", "config", "holders"} <= set(document)


async def test_a_node_that_is_not_there_is_wrong_usage(lab: Lab) -> None:
    result = await run(lab, "nowhere")
    assert result.exit_code == 64
    assert "There is no node nowhere" in result.output
