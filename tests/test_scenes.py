"""The imagined moments that pictures and tests show: the program itself says of them what they say."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from dslsconsole.alerts.board import Board
from dslsconsole.alerts.thresholds import thresholds_of
from dslsconsole.model.frames import Frame, Full
from dslsconsole.model.verdict import Alert
from dslsconsole.tui import scenes
from dslsconsole.watch.judgement import is_readable, judge, with_alerts


def undated(alerts: tuple[Alert, ...]) -> list[Alert]:
    """Without their beginnings, which lie before the moment that is seen; in an order of their own."""
    return sorted((replace(alert, since=0.0, found=False) for alert in alerts), key=lambda alert: alert.id)


@pytest.mark.parametrize("scene", [scenes.healthy, scenes.troubled, scenes.primary_lost])
def test_a_scene_says_what_the_program_says_of_its_readings(scene: Callable[[], list[Frame]]) -> None:
    full = scene()[1]
    assert isinstance(full, Full)
    shape, estate = scenes.shape(), scenes.estate()
    facts = judge(shape, full.snapshot, full.at, estate.stale_after_s)
    board = Board(
        shape,
        thresholds_of(shape),
        interval=estate.interval_s,
        stale_after=estate.stale_after_s,
        patient=False,
    )
    alerts = board.judge(full.snapshot, facts, full.at)
    readable = is_readable(shape, full.snapshot, full.at, estate.stale_after_s)
    assert with_alerts(facts, alerts, readable=readable) == full.verdicts[0]
    assert undated(alerts) == undated(full.alerts)
