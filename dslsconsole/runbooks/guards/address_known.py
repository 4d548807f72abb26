"""Is it known which load balancer holds the service address?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown

NEEDED = "every load balancer tells its addresses, and exactly one of them holds the service address"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    group = case.ground.cluster.load_balancers
    if group is None or group.vip is None or not group.keepalived:
        return failed(
            "the estate file names no vip that keepalived moves",
            "Say load_balancers.vip and load_balancers.keepalived: true.",
        )
    told = {name: case.survey.balancers[name] for name in case.ground.main_balancers}
    silent = [
        f"{name} ({one.addresses.failure.text if one.addresses.failure else 'not asked'})"
        for name, one in told.items()
        if one.addresses.value is None
    ]
    holders = [name for name, one in told.items() if one.holds_address]
    words = f"{group.vip} is held by {' and '.join(holders) or 'nobody'}"
    if len(holders) > 1:
        return failed(words, "Two hold it: stop keepalived on the one that should not, by hand.")
    if silent:
        return unknown(f"{words}; not known of {', '.join(silent)}", "Reach it first: it may hold the address too.")
    if not holders:
        return failed(words, "Nobody serves this address: look at keepalived on each load balancer.")
    return passed(words)
