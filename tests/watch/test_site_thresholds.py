"""Thresholds that were read from the site's own monitoring file."""

import msgspec

from dslsconsole.model.node import Monitoring, NodeReadings, Role
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.model.snapshot import key
from dslsconsole.model.verdict import Severity
from dslsconsole.watch.live import Live
from tests.sample_estate import ARBITRATOR as THIRD
from tests.sample_estate import BACKUP, CLUSTER, ESTATE, NOW, PRIMARY, healthy, peer, read, unread, with_view

UNREAD = Failure(FailureKind.FAILED, "head: cannot open it")


def behind() -> NodeReadings:
    """The primary says that its backup is 90 s behind; 60 s are allowed."""
    peers = (peer(BACKUP, Role.BACKUP, 90.0), peer(THIRD, Role.ARBITRATOR))
    return with_view(healthy(), PRIMARY, peers=peers).node(CLUSTER, PRIMARY)


def alerts(monitoring: Reading[Monitoring], *later: Reading[Monitoring]) -> list[tuple[str, Severity]]:
    live = Live(ESTATE, patient=False)
    for name, readings in (healthy().nodes | {key(CLUSTER, PRIMARY): behind()}).items():
        live.arrived(name, readings, NOW)
    for name, balancer in healthy().balancers.items():
        live.arrived(name, balancer, NOW)
    for one in (monitoring, *later):
        live.arrived(key(CLUSTER, PRIMARY), msgspec.structs.replace(behind(), monitoring=one), NOW)
    live.tick(NOW)
    return [(alert.id, alert.severity) for alert in live.alerts]


def test_they_count_as_soon_as_they_are_read_and_until_they_are_read_again() -> None:
    assert alerts(Reading()) == [("sync_lag", Severity.WARNING)]
    assert alerts(read(Monitoring({"sync_lag": 300.0}))) == []
    assert alerts(read(Monitoring({"sync_lag": 300.0})), Reading()) == []
    assert alerts(read(Monitoring({"sync_lag": 300.0})), read(Monitoring())) == [("sync_lag", Severity.WARNING)]
    assert alerts(read(Monitoring({}, {"sync_lag": "critical"}))) == [("sync_lag", Severity.CRITICAL)]


def test_a_file_that_cannot_be_read_is_said_and_leaves_the_estate_file_s_own() -> None:
    assert alerts(unread(UNREAD)) == [("stale", Severity.WARNING), ("sync_lag", Severity.WARNING)]


def test_what_begins_after_the_first_round_is_told_as_begun_then() -> None:
    live = Live(ESTATE, patient=False)
    for name, readings in healthy().nodes.items():
        live.arrived(name, readings, NOW)
    for name, balancer in healthy().balancers.items():
        live.arrived(name, balancer, NOW)
    live.tick(NOW)
    assert not live.alerts
    live.arrived(key(CLUSTER, PRIMARY), behind(), NOW + 10)
    live.tick(NOW + 10)
    assert [(alert.id, alert.found, alert.since) for alert in live.alerts] == [("sync_lag", False, NOW + 10)]
