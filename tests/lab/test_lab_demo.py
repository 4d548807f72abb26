"""The demo is found by `dslsconsole lab …` while it runs, whatever an earlier one left behind."""

from pathlib import Path

import pytest

from dslsconsole.commands import demo, lab


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's state directory of our own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def test_a_demo_is_remembered_while_it_runs(state: Path, tmp_path: Path) -> None:
    with demo.remembered(tmp_path / "demo"):
        assert lab.running_directory() == tmp_path / "demo"
    assert lab.running_directory() == lab.default_directory()


def test_the_name_that_a_killed_demo_left_is_replaced(state: Path, tmp_path: Path) -> None:
    file = lab.last_directory_file()
    file.parent.mkdir(parents=True)
    file.write_text(f"{tmp_path / 'killed'}\n")
    with demo.remembered(tmp_path / "demo"):
        assert lab.running_directory() == tmp_path / "demo"
