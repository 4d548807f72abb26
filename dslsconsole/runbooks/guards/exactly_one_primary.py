"""Does exactly one node serve as primary?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown

NEEDED = "exactly one node of both sites says that it is primary"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    primaries = case.survey.primaries()
    if len(primaries) > 1:
        epochs = ", ".join(f"{name} (epoch {_epoch(case, name)})" for name in primaries)
        return failed(f"{epochs} all say that they are primary", "Stop the one with the lower epoch first.")
    if not primaries:
        return failed("no node says that it is primary", "Read the nodes; a failover brings a primary back.")
    (primary,) = primaries
    status = case.node(primary).cluster.value
    quorum = status.quorum.held if status and status.quorum else None
    silent = [
        name
        for name in case.ground.main_nodes
        if name != primary and case.node(name).role is None and not case.node(name).stopped
    ]
    if silent and not quorum:
        return unknown(
            f"{primary} is primary, but whether it holds quorum is not known, and {', '.join(silent)} did not answer",
            "Reach the silent nodes: one of them may be primary too.",
        )
    return passed(f"{primary} is primary, epoch {_epoch(case, primary)}{', and holds quorum' if quorum else ''}")


def _epoch(case: Case, name: str) -> str:
    status = case.node(name).cluster.value
    return str(status.epoch) if status and status.epoch is not None else "unknown"
