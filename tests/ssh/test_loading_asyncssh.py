"""Loading the SSH library starts no other program."""

import subprocess
import sys
from pathlib import Path


def test_no_compiler_is_started(tmp_path: Path) -> None:
    for name in ("gcc", "cc", "ld", "ldconfig", "objdump"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho {name} >>{tmp_path}/started\nexit 1\n")
        program.chmod(0o755)
    subprocess.run(
        [sys.executable, "-c", "import dslsconsole.ssh"], check=True, env={"PATH": str(tmp_path)}, timeout=60
    )
    assert not (tmp_path / "started").exists()
