"""The academic scenarios pass on the practice estate, and fail where something they expect is not so."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dslsconsole.cli import program
from dslsconsole.commands import run as command
from dslsconsole.commands import scenario as scenes
from dslsconsole.lab.practice import Lab
from dslsconsole.lab.scenarios import all_scenarios
from dslsconsole.lab.stage import Expectation, Said, Stage, play
from tests.estate import practising as p
from tests.operation_clock import OperationClock


@pytest.fixture
async def stage(lab: Lab) -> Stage:
    """Runbooks are run in this process, which spares an interpreter each; other commands as programs."""
    number = 0

    async def spoken(*words: str) -> Said:
        nonlocal number
        number += 1
        if words[0] != "run":
            return await scenes._program(lab.estate_path, *words)
        with command.command.make_context("run", list(words[1:])) as context:
            said: dict[str, Any] = context.params
        report = await p.run(
            lab,
            said["runbook"],
            f"scene-{number}",
            params=command.pairs(said["params"]),
            attested=said["attest"],
            confirmation=said["confirm"],
        )
        return command.status_of(report), report.document()

    p.impatient(lab)
    return Stage(lab, spoken)


@pytest.mark.parametrize("name", sorted(all_scenarios()))
async def test_it_passes(stage: Stage, name: str) -> None:
    assert await play(all_scenarios()[name].play, stage), [one for one in stage.expectations if not one.ok]
    assert len(stage.expectations) >= 9


async def test_it_fails_where_the_backup_can_not_take_over(stage: Stage) -> None:
    await stage.fault("promote-refused", p.BACKUP)
    stage.runs = _impatient(stage)  # type: ignore[method-assign]
    assert not await play(all_scenarios()["mid-semester-failover"].play, stage)
    assert not stage.expectations[-1].ok
    assert stage.truth["serving"] == []


def _impatient(stage: Stage) -> Any:
    """A runbook whose promotion is waited for in a hurry."""

    async def runs(runbook: str, *words: str, ends: int = 0) -> dict[str, Any]:
        attested = [word for word in words if not word.startswith("--")]
        clock = OperationClock(lambda step: step.action == "promote")
        report = await p.run(stage.lab, runbook, attested=attested, clock=clock, progress=clock.seen)
        stage.expect(f"{runbook} ends with {ends}", command.status_of(report) == ends, report.sentence)
        return report.document()

    return runs


@pytest.mark.parametrize(("outcome", "status"), [(True, 0), (False, 1)])
def test_the_command_tells_pass_and_fail_by_its_status(
    monkeypatch: pytest.MonkeyPatch, outcome: bool, status: int
) -> None:
    async def played(directory: Path, one: object, seed: int, speed: float, *, quiet: bool) -> Stage:
        stage = Stage(None, scenes._program)  # type: ignore[arg-type]
        stage.expectations.append(Expectation("it is so", outcome))
        return stage

    monkeypatch.setattr(scenes, "_played", played)
    result = CliRunner().invoke(program, ["lab", "scenario", "summer-maintenance"])
    assert result.exit_code == status, result.output


def test_a_scenario_that_there_is_not_is_told_with_the_nearest() -> None:
    result = CliRunner().invoke(program, ["lab", "scenario", "summer-maintenanse"])
    assert (result.exit_code, "Did you mean summer-maintenance?" in result.output) == (64, True)
    assert "finals-week-disaster" in CliRunner().invoke(program, ["lab", "scenarios"]).output
