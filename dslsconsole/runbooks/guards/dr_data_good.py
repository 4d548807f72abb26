"""Is the DR site's copy good, and how old is it?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown
from dslsconsole.runbooks.unread import why

NEEDED = "DSLicSrv -verify-dr-sync says OK and no older than dr.sync.max_lag"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    name = case.text("dr_primary")
    if name is None:
        return unknown("the estate file names no dr-primary node", "Name it in `dr.nodes`.")
    if not case.node(name).reached:
        return unknown(why(case, name), "Reach the DR site's first node.")
    reading = case.node(name).dr_sync
    if (sync := reading.value) is None:
        return unknown(reading.failure.text if reading.failure else f"{name} was not asked", f"Look at {name}.")
    lag = "unknown" if sync.lag_s is None else f"{sync.lag_s:g} s"
    words = f"{name}: {sync.result}, {lag} old, generation {sync.generation}; what changed since is lost"
    limit = case.ground.cluster.dr.sync.max_lag if case.ground.cluster.dr else 0.0
    if sync.result == "OK" and sync.lag_s is not None and sync.lag_s <= limit:
        return passed(words)
    return failed(words, f"Run dr-sync if it still can be (limit {limit:g} s); else override: the loss is accepted.")
