"""The shipped scripts run as tests, on practice estates of their own; one that is not met says at which step."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from dslsconsole.sessions.script import Screenshot, read
from dslsconsole.shipped import shipped

SCRIPTS = sorted((shipped("config") / "scripts").glob("*.yaml"))


async def run(*words: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dslsconsole", "replay", *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


LONG = frozenset(
    {
        "planned-failover",
        "primary-lost",
        "tour",
        "dr-activation",
        "finals-week",
        "mid-semester",
        "summer",
        "new-semester",
        "split-brain",
    }
)
"""A minute or two each: they run where all faults do (DSLSCONSOLE_ALL_FAULTS=1)."""
TRIED = [path for path in SCRIPTS if path.stem not in LONG or os.environ.get("DSLSCONSOLE_ALL_FAULTS") == "1"]


@pytest.mark.parametrize("path", TRIED, ids=[path.stem for path in TRIED])
async def test_it_is_met(path: Path, tmp_path: Path) -> None:
    status, out, err = await run(str(path), "--headless", "--pictures", str(tmp_path / "pictures"))
    assert status == 0, out
    assert "steps were met" in out
    assert err == ""
    wanted = sum(isinstance(step, Screenshot) for step in read(path).steps)
    assert len(list((tmp_path / "pictures").glob("*.svg"))) == wanted


async def test_one_that_is_not_met_tells_the_step_and_what_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(
        "version: 1\ntitle: a test\nsteps:\n- wait-for: licences are served\n- fault: no-such-fault\n- press: q\n"
    )
    status, out, err = await run(str(path), "--headless")
    assert status == 1
    assert out.startswith("a test: step 2 was not met: the practice estate refuses: ")
    assert "licences are served by dsls-primary-01" in out
    assert err == ""


async def test_without_a_terminal_it_says_how_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text("version: 1\ntitle: a test\nsteps:\n- press: q\n")
    status, _, err = await run(str(path))
    assert status == 64
    assert "--headless" in err
    (tmp_path / "broken.yaml").write_text("steps: 7")
    status, _, err = await run(str(tmp_path / "broken.yaml"), "--headless")
    assert status == 64
    assert "a script begins with" in err
