"""A load balancer that does not hold the address can't start HAProxy."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.rule import Rule, Verdict, found, of_each, unread
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.haproxy.configuration import HaproxyConfig


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether HAProxy can start without the service address",
        why="HAProxy that binds the service address itself fails to start, and to reload, on the host that does "
        "not hold it "
        "(“cannot bind socket”), so that the address moves to a host where nothing listens. `ip_nonlocal_bind` "
        "allows it (ip(7), "
        "Linux ip-sysctl).",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    return of_each(facts.balancers, lambda host: host.haproxy, lambda host, config: _of_host(facts, host, config))


def _of_host(facts: ClusterFacts, host: HostFacts, config: HaproxyConfig) -> Iterator[Verdict]:
    balancing = facts.site_of(host).balancing
    binds = [bind for proxy in config.proxies for bind in proxy.binds]
    vip = balancing.vip if balancing is not None else None
    if vip is None or not any(bind.address == vip and not bind.transparent for bind in binds):
        return
    if host.kernel.value is None:
        yield unread(host, host.kernel)
    elif host.kernel.value.get("ip_nonlocal_bind") != 1:
        yield found(
            host.name,
            f"HAProxy on {host.name} can't start while {vip} is on another host",
            f"On {host.name}: echo 'net.ipv4.ip_nonlocal_bind = 1' > /etc/sysctl.d/60-dsls.conf && sysctl "
            "--system; or write "
            "`bind *:PORT` in haproxy.cfg.",
            f"bind {vip}",
            f"net.ipv4.ip_nonlocal_bind = {host.kernel.value.get('ip_nonlocal_bind', 'not told')}",
        )
