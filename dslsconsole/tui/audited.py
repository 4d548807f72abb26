"""What an audit of the HA configuration found, as the console is told it."""

from msgspec import Struct


class Finding(Struct, frozen=True):
    """One thing that a rule found, or could not look at (`result` is `unknown`)."""

    rule: str
    severity: str
    cluster: str
    host: str
    summary: str
    evidence: tuple[str, ...]
    why: str
    mend: str
    result: str


class AuditReport(Struct, frozen=True):
    """What `dslsconsole audit --json` prints."""

    taken_at: str
    findings: tuple[Finding, ...]
    rules: int
    fine: int


class Audited(Struct, frozen=True):
    """What is known of a cluster's configuration: the last report, and whether another is on its way."""

    report: AuditReport | None = None
    failure: str | None = None
    running: bool = False
