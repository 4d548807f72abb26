"""Who may look and who may act: by account and Unix group, and nobody by being root."""

import grp
import io
import os
import pty

import pytest
from pydantic import ValidationError

from dslsconsole.runbooks.permission import (
    TTY_VARIABLE,
    Person,
    forbidden,
    known_as,
    not_a_viewer,
    not_an_operator,
    who,
)
from dslsconsole.settings.schema import Estate


def estate(**operators: object) -> Estate:
    return Estate.model_validate(
        {
            "version": 1,
            "ssh": {"operate_user": "dslsop"},
            "clusters": {"c": {"nodes": {"n1": {"mode": "primary"}}}},
            "operators": operators,
        }
    )


ONCALL = estate(viewers=["bea", "@staff"], operators=["anna", "@dsls-oncall"])


@pytest.mark.parametrize(
    ("person", "looks", "acts"),
    [
        (Person("anna", frozenset(), "h", None), True, True),
        (Person("carl", frozenset({"dsls-oncall"}), "h", None), True, True),
        (Person("bea", frozenset({"users"}), "h", None), True, False),
        (Person("dora", frozenset({"staff"}), "h", None), True, False),
        (Person("staff", frozenset({"anna"}), "h", None), False, False),
        (Person("root", frozenset({"root"}), "h", None), False, False),
    ],
)
def test_names_and_groups_decide(person: Person, looks: bool, acts: bool) -> None:
    assert (not_a_viewer(ONCALL, person) is None) is looks
    assert (not_an_operator(ONCALL, person) is None) is acts
    assert (forbidden(ONCALL, "failover", person) is None) is acts
    if not acts:
        assert f"{person.name} is none of the operators that the estate file names (anna, @dsls-oncall)" in str(
            not_an_operator(ONCALL, person)
        )


def test_a_group_that_this_host_does_not_have_permits_nobody() -> None:
    assert "no-such-group-here" not in {group.gr_name for group in grp.getgrall()}
    assert not_an_operator(estate(operators=["@no-such-group-here"]), who()) is not None


def test_everybody_is_everybody_and_nobody_is_an_error_of_nobody() -> None:
    stranger = Person("stranger", frozenset(), "h", None)
    assert not_an_operator(estate(), stranger) is None
    assert not_an_operator(estate(operators=[]), stranger) is not None
    with pytest.raises(ValidationError):
        estate(operators="anna")


def test_somebody_elsewhere_is_known_by_this_host_s_groups() -> None:
    me = who()
    assert known_as(me.name).name == me.name
    assert grp.getgrgid(os.getgid()).gr_name in known_as(me.name).groups | me.groups
    assert known_as("no-such-account-here").groups == frozenset()


def test_a_run_that_a_console_started_tells_the_consoles_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    try:
        name = os.ttyname(slave)
        monkeypatch.setattr("sys.stdin", io.StringIO())
        for told, known in ((name, name), ("/etc/passwd", None), ("/dev/pts/../../etc", None), ("", None)):
            monkeypatch.setenv(TTY_VARIABLE, told)
            assert who().tty == known
    finally:
        os.close(master)
        os.close(slave)
