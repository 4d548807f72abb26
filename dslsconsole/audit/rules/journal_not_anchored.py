"""Nobody would see that the end of the action log was cut off."""

from collections.abc import Iterator

from dslsconsole.audit.rule import Rule, Verdict, fine, found
from dslsconsole.audit.wording import in_estate
from dslsconsole.model.node import Mode
from dslsconsole.model.verdict import Severity
from dslsconsole.settings.schema import Estate


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="whether the action log is anchored on another host",
        why="The chain shows a change in the middle; a tail that was cut off shows only against an anchor that the "
        "same people can't reach. "
        "The syslog of the console's own host is no such place.",
        of_estate=_judge,
    )


def _judge(estate: Estate) -> Iterator[Verdict]:
    anchor = estate.journal.anchor
    sent_away = bool(anchor.syslog) and not anchor.syslog.startswith("/")
    if anchor.host is not None or sent_away or estate.ssh.operate_user is None:
        yield fine()
        return
    nodes = [(name, node.mode) for cluster in estate.clusters.values() for name, node in cluster.nodes.items()]
    best = next((name for name, mode in nodes if mode is Mode.ARBITRATOR), nodes[0][0])
    yield found(
        "",
        "the action log is anchored on no other host",
        in_estate(
            f"write `anchor: {{host: {best}}}` under journal, or better a host of other administrators as `syslog: "
            "HOST:514`"
        ),
        f"journal.anchor.host is not given, journal.anchor.syslog is {anchor.syslog or 'empty'}",
    )
