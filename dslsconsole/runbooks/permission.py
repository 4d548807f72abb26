"""Who may run what: the estate's operators, by user name or `@group`."""

import contextlib
import getpass
import grp
import os
import pwd
import re
import socket
import sys
from pathlib import Path

from msgspec import Struct

from dslsconsole.settings.schema import Estate

TTY_VARIABLE = "DSLSCONSOLE_TTY"
"""In which a console tells what it starts on which terminal it runs."""


class Person(Struct, frozen=True):
    """Who runs this, by the account and not by what the environment says."""

    name: str
    groups: frozenset[str]
    host: str
    tty: str | None


def who() -> Person:
    """The account that this process runs as, and from where."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = getpass.getuser()
    groups = set()
    for number in {os.getgid(), *os.getgroups()}:
        try:
            groups.add(grp.getgrgid(number).gr_name)
        except KeyError:
            # A number without a name can't be meant by the estate file.
            continue
    tty = os.ttyname(sys.stdin.fileno()) if _is_tty() else _handed_on(os.environ.get(TTY_VARIABLE, ""))
    return Person(name, frozenset(groups), socket.gethostname(), tty)


def _handed_on(tty: str) -> str | None:
    """The terminal of the console that started this process without one; None where it is not one of ours."""
    if not re.fullmatch(r"/dev/(pts/\d{1,6}|tty\w{1,12})", tty):
        return None
    with contextlib.suppress(OSError):
        if Path(tty).stat().st_uid == os.getuid():
            return tty
    return None


def known_as(name: str) -> Person:
    """The account of that name as this host knows it, with its groups: for somebody who sits elsewhere."""
    groups = {group.gr_name for group in grp.getgrall() if name in group.gr_mem}
    # An account that this host does not have is in no group here that could be meant.
    with contextlib.suppress(KeyError):
        groups.add(grp.getgrgid(pwd.getpwnam(name).pw_gid).gr_name)
    return Person(name, frozenset(groups), "", None)


def _is_tty() -> bool:
    try:
        return sys.stdin.isatty()
    except ValueError:
        return False


def forbidden(estate: Estate, runbook: str, person: Person) -> str | None:
    """Why the person may not run the runbook; None if they may, where need be with a second operator's approval."""
    if estate.ssh.operate_user is None:
        return "Not permitted: the estate file names no ssh.operate_user, so nothing can be run from here."
    if estate.dslicsrv.dialect == "vendor":
        return (
            f"Not permitted: {runbook} rests on roles and promotion, and the vendor's licence server has neither "
            "(dslicsrv.dialect: vendor). Its failover cluster moves licences by itself; this estate is only watched."
        )
    return not_an_operator(estate, person)


def not_an_operator(estate: Estate, person: Person) -> str | None:
    """Why the person may run nothing; None if they are an operator."""
    allowed = estate.operators.operators
    if _names(person) & set(allowed):
        return None
    return f"Not permitted: {person.name} is none of the operators that the estate file names ({', '.join(allowed)})."


def not_a_viewer(estate: Estate, person: Person) -> str | None:
    """Why the person may not even look; None if they may. Operators may."""
    viewers = estate.operators.viewers
    if _names(person) & {*viewers, *estate.operators.operators}:
        return None
    return f"Not permitted: {person.name} is none of the viewers that the estate file names ({', '.join(viewers)})."


def _names(person: Person) -> set[str]:
    """What the estate file may call a person."""
    return {"*", person.name} | {f"@{group}" for group in person.groups}
