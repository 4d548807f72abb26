"""What all tests share: the rule for tests that need a real server, and a quiet environment."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

for name in ("NO_COLOR", "COLORTERM", "DSLSCONSOLE_CONFIG", "SSH_AUTH_SOCK"):
    os.environ.pop(name, None)
os.environ["TERM"] = "xterm-256color"
for name in [name for name in os.environ if name.startswith("TEXTUAL") and "SNAPSHOT" not in name]:
    del os.environ[name]


@pytest.fixture
def need() -> Callable[[str], str]:
    """The path of a program that the test needs.

    Where it is missing the test skips with the reason; with DSLSCONSOLE_REQUIRE_REAL=1 it fails.
    """

    def path_of(program: str) -> str:
        found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if found is not None:
            return str(Path(found).resolve() if Path(found).is_symlink() else found)
        reason = f"{program} is not installed on this machine"
        if os.environ.get("DSLSCONSOLE_REQUIRE_REAL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)

    return path_of
