"""A practice estate for every test that wants one."""

from pathlib import Path

import pytest

from tests.lab.lab_estate import Estate, build


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """A practice estate in the middle of a working day, standing still."""
    return build(tmp_path)
