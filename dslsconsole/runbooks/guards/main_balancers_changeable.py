"""Can the main site's load balancers be read and changed, as far as they have anything to send users to?"""

from dslsconsole.runbooks.evidence import accounted
from dslsconsole.runbooks.guard import Case, Judged, passed
from dslsconsole.runbooks.guards.load_balancers_changeable import of_site

NEEDED = "every load balancer of the main site lets itself be changed, or is silent with all its licence servers dead"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    names = case.ground.main_balancers
    silent = tuple(
        name for name in names if case.survey.balancers[name].backend.value is None and _all_dead_behind(case, name)
    )
    if not silent:
        return of_site(case, names, "main_balancers")
    answering = of_site(case, tuple(name for name in names if name not in silent), "main_balancers")
    if len(silent) == len(names):
        return passed(_noted(silent))
    return Judged(answering.result, f"{answering.reading}; {_noted(silent)}", answering.advice)


def _all_dead_behind(case: Case, balancer: str) -> bool:
    """Whether every licence node behind a load balancer is proven dead or vouched for."""
    return all(
        accounted(case.survey, case.ground, name, case.attested)
        for name in case.ground.main_nodes
        if case.ground.server_name(balancer, name) is not None
    )


def _noted(silent: tuple[str, ...]) -> str:
    who = ", ".join(silent)
    return f"{who} can't be asked; all licence servers behind it are dead or vouched for, so it sends users nowhere"
