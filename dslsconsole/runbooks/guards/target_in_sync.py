"""Does the node that takes over hold the primary's token state?"""

from dslsconsole.runbooks.facts.common import keeps_up, peer_of
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
    peer = peer_of(case.survey, case.ground, primary, target)
    if peer is None or peer.lag_s is None:
        return unknown(f"{words}; {primary} does not say how far behind", "Run token-sync, then try again.")
    words = f"{words}; {peer.lag_s:g} s behind"
    if keeps_up(case.survey, case.ground, primary, target):
        return passed(words)
    limit = case.ground.cluster.token_sync.max_lag
    return failed(f"{words}, sync={peer.sync}", f"Run token-sync first (limit {limit:g} s).")
