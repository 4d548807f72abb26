"""What a recording's timeline tells of alerts."""

from pathlib import Path

from dslsconsole.sessions.marks import Kind, marks
from dslsconsole.sessions.reading import Recording

COMMITTED = Path(__file__).parent / "recordings" / "primary-lost.dslsrec"


def test_an_alert_that_nobody_can_see_any_more_is_not_told_as_over() -> None:
    with Recording(COMMITTED) as recording:
        found = list(marks(recording.records()))
    unseen = [mark.text for mark in found if mark.kind is Kind.UNSEEN]
    assert unseen == ["tokens_low of academic in production-cluster, because the primary is not read"]
    assert not any("tokens_low" in mark.text for mark in found if mark.kind is Kind.OVER)
