"""Single commands that are refused, lost or held up, on hosts that are well otherwise."""

from __future__ import annotations

from dslsconsole.lab.faults import Mend, fault
from dslsconsole.lab.hitches import Hitch, Snag
from dslsconsole.lab.practice import Lab
from dslsconsole.lab.world.site import NOTIFY_HOST

HOST, TEXT = "dsls-backup-01", "DSLicSrv -promote-to-primary"


def _catch(lab: Lab, host: str, hitch: Hitch, text: str) -> Mend:
    snag = Snag(hitch, text)
    places = [lab.world.notices.snags if host == NOTIFY_HOST else lab.world.hosts[host].snags]
    balancer = lab.world.balancers.get(host)
    if balancer is not None:
        places.append(balancer.runtime.snags)
        if balancer.page is not None:
            places.append(balancer.page.snags)
    for place in places:
        place.all.append(snag)

    def mend() -> None:
        snag.over.set()
        for place in places:
            place.all.remove(snag)

    return mend


@fault(
    "command-refused", "the operator's commands that contain the text are refused on the host", HOST, TEXT, text=True
)
def command_refused(lab: Lab, host: str, text: str) -> Mend:
    return _catch(lab, host, Hitch.REFUSED, text)


@fault(
    "command-lost-before",
    "the connection breaks before the operator's commands that contain the text have run",
    HOST,
    TEXT,
    text=True,
)
def command_lost_before(lab: Lab, host: str, text: str) -> Mend:
    return _catch(lab, host, Hitch.LOST_BEFORE, text)


@fault(
    "command-lost-after",
    "the connection breaks when the operator's commands that contain the text have run, before their answer",
    HOST,
    TEXT,
    text=True,
)
def command_lost_after(lab: Lab, host: str, text: str) -> Mend:
    return _catch(lab, host, Hitch.LOST_AFTER, text)


@fault("command-slow", "the operator's commands that contain the text wait until this is mended", HOST, TEXT, text=True)
def command_slow(lab: Lab, host: str, text: str) -> Mend:
    return _catch(lab, host, Hitch.SLOW, text)
