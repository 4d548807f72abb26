"""The README tells what the program is now: its pictures and keys are the program's own, its commands are CI's."""

import asyncio
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dslsconsole.cli import COMMANDS
from dslsconsole.man_page import PAGE, man_page
from dslsconsole.tui import handbook
from dslsconsole.tui.pictures import picture, wanted

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_keys_is_the_programs_own() -> None:
    assert handbook.with_keys(README) == README


def test_the_readme_shows_pictures() -> None:
    assert len(handbook.shown(README)) >= 4


@pytest.mark.parametrize("name", handbook.shown(README))
def test_a_picture_is_what_the_program_draws(name: str) -> None:
    kept = (ROOT / handbook.PICTURES / f"{name}.svg").read_text(encoding="utf-8")
    assert kept == asyncio.run(picture(wanted()[name])), "stale: run python -m dslsconsole.tui.handbook"


def test_ci_runs_the_readmes_own_test_command() -> None:
    commands = re.findall(r"```sh\n(python3 -m venv .*)\n```", README)
    assert len(commands) == 2
    assert commands[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_helps_with_an_example(name: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "dslsconsole", name, "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "Example" in result.stdout


def test_the_manual_page_is_the_programs_own() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == man_page(), "stale: run python -m dslsconsole.man_page"


def test_the_manual_page_can_be_read(need: Callable[[str], str]) -> None:
    argv = [need("man"), "--warnings", "-E", "UTF-8", "-l", str(ROOT / PAGE)]
    shown = subprocess.run(argv, capture_output=True, text=True, check=True, env=os.environ | {"MANWIDTH": "100"})
    assert shown.stderr == ""
    for name in COMMANDS:
        assert f"dslsconsole {name}" in shown.stdout


@pytest.mark.parametrize("module", ["pictures", "handbook"])
def test_what_makes_the_pictures_helps_and_makes_nothing_when_asked_for_help(module: str, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", f"dslsconsole.tui.{module}", "--help"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert result.stdout.startswith(f"usage: python -m dslsconsole.tui.{module}")
    assert not list(tmp_path.iterdir())


def test_themes_and_example_configurations_travel_in_the_wheel(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), "."]
    subprocess.run(build, check=True, cwd=ROOT, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for kind in ("themes", "config"):
        kept = {f"dslsconsole/{path.relative_to(ROOT)}" for path in (ROOT / kind).rglob("*") if path.is_file()}
        assert kept
        assert kept <= names
    assert any(name.startswith("dslsconsole/runbooks/builtin/") for name in names)
    assert any(name.endswith(".data/data/share/man/man1/dslsconsole.1") for name in names), "where man looks for it"
