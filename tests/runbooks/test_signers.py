"""Whose key it is, by an allowed-signers file: one that may be the asker's own approves nothing of theirs."""

import base64
from pathlib import Path

import pytest

from dslsconsole.runbooks.signing import Signers

KEY = b"\0\0\0\x0bssh-ed25519 the key"


def signers(directory: Path, names: str) -> Signers:
    path = directory / "allowed_signers"
    path.write_text(f"# who may\n{names} ssh-ed25519 {base64.b64encode(KEY).decode()} a comment\n")
    return Signers(path)


@pytest.mark.parametrize(
    ("names", "may"),
    [
        ("anna", True),
        ("anna@uni.example", True),
        ("Anna@uni.example", True),
        ("a.smith@uni.example,anna@uni.example", True),
        ("anna@uni.example,a.smith@uni.example", True),
        ('"a.smith@uni.example,anna@uni.example"', True),
        ("*@uni.example", True),
        ("*", True),
        ("ann?@uni.example", True),
        ("*,!anna@uni.example", True),
        ("bob@uni.example", False),
        ("annabel@uni.example,bob", False),
    ],
)
def test_a_key_that_names_its_owner_among_others_is_their_own(tmp_path: Path, names: str, may: bool) -> None:
    assert signers(tmp_path, names).may_be(KEY, "anna") is may


def test_a_key_that_the_file_does_not_hold_is_nobodys(tmp_path: Path) -> None:
    assert not signers(tmp_path, "anna").principals(b"another")
    assert not signers(tmp_path, "anna").may_be(b"another", "anna")
