"""What an alert that is not told any more means: it is over, or nobody can see any more whether it is."""

import pytest
from msgspec.structs import replace

from dslsconsole.model.balancer import BalancerReadings
from dslsconsole.model.frames import Alerts
from dslsconsole.model.node import Link, NodeReadings
from dslsconsole.model.picture import Picture
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.model.snapshot import key
from dslsconsole.model.verdict import Alert, Severity
from dslsconsole.tui import scenes
from dslsconsole.tui.events import Event, happened

AT = scenes.NOON + 60
PRIMARY, BALANCER = "dsls-primary-01", "haproxy-01"


def lost(host: str) -> Failure:
    return Failure(FailureKind.NO_ANSWER, f"{host}: no answer within 4 s")


def picture(
    *unread: str, alert: Alert | None = None, primary: str | None = PRIMARY, read_at: float | None = AT
) -> Picture:
    """`unread` were read at `read_at` for the last time."""
    found = Picture()
    for frame in scenes.healthy():
        found = found.apply(frame)
    nodes, balancers = dict(found.snapshot.nodes), dict(found.snapshot.balancers)
    for host in unread:
        if (place := key(scenes.CLUSTER, host)) in balancers:
            balancers[place] = BalancerReadings(process=Reading(at=read_at, failure=lost(host), tried_at=AT))
        else:
            nodes[place] = NodeReadings(link=Reading[Link](at=read_at, failure=lost(host), tried_at=AT))
    verdict = replace(scenes.verdict(), primary=primary)
    snapshot = replace(found.snapshot, nodes=nodes, balancers=balancers)
    return replace(found, snapshot=snapshot, verdicts={scenes.CLUSTER: verdict}, alerts=(alert,) if alert else ())


def about(subject: str, rule: str = "disk_full", *evidence: str) -> Alert:
    return Alert(rule, Severity.WARNING, scenes.CLUSTER, subject, f"{subject} is in trouble", scenes.NOON, evidence)


def gone(alert: Alert, after: Picture) -> Event:
    (event,) = happened(picture(alert=alert), after, Alerts(AT, ()))
    return event


@pytest.mark.parametrize("subject", [PRIMARY, BALANCER, scenes.CLUSTER])
def test_where_its_host_is_read_it_is_over(subject: str) -> None:
    assert gone(about(subject), picture()).text == f"over: {subject} is in trouble"


@pytest.mark.parametrize("subject", [PRIMARY, BALANCER])
def test_where_its_host_is_not_read_that_is_said(subject: str) -> None:
    text = gone(about(subject), picture(subject)).text
    assert text == f"can't be seen any more, because {subject} is not read: {subject} is in trouble"
    assert gone(about(subject), picture("dsls-backup-01")).text.startswith("over: ")


def test_a_pool_is_told_by_the_primary_alone() -> None:
    alert = about("commercial", "tokens_exhausted")
    assert gone(alert, picture(primary=None)).text.startswith("can't be seen any more, because the primary is not read")
    assert gone(alert, picture()).text.startswith("over: ")


def test_of_what_is_no_host_its_evidence_tells_where_it_was_read() -> None:
    alert = about("10.10.0.100", "address_twice", f"{BALANCER} holds 10.10.0.100")
    assert gone(alert, picture(BALANCER)).text.startswith(f"can't be seen any more, because {BALANCER} is not read")
    assert gone(alert, picture("haproxy-02")).text.startswith("over: ")


@pytest.mark.parametrize("read_at", [None, scenes.NOON - 1])
def test_a_host_that_was_silent_before_it_began_keeps_no_alert_open(read_at: float | None) -> None:
    alert = about(scenes.CLUSTER, "no_primary", f"{PRIMARY} does not answer, and is unreachable for dsls-backup-01 too")
    after = picture(PRIMARY, primary="dsls-backup-01", read_at=read_at)
    assert gone(alert, after).text.startswith("over: ")
