"""What of a recording one wants to find again: alerts raised and over, operations and their steps, keys, gaps."""

from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec
from msgspec import Struct

from dslsconsole.model.frames import Alerts, Frame, Full, decode
from dslsconsole.model.picture import Picture
from dslsconsole.model.unseen import unseen
from dslsconsole.model.verdict import Alert
from dslsconsole.sessions.recording import Found, Logged, Looked, Note, Pressed, Record, Seen, Whole

GAP_S = 60.0
"""Longer without anything coming in is a gap."""


class Kind(StrEnum):
    ALERT = "alert"
    OVER = "over"
    UNSEEN = "unseen"
    OPERATION = "operation"
    DID = "did"
    LOOKED = "looked"
    PRESSED = "pressed"
    TROUBLE = "trouble"
    GAP = "gap"
    NOTE = "note"


class Mark(Struct, frozen=True):
    """Something at a time, in words."""

    at: float
    kind: Kind
    text: str
    event: str = ""
    """Of an operation: the journal's event."""
    operation: str = ""


class Entry(Struct, frozen=True):
    """What a recorded line of the action log says, as far as it is needed here."""

    seq: int
    at: float | None
    operator: str
    cluster: str
    runbook: str
    operation: str
    event: str
    text: str
    outcome: str = ""


_entry = msgspec.json.Decoder(Entry)


def frames_of(record: Seen | Whole) -> Iterator[Frame]:
    """The frames of a record; those of kinds that this version does not know are left out.

    Raises:
        ValueError: one is no frame.
    """
    for line in record.frames:
        if (frame := decode(bytes(line))) is not None:
            yield frame


def marks(records: Iterable[Record]) -> Iterator[Mark]:
    """In the order of the recording. What was there when it began is not news, and no mark."""
    known: dict[tuple[str, str, str], Alert] | None = None
    picture = Picture()
    trouble: str | None = None
    last = 0.0
    looked: Looked | None = None
    seen: set[tuple[str, int]] = set()
    began: float | None = None
    for record in records:
        began = record.at if began is None else began
        if isinstance(record, Seen):
            if last and record.at - last > GAP_S:
                yield Mark(record.at, Kind.GAP, f"nothing came in for {record.at - last:.0f} s")
            last = record.at
            if record.trouble is not None and record.trouble != trouble:
                yield Mark(record.at, Kind.TROUBLE, record.trouble)
            trouble = record.trouble
            for frame in frames_of(record):
                picture = picture.apply(frame)
                if isinstance(frame, Alerts | Full):
                    yield from _changed(known, frame.alerts, picture, record.at)
                    known = {_place(alert): alert for alert in frame.alerts}
        elif isinstance(record, Whole):
            for frame in frames_of(record):
                picture = picture.apply(frame)
        elif isinstance(record, Logged):
            for raw in record.entries:
                entry = _entry.decode(raw)
                if (entry.operation, entry.seq) in seen or (entry.at is not None and entry.at < began):
                    continue
                seen.add((entry.operation, entry.seq))
                said = f"{entry.runbook} of {entry.operator}: {entry.text}"
                yield Mark(record.at, Kind.OPERATION, said, entry.event, entry.operation)
        elif isinstance(record, Found):
            if text := _did(record):
                yield Mark(record.at, Kind.DID, text)
        elif isinstance(record, Looked):
            if looked is not None and (text := _went(looked, record)):
                yield Mark(record.at, Kind.LOOKED, text)
            looked = record
        elif isinstance(record, Pressed):
            yield Mark(record.at, Kind.PRESSED, record.key)
        elif isinstance(record, Note):
            yield Mark(record.at, Kind.NOTE, record.text)


class _Went(Struct, frozen=True):
    """How a rehearsal ended."""

    outcome: str = ""
    sentence: str = ""


class _Dialogue(Struct, frozen=True):
    """What a dialog showed, as far as it is needed here."""

    kind: str
    plan: "_Rehearsed"
    went: _Went | None = None


class _Rehearsed(Struct, frozen=True):
    runbook: str = ""


def _did(found: Found) -> str:
    """What the operator did, in words; nothing where it was only looked at.

    Raises:
        ValueError: it holds what no console has written.
    """
    if found.what == "arming":
        return f"{'armed' if msgspec.json.decode(found.report, type=bool) else 'no longer armed'} for {found.cluster}"
    if found.what == "dialog":
        shown = msgspec.json.decode(found.report, type=_Dialogue)
        if shown.kind == "rehearsal" and shown.went is not None:
            return ": ".join(filter(None, (f"rehearsed {shown.plan.runbook}", shown.went.outcome, shown.went.sentence)))
    return ""


def _place(alert: Alert) -> tuple[str, str, str]:
    return alert.cluster, alert.id, alert.subject


def _changed(
    known: dict[tuple[str, str, str], Alert] | None, alerts: tuple[Alert, ...], picture: Picture, at: float
) -> Iterator[Mark]:
    now = {_place(alert) for alert in alerts}
    for alert in alerts:
        if known is not None and _place(alert) not in known:
            yield Mark(at, Kind.ALERT, f"{alert.severity.value}: {alert.summary}")
    for place, alert in sorted((known or {}).items()):
        if place not in now:
            text = f"{alert.id} of {alert.subject} in {alert.cluster}"
            if unread := unseen(alert, picture.snapshot, picture.verdicts):
                yield Mark(at, Kind.UNSEEN, f"{text}, because {unread} is not read")
            else:
                yield Mark(at, Kind.OVER, text)


_DIALOGS = {
    "Choice": "a list",
    "Question": "a question",
    "PlanDialog": "a plan",
    "RehearsalDialog": "a rehearsal",
    "RunDialog": "a run",
    "DecisionDialog": "what was cut off",
    "Reading": "a wait for an answer",
    "Notice": "a notice",
}
"""What a dialog is to a reader, by its name in the format."""


def _went(before: Looked, now: Looked) -> str:
    """Where the operator went, in words; empty where only a cursor moved."""
    if now.dialog != before.dialog:
        name = now.dialog or before.dialog or ""
        return f"{'opened' if now.dialog else 'closed'} {_DIALOGS.get(name, name)}"
    if now.cluster != before.cluster:
        return f"looked at the cluster {now.cluster}"
    if (now.alone, now.subject) != (before.alone, before.subject):
        if now.subject is not None:
            return f"looked at the {' '.join(now.subject)}"
        return f"looked at {now.alone}" if now.alone else "looked at all panels"
    return ""
