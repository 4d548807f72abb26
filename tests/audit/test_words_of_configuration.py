"""HAProxy itself takes what the audit holds for well set up, and what it says to write."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.audit.sound import HAPROXY

pytestmark = pytest.mark.real


def checked(program: str, *words: str) -> str:
    ran = subprocess.run([program, *words], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stderr


def test_haproxy_takes_it_without_a_warning(tmp_path: Path, need: Callable[[str], str]) -> None:
    file = tmp_path / "haproxy.cfg"
    text = HAPROXY.replace("dsls-primary-01", "127.0.0.1").replace("dsls-backup-01", "127.0.0.1")
    file.write_text(text.replace("timeout tunnel 1h", "timeout tunnel 1h\n    option clitcpka\n    option srvtcpka"))
    said = checked(need("haproxy"), "-c", "-f", str(file))
    assert "unknown" not in said
    assert "ALERT" not in said
