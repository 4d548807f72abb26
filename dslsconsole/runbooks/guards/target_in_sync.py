"""Does the node that takes over hold the primary's token state?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown
from dslsconsole.systems.dslicsrv.sync import same

NEEDED = "the backup's token state is the primary's, or behind it by no more than token_sync.max_lag"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    primary, target = case.text("primary"), case.text("target")
    if primary is None or target is None:
        return unknown("it is not known who is compared with whom", "See the guards about primary and target.")
    here, there = case.node(primary).tokens.value, case.node(target).tokens.value
    if here is None or there is None or here.generation is None or there.generation is None:
        return unknown(f"the token states of {primary} and {target} could not be compared", "Read both nodes.")
    words = f"{primary} has generation {here.generation}, {target} {there.generation}"
    if same(here, there):
        return passed(words)
    status = case.node(primary).cluster.value
    peer = next((peer for peer in status.peers if _is(case, peer.node, target)), None) if status else None
    lag, limit = (peer.lag_s if peer else None), case.ground.cluster.token_sync.max_lag
    if lag is None:
        return unknown(f"{words}; {primary} does not say how far behind", "Run token-sync, then try again.")
    words = f"{words}; {lag:g} s behind"
    if lag <= limit and (peer is None or peer.sync in (None, "ok")):
        return passed(words)
    return failed(f"{words}, sync={peer.sync if peer else None}", f"Run token-sync first (limit {limit:g} s).")


def _is(case: Case, peer: str, node: str) -> bool:
    return peer == node or peer == case.ground.address(node)
