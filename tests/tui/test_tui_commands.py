"""The commands that start the terminal program: wrong usage and a wrong estate file end before anything is drawn."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from dslsconsole.commands import Exit, Invocation, console, wallboard
from dslsconsole.commands.wallboard import seconds

ESTATE = """
version: 1
clusters:
  production-cluster:
    nodes:
      dsls-primary-01: {mode: primary, address: 10.20.0.11, unit: dsls-primary}
      dsls-backup-01: {mode: backup, address: 10.20.0.12, unit: dsls-backup}
      dsls-arbitrator-01: {mode: arbitrator, address: 10.20.0.13, unit: dsls-arbitrator}
"""


@pytest.fixture
def estate(tmp_path: Path) -> str:
    path = tmp_path / "estate.yaml"
    path.write_text(ESTATE)
    return str(path)


@pytest.mark.parametrize("command", [console.command, wallboard.command])
class TestBoth:
    def test_without_a_terminal_it_is_refused(self, command: click.Command, estate: str) -> None:
        result = CliRunner().invoke(command, [], obj=Invocation(estate))
        assert result.exit_code == Exit.USAGE
        assert "dslsconsole status" in result.output

    def test_a_wrong_estate_file_is_told_with_its_place(self, command: click.Command, tmp_path: Path) -> None:
        (tmp_path / "bad.yaml").write_text("version: 1\nclustres: {}\n")
        result = CliRunner().invoke(command, [], obj=Invocation(str(tmp_path / "bad.yaml")))
        assert result.exit_code == Exit.CONFIGURATION
        assert "bad.yaml:2:1: clustres" in result.output

    def test_an_unknown_cluster_names_those_there_are(self, command: click.Command, estate: str) -> None:
        result = CliRunner().invoke(command, ["--cluster", "nope"], obj=Invocation(estate))
        assert result.exit_code == Exit.USAGE
        assert "there is production-cluster" in result.output


@pytest.mark.parametrize(("text", "value"), [("20s", 20.0), ("2m", 120.0), ("1h", 3600.0), ("7", 7.0)])
def test_a_span_of_time(text: str, value: float) -> None:
    command = wallboard.command
    assert seconds(click.Context(command), command.params[0], text) == value


@pytest.mark.parametrize("text", ["", "0s", "-1s", "20 s", "1d", "s"])
def test_what_is_no_span_is_wrong_usage(text: str) -> None:
    command = wallboard.command
    with pytest.raises(click.BadParameter, match="such as 20s"):
        seconds(click.Context(command), command.params[0], text)
