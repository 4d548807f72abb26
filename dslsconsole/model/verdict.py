"""What the reading process concludes from the readings of a cluster: the answer to "are licences being served"."""

from enum import StrEnum

from msgspec import Struct

from dslsconsole.model.node import Quorum


class Health(StrEnum):
    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    WARNING = "warning"
    CRITICAL = "critical"


class Alert(Struct, frozen=True):
    """A rule that holds. `id` is one of the contract's, `subject` a host, pool, server or cluster."""

    id: str
    severity: Severity
    cluster: str
    subject: str
    summary: str
    since: float
    evidence: tuple[str, ...] = ()
    advice: str = ""
    acknowledged_by: str | None = None
    found: bool = False
    """It held already when reading began: then it may have begun long before `since`."""


class ClusterVerdict(Struct, frozen=True):
    """Judged from fresh readings only; None where they do not tell."""

    cluster: str
    health: Health
    sentence: str
    """One sentence for the person on call, e.g. `licences are served by dsls-primary-01`."""
    serving: bool | None = None
    primary: str | None = None
    """The node that serves as primary: at the DR site while that one serves."""
    primaries: tuple[str, ...] = ()
    """Every node that claims to be primary."""
    epoch: int | None = None
    quorum: Quorum | None = None
    split_brain: bool | None = None
    dr_active: bool | None = None
    tokens_from: str | None = None
    """The node whose token pools count where none is primary: the vendor's servers all tell the same."""

    @property
    def tokens_at(self) -> str | None:
        """The node whose token pools count."""
        return self.primary if self.primary is not None else self.tokens_from
