"""The command line itself: the console's name may be left out, wherever the estate file is named."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from dslsconsole.cli import program


@pytest.mark.parametrize(
    "words",
    [["--read-only"], ["-c", "F", "--read-only"], ["-cF", "--theme", "dark"], ["--config=F", "--no-record"], []],
)
def test_the_console_is_what_is_meant_where_no_command_is_named(words: list[str], tmp_path: Path) -> None:
    file = tmp_path / "none.yaml"
    words = [word.replace("F", str(file)) for word in words]
    result = CliRunner(env={"DSLSCONSOLE_CONFIG": str(file)}).invoke(program, words)
    assert result.exit_code == 78
    assert "there is no such file" in result.stderr


@pytest.mark.parametrize(("words", "status"), [(["--bogus"], 2), (["-c", "x", "--bogus"], 2), (["--help"], 0)])
def test_what_nobody_knows_is_still_said(words: list[str], status: int) -> None:
    assert CliRunner().invoke(program, words).exit_code == status
