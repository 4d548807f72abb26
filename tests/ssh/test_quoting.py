"""The quoting of remote commands: whatever the arguments, the far side's shell runs exactly them."""

import shlex
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dslsconsole.ssh.quoting import bounded, command

ARGUMENT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


@settings(max_examples=60, deadline=None)
@given(st.lists(ARGUMENT, max_size=5))
def test_a_real_shell_passes_the_arguments_on_as_they_are(arguments: list[str]) -> None:
    line = command("/usr/bin/printf", "%s\\0", *arguments, "end")
    printed = subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=True).stdout
    assert printed.decode().split("\0")[:-1] == [*arguments, "end"]


@given(st.lists(ARGUMENT, min_size=1, max_size=6).filter(lambda words: words[0] != ""))
def test_splitting_gives_the_arguments_back(words: list[str]) -> None:
    assert shlex.split(command(*words)) == words


def test_a_program_whose_name_looks_like_an_assignment_is_still_run() -> None:
    assert command("A=b", "c") == "'A=b' c"


def test_a_nul_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        command("echo", "a\0b")


def test_nothing_to_run_is_refused() -> None:
    with pytest.raises(ValueError, match="no program"):
        command()
    with pytest.raises(ValueError, match="no program"):
        bounded((), 3)


def test_a_bounded_command_ends_over_there_by_itself() -> None:
    assert bounded(("systemctl", "stop", "a b"), 2.5) == "timeout -k 1 2.5 systemctl stop 'a b'"
    assert bounded(("true",), 10) == "timeout -k 1 10 true"


def test_a_limit_of_nothing_would_be_none_and_is_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        bounded(("true",), 0)
