"""The first start on a terminal: what it is, the practice estate, or a first file that is shown, written and tested."""

import sys
from pathlib import Path

import pytest
import yaml

from dslsconsole.commands import Exit
from dslsconsole.settings import load
from tests.terminal import Terminal, environment

WORDS = (sys.executable, "-P", "-m", "dslsconsole")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Nobody's yet. The way to the hosts is closed, so that their test ends soon."""
    ssh = tmp_path / ".ssh"
    ssh.mkdir(mode=0o700)
    (ssh / "config").write_text("Host *\n  HostName 127.0.0.1\n  Port 9\n")
    return tmp_path


def answered(terminal: Terminal, *answers: tuple[str, str], time: int = 1) -> None:
    """Answer questions, each when it is asked for the first, or another, time."""
    for question, answer in answers:
        terminal.until(lambda seen, question=question: seen.text.count(question) == time)  # type: ignore[misc]
        terminal.press(f"{answer}\r")


def test_a_first_file_is_shown_written_and_tested(home: Path) -> None:
    with Terminal(WORDS, environment(home, XDG_CONFIG_HOME=str(home / "config")), (100, 60)) as terminal:
        answered(
            terminal,
            ("3  leave", "2"),
            ("Name of the cluster", ""),
            ("Host of the primary", "lic 1"),
            ("Host of the backup", ""),
            ("Host of the arbitrator", ""),
            ("User that reads", ""),
        )
        terminal.until("That makes no sound estate file")
        answered(
            terminal,
            ("Name of the cluster", "chem"),
            ("Host of the primary", "lic-1"),
            ("Host of the backup", "lic-2"),
            ("Host of the arbitrator", ""),
            ("User that reads", "dslsprobe"),
            time=2,
        )
        answered(terminal, ("Write this to", "y"))
        terminal.until("Testing it: dslsconsole -c ")
        terminal.until("is to be mended")
        answered(terminal, ("Start the console now", "n"))
        assert terminal.ended() == Exit.OK
    path = home / "config" / "dslsconsole" / "estate.yaml"
    estate = load(path)
    assert list(estate.clusters["chem"].nodes) == ["lic-1", "lic-2"]
    assert estate.ssh.probe_user == "dslsprobe"
    assert estate.ssh.operate_user is None
    assert yaml.safe_load(path.read_text())["version"] == 1
    assert [file.name for file in path.parent.iterdir()] == ["estate.yaml"]


def test_who_leaves_is_told_where_a_file_was_looked_for(home: Path) -> None:
    with Terminal(WORDS, environment(home), (160, 40)) as terminal:
        answered(terminal, ("3  leave", "3"))
        terminal.until("No estate file: looked for")
        assert terminal.ended() == Exit.CONFIGURATION
    assert not (home / ".config").exists()


def test_a_file_that_is_named_and_is_not_there_is_no_first_use(home: Path) -> None:
    with Terminal((*WORDS, "-c", str(home / "nowhere.yaml")), environment(home), (160, 40)) as terminal:
        terminal.until("nowhere.yaml")
        assert terminal.ended() == Exit.CONFIGURATION
        assert "3  leave" not in terminal.text
