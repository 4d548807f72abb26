"""Shells complete commands, options and names: quickly, from files alone, and silently where they can't."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from dslsconsole.commands import Invocation
from dslsconsole.commands.completing import clusters, completing, faults, runbooks, scenarios, themes
from dslsconsole.lab.faults import all_faults
from dslsconsole.lab.scenarios import all_scenarios
from dslsconsole.runbooks.schema import builtin
from dslsconsole.shipped import shipped
from dslsconsole.tui.themes import load
from tests.terminal import environment

ROOT = Path(__file__).parent.parent
ESTATE = """
version: 1
clusters:
  east: {nodes: {east-1: {mode: primary}}}
  west: {nodes: {west-1: {mode: not a mode at all}}}
runbooks: {directory: DIRECTORY}
"""
HEAVY = ("asyncssh", "textual", "cryptography", "httpx", "dns")
PROGRAM = """
import sys
from dslsconsole.cli import main
try:
    main()
finally:
    print("|", *(name for name in sys.argv[1:] if name in sys.modules))
"""


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    own = tmp_path / "runbooks"
    own.mkdir()
    (own / "site-backup.yaml").write_text("not: [looked, at")
    file = tmp_path / "estate.yaml"
    file.write_text(ESTATE.replace("DIRECTORY", str(own)))
    return file


def completed(line: str, home: Path, estate: Path | None = None) -> list[str]:
    """What Bash is told of a line whose last word is not finished yet."""
    asked = {"_DSLSCONSOLE_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    if estate is not None:
        asked["DSLSCONSOLE_CONFIG"] = str(estate)
    argv = [sys.executable, "-c", PROGRAM, *HEAVY]
    told = subprocess.run(argv, env=environment(home, **asked), capture_output=True, text=True, check=True, cwd=home)
    names, _, imported = told.stdout.rpartition("|")
    assert imported.split() == [], "waited for"
    assert told.stderr == ""
    return [name.removeprefix("plain,") for name in names.split()]


def test_names_are_completed(tmp_path: Path, estate: Path) -> None:
    assert completed("dslsconsole run site", tmp_path, estate) == ["site-backup"]
    assert completed("dslsconsole run failover ", tmp_path, estate) == ["east", "west"]
    assert completed("dslsconsole console --cluster w", tmp_path, estate) == ["west"]
    assert completed(f"dslsconsole -c {estate} run failover e", tmp_path) == ["east"]
    assert completed("dslsconsole wallboard --theme high", tmp_path) == ["high-contrast"]
    assert "completion" in completed("dslsconsole comp", tmp_path)


def context(estate: Path | None = None) -> click.Context:
    return click.Context(click.Command("any"), obj=Invocation(str(estate) if estate else None))


@pytest.mark.parametrize("content", [None, "", "- a", "clusters: 7", "a: [", "clusters: {1: {}}", "\x00"])
def test_where_there_is_no_estate_there_is_no_name_and_no_error(tmp_path: Path, content: str | None) -> None:
    estate = tmp_path / "estate.yaml"
    if content is not None:
        estate.write_text(content)
    parameter = click.Argument(["cluster"])
    assert completing(clusters)(context(estate), parameter, "") == []
    assert "failover" in completing(runbooks)(context(estate), parameter, "")


def test_the_names_are_those_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert sorted(faults(context())) == sorted(all_faults())
    assert sorted(scenarios(context())) == sorted(all_scenarios())
    assert sorted(themes(context())) == sorted(load([shipped("themes")]).themes)
    assert sorted(runbooks(context(tmp_path / "none.yaml"))) == sorted(builtin())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(shell: str) -> None:
    argv = [sys.executable, "-m", "dslsconsole", "completion", shell]
    script = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert f"_DSLSCONSOLE_COMPLETE={shell}_complete" in script


def test_bash_completes_with_its_script(tmp_path: Path, estate: Path) -> None:
    """In a shell, as after Tab."""
    program = tmp_path / "dslsconsole"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m dslsconsole "$@"\n')
    program.chmod(0o755)
    script = f"""
source <(dslsconsole completion bash)
COMP_WORDS=(dslsconsole -c {estate} run failover w) COMP_CWORD=5
_dslsconsole_completion dslsconsole
echo "${{COMPREPLY[@]}}"
"""
    own = environment(tmp_path) | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    told = subprocess.run(["bash", "-c", script], env=own, capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.split() == ["west"]
