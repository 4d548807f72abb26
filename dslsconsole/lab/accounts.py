"""Who may be logged in on a practice host."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """A user of a practice host."""

    name: str
    uid: int
    home: str
    may_sudo: bool = False

    @property
    def is_root(self) -> bool:
        return self.uid == 0


ROOT = Account("root", 0, "/root", may_sudo=True)
PROBE = Account("dslsprobe", 990, "/var/lib/dslsprobe")
OPERATOR = Account("dslsop", 991, "/home/dslsop", may_sudo=True)
