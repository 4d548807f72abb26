"""Does no other node hold a newer token state than the one that takes over, where none is primary?"""

from dslsconsole.runbooks.facts.common import candidates
from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown

NEEDED = "no node that could serve holds a newer generation than the one that takes over"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    target = case.text("target")
    if target is None:
        return unknown("it is not known who takes over", "See the guard about the target.")
    found = {name: _generation(case, name) for name in candidates(case.ground)}
    here = found.pop(target, None)
    unread = [name for name, generation in ((target, here), *found.items()) if generation is None]
    if here is None or unread:
        return unknown(f"the generation of {' and '.join(unread)} could not be read", "Read all of them.")
    words = ", ".join(f"{name} {generation}" for name, generation in found.items())
    told = f"{target} has generation {here}" + (f"; {words}" if words else "")
    newer = [name for name, generation in found.items() if generation is not None and generation > here]
    if newer:
        return failed(f"{told}: {newer[0]} is newer", f"Let {newer[0]} take over: target={newer[0]}.")
    return passed(told)


def _generation(case: Case, name: str) -> int | None:
    tokens = case.node(name).tokens.value
    return tokens.generation if tokens is not None else None
