"""Is the state that would be overwritten no newer than the primary's?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown

NEEDED = "no backup holds a newer generation than the primary"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    primary = case.text("primary")
    if primary is None:
        return unknown("no single primary is known", "See the guard about the primary.")
    here = case.node(primary).tokens.value
    newer, told = [], []
    for target in case.names("targets"):
        there = case.node(target).tokens.value
        if here is None or there is None or here.generation is None or there.generation is None:
            return unknown(f"the generations of {primary} and {target} could not be compared", "Read both nodes.")
        told.append(f"{target} {there.generation}")
        if there.generation > here.generation:
            newer.append(target)
    words = f"{primary} has generation {here.generation if here else None}, {', '.join(told)}"
    if newer:
        return failed(f"{words}: {', '.join(newer)} is newer", "Find out why before anything is overwritten.")
    return passed(words)
