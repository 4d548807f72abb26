"""Does the cluster keep quorum without the primary?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed

NEEDED = "enough running nodes to vote, not counting the one that leaves"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    leaving, members = case.text("leaving"), case.ground.main_nodes
    if leaving is None:
        leaving = case.text("primary")
    needed = case.ground.cluster.quorum or len(members) // 2 + 1
    joining = case.text("target")
    voting = [
        name
        for name in members
        if name != leaving
        and (
            ((status := case.node(name).cluster.value) is not None and status.state == "running")
            # Failback starts who takes over, where it is stopped.
            or (name == joining and case.facts.get("starts_target") is True and case.node(name).reached)
        )
    ]
    without = f" without {leaving or 'the primary'}" if leaving != "" else ""
    words = f"{len(voting)} of {len(members)} vote{without} ({', '.join(voting) or 'none'})"
    if len(voting) >= needed:
        return passed(f"{words}, {needed} needed")
    return failed(f"{words}, {needed} needed", "Bring the other nodes back first: a promotion would be refused.")
