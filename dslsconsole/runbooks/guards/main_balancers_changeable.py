"""Can the main site's load balancers be read and changed, as far as they still answer?"""

from dslsconsole.runbooks.guard import Case, Judged
from dslsconsole.runbooks.guards.load_balancers_changeable import of_site

NEEDED = "every load balancer of the main site answers and lets itself be changed"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    return of_site(case, case.ground.main_balancers, "main_balancers")
