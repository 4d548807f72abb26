"""The command line itself: the console's name may be left out, wherever the estate file is named."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from dslsconsole import cli
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


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no such thing"), "dslsconsole can't go on: ValueError: no such thing."),
        (ValueError("\x1b]0;owned\x07what a host said"), "dslsconsole can't go on: ValueError: "),
        (OSError(28, "No space left on device", "/tmp/x"), "dslsconsole can't go on: /tmp/x: No space left on device."),
    ],
)
def test_an_error_that_nobody_foresaw_is_told_in_a_sentence_and_kept_for_those_who_mend_it(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fails(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli.program, "main", fails)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 70
    told = capsys.readouterr().err
    assert told.startswith(said)
    assert "Traceback" not in told
    assert "\x1b" not in told
    (kept,) = tmp_path.glob("dslsconsole-error-*.txt")
    assert str(kept) in told
    assert "Traceback" in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("trouble", ["BrokenPipeError", "OSError"])
def test_what_was_done_keeps_its_status_where_nobody_reads_how_it_ended(trouble: str) -> None:
    script = f"from dslsconsole.commands import told\ndef say(): print('x'); raise {trouble}\ntold(12, say)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (12, "")
