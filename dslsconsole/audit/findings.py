"""Every rule asked, and what came of it, worst first."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from msgspec import Struct

from dslsconsole.audit import rules
from dslsconsole.audit.facts import ClusterFacts
from dslsconsole.audit.rule import Result, Rule, Verdict
from dslsconsole.model.verdict import Severity
from dslsconsole.settings.schema import Estate

SCHEMA = 1
_ORDER = {Severity.CRITICAL: 0, Severity.WARNING: 1}


class Finding(Struct, frozen=True):
    """One thing that a rule found, or could not look at."""

    rule: str
    severity: Severity
    cluster: str
    """Empty for the estate file's own."""
    host: str
    """Empty for what belongs to no single host."""
    summary: str
    evidence: tuple[str, ...]
    why: str
    mend: str
    result: Result
    """found or unknown."""


class Report(Struct, frozen=True):
    """What `audit --json` prints."""

    schema: int
    taken_at: str
    """ISO 8601, UTC."""
    findings: tuple[Finding, ...]
    rules: int
    """How many rules were asked."""
    fine: int
    """How many answers were good: a rule may give one for each host."""


@cache
def discovered() -> Mapping[str, Rule]:
    """Each rule by its id: every module of `audit.rules` is one, with a function `rule`."""
    names = sorted(module.name for module in pkgutil.iter_modules(rules.__path__))
    return {name: importlib.import_module(f"{rules.__name__}.{name}").rule() for name in names}


def report(estate: Estate, clusters: Iterable[ClusterFacts], taken_at: str) -> Report:
    """Ask every rule."""
    answers = list(_answers(estate, clusters))
    findings = [finding for finding in answers if finding.result is not Result.FINE]
    return Report(SCHEMA, taken_at, tuple(sorted(findings, key=_rank)), len(discovered()), len(answers) - len(findings))


def _rank(finding: Finding) -> tuple[bool, str, bool, int, str, str]:
    """By cluster, the estate file's own last; what is known before what is not, the worst first."""
    is_unknown = finding.result is Result.UNKNOWN
    return (not finding.cluster, finding.cluster, is_unknown, _ORDER[finding.severity], finding.rule, finding.host)


def _answers(estate: Estate, clusters: Iterable[ClusterFacts]) -> Iterator[Finding]:
    told = tuple(clusters)
    for name, rule in discovered().items():
        for verdict in rule.of_estate(estate) if rule.of_estate is not None else ():
            yield _finding(name, rule, "", verdict)
        for facts in told if rule.of_cluster is not None else ():
            assert rule.of_cluster is not None
            for verdict in rule.of_cluster(facts):
                yield _finding(name, rule, facts.name, verdict)


def _finding(name: str, rule: Rule, cluster: str, verdict: Verdict) -> Finding:
    return Finding(
        rule=name,
        severity=verdict.severity or rule.severity,
        cluster=cluster,
        host=verdict.host,
        summary=verdict.summary,
        evidence=verdict.evidence,
        why=rule.why,
        mend=verdict.mend,
        result=verdict.result,
    )
