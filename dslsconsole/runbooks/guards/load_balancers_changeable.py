"""Can every load balancer be read and changed?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown

NEEDED = "every load balancer answers, knows the servers, and lets itself be changed"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    return of_site(case, case.ground.main_balancers, "balancers")


def of_site(case: Case, names: tuple[str, ...], fact: str) -> Judged:
    """The same for the load balancers of one site; `fact` names those that can be changed."""
    if fact not in case.facts:
        return unknown(
            "who takes over from whom is not known, so what is to be changed on the load balancers is not either",
            "See the guards about who is primary, and about who takes over.",
        )
    can = case.names(fact)
    told = []
    for name in names:
        seen = case.survey.balancers[name]
        if name in can:
            told.append(f"{name} by its {seen.channel}")
        elif seen.channel is not None:
            told.append(f"{name} does not know every server of this operation")
        else:
            told.append(seen.why or f"{name} can't be changed")
    words = "; ".join(told) or "the estate file names no load balancer"
    if all(name in can for name in names):
        return passed(words)
    return failed(words, "Bring it back first. If overridden, it is left as it is and may send users wrongly.")
