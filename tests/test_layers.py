"""Imports point down, and each process loads only what it is for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def loaded_by(module: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after importing one."""
    script = f"import sys, json, importlib; importlib.import_module({module!r}); print(json.dumps(list(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(json.loads(result.stdout))


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("dslsconsole.tui.app", {"asyncssh", "dslsconsole.ssh", "dslsconsole.runbooks", "dslsconsole.systems"}),
        ("dslsconsole.watch.poller", {"textual", "dslsconsole.runbooks", "dslsconsole.lab"}),
        ("dslsconsole.runbooks", {"textual", "dslsconsole.watch", "dslsconsole.lab"}),
        ("dslsconsole.cli", {"textual", "asyncssh", "pydantic", "dslsconsole.lab"}),
        ("dslsconsole.model.frames", {"textual", "asyncssh", "yaml", "click"}),
    ],
)
def test_a_process_does_not_load_what_it_is_not_for(module: str, absent: set[str]) -> None:
    loaded = loaded_by(module)
    assert module in loaded
    assert not absent & loaded
