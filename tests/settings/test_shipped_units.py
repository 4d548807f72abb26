"""The units and the sshd block in `config/` say words that the program and systemd understand."""

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from dslsconsole.cli import program
from dslsconsole.shipped import shipped

UNITS = sorted((shipped("config") / "systemd").iterdir())
START = "/usr/local/bin/dslsconsole -c /etc/dslsconsole/estate.yaml "


def _starts() -> list[str]:
    """Every command line with which a shipped file starts the program."""
    files = [*UNITS, *(shipped("config") / "sshd").iterdir()]
    lines = [line.strip() for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if re.match(r"(ExecStart=|ForceCommand )", line)]


@pytest.mark.parametrize("line", _starts())
def test_the_program_takes_what_it_is_started_with(line: str) -> None:
    _, start, words = line.partition(START)
    assert start
    name, *rest = shlex.split(words)
    command = program.get_command(click.Context(program), name)
    assert command is not None
    command.make_context(name, rest)


def test_there_is_a_start_for_each_purpose() -> None:
    assert len(_starts()) == sum(unit.suffix == ".service" for unit in UNITS) + 2


def test_who_only_looks_gets_no_hands() -> None:
    looking = [line for line in _starts() if "wallboard" in line or "--read-only" in line]
    assert len(looking) == 2


def test_systemd_understands_the_units(need: Callable[[str], str], tmp_path: Path) -> None:
    verify = need("systemd-analyze")
    for unit in UNITS:
        there = unit.read_text(encoding="utf-8").replace("/usr/local/bin/dslsconsole", "/bin/true")
        (tmp_path / unit.name).write_text(there.replace("man:dslsconsole(1) ", ""))
    argv = [verify, "verify", *(str(tmp_path / unit.name) for unit in UNITS)]
    told = subprocess.run(argv, capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (0, "")
