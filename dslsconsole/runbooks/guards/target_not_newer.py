"""Is the state that would be overwritten no newer than the primary's?"""

from dslsconsole.model.node import TokenState
from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown
from dslsconsole.systems.dslicsrv import fresh

NEEDED = "no backup holds a newer generation than the primary"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    primary = case.text("primary")
    if primary is None:
        return unknown("no single primary is known", "See the guard about the primary.")
    here = _generation(case.node(primary).tokens.value)
    found = {target: _generation(case.node(target).tokens.value) for target in case.names("targets")}
    if here is None or None in found.values():
        names = " and ".join((primary, *found))
        return unknown(f"the generations of {names} could not be compared", "Read all of them.")
    there = {target: generation for target, generation in found.items() if generation is not None}
    if any(generation > here for generation in there.values()):
        # Licences came or went between the two readings, perhaps: then the primary has gone on too.
        here = max(here, await _now(case, primary) or here)
    newer = [target for target, generation in there.items() if generation > here]
    told = ", ".join(f"{target} {generation}" for target, generation in there.items())
    words = f"{primary} has generation {here}, {told}"
    if newer:
        return failed(
            f"{words}: {', '.join(newer)} is newer",
            "Find out why before anything is overwritten. A server that was lost before it had passed all on comes "
            "back with what nobody else ever had: that may be overridden.",
        )
    return passed(words)


def _generation(state: TokenState | None) -> int | None:
    return state.generation if state is not None else None


async def _now(case: Case, node: str) -> int | None:
    try:
        return (await fresh.tokens(case.hands, case.ground, node)).generation
    except fresh.NotRead:
        return None
