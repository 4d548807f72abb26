"""An audit's report as people read it: by cluster, the worst first, each with why it matters and how to mend it."""

import itertools
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from dslsconsole.audit.findings import Finding, Report, discovered
from dslsconsole.audit.rule import Result
from dslsconsole.audit.wording import listed
from dslsconsole.model.verdict import Severity

_INDENT = " " * 10
NARROWEST = 60


def told(report: Report, width: int) -> Iterator[str]:
    """The lines of a report, wrapped to so many columns."""
    width = max(NARROWEST, width)
    for cluster, group in itertools.groupby(report.findings, lambda finding: finding.cluster):
        yield cluster or "the estate file"
        findings = list(group)
        for _, same in itertools.groupby(_of(findings, Result.FOUND), lambda finding: (finding.severity, finding.rule)):
            yield from _rule(list(same), width)
        yield from _unknown(list(_of(findings, Result.UNKNOWN)), width)
    yield _sum(report)


def _of(findings: Iterable[Finding], result: Result) -> Iterator[Finding]:
    return (finding for finding in findings if finding.result is result)


def _rule(findings: Sequence[Finding], width: int) -> Iterator[str]:
    """What one rule found, on one host or on several."""
    first = findings[0]
    yield f"  {first.severity.value.upper():<8}  {first.rule}: {discovered()[first.rule].about}"
    for finding in findings:
        yield from _wrapped(finding.summary, width, "- ", "  ")
        if finding.evidence:
            yield from _wrapped(" · ".join(finding.evidence), width, "  ", "  ")
    yield from _wrapped(first.why, width, "why:  ", "      ")
    for advice in _advice(findings):
        yield from _wrapped(advice, width, "mend: ", "      ")
    yield ""


def _advice(findings: Sequence[Finding]) -> Iterator[str]:
    """What to do, once for all hosts on which it is the same."""
    hosts: dict[str, list[str]] = {}
    for finding in findings:
        where = f"On {finding.host}"
        is_there = bool(finding.host) and finding.mend.startswith(where)
        rest = finding.mend.removeprefix(where) if is_there else finding.mend
        hosts.setdefault(rest, []).extend([finding.host] if is_there else [])
    for rest, names in hosts.items():
        yield f"On {listed(dict.fromkeys(names))}{rest}" if names else rest


def _unknown(findings: Sequence[Finding], width: int) -> Iterator[str]:
    """What could not be looked at, each once with the rules that would have gone by it."""
    rules: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        rules.setdefault((finding.summary, finding.mend), []).append(finding.rule)
    for (summary, mend), names in rules.items():
        asked = list(dict.fromkeys(names))
        yield f"  UNKNOWN   for {len(asked)} rule{'s' if len(asked) > 1 else ''}"
        yield from _wrapped(summary, width, "- ", "  ")
        yield from _wrapped(", ".join(asked), width, "  ", "  ")
        if mend:
            yield from _wrapped(mend, width, "mend: ", "      ")
        yield ""


def _wrapped(text: str, width: int, first: str, rest: str) -> list[str]:
    # Commands are copied from here: no word of them is cut.
    return textwrap.wrap(
        text,
        width,
        initial_indent=_INDENT + first,
        subsequent_indent=_INDENT + rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _sum(report: Report) -> str:
    good = f"{report.fine} answers of {report.rules} rules were good"
    if not report.findings:
        return f"Nothing found: {good}."
    kinds = [
        (sum(one.severity is severity for one in _of(report.findings, Result.FOUND)), word)
        for severity, word in ((Severity.CRITICAL, "critical"), (Severity.WARNING, "warning"))
    ]
    unknown = sum(1 for _ in _of(report.findings, Result.UNKNOWN))
    parts = [f"{count} {word}" for count, word in kinds if count]
    parts += [f"{unknown} not known, which proves nothing good"] if unknown else []
    return f"{', '.join(parts)}; {good}."
