"""The site's alert thresholds as its own monitoring file has them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dslsconsole.model.node import Monitoring
from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.node.monitoring import parse_monitoring

GUIDE = """# /etc/vantage-agent/ha-monitoring.yaml
ha_monitoring:
  cluster_health:
    check_interval: 30
  alerts:
    node_failure:
      severity: critical
      notification: immediate
    sync_lag:
      threshold: 300    # 5 minutes
      severity: warning
    dr_sync_failure:
      severity: warning
      retry_count: 3
"""


def test_the_guide_s_file_gives_thresholds_and_severities() -> None:
    assert parse_monitoring(GUIDE) == Monitoring(
        thresholds={"sync_lag": 300.0},
        severities={"node_failure": "critical", "sync_lag": "warning", "dr_sync_failure": "warning"},
    )


def test_what_is_no_number_and_no_word_is_left_out() -> None:
    text = "alerts: {sync_lag: {threshold: soon, severity: 7}, tokens_low: {threshold: -1}, x: [1]}"
    assert parse_monitoring(text) == Monitoring()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no mapping"),
        ("- a list", "no mapping"),
        ("ha_monitoring: on", "ha_monitoring.alerts"),
        ("a: [", "no YAML"),
        (
            "a: &a [1, 2]\n" + "".join(f"{n}: &{n} [*{o}, *{o}]\n" for o, n in pairwise("abcdefghijklmnopqrst")),
            "aliases",
        ),
        ("[" * 65_000, "levels inside each other"),
        ("[a," * 20_000, "levels inside each other"),
        ("a: !!python/object:os.system {}", "no YAML"),
    ],
)
def test_what_is_no_such_file_is_unreadable(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        parse_monitoring(text)


@given(st.text(max_size=300))
def test_no_text_breaks_the_parser(text: str) -> None:
    reasons = []
    for one in (text, GUIDE + text):
        try:
            parse_monitoring(one)
        except Unreadable as refused:
            reasons.append(str(refused))
    assert "\x1b" not in "".join(reasons)
