"""What a rule is: a question about one cluster's fresh readings, answered with findings."""

from collections.abc import Callable, Iterable
from typing import Protocol

from msgspec import Struct

from dslsconsole.alerts.view import View
from dslsconsole.model.verdict import Severity


class Finding(Struct, frozen=True):
    """One thing that a rule found to hold, not yet an alert: it may have to hold for a while first."""

    subject: str
    summary: str
    severity: Severity
    evidence: tuple[str, ...] = ()
    advice: str = ""
    since: float | None = None
    """When it began, where a reading tells; else the moment it was first found."""
    urgent: bool = False
    """Raised at once, whatever the rule's patience."""


Find = Callable[[View], Iterable[Finding]]


class Rule(Protocol):
    """A rule of one cluster. `hold_s` and `hold_rounds` say how long a finding must hold before it is an alert."""

    @property
    def hold_s(self) -> float: ...

    @property
    def hold_rounds(self) -> float: ...

    def find(self, view: View) -> Iterable[Finding]: ...


class Stateless(Struct, frozen=True):
    """A rule that needs no memory of earlier readings."""

    find: Find
    hold_s: float = 0.0
    hold_rounds: float = 0.0
    """In poll intervals: 1 means that a second reading must agree."""
