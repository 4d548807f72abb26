"""Load balancers that are dead, forget, or let nobody in."""

from __future__ import annotations

from dslsconsole.lab.faults import FaultError, Mend, fault
from dslsconsole.lab.practice import Lab
from dslsconsole.lab.world.world import Balancer


def balancer_of(lab: Lab, host: str) -> Balancer:
    """The load balancer on a host. Raises `FaultError` where there is none."""
    balancer = lab.world.balancers.get(host)
    if balancer is None:
        raise FaultError(f"{host} is no load balancer; there are {', '.join(lab.world.balancers)}")
    return balancer


@fault("lb-dead", "HAProxy on the host has died", "haproxy-01")
def lb_dead(lab: Lab, host: str) -> Mend:
    balancer_of(lab, host)
    units = lab.world.units[host]
    unit = units.units["haproxy.service"]
    units.kill(unit)

    def mend() -> None:
        units.start(unit)

    return mend


@fault("lb-reload", "HAProxy was reloaded and has forgotten what was set at run time", "haproxy-01")
def lb_reload(lab: Lab, host: str) -> Mend:
    balancer_of(lab, host).process.load()
    return lambda: None


@fault("lb-socket-denied", "HAProxy's socket no longer lets anything be changed", "haproxy-01")
def lb_socket_denied(lab: Lab, host: str) -> Mend:
    runtime = balancer_of(lab, host).runtime
    level, runtime.level = runtime.level, "operator"

    def mend() -> None:
        runtime.level = level

    return mend


@fault("address-twice", "the host keeps the shared address although another holds it", "haproxy-02")
def address_twice(lab: Lab, host: str) -> Mend:
    router = balancer_of(lab, host).router
    router.keeps_address = True

    def mend() -> None:
        router.keeps_address = False

    return mend
