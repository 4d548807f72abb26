"""What the rules on keepalived.conf share: the instance that moves a site's service address, on each load balancer."""

from collections.abc import Callable, Iterable, Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts, SiteFacts
from dslsconsole.audit.rule import Verdict, all_same, known, of_each
from dslsconsole.systems.keepalived.configuration import Instance, KeepalivedConfig

JudgeInstance = Callable[[HostFacts, KeepalivedConfig, Instance], Iterable[Verdict]]
JudgePair = Callable[[dict[str, tuple[KeepalivedConfig, Instance]]], Iterable[Verdict]]


def of_instances(facts: ClusterFacts, judge: JudgeInstance) -> Iterator[Verdict]:
    """Judges the instance on each load balancer. Where there is none, `vrrp_address_missing` tells."""

    def of_host(host: HostFacts, config: KeepalivedConfig) -> Iterable[Verdict]:
        instance = instance_of(facts.site_of(host), config)
        return judge(host, config, instance) if instance is not None else ()

    return of_each(facts.balancers, lambda host: host.keepalived, of_host)


def of_pairs(facts: ClusterFacts, judge: JudgePair) -> Iterator[Verdict]:
    """Judges the instances of each site together."""
    for site in facts.sites:
        values, missing = known(site.balancers, lambda host: host.keepalived)
        pair = {
            name: (config, instance)
            for name, config in values.items()
            if (instance := instance_of(site, config)) is not None
        }
        yield from all_same(pair, missing, judge)


def instance_of(site: SiteFacts, config: KeepalivedConfig) -> Instance | None:
    """The instance that moves the site's address; the only one where the estate file names no address."""
    vip = site.balancing.vip if site.balancing is not None else None
    if vip is None:
        return config.instances[0] if len(config.instances) == 1 else None
    return config.holding(vip)
