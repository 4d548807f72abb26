"""The audit: what will not work when it is needed, why that matters, and what to write where."""

from collections.abc import Iterator

from dslsconsole.tui.audited import Audited, AuditReport, Finding
from dslsconsole.tui.render.cells import GLYPHS, Cell, Row, Sheet, Tone
from dslsconsole.tui.render.view import View

TONES = {"critical": Tone.CRITICAL, "warning": Tone.WARNING}


def audit(view: View) -> Sheet:
    """The findings as the audit orders them, each with evidence, reason and mending."""
    known = view.audited
    rows = [*_state(known), *(row for finding in _findings(known) for row in _finding(finding))]
    if known.report is None:
        return Sheet("Audit", (), tuple(rows), empty="nothing has been looked at yet: press 9 to look")
    worst = next((TONES[one.severity] for one in known.report.findings if one.severity in TONES), Tone.TITLE)
    return Sheet(f"Audit · {_count(known.report)}", (), tuple(rows), worst)


def _findings(known: Audited) -> tuple[Finding, ...]:
    return known.report.findings if known.report is not None else ()


def _count(report: AuditReport) -> str:
    found = len(report.findings)
    return "nothing found" if not found else f"{found} finding{'s' if found > 1 else ''}"


def _state(known: Audited) -> Iterator[Row]:
    if known.running:
        yield _line("running", "the configuration is being read on the hosts …", Tone.UNKNOWN)
    if known.failure is not None:
        yield _line("failure", f"✖ {known.failure}", Tone.CRITICAL)
    if known.report is not None:
        taken = known.report.taken_at.replace("T", " ")
        said = f"read {taken}: {known.report.rules} rules, {known.report.fine} answers in order. 9 looks again."
        yield _line("taken", said, Tone.MUTED)


def _finding(one: Finding) -> Iterator[Row]:
    unknown = one.result == "unknown"
    tone = Tone.UNKNOWN if unknown else TONES.get(one.severity, Tone.TEXT)
    where = f"{one.host}: " if one.host and one.host not in one.summary else ""
    key = f"{one.rule} {one.host}"
    said = f"{GLYPHS.get(tone, '·')} {where}{one.summary} · {'not known' if unknown else one.severity} · {one.rule}"
    yield _line(key, said, tone, indent=0)
    for number, text in enumerate(one.evidence):
        yield _line(f"{key} evidence {number}", text, Tone.MUTED)
    if one.mend:
        yield _line(f"{key} mend", f"→ {one.mend}", Tone.ACCENT)
    yield _line(f"{key} why", one.why, Tone.MUTED)


def _line(key: str, text: str, tone: Tone, indent: int = 2) -> Row:
    return Row(key, (Cell(text, tone),), spans=True, wraps=True, indent=indent)
