"""A script made of a recording: the keys that were pressed, and waits for what came of itself.

What was typed into a line is in no recording, and neither is what was broken on the estate: the script has a line where
either belongs, to be filled in by hand.
"""

from collections.abc import Iterator

import msgspec
import yaml

from dslsconsole.model.frames import Alerts, Full
from dslsconsole.sessions.marks import Entry, frames_of
from dslsconsole.sessions.reading import Recording
from dslsconsole.sessions.recording import Logged, Looked, Note, Pressed, Seen

_entry = msgspec.json.Decoder(Entry)
_CONFIRMS = "PlanDialog"
"""The dialog in which the cluster's name is typed."""
ALERT_WITHIN, OUTCOME_WITHIN = "120s", "180s"


def script_of(recording: Recording) -> Iterator[str]:
    """The lines of a YAML script.

    Raises:
        NotARecording: the recording is damaged; what came before was told.
        ValueError: it holds what no console has written.
    """
    head = recording.head
    yield f"# Made of {recording.path.name}."
    yield "# What was typed is in no recording: see the lines that say TYPED. What was broken on the estate belongs"
    yield "# where an alert is waited for, as `- fault: node-down dsls-primary-01`."
    yield "version: 1"
    yield f"title: {_scalar(f'Session of {head.operator}')}"
    if 20 <= head.width <= 999 and 10 <= head.height <= 999:
        yield f"size: {head.width}x{head.height}"
    yield "steps:"
    yield from (f"  - {line}" for line in _Steps().of(recording))


class _Steps:
    """The steps of one script, keys that follow one another in one."""

    def __init__(self) -> None:
        self._keys: list[str] = []
        self._typed = False
        self._cluster: str | None = None
        self._dialog: str | None = None
        self._alerts: set[tuple[str, str, str]] | None = None
        self._outcomes: set[tuple[str, int]] = set()

    def of(self, recording: Recording) -> Iterator[str]:
        begins = recording.started_at
        for record in recording.records():
            match record:
                case Pressed():
                    yield from self._pressed(record)
                case Looked():
                    self._cluster, self._dialog = record.cluster, record.dialog
                case Seen():
                    yield from self._seen(record)
                case Logged():
                    yield from self._logged(record, begins)
                case Note():
                    yield from self._done()
                    yield f"say: {_scalar(record.text)}"
                case _:
                    continue
        yield from self._done()

    def _pressed(self, record: Pressed) -> Iterator[str]:
        if record.key == "typed":
            if not self._typed:
                yield from self._done()
            self._typed = True
            return
        if self._typed and record.key == "enter":
            yield f"type: {_scalar(self._text())}"
            self._typed = False
            return
        yield from self._done(keys=False)
        self._keys.append(record.key)

    def _text(self) -> str:
        return self._cluster if self._dialog == _CONFIRMS and self._cluster else "TYPED"

    def _done(self, *, keys: bool = True) -> Iterator[str]:
        """The step that was begun."""
        if keys and self._keys:
            yield f"press: [{', '.join(map(_scalar, self._keys))}]"
            self._keys = []
        if self._typed:
            yield f"type: {{text: {_scalar(self._text())}, enter: false}}"
            self._typed = False

    def _seen(self, record: Seen) -> Iterator[str]:
        for frame in frames_of(record):
            if not isinstance(frame, Alerts | Full):
                continue
            now = {(one.cluster, one.id, one.subject) for one in frame.alerts}
            if self._alerts is not None:
                before = {rule for _, rule, _ in self._alerts}
                for rule in dict.fromkeys(one.id for one in frame.alerts if one.id not in before):
                    yield from self._done()
                    yield f"wait-for: {{alert: {rule}, within: {ALERT_WITHIN}}}"
                for rule in sorted(before - {rule for _, rule, _ in now}):
                    yield from self._done()
                    yield f"wait-for: {{no-alert: {rule}, within: {ALERT_WITHIN}}}"
            self._alerts = now

    def _logged(self, record: Logged, begins: float) -> Iterator[str]:
        for raw in record.entries:
            entry = _entry.decode(raw)
            place = (entry.operation, entry.seq)
            if place in self._outcomes or entry.event != "outcome" or (entry.at is not None and entry.at < begins):
                continue
            self._outcomes.add(place)
            yield from self._done()
            yield f"wait-for: {{outcome: {_scalar(entry.outcome)}, within: {OUTCOME_WITHIN}}}"


def _scalar(text: str) -> str:
    """A text as YAML writes it in a line."""
    return yaml.safe_dump(text, allow_unicode=True, width=1_000_000).removesuffix("\n").removesuffix("\n...")
