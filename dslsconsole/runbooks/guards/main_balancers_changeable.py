"""Can the main site's load balancers be read and changed, as far as they have anything to send users to?"""

from dslsconsole.runbooks.evidence import evidence
from dslsconsole.runbooks.guard import Case, Judged, passed
from dslsconsole.runbooks.guards.load_balancers_changeable import of_site

NEEDED = "every load balancer of the main site lets itself be changed, or is silent with all its licence servers dead"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    names = case.ground.main_balancers
    silent = tuple(name for name in names if case.survey.balancers[name].backend.value is None)
    answering = of_site(case, tuple(name for name in names if name not in silent), "main_balancers")
    if not silent or not _all_dead(case):
        return of_site(case, names, "main_balancers")
    if len(silent) == len(names):
        return passed(_noted(silent))
    return Judged(answering.result, f"{answering.reading}; {_noted(silent)}", answering.advice)


def _all_dead(case: Case) -> bool:
    """Whether the main site is off as a whole: no node is reached, and each is proven dead or vouched for."""
    return all(
        not case.node(name).reached and (name in case.attested or evidence(case.survey, case.ground, name).proven)
        for name in case.ground.main_nodes
    )


def _noted(silent: tuple[str, ...]) -> str:
    return f"{', '.join(silent)} can't be asked; all licence servers behind it are dead, so it sends users nowhere"
